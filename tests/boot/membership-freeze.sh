#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
#
# Who freezes shorter than the timeout stays; who freezes longer is fenced.
#
#   node1 --- switch --- node2, node3 (frozen, one after the other, and together)
#                  \---- node4, node5

. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/membership/lib.sh"

# Milliseconds until a node is lost; the shorter freeze ends well before.
TIMEOUT_MS=2000

is_fenced() { [ "$(state_of "$1" state)" = fenced ]; }

freeze() {
	local seconds=$1
	shift
	ssi pause "$@"
	sleep "$seconds"
	ssi resume "$@"
}

up 5 --mem 64M
for node in 1 2 3 4 5; do
	on "$node" sh -c "echo $TIMEOUT_MS >/proc/sys/ssi/clms/timeout_ms"
done
view=$(view_of 1)
coordinator=$(coordinator_of 1)
other=$((coordinator % 5 + 1))

freeze 1 "$other"
freeze 1 "$coordinator"
freeze 1 1 2 3 4 5
# Time for a late loss to show.
sleep 2
for node in 1 2 3 4 5; do
	expect "after short freezes node $node has the same view" "$(view_of "$node")" "$view"
	expect "and its first life" "$(state_of "$node" boots)" 1
done

for frozen in "$other" "$coordinator"; do
	mapfile -t rest < <(seq 5 | grep -v "^$frozen\$")
	epoch=$(epoch_of "${rest[0]}")
	ssi pause "$frozen"
	within 10 "node $frozen is fenced" is_fenced "$frozen"
	settles 10 "${rest[@]}"
	must "in a later epoch" test "$(epoch_of "${rest[0]}")" -gt "$epoch"
	must "it is said to be fenced" on "${rest[0]}" grep " $frozen UP GOINGDOWN fenced " /proc/cluster/events
	ssi resume "$frozen"
	settles 10 1 2 3 4 5
done
