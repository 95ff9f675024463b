#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
#
# Calls between nodes that stay are neither lost nor refused while views change.
#
#   node1 <=== calls, pages ===> node2        node3, node4: killed and booted again

. "$(dirname "$0")/lib.sh"

# Views that change at least while calls are made.
VIEWS=8

# Runs a command of the test file: call NODE COMMAND.
call() { on "$1" sh -c "echo '$2' >/proc/cluster/ics_test && cat /proc/cluster/ics_test"; }

# Calls until /tmp/enough is there; prints the results: calls FROM COMMAND.
calls() {
	on "$1" sh -c "
		while [ ! -e /tmp/enough ]; do
			echo '$2' >/proc/cluster/ics_test || exit 1
			cat /proc/cluster/ics_test
		done"
}

# Sum of a value over all results: sum NAME FILE.
sum() { awk -v name="$1:" '$1 == name { sum += $2 } END { print sum + 0 }' "$2"; }

epoch() { on 1 cat /proc/cluster/epoch; }

up 4
before=$(epoch)
calls 1 'echo node=2 count=500 inflight=8 mode=worker' >"$TEST_DIR/one" &
one=$!
calls 2 'bulk node=1 count=4 pages=64' >"$TEST_DIR/two" &
two=$!
for _ in 1 2 3; do
	for node in 3 4; do ssi rm $node; done
	sleep 0.2
	for node in 4 3; do ssi add $node; done
done
for node in 1 2; do on $node touch /tmp/enough; done
wait $one $two
after=$(epoch)

must "views changed ($before, then $after)" test "$after" -ge $((before + VIEWS))
must "calls were made" test "$(sum count "$TEST_DIR/one")" -ge 1000
for what in failed wrong; do
	expect "no call $what" "$(sum $what "$TEST_DIR/one")" 0
	expect "no call with pages $what" "$(sum $what "$TEST_DIR/two")" 0
done
expect "who came anew is called" "$(call 3 'many count=20' | sed -n 's/^failed: //p')" 0
expect "by those who stayed, too" "$(call 1 'many count=20' | sed -n 's/^failed: //p')" 0
