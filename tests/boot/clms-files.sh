#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
#
# The kernel's files of the membership answer well, also to what is wrong.
#
#   node1 (asked) --- node2 (killed and brought back)

# A script that is killed for taking too long.
ALLOWED_LOG='rc.nodedown 2 was ended by signal 9'

. "$(dirname "$0")/lib.sh"

gcc -static -O2 -Wall -Wextra -s -o "$TEST_DIR/stream" "$(dirname "$0")/clms/stream.c" ||
	fail "stream.c does not compile"

# A transition of node 2 and back.
crash() { ssi rm 2 >/dev/null; }
come_back() { ssi add 2 >/dev/null; }

# Starts the program on node 1 and waits until it is ready: stream NAME WORD...
stream() {
	local name=$1
	shift
	on 1 /tmp/stream "$@" >"$TEST_DIR/$name" 2>&1 &
}

is_ready() { [ "$(grep -c '^ready$' "$TEST_DIR/$1")" -ge "$2" ]; }
is_done() { grep -q '^done$' "$TEST_DIR/$1"; }

# Writes a setting: set_to FILE VALUE.
set_to() { on 1 sh -c "echo '$2' >/proc/sys/ssi/clms/$1" 2>/dev/null; }
setting() { on 1 cat "/proc/sys/ssi/clms/$1"; }
cannot_set() { ! set_to "$@"; }

up 2
ssi exec 1 -- sh -c 'cat >/tmp/stream && chmod 755 /tmp/stream' <"$TEST_DIR/stream"

say "the stream of transitions"
expect "wrong calls are refused and change nothing" "$(on 1 /tmp/stream refuse)" "done"
stream wait wait
within 10 "a follower waits" is_ready wait 1
crash
within 10 "it is woken and told" is_done wait
come_back
stream signal signal
within 10 "one waits for signals" is_ready signal 1
crash
within 10 "it is signalled, and wants no more" is_ready signal 2
come_back
within 10 "it has not been signalled" is_ready signal 3
crash
within 10 "nor after the close" is_done signal
come_back
expect "one user cannot have all signals" "$(on 1 /tmp/stream crowd)" "done"

say "events for programs that wait"
stream uevents uevents 4
within 10 "one listens" is_ready uevents 1
crash
within 10 "four transitions are four events" is_done uevents
expect "each says what happened" "$(grep -o 'SSI_NODE=2 SSI_FROM=[A-Z]* SSI_TO=[A-Z]* SSI_CAUSE=[a-z]*' \
	"$TEST_DIR/uevents")" "\
SSI_NODE=2 SSI_FROM=UP SSI_TO=GOINGDOWN SSI_CAUSE=died
SSI_NODE=2 SSI_FROM=GOINGDOWN SSI_TO=KCLEANUP SSI_CAUSE=died
SSI_NODE=2 SSI_FROM=KCLEANUP SSI_TO=UCLEANUP SSI_CAUSE=subsystems
SSI_NODE=2 SSI_FROM=UCLEANUP SSI_TO=DOWN SSI_CAUSE=cleaned"
come_back

say "the other files"
expect "a view is of one moment" "$(on 1 head -n 1 /proc/cluster/view | tr -d '0-9')" \
	"transid  epoch  master  self "
expect "a line for each node" "$(on 1 sh -c 'grep -c "^[12] UP [0-9]* 1 [0-9]* [0-9]* [0-9.]*$" /proc/cluster/view')" 2
expect "a node that is down keeps its folder" \
	"$(crash; sleep 0.5; on 1 cat /proc/cluster/node2/state)" "DOWN"
come_back
expect "the last transition of a node" "$(on 1 cat /proc/cluster/node2/transition)" \
	"$(on 1 sh -c 'grep " 2 COMINGUP UP " /proc/cluster/events | tail -n 1')"
for wrong in bogus 'halt ' HALT ''; do
	must "no way to end: '$wrong'" on 1 sh -c "! echo '$wrong' >/proc/cluster/node2/shutdown" 2>/dev/null
done
must "an ordinary user ends nobody" \
	on 1 su -s /bin/sh nobody -c '! echo halt >/proc/cluster/node2/shutdown' 2>/dev/null
expect "nobody was ended" "$(on 1 cat /proc/cluster/node2/state)" UP

say "settings"
before=$(setting beat_interval_ms)
for wrong in 9 10001 x -1 '' '100x'; do
	must "no beat interval: '$wrong'" cannot_set beat_interval_ms "$wrong"
done
expect "the old value stays" "$(setting beat_interval_ms)" "$before"
must "no timeout below the suspicion" cannot_set timeout_ms 900
must "a good one is taken" set_to timeout_ms 2500
expect "it is there" "$(setting timeout_ms)" 2500
must "an ordinary user reads them" on 1 su -s /bin/sh nobody -c 'cat /proc/sys/ssi/clms/timeout_ms'
must "and writes none" \
	on 1 su -s /bin/sh nobody -c '! echo 3000 >/proc/sys/ssi/clms/timeout_ms' 2>/dev/null

say "scripts of the administrator"
master=$(on 1 cat /proc/cluster/master)
expect "node 1 coordinates" "$master" 1
on 1 sh -c 'mkdir -p /etc/ssi && cd /etc/ssi && for way in up down; do
	printf "#!/bin/sh\necho %s \$1 >>/tmp/scripts\n" $way >rc.node$way; chmod 755 rc.node$way; done'
crash
within 5 "rc.nodedown runs" on 1 grep -q '^down 2$' /tmp/scripts
come_back
within 5 "rc.nodeup runs" on 1 grep -q '^up 2$' /tmp/scripts
on 1 sh -c 'printf "#!/bin/sh\nsleep 1000 & sleep 1000\n" >/etc/ssi/rc.nodedown'
must "scripts may take half a second" set_to cleanup_max_ms 500
crash
within 5 "a script that hangs holds up nobody" on 1 grep -q DOWN /proc/cluster/node2/state
within 5 "it is killed with what it has started" on 1 sh -c '! pgrep -f "^sleep 1000" >/dev/null'
within 5 "the log says so" eval 'ssi log 1 | grep "rc.nodedown 2 was ended by signal 9" >/dev/null'
