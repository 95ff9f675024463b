#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
#
# Who does not have the key, has another cluster's name, or another kernel, never
# appears.
#
#   node1 --- switch --- node2
#                  \--x- node3 (wrong key, another cluster, another kernel; then well)

. "$(dirname "$0")/lib.sh"

state_of_3() { on "$1" sed -n 's/^3: \([A-Z]*\) .*/\1/p' /proc/cluster/nodes; }

# Node 3 is refused; the logs of both sides tell WHY: stays_out WHY OPTION...
stays_out() {
	local why=$1 node
	shift
	refuses "node 3 is not let in ($*)" "not in the cluster" ssi add 3 "$@"
	for node in 1 2; do
		must "node $node never saw it" test "$(state_of_3 "$node")" != UP
		must "node $node logs why" grep "ssi_ics: node 3.* is refused: .*$why" <(ssi log "$node")
	done
	must "its own log tells why" grep "ssi_ics: .* refuses this node: .*$why" <(ssi log 3)
	must "status has it outside" grep ': members 1-2,' <(ssi status)
	ssi rm 3
}

# A copy of the kernel that begins its log with other words: another build.
other_kernel() {
	LC_ALL=C sed 's/Linux version 7/Linux Version 7/g' "$SSI_HOME/build/um/linux" >"$TEST_DIR/linux"
	chmod +x "$TEST_DIR/linux"
}

up 2
epoch=$(on 1 cat /proc/cluster/epoch)
stays_out 'key of this cluster' --fault wrong-key
stays_out 'another cluster' --fault other-cluster
other_kernel
stays_out 'another build' --kernel "$TEST_DIR/linux"
expect "the others did not even count it" "$(on 2 cat /proc/cluster/epoch)" "$epoch"
must "well, it is let in" ssi add 3
expect "and is up" "$(state_of_3 1)" UP
