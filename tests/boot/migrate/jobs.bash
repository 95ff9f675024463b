#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# What bash says of its jobs, which stay where they were begun while it goes from node to node.
#
# jobs.bash NODE NODE	goes to the one, then to the other, and home to node 1

# A process of node 1 moves it.
if [ -z "$MOVED" ]; then
	coproc mover { while read -r pid node; do migrate "$node" "$pid"; echo; done; }
	# Opened anew: a copy would be closed on exec, too.
	exec 3>"/proc/self/fd/${mover[1]}" 4<"/proc/self/fd/${mover[0]}"
	MOVED=yes bash "$0" "$@"
	exit
fi

go() {
	echo "$$ $1" >&3
	read -r _ <&4
	read -r node <"/proc/$$/where"
	[ "$node" = "$1" ] || echo "not on node $1"
}
# Other words for it are those of a shell that is not asked for its jobs.
exec 2>/dev/null

children=0
trap 'echo "trap USR1"' USR1
trap 'children=1' CHLD
trap 'echo "trap EXIT"' EXIT

(sleep 0.6; exit 3) & three=$!
sleep 100 & killed=$!
(trap 'exit 9' TERM; while :; do sleep 0.05; done) & nine=$!
{ sleep 0.8; echo "a line"; } | sed s/a/the/ & piped=$!
(sleep 1.2; kill -USR1 $$; sleep 0.5) & signals=$!
go "$1"
echo "running: $(jobs -r | wc -l)"
wait "$three"; echo "it exits: $?"
kill "$killed"; wait "$killed"; echo "it is killed: $?"
echo "a trap of children: $children"
wait -n "$piped"; echo "a pipeline: $?"
wait "$signals"; echo "a signal: $?"
wait "$signals"; echo "and again: $?"
echo "a word" | { read -r word; echo "of $(true; echo "$word")"; }
(exit 4); echo "a child born here: $?"
go "$2"
kill -TERM "$nine"; wait "$nine"; echo "its trap: $?"
wait "$nine"; echo "it is known: $?"
wait; echo "all: $?"
wait 1; echo "no child: $?"

go 1
set -m
sleep 100 & job=$!
(sleep 1; exit 5) & five=$!
go "$1"
kill -STOP "-$job"; sleep 0.3; jobs
bg %1 >/dev/null; jobs -r %1
wait "$five"; echo "five: $?"
go "$2"
kill %1; wait "$job"; echo "one: $?"
jobs
go 1
for i in 1 2 3; do (exit "$i") & done
sum=0
for i in 1 2 3; do wait -n; sum=$((sum + $?)); done
echo "all three: $sum"
exit 6
