#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
#
# Of two nodes, one goes on when the other is killed, and exactly one after a cut.
#
#   node1 --x-- node2

. "$(dirname "$0")/lib.sh"

state_of_member() { on "$1" sed -n "s/^$2: \([A-Z]*\) .*/\1/p" /proc/cluster/nodes; }

# Whether a node goes on without the other, and coordinates.
goes_on_without() {
	[ "$(on "$1" cat /proc/cluster/master)" = "$1" ] && [ "$(state_of_member "$1" "$1")" = UP ] &&
		[ "$(state_of_member "$1" "$2")" = DOWN ]
}

sees_both() { [ "$(on "$1" grep -c ': UP ' /proc/cluster/nodes)" = 2 ]; }

count_fenced() { ssi status | grep -c ' fenced ' || true; }

one_is_fenced() { [ "$(count_fenced)" = 1 ]; }

up 2
for dead in 2 1; do
	other=$((3 - dead))
	ssi rm "$dead"
	within 10 "node $dead killed: node $other goes on" goes_on_without "$other" "$dead"
	ssi add "$dead"
	must "node $dead is back" sees_both "$other"
done

coordinator=$(on 1 cat /proc/cluster/master)
other=$((3 - coordinator))
ssi net cut 1 2
within 20 "cut: one is fenced" one_is_fenced
sleep 5
expect "and only one" "$(count_fenced)" 1
expect "the coordinator goes on" "$(state_of "$other" state)" fenced
within 10 "alone" goes_on_without "$coordinator" "$other"
ssi net heal
within 20 "healed: both are one again" sees_both "$coordinator"
within 20 "for both" sees_both "$other"
