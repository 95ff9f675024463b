#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
#
# A process group on several nodes: its terminal reaches all of it, and who joins it or
# leaves it does so everywhere.
#
#   terminal --- node1 (the shell) --- node2, node3 (its programs, and their children)

. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/vproc/lib.sh"
. "$(dirname "$0")/terminal/lib.sh"

is_on_node() { on "$1" grep -qx "$3" "$2"; }
# A field of a process as another node sees it: field NODE PID FIELD.
field() { on "$1" cut -d ' ' -f "$3" "/proc/$2/stat"; }
state_is() { [ "$(field "$1" "$2" 3)" = "$3" ]; }
parent_of() { field 2 "$1" 4; }

up 3
put "1 2 3" relate

say "^C"
open_terminal
type_line 'onnode 2 sh -c "sleep 501; echo came back"'
within 10 "a program of another node has a child there" there_are 2 "sleep 501" 1
press '\003'
within 10 "^C ends the child" there_are 2 "sleep 501" 0
type_line 'echo status $?'
within 10 "and the program" is_on_screen "status 130"
type_line 'onnode 2 sh -c "onnode 3 sh -c \"sleep 502; :\"; :" | onnode 3 sh -c "sleep 503; :"'
within 10 "a pipeline has children on node 3" there_are 3 "sleep 502" 1
within 10 "of each of its programs" there_are 3 "sleep 503" 1
press '\003'
within 10 "^C ends the one" there_are 3 "sleep 502" 0
within 10 "and the other" there_are 3 "sleep 503" 0
within 10 "and what made them" there_are 2 "sh -c onnode.*" 0

say "each once"
counting='trap "echo INT >>/tmp/got" INT; trap "echo QUIT >>/tmp/got" QUIT
trap "echo WINCH >>/tmp/got" WINCH
: >/tmp/got
while :; do sleep 0.1; done'
for node in 1 2 3; do
	on "$node" sh -c 'echo "$0" >/tmp/counting' "$counting"
done
# The last one is back on the node of its terminal.
type_line 'onnode 2 sh -c "trap : INT QUIT; sh /tmp/counting | onnode 3 sh /tmp/counting | onnode 1 sh /tmp/counting"'
for node in 1 2 3; do
	within 10 "one counts on node $node" there_are "$node" "sh /tmp/counting" 1
	within 10 "and is ready" on "$node" test -e /tmp/got
done
all_got() {
	local node
	for node in 1 2 3; do
		[ "$(on "$node" sh -c 'wc -l </tmp/got')" -ge "$1" ] || return 1
	done
}
for number in $(seq 10); do
	press "$([ $((number % 2)) = 1 ] && echo '\003' || echo '\034')"
	within 10 "signal $number comes to all" all_got "$number"
done
on 1 sh -c "stty cols 77 <$(on 1 readlink "/proc/$shell/fd/0")"
for node in 1 2 3; do
	within 5 "all come to node $node" is_on_node "$node" /tmp/got WINCH
	expect "each once, and in order" "$(on "$node" cat /tmp/got | tr '\n' ' ')" \
		"INT QUIT INT QUIT INT QUIT INT QUIT INT QUIT WINCH "
done
on 3 kill -KILL "-$(field 1 "$(pid_of 2 "sh /tmp/counting")" 5)"
for node in 1 2 3; do
	within 5 "kill(2) to the group reaches node $node" there_are "$node" "sh /tmp/counting" 0
done

say "^Z"
type_line 'onnode 2 sh -c "sleep 504; echo came back 504"'
within 10 "a program of another node has a child there" there_are 2 "sleep 504" 1
child=$(pid_of 2 "sleep 504")
press '\032'
within 5 "^Z stops the child" state_is 1 "$child" T
within 5 "and its program" state_is 3 "$(parent_of "$child")" T
type_line fg
within 5 "fg continues the child" state_is 1 "$child" S
within 5 "and its program" state_is 3 "$(parent_of "$child")" S
on 2 kill "$child"
within 5 "which comes back" is_on_screen "came back 504"
type_line 'onnode 2 sh -c "kill -TSTP \$\$; echo went on"'
stops() { tr -d '\r' <"$SCREEN" | grep "Stopped.*kill -TSTP" >/dev/null; }
within 5 "a program may stop itself" stops
type_line fg
within 5 "and goes on" is_on_screen "went on"
expect "a group that is orphaned is not stopped" \
	"$(on 1 timeout 10 setsid sh -c 'onnode 2 sh -c "kill -TSTP \$\$; echo goes on"')" "goes on"

say "hanging up"
type_line 'onnode 2 sh -c "sleep 505; :"'
within 10 "a program of another node has a child there" there_are 2 "sleep 505" 1
kill -KILL "$terminal"
within 10 "it ends with the terminal" there_are 2 "sleep 505" 0
within 10 "and so does its program" there_are 2 "sh -c sleep.*" 0
close_terminal

say "groups and sessions of a program elsewhere"
# What it says of itself on a node, by names: related NODE WORD...
related() {
	on 1 sh -c 'node=$0; echo parent $$; onnode $node /tmp/relate "$@"; :' "$@" | awk '
		/^parent/ { parent = $2; next }
		/^pid/ { own = $2 }
		{ for (i = 1; i <= NF; i++) if ($i == own) $i = "own"; else if ($i == parent) $i = "parent" }
		{ print }'
}
for words in "show lead show lead" "show join 0 show lead" "join 0 join -1 join 4194303 show" \
	"lead join 0 show" "move 1 0" "move 4194303 0" "join 0 show back show back show"; do
	# shellcheck disable=SC2086
	here=$(related 1 $words)
	[ -n "$here" ] || fail "$words: it says nothing"
	# shellcheck disable=SC2086
	expect "$words" "$(related 2 $words)" "$here"
	# shellcheck disable=SC2086
	expect "by way of another node" "$(related 2 onnode 3 $words)" "$here"
done

# Its group and session as all nodes see them, and as the kernels say that have it:
# is_related PID GROUP SESSION NODE...
is_related() {
	local pid=$1 expected="$2 $3" node
	shift 3
	for node in 1 2 3; do
		[ "$(on "$node" cut -d ' ' -f 5,6 "/proc/$pid/stat")" = "$expected" ] || return 1
	done
	for node; do
		[ "$(on "$node" localview cut -d ' ' -f 5,6 "/proc/$pid/stat")" = "$expected" ] || return 1
	done
}
on 1 setsid sh -c 'echo $$ >/tmp/session; onnode 2 onnode 3 /tmp/relate show join 0 wait >/tmp/said; :' &
within 10 "one that went on joins a group of its own" is_on_node 1 /tmp/said "join good"
session=$(on 1 cat /tmp/session)
pid=$(on 1 sed -n 's/^pid \([0-9]*\) .*/\1/p' /tmp/said)
within 5 "all nodes know its group" is_related "$pid" "$pid" "$session" 1 3
expect "and all kernels its session" "$(on 1 sed -n 's/^pid.*session //p' /tmp/said)" "$session"
must "a signal to its group is sent" on 2 kill -TERM "-$pid"
within 5 "ends it" on 3 sh -c "! kill -0 $pid"
on 1 sh -c 'onnode 2 /tmp/relate show lead wait >/tmp/said; :' &
within 10 "one leads a session" is_on_node 1 /tmp/said "lead good"
pid=$(on 1 sed -n 's/^pid \([0-9]*\) .*/\1/p' /tmp/said)
within 5 "all nodes know it" is_related "$pid" "$pid" "$pid" 1 2
on 3 kill "$pid"

say "leaving the group of the terminal"
open_terminal
type_line 'sh -c "sleep 506 | onnode 2 /tmp/relate join 0 wait"'
within 10 "a program leaves the group" is_on_screen "join good"
press '\003'
within 10 "^C ends who stayed" there_are 1 "sleep 506" 0
must "but not the program" there_are 2 "/tmp/relate join 0 wait" 1
on 2 kill "$(pid_of 2 "/tmp/relate join 0 wait")"
type_line exit
close_terminal
