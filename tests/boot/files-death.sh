#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
#
# A node dies: its files are lost to others, its rights to files end.
#
#   node1: a pipe --- node2: waits for it --- node3: handed it on

. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/files/lib.sh"

up 4

say "the one that used a file"
on 1 sh -c 'onnode 2 sleep 1000 | { cat; echo end; } >/tmp/out' &
waiter=$!
is_there() { on 2 pidof sleep; }
within 10 "node 2 has a pipe of node 1" is_there
expect "its reader waits" "$(on 1 cat /tmp/out)" ""
ssi rm 2
wait "$waiter" || true
is_over() { [ "$(on 1 cat /tmp/out)" = end ]; }
within 10 "the pipe ends when node 2 is gone" is_over

say "one that waits at the home"
# $1 of node 2 sleeps.
sleeps() { on 2 sh -c "grep 'State:.S' /proc/\$(pidof $1)/status"; }
ssi add 2
on 1 sh -c 'mkfifo /tmp/shared; exec 3<>/tmp/shared
	onnode 2 yes | { until [ -e /tmp/go ]; do usleep 10000; done; tail -n 1; echo end; } >/tmp/out &
	onnode 2 cat <&3 &
	wait; echo text >&3; read -r line <&3; echo $line' >"$TEST_DIR/shared" 2>/dev/null &
waiter=$!
within 10 "node 2 waits to read" sleeps cat
within 10 "and for room to write" sleeps yes
ssi rm 2
on 1 touch /tmp/go
wait "$waiter"
expect "a writer that waited keeps no pipe open" "$(on 1 cat /tmp/out)" "y
end"
expect "a reader that waited takes nothing" "$(cat "$TEST_DIR/shared")" text

say "the one whose file it is"
ssi exec 4 -- sh -c 'cat >/tmp/reads' <<'END'
cat
echo "read $?" >/tmp/seen
echo text
echo "write $?" >>/tmp/seen
stat -L -c %F /proc/self/fd/0 >>/tmp/seen
until [ -e /tmp/again ]; do usleep 10000; done
cat
echo "read again $?" >>/tmp/seen
exec sleep 1000
END
on 3 sh -c 'mkfifo /tmp/fifo; sleep 1000 >/tmp/fifo & onnode 4 /bin/sh /tmp/reads </tmp/fifo >/tmp/out; true' \
	2>/dev/null &
reader=$!
is_waiting() { on 4 pidof cat; }
within 10 "node 4 waits for a file of node 3" is_waiting
ssi rm 3
wait "$reader" || true
ssi add 3
has_seen() { [ "$(on 4 cat /tmp/seen)" = "read 1
write 1
fifo" ]; }
within 10 "it is told that there is nothing any more, and goes on" has_seen
# The first files of its new life have the names of the first of the one before.
expect "the files of its new life are others, while the old ones are open" \
	"$(on 3 sh -c 'echo text | onnode 4 /bin/cat')" text
on 4 touch /tmp/again
is_lost() { [ "$(on 4 tail -n 1 /tmp/seen)" = "read again 1" ]; }
within 10 "which are lost for good" is_lost
must "it ends when it is told to" on 4 killall sleep
