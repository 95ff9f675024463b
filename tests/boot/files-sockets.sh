#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
#
# A node dies: its sockets and counters are lost to others, its rights to some end.
#
#   node1: looks on     node2: sockets --- node3: waits for them

. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/files/lib.sh"

up 3
put "2 3" ends

wait_all() { [ "$(on 3 cat /tmp/ended)" = waits ]; }

say "the one that used them"
on 2 sh -c '/tmp/ends start onnode 3 /tmp/ends wait /tmp/ended >/tmp/out' 2>/dev/null &
user=$!
within 10 "node 3 waits for sockets of node 2" wait_all
sleep 1
expect "nothing has an end yet" "$(on 2 cat /tmp/out)$(on 3 cat /tmp/ended)" waits
ssi rm 3
wait "$user" || true
is_over() { [ "$(on 2 cat /tmp/out)" = "read 0" ]; }
within 10 "the other end of a socket is told that nobody has it" is_over

say "the one whose they are"
ssi add 3
put "3" ends
on 2 sh -c '/tmp/ends start onnode 3 /tmp/ends wait /tmp/ended >/tmp/out' 2>/dev/null &
user=$!
within 10 "node 3 waits for sockets of node 2" wait_all
sleep 1
ssi rm 2
wait "$user" || true
has_ended() { [ "$(on 3 sort /tmp/ended)" = "accept EIO
count EIO
option EIO
poll EIO
receive EIO
send EIO
shut EIO
waits" ]; }
within 10 "all that waited go on, and every call fails" has_ended
