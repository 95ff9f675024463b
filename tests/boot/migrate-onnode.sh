#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
#
# A program executed on another node: what it keeps, what its parent learns.

. "$(dirname "$0")/lib.sh"

# How many lines are the same, of those that come first.
said_alike() { uniq -c | awk 'NR == 1 { print $1 }'; }

up 3

say "the process"
expect "a program runs on the other node" "$(on 1 onnode 2 clusternode_num)" 2
expect "with its arguments as they are" \
	"$(on 1 onnode 2 sh -c 'printf "<%s>" "$@"' name 'a b' '' "c'd")" "<a b><><c'd>"
expect "with the environment" "$(on 1 env -i A=1 PATH=/bin:/usr/bin onnode 2 env | grep A=)" "A=1"
expect "and the number it had" \
	"$(on 1 sh -c 'onnode 2 sh -c "echo \$\$" & first=$(jobs -p); wait; echo $first' | said_alike)" 2
expect "its parent has not changed" \
	"$(on 1 sh -c 'onnode 2 sh -c "echo \$PPID" & wait; echo $$' | said_alike)" 2
expect "it works in the same folder" "$(on 1 sh -c 'cd /proc/sys && onnode 3 pwd -P')" /proc/sys
expect "even one it may not go to again" \
	"$(on 1 sh -c 'cd /root && su -s /bin/sh nobody -c "onnode 2 pwd -P"')" /root
on 2 sh -c 'mkdir -p /tmp/closed/open; chmod 777 /tmp/closed/open; chmod 700 /tmp/closed'
on 1 sh -c 'mkdir -p /tmp/closed/open; chmod 777 /tmp/closed/open'
# as_nobody_in FOLDER COMMAND: what it says, or "stays" where it cannot leave.
as_nobody_in() {
	on 1 sh -c "cd $1 && su -s /bin/sh nobody -c 'onnode 2 $2 2>/dev/null || echo stays'"
}
expect "but none it could not have come to" "$(as_nobody_in /tmp/closed/open pwd)" stays
on 2 mkfifo -m 666 /tmp/other
on 1 mkdir /tmp/other
expect "it waits for no pipe of the name of a folder" \
	"$(as_nobody_in / 'true 7</tmp/other')" stays
expect "with the same mask" "$(on 1 sh -c 'umask 027; onnode 2 sh -c umask')" 0027
expect "and limits" "$(on 1 sh -c 'ulimit -S -n 77; onnode 2 sh -c "ulimit -S -n"')" 77
expect "and priority" \
	"$(on 1 sh -c 'renice -n 7 -p $$ >/dev/null; onnode 2 cut -d " " -f 19 /proc/self/stat')" 7
expect "a signal it ignored is ignored" \
	"$(on 1 sh -c 'trap "" TERM; onnode 2 sh -c "kill -TERM \$\$; echo lives"')" lives

say "its end"
status_of() {
	local status=0
	on 1 "$@" >/dev/null 2>&1 || status=$?
	echo "$status"
}
for status in 0 1 42 255; do
	expect "a parent gets status $status" \
		"$(on 1 sh -c "onnode 2 sh -c 'exit $status'; echo \$?")" "$status"
done
for signal in KILL TERM SEGV; do
	expect "a parent learns of SIG$signal" \
		"$(on 1 sh -c "onnode 2 sh -c 'kill -$signal \$\$' 2>/dev/null; kill -l \$?")" "$signal"
done
expect "one that is not there" "$(status_of onnode 2 /no/such/program)" 127
expect "one that is none" "$(status_of onnode 2 /etc)" 126
expect "a node that is not there" "$(status_of onnode 9 true)" 125

say "signals from home"
on 1 sh -c 'onnode 2 sleep 1000 & echo $! >/tmp/pid; wait $!; echo $? >/tmp/status' &
shell=$!
asleep_on_2() { [ "$(on 2 sh -c "cat /proc/$(on 1 cat /tmp/pid)/comm")" = sleep ]; }
within 10 "the process is on node 2" asleep_on_2
pid=$(on 1 cat /tmp/pid)
for node in 1 2 3; do
	expect "node $node knows where it is" "$(on "$node" where_pid "$pid")" 2
	expect "node $node lists it once" "$(on "$node" ls /proc | grep -cx "$pid")" 1
done
on 1 kill -STOP "$pid"
is_stopped() { on 3 grep -q '^State:.T' "/proc/$pid/status"; }
within 5 "it stops" is_stopped
on 3 kill -CONT "$pid"
runs() { on 1 grep -q '^State:.S' "/proc/$pid/status"; }
within 5 "it goes on" runs
on 1 kill -TERM "$pid"
wait "$shell"
expect "its parent learns what killed it" "$(on 1 cat /tmp/status)" 143
refuses "and it is gone everywhere" "No such process" on 3 kill -0 "$pid"

say "many"
expect "a hundred at once end well" "$(on 1 sh -c '
	for i in $(seq 50); do onnode 2 true & onnode 3 true & done
	failed=0
	for job in $(jobs -p); do wait $job || failed=$((failed + 1)); done
	echo $failed')" 0
nothing_runs() { fails_on "$1" localview sh -c 'ps | grep "[t]rue\|[s]leep 1000"'; }
within 5 "nothing is left on node 2" nothing_runs 2
