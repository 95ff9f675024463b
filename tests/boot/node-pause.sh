#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
#
# A paused node stands still and costs nothing; resumed, it goes on.
#
#   node1 --- switch --- node2 (paused), busy

. "$(dirname "$0")/lib.sh"

# Processor time all processes of node 2 have used, in ticks.
ticks_of_node2() {
	# Behind the name: state, parent, group; user and system time are 12 and 13.
	cat /proc/[0-9]*/stat 2>/dev/null | sed 's/.*) //' |
		awk -v group="$(state_of 2 pid)" '$3 == group { sum += $12 + $13 } END { print sum + 0 }'
}

stands_still() {
	local before
	before=$(ticks_of_node2)
	sleep 1
	[ $(($(ticks_of_node2) - before)) -le 2 ]
}

# The counter is rewritten all the time and may be found empty.
has_grown() { [ "$(on 2 cat /tmp/count)" -gt "${before:-0}" ]; }

for mode in "" --isolate; do
	# shellcheck disable=SC2086 # no word when the mode is empty
	up 2 $mode
	be_patient 2
	on 2 sh -c 'while :; do :; done >/dev/null 2>&1 & i=0;
		while :; do i=$((i+1)); echo $i >/tmp/count; done >/dev/null 2>&1 &'
	ssi pause 2
	must "paused it uses no processor (${mode:-default})" stands_still
	must "nobody reaches it" is_cut_off 1 2
	must "status says so" grep -qi paused <(ssi status)
	must "and what the other one does" test "$(processes_of 1)" -ge 1
	refuses "a command on it" "paused" ssi exec 2 -- true
	ssi resume 2
	within 10 "resumed it answers" reaches 1 2
	before=$(on 2 cat /tmp/count)
	within 5 "what ran runs on" has_grown
	refuses "resuming a node that runs" "2" ssi resume 2
	kill -STOP "$(state_of 2 pid)"
	must "a node that somebody has stopped is paused" timeout 10 ssi pause 2
	ssi resume 2
	within 10 "and resumed" reaches 1 2
	ssi stop
done
