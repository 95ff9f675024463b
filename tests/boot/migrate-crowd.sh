#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
#
# Many short programs, from every node to every other at once, and nothing is left of them.
#
#   node1 --- node2 --- node3      each starts programs on the two others

. "$(dirname "$0")/lib.sh"

# Programs each node starts, and how many of them at once.
PROGRAMS=${SSI_CROWD:-1000}
AT_ONCE=8

# What each program has one of, at least: the kernel would have as many more if one stayed.
OBJECTS='filp|task_struct|mm_struct|files_cache|signal_cache|sighand_cache|cred_jar|pid'

# What each node runs: starts programs elsewhere, prints how many did not do as they should.
CROWD='
	failed=0
	for turn in $(seq $(('$PROGRAMS' / '$AT_ONCE'))); do
		for one in $(seq '$AT_ONCE'); do
			node=$((($(clusternode_num) + turn + one) % 2 + 1))
			[ $node -lt $(clusternode_num) ] || node=$((node + 1))
			onnode $node sh -c "read self </proc/cluster/self; [ \$self = $node ] && exit $one; exit 99" </dev/null &
			eval "job$one=$!"
		done
		for one in $(seq '$AT_ONCE'); do
			eval "wait \$job$one"
			[ $? -eq $one ] || failed=$((failed + 1))
		done
	done
	echo $failed'

# Whether each process of a node is on it: what stands for one elsewhere says so.
all_are_here() {
	local places
	places=$(on "$1" localview sh -c 'cat /proc/[0-9]*/where 2>/dev/null | sort -u')
	[ "$places" = "$1" ]
}

# How many of each of them a node has: objects_of NODE.
objects_of() { on "$1" awk -v names="^($OBJECTS)\$" '$1 ~ names { print $1, $2 }' /proc/slabinfo | sort; }

# Whether NODE has about as many of all as before.
has_as_before() {
	objects_of "$1" | join "$TEST_DIR/objects.$1" - | tee "$TEST_DIR/grown.$1" |
		awk -v many=$((PROGRAMS / 2)) '$3 > $2 + many { more = 1 } END { exit more }'
}

up 3
for node in 1 2 3; do
	on "$node" onnode $((node % 3 + 1)) true
	before[node]=$(processes_on "$node")
	objects_of "$node" >"$TEST_DIR/objects.$node"
	must "there are objects of node $node" test "$(wc -l <"$TEST_DIR/objects.$node")" -ge 3
done

say "each node starts $PROGRAMS programs on the others"
for node in 1 2 3; do
	on "$node" sh -c "$CROWD" >"$TEST_DIR/failed.$node" 2>&1 &
	crowds[node]=$!
done
for node in 1 2 3; do
	wait "${crowds[node]}" || fail "the programs of node $node cannot be started"
	expect "all of node $node did as they should" "$(cat "$TEST_DIR/failed.$node")" 0
done

as_before() { [ "$(processes_on "$1")" -le "${before[$1]}" ]; }
for node in 1 2 3; do
	within 5 "nothing is left on node $node" as_before "$node"
	within 5 "nobody of node $node is away" all_are_here "$node"
	within 10 "no object is left on node $node" has_as_before "$node"
	cat "$TEST_DIR/grown.$node"
done
