#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
#
# Either node freezes or dies at each stage of a hand-over: the program runs once or not at
# all, its parent is told what is so, and all who wait come to an end.
#
#   node1 (looks on) --- node2 (the parent) --- node3 (the program)

. "$(dirname "$0")/lib.sh"

HOME_NODE=2
THERE=3

# What the program does on its node: says once that it runs.
PROGRAM='#!/bin/sh
echo $$ >>/tmp/runs
exec sleep 1000'

# A parent at home, and whoever reads the pipe the program has.
PARENT='{ onnode '$THERE' /dev/shm/program & pid=$!; echo $pid >/tmp/pid; wait $pid
	echo $? >/tmp/status; } 2>/tmp/said | { cat; echo closed >/tmp/closed; }'

# Nodes wait for each other: whoever is frozen is meant to be.
be_patient_on() { on "$1" sh -c 'echo 600000 >/proc/sys/ssi/clms/timeout_ms'; }

prepare_home() {
	be_patient_on "$HOME_NODE"
	on "$HOME_NODE" rm -f /tmp/kills /tmp/pid /tmp/status /tmp/closed
}

# Whoever executes the program there is held up, until it is let go.
prepare_there() {
	be_patient_on "$THERE"
	ssi exec "$THERE" -- sh -c 'cat >/tmp/lease && chmod 755 /tmp/lease' <"$TEST_DIR/lease"
	on "$THERE" sh -c 'rm -f /tmp/runs /tmp/came; echo "$0" >/dev/shm/program; chmod 755 /dev/shm/program
		echo 600 >/proc/sys/fs/lease-break-time
		/tmp/lease /dev/shm/program /tmp/came >/dev/null 2>&1 </dev/null &' "$PROGRAM"
	within 5 "the program is held up" own "$THERE" grep -q LEASE /proc/locks
}

let_go() { own "$THERE" killall lease; }

own() { on "$1" localview "${@:2}"; }
has_gone() { fails_on "$1" localview test -e "/proc/$pid"; }
is_program() { [ "$(own "$THERE" cat "/proc/$pid/comm")" = "$1" ]; }
# Whether the program runs, and did not twice.
runs() { is_program sleep && [ "$(own "$THERE" cat /tmp/runs)" = "$pid" ]; }
never_ran() { [ "$(own "$THERE" sh -c 'test -e /tmp/runs || echo never')" = never ]; }
# Whether home has left it to the other node.
has_left() { [ "$(own "$HOME_NODE" cat "/proc/$pid/where")" = "$THERE" ]; }

# The other node executes the program, which takes long.
is_asked() {
	say "$1"
	prepare_home
	prepare_there
	on "$HOME_NODE" sh -c "$PARENT" >/dev/null 2>&1 &
	parent=$!
	within 10 "it is asked for" own "$THERE" test -e /tmp/came
	pid=$(own "$HOME_NODE" cat /tmp/pid)
}

# It has executed the program and holds it; home is frozen and has not heard of it.
is_held() {
	is_asked "$1"
	ssi pause "$HOME_NODE"
	let_go
	within 10 "it is executed and held" is_program program
	must "it does not run" never_ran
}

# Home has committed it, and the other node, which is frozen, has not.
is_committed() {
	is_held "$1"
	ssi pause "$THERE"
	ssi resume "$HOME_NODE"
	within 10 "home has left it" has_left
}

# Claims that it runs there once, and that it ends well.
goes_on() {
	within 10 "it runs" runs
	on 1 kill "$pid"
	ends 143
	within 10 "nothing is left of it there" has_gone "$THERE"
}

# Claims what the parent is told, that nobody has the pipe any more, and nothing is left.
ends() {
	wait "$parent" || true
	expect "its parent is told" "$(own "$HOME_NODE" cat /tmp/status)" "$1"
	expect "the pipe is closed" "$(own "$HOME_NODE" cat /tmp/closed)" closed
	must "nothing is left of it at home" has_gone "$HOME_NODE"
}

# Claims that it never ran and never will.
comes_to_nothing() {
	within 10 "nothing is left of it there" has_gone "$THERE"
	must "it never ran" never_ran
}

lose() {
	ssi rm "$1"
	for node in "${@:2}"; do ssi resume "$node"; done
}

restore() { ssi add "$1"; }

gcc -static -O2 -Wall -Wextra -s -o "$TEST_DIR/lease" "$(dirname "$0")/migrate/lease.c" ||
	fail "lease.c does not compile"
up 3
be_patient_on 1

is_asked "asked for, and all goes on"
let_go
goes_on

is_asked "asked for, and the other node freezes"
ssi pause "$THERE"
ssi resume "$THERE"
let_go
goes_on

is_asked "asked for, and the other node dies"
lose "$THERE"
ends 125
must "who asked is told why" own "$HOME_NODE" grep "node $THERE" /tmp/said
restore "$THERE"

is_asked "asked for, and home dies"
lose "$HOME_NODE"
wait "$parent" || true
let_go
comes_to_nothing
restore "$HOME_NODE"

is_asked "asked for, and killed"
own "$HOME_NODE" kill -KILL "$pid"
let_go
ends 137
comes_to_nothing

is_held "held, and home goes on"
ssi resume "$HOME_NODE"
goes_on

is_held "held, and home dies"
lose "$HOME_NODE"
wait "$parent" || true
comes_to_nothing
restore "$HOME_NODE"

is_held "held, and the other node dies"
lose "$THERE" "$HOME_NODE"
# Home may have the answer, or not.
wait "$parent" || true
told=$(own "$HOME_NODE" cat /tmp/status)
must "its parent is told that there is no node, or that it was killed ($told)" \
	grep -qx '125\|137' <<<"$told"
ends "$told"
restore "$THERE"

is_committed "committed, and the other node goes on"
ssi resume "$THERE"
goes_on

is_committed "committed and killed, and the other node goes on"
# Who kills it waits for its node.
on "$HOME_NODE" sh -c "echo >/tmp/kills; exec kill -KILL $pid" >/dev/null 2>&1 &
killer=$!
within 10 "somebody kills it" own "$HOME_NODE" test -e /tmp/kills
ssi resume "$THERE"
must "it is killed" wait "$killer"
ends 137
within 10 "nothing is left of it there" has_gone "$THERE"

is_committed "committed, and the other node dies"
lose "$THERE"
ends 137
restore "$THERE"

is_committed "committed, and home dies"
lose "$HOME_NODE" "$THERE"
wait "$parent" || true
is_decided() { runs || has_gone "$THERE"; }
within 10 "it runs, or is gone" is_decided
if runs; then
	expect "its parent is 1" "$(on "$THERE" awk '/^PPid/ { print $2 }' "/proc/$pid/status")" 1
	must "it can be killed" on 1 kill "$pid"
fi
within 10 "it is gone" has_gone "$THERE"
restore "$HOME_NODE"
