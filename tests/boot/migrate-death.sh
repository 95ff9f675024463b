#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
#
# Nodes die under programs that came from elsewhere.

. "$(dirname "$0")/lib.sh"

up 3

say "the node of the program"
on 1 sh -c 'onnode 2 sleep 1000; echo $? >/tmp/status' &
shell=$!
there() { on "$1" localview ps | grep "[s]leep $2" | grep -v onnode >/dev/null; }
within 10 "the program is on node 2" there 2 1000
ssi rm 2
wait "$shell"
expect "the parent learns that it was killed" "$(on 1 cat /tmp/status)" 137

say "its home"
on 1 sh -c 'onnode 3 sleep 2000 >/dev/null 2>&1 </dev/null & echo $! >/tmp/pid; sleep 1000' &
within 10 "the program is on node 3" there 3 2000
pid=$(on 1 cat /tmp/pid)
ssi rm 1
lives() { on 3 kill -0 "$pid"; }
must "it lives on" lives
is_orphan() { [ "$(on 3 awk '/^PPid/ { print $2 }' "/proc/$pid/status")" = 1 ]; }
within 5 "its parent is 1" is_orphan
on 3 kill "$pid"
within 5 "it can be killed" is_gone 3 "$pid"
