#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
#
# However the launcher ends, nothing of its cluster stays.
#
#   supervisor (killed) --- node1, node2, node3

. "$(dirname "$0")/lib.sh"

# Process of this test's supervisor, and of no other test's.
supervisor() {
	local pid
	processes ' supervise' | while read -r pid _; do
		if grep -qz "^TEST_DIR=$TEST_DIR$" "/proc/$pid/environ" 2>/dev/null; then echo "$pid"; fi
	done
}

kill_supervisor() {
	local pid
	for pid in $(supervisor); do kill -KILL "$pid" || true; done
}

up 3
must "there is a supervisor" test -n "$(supervisor)"
kill_supervisor
within 10 "kill -9 of the supervisor leaves nothing" nothing_is_left
refuses "a command afterwards" "no cluster" ssi status

up 2
expect "a new cluster starts at once" "$(on 2 cat /proc/cluster/self)" 2
ssi stop

say "kill -9 at any moment of the start"
for tenths in 0 1 2 3 5 8; do
	ssi start 3 >/dev/null 2>&1 &
	starter=$!
	sleep "0.$tenths"
	kill_supervisor
	wait "$starter" 2>/dev/null || true
	kill_supervisor
	within 10 "killed after 0.$tenths s: nothing is left" nothing_is_left
done

say "Ctrl-C at any moment of the start"
for tenths in 0 1 2 4 6; do
	setsid ssi start 3 >/dev/null 2>&1 &
	starter=$!
	sleep "0.$tenths"
	kill -INT "$starter" 2>/dev/null || true
	wait "$starter" 2>/dev/null || true
	ssi stop >/dev/null 2>&1 || true
	within 10 "interrupted after 0.$tenths s: nothing is left" nothing_is_left
done
