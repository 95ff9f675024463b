#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
#
# All nodes of a new cluster are up in one view, which reads the same on each.
#
#   node1 --+-- switch --+-- nodeN        N = 1, 3, 16
#           |            |
#           +-- node2 ...+

. "$(dirname "$0")/lib.sh"

for count in 1 3 16; do
	up "$count" --mem 64M
	nodes=$(on 1 cat /proc/cluster/nodes)
	expect "$count nodes are up" "$(grep -c ': UP [1-9]' <<<"$nodes")" "$count"
	epoch=$(on 1 cat /proc/cluster/epoch)
	events=$(on 1 cat /proc/cluster/events)
	for node in $(seq 2 "$count"); do
		expect "node $node has the same nodes" "$(on "$node" cat /proc/cluster/nodes)" "$nodes"
		expect "node $node has the same epoch" "$(on "$node" cat /proc/cluster/epoch)" "$epoch"
		expect "node $node has the same events" "$(on "$node" cat /proc/cluster/events)" "$events"
	done
	all=1-$count
	[ "$count" -gt 1 ] || all=1
	view="view $epoch: members $all, coordinator $(on 1 cat /proc/cluster/master)"
	expect "status tells that view" "$(ssi status | sed -n 2p)" "$view"
	for node in 1 "$count"; do
		expect "status tells the life of node $node" \
			"$(state_of "$node" incarnation)" "$(sed -n "s/^$node: UP //p" <<<"$nodes")"
	done
	ssi stop
done
