#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
#
# A node that is paused for too long is fenced, and resumed as a new incarnation.
#
#   node1 --- switch --- node3 (paused)
#                  \---- node2

. "$(dirname "$0")/lib.sh"

is_fenced() { [ "$(state_of "$1" state)" = fenced ]; }

life_of() { on 1 sed -n "s/^$1: UP //p" /proc/cluster/nodes; }

up 3
life=$(life_of 3)
ssi pause 3
sleep 1
ssi resume 3
sleep 4
expect "a short pause changes nothing" "$(life_of 3)" "$life"
epoch=$(on 1 cat /proc/cluster/epoch)

ssi pause 3
within 20 "a long one: node 3 is fenced" is_fenced 3
must "the others go on without it" test -z "$(life_of 3)"
must "in a new epoch" test "$(on 2 cat /proc/cluster/epoch)" -gt "$epoch"
expect "and agree" "$(on 2 cat /proc/cluster/nodes)" "$(on 1 cat /proc/cluster/nodes)"
must "status says what to do" grep "fenced.*'ssi resume 3'" <(ssi status)
refuses "a command on it" "fenced" ssi exec 3 -- true

said=$(ssi resume 3)
must "resume says what has happened ($said)" grep 'node 3 was fenced while it was paused' <<<"$said"
must "it is back in another life" test "$(life_of 3)" -gt "$life"
expect "and sees what the others see" "$(on 3 cat /proc/cluster/nodes)" "$(on 1 cat /proc/cluster/nodes)"

ssi pause 2
within 20 "node 2 is fenced" is_fenced 2
must "who is not wanted back is removed" ssi rm 2
refuses "and not resumed" "ssi add 2" ssi resume 2
must "but added" ssi add 2
