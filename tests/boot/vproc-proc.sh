#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
#
# /proc shows the processes of all nodes, the same on every node.
#
#   node1 --- node2 (the process that is looked at) --- node3 (dies)
#                                            node4 boots later

. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/vproc/lib.sh"

# Enough for several questions to the node of the process.
MAPPINGS=2000
# Listings while processes come and go.
LISTINGS=30
# The part of shared pages depends on who else has them just then.
CHANGING='^  \| (SwapPss|Pss[A-Za-z_]*): '

# The numbers in /proc of a node, in its order: listed NODE [COMMAND...].
listed() {
	local node=$1
	shift
	on "$node" "$@" /tmp/files numbers
}

# The same without those of commands that run just now, whose numbers are new.
staying() { listed "$1" | awk -v seen="$TEST_DIR/seen" '
	BEGIN { while ((getline pid <seen) > 0) old[pid] = 1 }
	$1 in old'; }

# All files of process $pid, as UID on NODE reads them: walk NODE UID.
walk() { on "$1" /tmp/files walk "$2" "$pid" | grep -vE "$CHANGING" | sed 's/ \*\** / * /'; }

# Claims that NODE reads them as their own node does: alike WHO NODE UID LINES.
alike() {
	local who=$1 node=$2 uid=$3
	walk 2 "$uid" >"$TEST_DIR/own"
	walk "$node" "$uid" >"$TEST_DIR/far"
	must "$who: there is something ($(wc -l <"$TEST_DIR/own") lines)" \
		test "$(wc -l <"$TEST_DIR/own")" -ge "$4"
	diff "$TEST_DIR/own" "$TEST_DIR/far" || fail "$who: node $node reads other things"
	echo "ok: $who: node $node reads the same"
}

# Whether those nodes read the same time of start, but for two ticks: start_alike PID NODE...
start_alike() {
	local pid=$1 node
	shift
	for node; do on "$node" /tmp/files start "$pid"; done | sort -n >"$TEST_DIR/starts"
	awk 'NR == 1 { first = $1 } END { exit $1 - first > 2 }' "$TEST_DIR/starts" ||
		{ cat "$TEST_DIR/starts"; return 1; }
}

pids=()
up 3
put "1 2 3" target files
be_patient 3

say "the list"
for node in 1 2 3; do
	target "$node" own 1000
	pids[node]=$pid
done
listed 1 >"$TEST_DIR/seen"
for node in 1 2 3; do
	listed "$node" >"$TEST_DIR/list"
	expect "node $node: sorted, each once" "$(cat "$TEST_DIR/list")" "$(sort -n -u "$TEST_DIR/list")"
	expect "no number that is private" "$(awk '$1 > 1 && $1 < 65536' "$TEST_DIR/list")" ""
	# PF_KTHREAD is the bit 0x200000 of field 9.
	expect "no thread of a kernel" "$(on "$node" sh -c 'cat /proc/[0-9]*/stat 2>/dev/null; true' |
		awk 'int($9 / 2097152) % 2')" ""
	expect "the targets of all nodes" "$(on "$node" pidof target | wc -w)" 3
	expect "the same as on node 1" "$(staying "$node")" "$(staying 1)"
done

say "the node alone"
for node in 1 2 3; do
	listed "$node" localview >"$TEST_DIR/list"
	must "localview shows threads of the kernel" grep -x 2 "$TEST_DIR/list"
	must "and pid 1" grep -x 1 "$TEST_DIR/list"
	expect "and nothing of other nodes" \
		"$(awk -v node="$node" '$1 >= 65536 && int($1 / 65536) != node' "$TEST_DIR/list")" ""
	expect "its child sees the same" \
		"$(on "$node" localview sh -c 'sh -c "pidof target"; true')" "${pids[node]}"
done
refuses "what is elsewhere is not there" "No such file" on 1 localview cat "/proc/${pids[2]}/stat"
must "but it may be named in a call" on 1 localview kill -0 "${pids[2]}"

say "files"
pid=${pids[2]}
alike "root" 1 0 1500
alike "the user" 3 1000 1500
alike "another user" 1 1001 400
must "whom some are refused" grep -E "^/proc/$pid/environ .* EACCES" "$TEST_DIR/far"
target 2 root
alike "a user about root" 1 1000 400
must "whom some are refused" grep -E "^/proc/$pid/fd .*list EACCES" "$TEST_DIR/far"
alike "root about root" 3 0 1500
pid=$(on 2 sh -c 'sleep 1000 >/dev/null 2>&1 & echo $!')
alike "root about another program" 1 0 700

say "writing"
# Writes this and that to files of a fresh process of node 2, from NODE: writes NODE.
writes() {
	target 2 written 1000
	on "$1" sh -c "
		for file in comm oom_score_adj oom_adj coredump_filter timerslack_ns uid_map setgroups stat fd; do
			for uid in 0 1000 1001; do
				for words in 33 500 -1 x ''; do
					echo \$file \$uid \$words \$(/tmp/files write \$uid /proc/$pid/\$file \"\$words\")
				done
			done
		done"
	on 2 kill -KILL "$pid"
	on 2 rm /tmp/written
}
writes 1 >"$TEST_DIR/far"
writes 2 >"$TEST_DIR/own"
must "some is allowed" grep -x 'oom_score_adj 0 33 write = 2' "$TEST_DIR/far"
must "some is refused" grep -x 'oom_score_adj 1001 33 write = EACCES' "$TEST_DIR/far"
must "the same as on its own node" diff "$TEST_DIR/own" "$TEST_DIR/far"
pid=${pids[2]}
on 1 sh -c "echo 44 >/proc/$pid/oom_score_adj; echo 0x13 >/proc/$pid/coredump_filter"
expect "what is written is read elsewhere" \
	"$(on 3 cat "/proc/$pid/oom_score_adj" "/proc/$pid/coredump_filter" | xargs)" "44 00000013"
on 2 sh -c 'exec 3>/tmp/renamed; sleep 1000 >/dev/null 2>&1 & echo $!' >"$TEST_DIR/pid"
pid=$(cat "$TEST_DIR/pid")
expect "a file it has open" "$(on 1 readlink "/proc/$pid/fd/3")" /tmp/renamed
on 2 mv /tmp/renamed /tmp/other
expect "has its new name" "$(on 3 readlink "/proc/$pid/fd/3")" /tmp/other

say "large files"
on 2 sh -c "/tmp/files mappings $MAPPINGS >/tmp/pid 2>/dev/null &"
within 5 "there are many mappings" on 2 test -s /tmp/pid
pid=$(on 2 cat /tmp/pid)
sum=$(on 2 md5sum <"/dev/null" "/proc/$pid/maps")
must "more than is sent at once" test "$(on 1 sh -c "cat /proc/$pid/maps | wc -c")" -gt 65536
expect "are read the same" "$(on 1 md5sum "/proc/$pid/maps")" "$sum"
for size in 1 100 4096 100000; do
	expect "by $size bytes" "$(on 3 sh -c "dd if=/proc/$pid/maps bs=$size 2>/dev/null | md5sum")" \
		"${sum%% *}  -"
done
for skip in 4095 65536 70001; do
	expect "from $skip on" \
		"$(on 1 sh -c "dd if=/proc/$pid/maps bs=1 skip=$skip count=300 2>/dev/null | md5sum")" \
		"$(on 2 sh -c "dd if=/proc/$pid/maps bs=1 skip=$skip count=300 2>/dev/null | md5sum")"
done
expect "the largest one, too" "$(on 3 grep -v '^Pss\|^SwapPss' "/proc/$pid/smaps" | md5sum)" \
	"$(on 2 grep -v '^Pss\|^SwapPss' "/proc/$pid/smaps" | md5sum)"

say "while processes come and go"
on 1 rm -f /tmp/enough
for node in 1 2 3; do
	on "$node" sh -c 'i=0; while [ $i -lt 200 ]; do (sleep 0.01 &); (true); i=$((i + 1)); done' &
done
for node in 1 2 3; do
	on "$node" sh -c 'find /proc/[0-9]* -name net -prune -o -name stat -type f -exec cat {} + 2>&1 >/dev/null |
		grep -v "No such \(file\|process\)"; true' >"$TEST_DIR/find.$node" &
	on "$node" /tmp/files list "$LISTINGS" >"$TEST_DIR/lists.$node" &
done
wait
for node in 1 2 3; do
	expect "node $node: find has no other errors" "$(cat "$TEST_DIR/find.$node")" ""
	expect "each list has who lists, once, sorted" "$(cat "$TEST_DIR/lists.$node")" \
		"without 0, unsorted 0"
done

say "times"
ssi add 4
ssi exec 4 -- sh -c 'cat >/tmp/files && chmod 755 /tmp/files' <"$TEST_DIR/files"
for pid in "${pids[@]}"; do
	must "all nodes, a younger one too, tell one time of start for $pid" start_alike "$pid" 1 2 3 4
done
for node in 1 4; do
	pid=$(on "$node" sh -c 'sleep 1000 >/dev/null 2>&1 & echo $!')
	must "a new process of node $node started for all at one time" start_alike "$pid" 1 2 3 4
done
for node in 1 2 3 4; do
	on "$node" sh -c 'echo 3000 >/proc/sys/ssi/clms/timeout_ms'
done
ssi rm 4

say "a node dies"
on 1 sh -c "while [ ! -e /tmp/enough ]; do ls /proc/*/fd >/dev/null 2>&1; done; echo done" >"$TEST_DIR/loop" &
ssi rm 3
within 5 "its processes are gone" is_gone 1 "${pids[3]}"
expect "none of it is listed" "$(on 2 ps -o pid | awk 'int($1 / 65536) == 3')" ""
expect "nor is there a target of it" "$(on 1 pidof target | wc -w)" 3
on 1 touch /tmp/enough
wait
expect "who read its files did not hang" "$(cat "$TEST_DIR/loop")" "done"
ssi add 3
expect "it has no old processes" "$(on 1 pidof target | wc -w)" 3
on 3 true
must "its new ones are seen" eval '[ -n "$(listed 2 | awk "int(\$1 / 65536) == 3")" ]'
