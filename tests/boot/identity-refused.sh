#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
#
# A kernel with a wrong identity says so and works on alone.
#
#   node1 (told to be somebody else)

. "$(dirname "$0")/lib.sh"

told() {
	up 1 --append "$1"
	must "'$1' is refused in words" grep -q "$2" <(ssi log 1)
	must "'$1': no /proc/cluster" on 1 sh -c '! test -e /proc/cluster'
	ssi stop
}

told ssi.node=64 'ssi_ics: ssi.node= is not a node number, 1 to 63'
told ssi.node=0x1 'ssi_ics: ssi.node= is not a node number'
told ssi.cluster=No_Name 'ssi_ics: ssi.cluster= is not a cluster name'

up 1 --append ssi.interface=eth7
must "an absent interface is named" grep -q 'there is no interface eth7' <(ssi log 1)
expect "the node is itself all the same" "$(on 1 cat /proc/cluster/self)" 1
