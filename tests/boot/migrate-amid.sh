#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
#
# A node dies amid what programs do with it: they are told, and nobody waits for ever.
#
#   node1 --- node2 --- node3, which dies

. "$(dirname "$0")/lib.sh"

# Claims that what runs as process $runner of the host ends by itself: comes_to_an_end WHAT.
comes_to_an_end() {
	within 60 "$1 comes to an end" eval "! kill -0 $runner"
	wait "$runner" || true
}

gcc -static -O2 -Wall -Wextra -s -I "$TEST_TOP/include/uapi" -o "$TEST_DIR/child" \
	"$(dirname "$0")/migrate/child.c" || fail "child.c does not compile"
up 3

say "programs come and go"
# Prints how many programs did what they should not: who was not killed with its node, or
# found it gone, ends as it wants to.
# shellcheck disable=SC2016 # expands in the guest
CROWD='exec 2>/dev/null
	wrong=0 lost=0 turn=0
	until [ -e /tmp/over ] && [ $((turn += 1)) -gt 20 ]; do
		for one in 1 2 3 4 5 6; do
			onnode $((one % 2 + 2)) sh -c "exit $one" </dev/null 2>/dev/null &
			eval "job$one=$!"
		done
		for one in 1 2 3 4 5 6; do
			eval "wait \$job$one"
			case $?,$((one % 2)) in
			$one,*) ;;
			125,1 | 137,1) lost=$((lost + 1)) ;;
			*) wrong=$((wrong + 1)) ;;
			esac
		done
		: >/tmp/began
	done
	echo "wrong $wrong"
	[ $lost -ge 60 ] && echo "some are lost"'
on 1 sh -c "$CROWD" >"$TEST_DIR/crowd" 2>&1 &
runner=$!
within 10 "they come" on 1 test -e /tmp/began
ssi rm 3
on 1 touch /tmp/over
comes_to_an_end "the shell"
expect "each had its own end, or that of its node" "$(cat "$TEST_DIR/crowd")" "wrong 0
some are lost"
ssi add 3

say "bytes move"
on 1 sh -c '{ { cat /dev/zero; echo "writer $?" >>/tmp/ends; } | { onnode 3 cat; echo "middle $?" >>/tmp/ends; } |
	{ onnode 2 dd bs=64k of=/tmp/moved; echo "reader $?" >>/tmp/ends; }; } 2>/dev/null' &
runner=$!
moves() { on 2 test -s /tmp/moved; }
within 10 "they do" moves
ssi rm 3
comes_to_an_end "the pipeline"
expect "each learns of it" "$(on 1 sort /tmp/ends)" "middle 137
reader 0
writer 141"
ssi add 3

say "a group is signalled"
for node in 2 3; do
	ssi exec "$node" -- sh -c 'cat >/tmp/child && chmod 755 /tmp/child' <"$TEST_DIR/child"
done
on 1 sh -c 'setsid sh -c "
	onnode 2 /tmp/child signals 1000000 >/tmp/got.2 & onnode 3 /tmp/child signals 1000000 >/tmp/got.3 &
	trap : USR1; echo \$\$ >/tmp/group; while :; do wait; done"' >/dev/null 2>&1 &
for node in 2 3; do
	within 10 "a member is on node $node" on 1 grep -q ready "/tmp/got.$node"
done
group=$(on 1 cat /tmp/group)
on 1 sh -c 'until [ -e /tmp/enough ]; do kill -USR1 -'"$group"' || echo failed; usleep 20000; done' >"$TEST_DIR/failed" 2>&1 &
runner=$!
# What a member has got: got NODE. More than so many: gets NODE COUNT.
got() { on 1 grep -c "^10 " "/tmp/got.$1"; }
gets() { [ "$(got "$1")" -gt "$2" ]; }
for node in 2 3; do
	within 10 "that of node $node gets them" gets "$node" 3
done
ssi rm 3
before=$(got 2)
within 10 "the others still get them" gets 2 "$((before + 3))"
on 1 touch /tmp/enough
comes_to_an_end "who signals"
expect "no signal failed" "$(cat "$TEST_DIR/failed")" ""
must "the group can be killed" on 1 kill -KILL "-$group"
ssi add 3

say "all is scattered"
for node in 1 2 3; do
	on "$node" sh -c 'echo 1 >/proc/sys/ssi/migrate/scatter'
done
on 1 rm -f /tmp/over
# What is on the node that dies is lost, with all that comes after it.
on 1 sh -c 'until [ -e /tmp/over ]; do
		SSI_SCATTER=2 sh -c "seq 100 | sort -rn | (read line; echo \$line; cat >/dev/null) | cat" 2>/dev/null
		: >/tmp/scattered
	done | sort | uniq -c' >"$TEST_DIR/scattered" 2>&1 &
runner=$!
within 20 "programs run" on 1 test -e /tmp/scattered
ssi rm 3
sleep 1
on 1 touch /tmp/over
comes_to_an_end "what was scattered"
must "what was said is right" grep -Eqx ' *[0-9]+ 100' "$TEST_DIR/scattered"
expect "on the nodes that live it goes on" \
	"$(on 1 env SSI_SCATTER=2 sh -c 'seq 100 | sort -rn | (read line; echo $line; cat >/dev/null) | cat')" 100
