#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
#
# The leader of a session takes a terminal of another node, and loses it: the same comes of
# it wherever the two are.

. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/files/lib.sh"

PROGRAMS=$(dirname "$0")/terminal

up 3
put "1 2 3" take group

# What comes of it: take COMMAND, which is a word for the shell.
take() { on 1 sh -c "$1 | cat"; }
# The same as on one node: same CLAIM COMMAND.
same() {
	take "$2" >"$TEST_DIR/said" || true
	diff -u "$TEST_DIR/alone" "$TEST_DIR/said" || fail "$1: something else"
	echo "ok: $1"
}

take "/tmp/take child" >"$TEST_DIR/alone"

must "a case is as expected" grep -qx "taken by open: good" "$TEST_DIR/alone"
must "all are done" grep -qx "done" "$TEST_DIR/alone"
same "a program itself leads" "/tmp/take self"
same "born on another node" "/tmp/take child onnode 2"
same "went to another node" "/tmp/take self onnode 2"
same "born on a third node" "/tmp/take child onnode 2 onnode 3"
same "went to a third node" "/tmp/take self onnode 2 onnode 3"
same "went to a third node from a second" \
	"/tmp/take self onnode 2 sh -c 'onnode 3 \"\$@\"; :' sh"
same "with a terminal of a second" "sh -c 'onnode 2 /tmp/take child onnode 3; :'"
same "went on from its terminal" "sh -c 'onnode 2 /tmp/take go onnode 3; :'"
kept=$(take "/tmp/take on")
must "a leader keeps what he has" grep -qx " stat: it, group mine" <<<"$kept"
expect "and takes it home" "$(take "sh -c 'onnode 2 /tmp/take on onnode 3; :'")" "$kept"

say "a group in the foreground"
# put BY COMMAND: BY puts the group there that COMMAND makes.
put_there() { on 1 sh -c "/tmp/group '$1' '$2' | cat"; }
alone=$(put_there "" "")
must "all are done" [ "${alone##*$'\n'}" = "done" ]
must "it reads" grep -qx "it reads: 0" <<<"$alone"
expect "a group of another node" "$(put_there "" "onnode 2")" "$alone"
expect "put there by a third node" "$(put_there "onnode 3" "onnode 2")" "$alone"
expect "a group of this node, by another" "$(put_there "onnode 3" "")" "$alone"

say "nodes that die"
is_said() { on "$1" grep -qx "$3" "$2"; }
# Somebody of node 2 leads a session with a terminal of node 1.
hold() {
	on 1 sh -c '/tmp/take hold onnode 2' >/dev/null 2>&1 &
	within 10 "a leader" is_said 2 /tmp/leader ready
	within 10 "and who is in front" is_said 1 /tmp/front ready
}
hold
ssi rm 2
within 20 "the leader's node is gone: SIGHUP" is_said 1 /tmp/front "hung up"
ssi add 2
within 20 "it is back" on 2 true
put 2 take
hold
ssi rm 1
within 20 "the terminal's node is gone: SIGHUP" is_said 2 /tmp/leader "hung up"
