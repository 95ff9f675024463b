#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
#
# What a process left at home is the users the process is.
#
#   node1: home, the parent --- node2, node3: the process

. "$(dirname "$0")/lib.sh"

up 3
gcc -static -O2 -Wall -Wextra -s -o "$TEST_DIR/users" "$(dirname "$0")/migrate/users.c" ||
	fail "users.c does not compile"
for node in 1 2 3; do
	ssi exec "$node" -- sh -c 'cat >/tmp/users && chmod 755 /tmp/users && cp /tmp/users /tmp/rooted &&
		chmod 4755 /tmp/rooted' <"$TEST_DIR/users"
done
WAYS=("" "onnode 2" "onnode 2 onnode 3")

say "its parent"
for way in "${WAYS[@]}"; do
	# shellcheck disable=SC2086 # words
	expect "learns them (by way of '$way')" \
		"$(on 1 timeout 20 /tmp/users $way /tmp/users - setuid 1000 stop)" \
		"stopped: 1000, by signal 1000
continued: 1000, by signal 1000
ended: 1000, by signal 1000"
	# shellcheck disable=SC2086
	expect "and those it has at its end (by way of '$way')" \
		"$(on 1 timeout 20 /tmp/users $way /tmp/users - stop setuid 1001)" \
		"stopped: 0, by signal 0
continued: 0, by signal 0
ended: 1001, by signal 1001"
done

say "what it left"
# The line of the status of a process, of what is on a node: line NODE PID FIELD.
line() { on "$1" localview sh -c 'sed -n "s/^$0:\t//p" "/proc/$1/status"' "$3" "$2" | tr '\t' ' '; }
is_line() { [ "$(line "$1" "$2" "$3")" = "$4" ]; }
for way in "onnode 2" "onnode 2 onnode 3"; do
	pid=$(on 1 sh -c '"$@" </dev/null >/dev/null 2>&1 & echo $!' sh $way /tmp/users - \
		setgid 100 seteuid 1000 pause)
	within 10 "has its users (by way of '$way')" is_line 1 "$pid" Uid "0 1000 0 1000"
	expect "its groups" "$(line 1 "$pid" Gid)" "100 100 100 100"
	expect "and its rights" "$(line 1 "$pid" CapEff)" 0000000000000000
	on 1 kill -KILL "$pid"
done
pid=$(on 1 sh -c 'exec onnode 2 /tmp/users - setuid 1000 exec /tmp/rooted - pause </dev/null >/dev/null 2>&1 & echo $!')
within 10 "those of a program that has some" is_line 1 "$pid" Uid "1000 0 0 0"
on 1 kill -KILL "$pid"
pid=$(on 1 sh -c '/tmp/users - setuid 1000 exec onnode 2 /tmp/rooted - pause </dev/null >/dev/null 2>&1 & echo $!')
within 10 "of the first one, too" is_line 1 "$pid" Uid "1000 0 0 0"
on 1 kill -KILL "$pid"
within 5 "nothing of it is left" on 1 sh -c "! kill -0 $pid"
