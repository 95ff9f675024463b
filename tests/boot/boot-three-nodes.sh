#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
#
# Three nodes boot, know who they are and reach each other.
#
#   node1 --+-- switch --+-- node3
#           |            |
#           +-- node2 ---+

. "$(dirname "$0")/lib.sh"

up 3
for node in 1 2 3; do
	expect "node $node knows its number" "$(on "$node" cat /proc/cluster/self)" "$node"
	expect "node $node knows its cluster" "$(on "$node" cat /proc/cluster/name)" "$SSI_CLUSTER"
	expect "node $node has its host name" "$(on "$node" hostname)" "node$node"
	for peer in 1 2 3; do
		must "node $node reaches node $peer" reaches "$node" "$peer"
	done
done
must "SSI tells its version" on 1 grep -E '^SSI [0-9.]+ Linux 7\.3' /proc/cluster/version
must "a name leads to a node" on 1 ping -c 1 -W 2 node3
must "the files of /proc/cluster are read-only" \
	on 1 sh -c '! echo 9 2>/dev/null >/proc/cluster/self'
before=$(processes_of 1)
on 2 sh -c 'for i in $(seq 100); do sleep 1000 >/dev/null 2>&1 & done'
must "status counts the processes of node 2" test "$(processes_of 2)" -ge 100
expect "with node 2 alone" "$(processes_of 1)" "$before"
must "commands see all of them" test "$(on 1 pidof sleep | wc -w)" -ge 100
must "status counts three nodes" test "$(ssi status | grep -c ready)" -ge 3
refuses "a second start" "already" ssi start 3
