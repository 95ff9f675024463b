#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
#
# Every process of the cluster has a number of its own, and one of them is pid 1.
#
#   node1 --- node2 --- node3      the one with the init dies and comes back

. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/vproc/lib.sh"

# Numbers of a node: node << 16 and up.
PIDS_OF_A_NODE=65536

# Claims that a node gave COUNT numbers, all of them its own: gives NODE COUNT FILE.
gives() {
	expect "node $1 gave $2 numbers" "$(wc -l <"$3")" "$2"
	expect "they are its own" \
		"$(awk -v node="$1" -v size=$PIDS_OF_A_NODE 'int($1 / size) != node' "$3")" ""
}

# What the cluster's pid 1 has, as NODE reads it: init NODE.
init() { on "$1" cat /proc/1/oom_score_adj; }

# Sets it: mark NODE VALUE.
mark() { on "$1" sh -c "echo $2 >/proc/1/oom_score_adj"; }

# The node of it, as NODE knows: place_of_init NODE.
place_of_init() { on "$1" sed -n 's/^init //p' /proc/cluster/services; }

up 3
put "1 2 3" pids target

say "numbers"
for node in 1 2 3; do
	on "$node" /tmp/pids fork 500 >"$TEST_DIR/fork.$node" &
done
wait
for node in 1 2 3; do
	gives "$node" 500 "$TEST_DIR/fork.$node"
	on "$node" /tmp/pids threads 100 >"$TEST_DIR/threads.$node"
	gives "$node" 100 "$TEST_DIR/threads.$node"
done
expect "no number is given twice" "$(sort "$TEST_DIR"/fork.* "$TEST_DIR"/threads.* | uniq -d)" ""
target 2 first
first=$pid
on 2 /tmp/pids wrap >"$TEST_DIR/wrap"
gives 2 40 "$TEST_DIR/wrap"
must "the last one was used" grep -x $((3 * PIDS_OF_A_NODE - 1)) "$TEST_DIR/wrap"
must "they begin anew" test "$(sort -n "$TEST_DIR/wrap" | head -n 1)" -lt $((2 * PIDS_OF_A_NODE + 300))
on 2 /tmp/pids fork 500 >"$TEST_DIR/again"
expect "a number in use is not given again" "$(grep -x "$first" "$TEST_DIR/again" || true)" ""
must "its process is there" on 3 kill -0 "$first"

say "pid 1"
init=$(place_of_init 1)
mapfile -t others < <(seq 3 | grep -vx "$init")
for node in "${others[@]}"; do
	mark "$init" 101
	expect "node $node sees the init of node $init" "$(init "$node")" 101
	must "it may be named in a call" on "$node" kill -0 1
	refuses "but by root alone" "not permitted" on "$node" su -s /bin/sh nobody -c 'kill -0 1'
	expect "it is listed once" "$(on "$node" ls /proc | grep -cx 1)" 1
	expect "ps shows it" "$(on "$node" ps -o pid,comm | awk '$1 == 1 { print $2 }')" init
	expect "it has no parent" "$(on "$node" awk '{ print $4 }' /proc/1/stat)" 0
	mark "$node" "10$node"
	expect "what node $node writes is written to it" "$(init "$init")" "10$node"
done
# A process whose parent ended is its child, as ever.
orphan=$(on "${others[0]}" sh -c 'sh -c "sleep 1000 >/dev/null 2>&1 & echo \$!"')
for node in 1 2 3; do
	expect "an orphan's parent is 1, as node $node sees" \
		"$(on "$node" awk '{ print $4 }' "/proc/$orphan/stat")" 1
done

say "a container"
expect "has a pid 1 of its own" "$(on 2 unshare -p -f --mount-proc sh -c 'echo $$')" 1
expect "sees its own processes alone" \
	"$(on 2 unshare -p -f --mount-proc sh -c 'sleep 9 & echo /proc/[0-9]*')" "/proc/1 /proc/2"
# Its numbers are small, and of its own processes.
expect "names its own processes" \
	"$(on 2 unshare -p -f --mount-proc sh -c 'sleep 9 & kill -0 2 && kill $! && wait $!; echo $!')" 2
refuses "and no others" "No such process" on 2 unshare -p -f --mount-proc sh -c "kill -0 $first"
refuses "nor those of other nodes" "No such process" \
	on 2 unshare -p -f --mount-proc sh -c "kill -0 $orphan"
on 2 unshare -p -f --mount-proc sh -c 'sleep 9 & kill -9 -1; true'
must "its kill -1 stays inside" on 3 kill -0 "$first"
must "and the others live" on 3 kill -0 "$orphan"

say "the node of pid 1 dies"
ssi rm "$init"
# It was marked, the next one is not.
within 10 "another node has the init" eval '[ "$(init "${others[1]}")" = 0 ]'
next=$(place_of_init "${others[1]}")
for node in "${others[@]}"; do
	mark "$node" "11$node"
	expect "node $node means the init of node $next" "$(init "$next")" "11$node"
	must "it may be named in a call" on "$node" kill -0 1
	expect "it is listed once" "$(on "$node" ls /proc | grep -cx 1)" 1
	expect "the numbers of node $init are gone" "$(on "$node" ls /proc |
		awk -v node="$init" -v size=$PIDS_OF_A_NODE '/^[0-9]/ && int($1 / size) == node')" ""
done
ssi add "$init"
within 10 "who comes back means the same one" eval '[ "$(init "$init")" = "$(init "$next")" ]'
for node in 1 2 3; do
	expect "one pid 1 is listed on node $node" "$(on "$node" ls /proc | grep -cx 1)" 1
done
