#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
#
# A node that panics is reported with its reason; the others go on.
#
#   node1 --- switch --- node2 (panics)

ALLOWED_LOG='Kernel panic|Call Trace'
. "$(dirname "$0")/lib.sh"

up 2
on 2 sh -c 'echo c >/proc/sysrq-trigger' || true
status_tells() { ssi status | grep -i 'panic.*sysrq'; }
within 10 "status tells the reason" status_tells
must "the log has its last lines" grep -q 'Kernel panic' <(ssi log 2)
expect "the other node goes on" "$(on 1 cat /proc/cluster/self)" 1
refuses "a command on the dead node" "panic" ssi exec 2 -- true
ssi add 2
must "it comes back" reaches 1 2
