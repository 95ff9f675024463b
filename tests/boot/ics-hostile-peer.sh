#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
#
# A node whose root attacks the links of the others does no harm: calls between them
# go on, the view stays, no memory is lost.
#
#   node1 <--- calls ---> node2
#       ^                 ^
#        \--- node3 -----/      hostile, without the key

# Linux says that it answers a flood of openings with cookies.
ALLOWED_LOG='Possible SYN flooding'
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/membership/lib.sh"

# Most memory a victim may have less after the attack: a KiB for each connection.
LOST_KIB_MAX=2048

# Attacks that once make the caches of the system as large as they get.
WARMING='--only udp-garbage --only connect-flood --only spoofed-resets --only syn-flood'

# Calls of each round of honest traffic.
CALLS=100

# Calls and transfers from one node to another until /tmp/enough is there:
# honest FROM TO.
honest() {
	on "$1" sh -c "
		while [ ! -e /tmp/enough ]; do
			for what in 'echo node=$2 size=64 count=$CALLS inflight=4 mode=worker' 'bulk node=$2 pages=16 count=4'; do
				echo \"\$what\" >/proc/cluster/ics_test || exit 1
				cat /proc/cluster/ics_test
			done
		done"
}

free_kib() {
	on "$1" sh -c 'sync; echo 3 >/proc/sys/vm/drop_caches; sed -n "s/^MemAvailable: *\([0-9]*\) kB/\1/p" /proc/meminfo'
}

# A counter of /proc/cluster/ics: refused NODE REASON.
refused() { on "$1" sed -n "s/^refused: .*$2=\([0-9]*\).*/\1/p" /proc/cluster/ics; }

# Times a node has found its link to node 3 at fault: faults NODE.
faults() { on "$1" sed -n 's/^peer: id=3\..* faults=\([0-9]*\).*/\1/p' /proc/cluster/ics; }

# What kmemleak of the debug kernel has found; nothing on others: leaks NODE.
leaks() {
	on "$1" sh -c '
		file=/sys/kernel/debug/kmemleak
		mount -t debugfs debugfs /sys/kernel/debug 2>/dev/null
		[ -e $file ] || exit 0
		for scan in 1 2 3; do echo scan >$file; sleep 1; done
		cat $file'
}

up 3
# A life that has others before it.
ssi rm 3
ssi add 3
ssi exec 3 -- sh -c 'cat >/tmp/hostile && chmod 755 /tmp/hostile' <"$SSI_HOME/build/ssi-hostile"
# The address of a node that is not in the roster.
on 3 ifconfig vec0:1 10.83.0.63 netmask 255.255.255.0

attack() {
	local victim=$1
	shift
	on 3 /tmp/hostile --seed "${SSI_SEED:-1}" "$@" "$victim"
}

# All attacks on nodes 1 and 2 at once while these call each other. Sets lost_kib to
# what they have less after it.
attack_all() {
	local victim calls pids=() before status count
	before=([1]="$(free_kib 1)" [2]="$(free_kib 2)")
	honest 1 2 >"$TEST_DIR/calls" &
	calls=$!
	for victim in 1 2; do
		attack "$victim" >"$TEST_DIR/attack.$victim" 2>&1 &
		pids[victim]=$!
	done
	for victim in 1 2; do
		status=0
		wait "${pids[victim]}" || status=$?
		cat "$TEST_DIR/attack.$victim"
		expect "no attack did harm to node $victim" "$status" 0
	done
	on 1 touch /tmp/enough
	must "honest calls never stopped" wait "$calls"
	on 1 rm /tmp/enough
	count=$(grep -c '^failed: 0$' "$TEST_DIR/calls") || true
	expect "none failed" "$(grep '^failed: ' "$TEST_DIR/calls" | sort -u)" 'failed: 0'
	must "there were many ($count rounds)" test "$count" -ge 10
	for victim in 1 2; do
		lost_kib[victim]=$((before[victim] - $(free_kib "$victim")))
		say "node $victim has ${lost_kib[victim]} KiB less"
	done
}

# Whatever is made once is made now.
honest 1 2 >"$TEST_DIR/warm" &
sleep 1
on 1 touch /tmp/enough
wait
on 1 rm /tmp/enough
# shellcheck disable=SC2086 # words
for victim in 1 2; do attack "$victim" $WARMING >/dev/null || true; done
agreed=$(view_of 1)
lives=([1]="$(life_of 1)" [2]="$(life_of 2)" [3]="$(life_of 3)")

# Caches grow to what is needed at most at once, what is lost grows each time.
for round in 1 2 3 4; do
	[ "$round" -lt 4 ] || fail "memory is lost at each attack"
	lost_kib=()
	attack_all
	[ "$(printf '%s\n' "${lost_kib[@]}" | sort -n | tail -n 1)" -ge "$LOST_KIB_MAX" ] || break
done
echo "ok: the victims have their memory back"

for node in 1 2 3; do
	expect "node $node has the same view" "$(view_of "$node")" "$agreed"
	expect "node $node lives on" "$(life_of "$node")" "${lives[node]}"
done
for victim in 1 2; do
	for reason in wrong-key old-incarnation foreign-cluster other-build other-host duplicate-node not-in-roster \
		protocol malformed too-many address; do
		must "node $victim counted $reason" test "$(refused "$victim" "$reason")" -gt 0
	done
	lines=$(ssi log "$victim" | grep -c 'ssi_ics: .*refused') || true
	must "node $victim logged it, and not each time ($lines lines)" test "$lines" -gt 0 -a "$lines" -lt 300
	must "node $victim found bytes that were put into the link" test "$(faults "$victim")" -ge 3
	expect "node $victim leaks nothing" "$(leaks "$victim")" ''
done
