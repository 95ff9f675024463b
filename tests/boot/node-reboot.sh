#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
#
# A node that reboots comes back by itself in a new life; one that halts does not.
#
#   node1 --- switch --- node2 (reboots, then halts)
#                  \---- node3

. "$(dirname "$0")/lib.sh"

member() { on 1 sed -n "s/^2: //p" /proc/cluster/nodes; }

is_back() { [ "$(state_of 2 boots)" = "$1" ] && [[ $(member) == UP* ]]; }

is_over() { [ "$(state_of 2 state)" = dead ] && [[ $(member) == DOWN* ]]; }

up 3
life=$(member)
on 2 reboot || true
within 20 "it is back" is_back 2
must "in a later life" test "$(member | cut -d' ' -f2)" -gt "${life#UP }"
expect "and sees what the others see" \
	"$(on 2 cat /proc/cluster/nodes)" "$(on 3 cat /proc/cluster/nodes)"
on 2 reboot -f || true
within 20 "after a reboot by force, too" is_back 3
on 2 poweroff || true
within 20 "one that halts stays down" is_over
must "and status says why" grep 'dead.*powered off from inside' <(ssi status)
expect "the others never moved" "$(state_of 1 boots)$(state_of 3 boots)" 11
