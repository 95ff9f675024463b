#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
#
# A bad network (each frame lost with 10 %, 50 ms late) costs no healthy node its
# place: nodes join, calls work, nobody is lost.
#
#   node1 ~~~ node2 ~~~ node3 ~~~ node4      all pairs bad

. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/membership/lib.sh"

LOSS_SECONDS=${LOSS_SECONDS:-20}

up 3
for pair in '1 2' '1 3' '2 3' '1 4' '2 4' '3 4'; do
	# shellcheck disable=SC2086 # two words
	ssi net loss $pair 10
	# shellcheck disable=SC2086
	ssi net delay $pair 50
done
end=$((SECONDS + LOSS_SECONDS))

must "a node joins over a bad network" ssi add 4
settles 10 1 2 3 4
view=$(view_of 1)

calls=0
while [ "$SECONDS" -lt "$end" ]; do
	for pair in '1 2' '2 3' '3 4' '4 1'; do
		# shellcheck disable=SC2086
		set -- $pair
		said=$(on "$1" sh -c "echo 'echo node=$2 size=64 count=20 inflight=4' >/proc/cluster/ics_test && cat /proc/cluster/ics_test")
		grep -x 'failed: 0' <<<"$said" >/dev/null || fail "calls from node $1 to node $2: $said"
		calls=$((calls + 20))
	done
done
for node in 1 2 3 4; do
	expect "node $node has lost nobody" "$(view_of "$node")" "$view"
	expect "and lives its first life" "$(state_of "$node" boots)" 1
done
lost=$(ssi net show --json | tr -d ' \n' | grep -o '"lost":[0-9]*' | cut -d: -f2 |
	awk '{ sum += $1 } END { print sum }')
must "frames were lost ($lost of them, $calls calls answered)" test "$lost" -gt 50
