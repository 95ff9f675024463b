#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
#
# The terminal of a program elsewhere: it is its controlling terminal, and a shell there has
# job control.
#
#   terminal --- node1 (a shell) --- node2 (a shell, and its jobs) --- node3, node1 (theirs)

. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/files/lib.sh"
. "$(dirname "$0")/terminal/lib.sh"

is_there() { on "$1" grep -q "^done" "$2"; }
# A process of these words is stopped, or runs: state_is NODE WORDS STATE.
state_is() { on "$1" grep -q "^State:.$3" "/proc/$(pid_of "$1" "$2")/status"; }
# The process is in a group of its own, which has the terminal: is_in_front NODE WORDS.
is_in_front() { [ "$(on 1 cut -d ' ' -f 8 "/proc/$shell/stat")" = "$(pid_of "$1" "$2")" ]; }

# Terminal and foreground of a process of node 2 as each node has them: sees WORDS PID.
sees() {
	local pid node seen
	pid=$(pid_of 2 "$1")
	for node in 1 2 3 "2 localview"; do
		# shellcheck disable=SC2086 # a node, and perhaps a word
		seen=$(on $node cut -d ' ' -f 7,8 "/proc/$pid/stat")
		[ "$seen" = "$tty $2" ] || return
	done
}

up 3
put "1 2 3" control

say "case by case"
open_terminal
# Where it ends up, and by which way: same NODE WAY.
same() {
	type_line "$2 /tmp/control /tmp/said$tried"
	within 60 "'$2' is done" is_there "$1" "/tmp/said$tried"
	on "$1" cat "/tmp/said$tried" >"$TEST_DIR/$tried"
	diff -u "$TEST_DIR/0" "$TEST_DIR/$tried" || fail "'$2' sees something else"
	tried=$((tried + 1))
}
tried=0
same 1 ""
must "a case is as expected" grep -qx "read: SIGTTIN" "$TEST_DIR/0"
same 2 "onnode 2"
same 3 "onnode 2 onnode 3"
same 3 "onnode 2 sh -c 'onnode 3 \"\$@\"; :' sh"
same 1 "onnode 2 sh -c 'onnode 1 \"\$@\"; :' sh"
type_line exit
close_terminal

say "the leader of a session"
# What COMMAND leaves in a file of a node: led NODE COMMAND...
led() {
	local node=$1
	shift
	script -qec "ssi exec -t 1 -- $* /tmp/led leader" /dev/null </dev/null >/dev/null
	on "$node" cat /tmp/led
}
here=$(led 1 /tmp/control)
must "it is done" [ "${here##*$'\n'}" = "done" ]
expect "is one elsewhere" "$(led 2 onnode 2 /tmp/control)" "$here"

say "a shell elsewhere"
open_terminal
type_line 'onnode 2 sh'
type_line 'echo now on $(clusternode_num)'
within 10 "it reads what is typed" is_on_screen "now on 2"
type_line 'sleep 601'
within 10 "it has a job" there_are 2 "sleep 601" 1
tty=$(on 1 cut -d ' ' -f 7 "/proc/$shell/stat")
must "a shell at home has a terminal" [ "$tty" -gt 0 ]
job=$(pid_of 2 "sleep 601")
within 5 "/proc/<pid>/stat says so of the job" sees "sleep 601" "$job"
within 5 "and of the shell" sees sh "$job"
press '\032'
within 5 "^Z stops it" state_is 2 "sleep 601" T
within 5 "the shell is in front then" sees "sleep 601" "$(pid_of 2 sh)"
must "ps names it" eval 'on 3 ps -o tty,args | grep "^136,[0-9]* *sleep 601$" >/dev/null'
type_line 'jobs; echo job $?'
within 5 "the shell goes on" is_on_screen "job 0"
must "and knows it" grep -q "Stopped.*sleep 601" "$SCREEN"
type_line bg
within 5 "bg continues it" state_is 2 "sleep 601" S
type_line fg
within 5 "fg gives it the terminal" is_in_front 2 "sleep 601"
press '\032'
within 5 "and it stops again" state_is 2 "sleep 601" T
type_line fg
within 5 "and goes on" state_is 2 "sleep 601" S
within 5 "in front" is_in_front 2 "sleep 601"
press '\003'
within 5 "^C ends it" there_are 2 "sleep 601" 0
type_line 'echo status $?'
within 5 "and not the shell" is_on_screen "status 130"

type_line 'cat &'
within 10 "who reads in the background" state_is 2 cat T
type_line 'jobs'
within 5 "is stopped for that" grep -q "Stopped (tty input)" "$SCREEN"
type_line fg
within 5 "and reads in the foreground" is_in_front 2 cat
type_line "read by it"
within 5 "what is typed" eval '[ "$(tr -d "\r" <"$SCREEN" | grep -cx "read by it")" = 2 ]'
press '\004'
within 5 "to the end" there_are 2 cat 0

type_line 'stty tostop; onnode 3 sh -c "sleep 0.1; echo written; sleep 602" &'
within 10 "who writes in the background, on a third node" eval \
	'grep -q "State:.T" <(on 3 cat "/proc/$(pid_of 3 "sh -c sleep 0.1.*")/status")'
type_line 'stty -tostop; fg'
within 10 "writes in the foreground" is_on_screen written
within 5 "and goes on" there_are 3 "sleep 602" 1
press '\032'
within 5 "^Z stops it there" state_is 3 "sleep 602" T
type_line fg
within 5 "fg continues it" state_is 3 "sleep 602" S
press '\003'
within 5 "^C ends it" there_are 3 "sleep 602" 0

type_line 'onnode 1 sh -c "read -r line; echo back home with \$line"'
type_line 'a line'
within 10 "a program back on the terminal's node reads it" is_on_screen "back home with a line"
type_line 'onnode 1 sleep 603'
within 10 "another is there" there_are 1 "sleep 603" 1
press '\032'
within 5 "^Z stops it" state_is 1 "sleep 603" T
type_line fg
within 5 "fg continues it" state_is 1 "sleep 603" S
press '\003'
within 5 "^C ends it" there_are 1 "sleep 603" 0

type_line 'sh'
type_line 'sleep 604 | cat'
within 10 "a shell below it has a job" there_are 2 "sleep 604" 1
press '\003'
within 5 "^C ends that" there_are 2 "sleep 604" 0
type_line 'echo deeper; exit'
within 5 "and not the shells" is_on_screen deeper
type_line 'sleep 605 >/dev/null &'
type_line 'exec 3</dev/tty; readlink /proc/self/fd/3'
within 5 "/dev/tty is a file of this node" is_on_screen /dev/tty
name=$(on 1 readlink "/proc/$shell/fd/0")
must "the terminal has a name at home" grep -qx "/dev/pts/[0-9]*" <<<"$name"
type_line 'echo it is $(tty)'
within 5 "ttyname(3) finds it" is_on_screen "it is $name"
type_line 'echo by $(readlink /proc/self/fd/0)'
within 5 "as its link names it" is_on_screen "by $name"
type_line 'echo by its name >"$(tty)"'
within 5 "and it can be opened by that" is_on_screen "by its name"
type_line 'echo device $(stat -c %t:%T:%a:%u "$(tty)")'
within 5 "it is the same device" is_on_screen "device $(on 1 stat -c %t:%T:%a:%u "$name")"
expect "so it is on a third node" "$(on 3 stat -c %t:%T:%a:%u "$name")" \
	"$(on 1 stat -c %t:%T:%a:%u "$name")"
type_line exit
type_line 'echo here again on $(clusternode_num)'
within 10 "the first shell has the terminal back" is_on_screen "here again on 1"
on 2 killall sleep

say "names"
# The name of a terminal of a node.
own() { script -qec "ssi exec -t $1 -- tty" /dev/null </dev/null | tr -d '\r'; }
must "node 1 has its numbers" [ "$(($(own 1 | sed 's|/dev/pts/||') % 64))" = 0 ]
must "node 2 has others" [ "$(($(own 2 | sed 's|/dev/pts/||') % 64))" = 1 ]
gone="/dev/pts/$((64 * 100))"
refuses_all() {
	local node
	for node in 1 2; do
		! on "$node" stat "$gone" 2>"$TEST_DIR/no" || return
		grep "No such file" "$TEST_DIR/no" >/dev/null || return
		! on "$node" sh -c "echo >$gone" 2>"$TEST_DIR/no" || return
	done
}
must "there is no other" refuses_all
must "and the folder has its own alone" [ -z "$(on 3 ls /dev/pts | grep -vx ptmx)" ]
type_line 'chmod 600 "$(tty)"; echo changed'
within 5 "nobody else may" is_on_screen changed
must "open it" eval '! on 2 su -s /bin/sh nobody -c "echo no >$name" 2>"$TEST_DIR/no"'
must "from elsewhere" grep -q "ermission denied" "$TEST_DIR/no"

say "hanging up"
type_line 'onnode 2 sh'
type_line 'sleep 606'
within 10 "a job of a shell elsewhere" there_are 2 "sleep 606" 1
must "and the shell" there_are 2 sh 1
kill -KILL "$terminal"
within 10 "ends with the terminal" there_are 2 "sleep 606" 0
within 10 "as does the shell" there_are 2 sh 0
close_terminal

say "the end of a node"
open_terminal
type_line 'onnode 3 sh'
type_line 'sleep 607'
within 10 "a job of a shell elsewhere" there_are 3 "sleep 607" 1
ssi rm 3
type_line 'echo and again on $(clusternode_num)'
within 20 "the first shell has the terminal back" is_on_screen "and again on 1"
type_line exit
close_terminal
