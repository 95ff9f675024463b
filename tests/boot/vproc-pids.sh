#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
#
# Every process of the cluster has a number of its own, and one of them is pid 1.
#
#   node1 (init, killed, comes back) --- node2 (init then) --- node3

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
mark 1 101
for node in 2 3; do
	expect "node $node sees the init of node 1" "$(init "$node")" 101
	must "it may be named in a call" on "$node" kill -0 1
	refuses "but by root alone" "not permitted" on "$node" su -s /bin/sh nobody -c 'kill -0 1'
	expect "it is listed once" "$(on "$node" ls /proc | grep -cx 1)" 1
	expect "ps shows it" "$(on "$node" ps -o pid,comm | awk '$1 == 1 { print $2 }')" init
	expect "it has no parent" "$(on "$node" awk '{ print $4 }' /proc/1/stat)" 0
done
mark 3 102
expect "what node 3 writes is written to it" "$(init 1)" 102
# A process whose parent ended is its child, as ever.
orphan=$(on 3 sh -c 'sh -c "sleep 1000 >/dev/null 2>&1 & echo \$!"')
expect "an orphan's parent is 1" "$(on 3 awk '{ print $4 }' "/proc/$orphan/stat")" 1
expect "seen from another node, too" "$(on 1 awk '{ print $4 }' "/proc/$orphan/stat")" 1

say "a container"
expect "has a pid 1 of its own" "$(on 2 unshare -p -f --mount-proc sh -c 'echo $$')" 1
expect "sees its own processes alone" \
	"$(on 2 unshare -p -f --mount-proc sh -c 'sleep 9 & echo /proc/[0-9]*')" "/proc/1 /proc/2"
# Its numbers are small, and of its own processes.
expect "names its own processes" \
	"$(on 2 unshare -p -f --mount-proc sh -c 'sleep 9 & kill -0 2 && kill $! && wait $!; echo $!')" 2
refuses "and no others" "No such process" on 2 unshare -p -f --mount-proc sh -c "kill -0 $first"
refuses "of other nodes neither" "No such process" \
	on 2 unshare -p -f --mount-proc sh -c "kill -0 $orphan"
on 2 unshare -p -f --mount-proc sh -c 'sleep 9 & kill -9 -1; true'
must "its kill -1 stays inside" on 3 kill -0 "$first"
must "on other nodes, too" on 3 kill -0 "$orphan"

say "the node of pid 1 dies"
ssi rm 1
within 10 "the init of node 2 is pid 1" eval '[ "$(init 3)" = 0 ]'
mark 3 103
expect "node 2 has it" "$(init 2)" 103
must "it may be named in a call" on 3 kill -0 1
expect "it is listed once" "$(on 3 ls /proc | grep -cx 1)" 1
expect "the numbers of node 1 are gone" \
	"$(on 3 ls /proc | awk -v size=$PIDS_OF_A_NODE '/^[0-9]/ && int($1 / size) == 1')" ""
ssi add 1
within 10 "node 1 sees the same one" eval '[ "$(init 1)" = "$(init 2)" ]'
for node in 1 2 3; do
	must "one pid 1 is listed on node $node" eval "[ \"\$(on $node ls /proc | grep -cx 1)\" = 1 ]"
done
