#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
#
# A node crashes and comes back fifty times; the others never notice more.
#
#   node1 --- switch --- node2 (dies)
#                  \---- node3

. "$(dirname "$0")/lib.sh"

ROUNDS=${ROUNDS:-50}

is_down() { ! ssi exec 2 -- true </dev/null 2>/dev/null; }

up 3
for round in $(seq "$ROUNDS"); do
	ssi rm 2
	must "round $round: node 2 is gone" is_down
	ssi add 2
	must "round $round: node 2 is back" reaches 1 2
done
expect "node 3 saw nothing" "$(on 3 cat /proc/cluster/self)" 3
must "node 3 still reaches node 1" reaches 3 1
refuses "adding a node that runs" "2" ssi add 2
refuses "removing a node that is not there" "9" ssi rm 9
