#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
#
# A process forks, and its child is on another node.
#
# Each case runs with the child on the parent's own node and on another one; and what both
# say must not differ.
#
#   node1 (the parent) --- node2 --- node3

. "$(dirname "$0")/lib.sh"

CASES="memory rights registers signals place files further threads ends chains groups users"
# Children one behind another, and those that are killed on their way.
CHILDREN=100
KILLED=100

up 3 --mem 256M
gcc -static -O2 -Wall -Wextra -s -pthread -I "$TEST_TOP/include/uapi" -o "$TEST_DIR/forker" \
	"$(dirname "$0")/migrate/forker.c" -lm || fail "forker.c does not compile"
for node in 1 2 3; do
	ssi exec "$node" -- sh -c 'cat >/tmp/forker && chmod 755 /tmp/forker' <"$TEST_DIR/forker"
done

for case in $CASES; do
	here=$(on 1 timeout 60 /tmp/forker 1 "$case")
	[ -n "$here" ] || fail "$case: it says nothing"
	! grep 'rfork:' <<<"$here" || fail "$case: nothing is forked"
	there=$(on 1 timeout 60 /tmp/forker 2 "$case" || echo "$?")
	diff <(echo "$here") <(echo "$there") || fail "$case: not the same"
	echo "ok: $case"
done

say "those that stay"
expect "each is told, and nothing is left" "$(on 1 timeout 60 /tmp/forker 2 refused)" "shared memory: EOPNOTSUPP, children 0
a shared file: EOPNOTSUPP, children 0
one that is read: EOPNOTSUPP, children 0
a guard: EOPNOTSUPP, children 0
a file that stays: EOPNOTSUPP, children 0
ended 0
nothing: goes
ended 1
no node: ENODEV, children 0
one that is not up: EHOSTDOWN, children 0
a root without the device: ENOENT, children 0"
on 1 cp /tmp/forker /tmp/alone
expect "a program that is not there" "$(on 1 /tmp/alone 2 crowd 1 || true)" "rfork: ENOENT"

say "one behind another"
for node in 1 2; do
	before[node]=$(processes_on "$node")
done
expect "$CHILDREN come and go" "$(on 1 timeout 120 /tmp/forker 2 crowd "$CHILDREN")" "wrong: 0"
expect "$KILLED are killed at any time" "$(on 1 timeout 120 /tmp/forker 2 kill "$KILLED")" \
	"wrong: 0, hit on its way: many"
# What a shell runs, over and over: a parent that is killed sooner or later.
# shellcheck disable=SC2016 # expands in the guest
PARENTS='for turn in $(seq 40); do
	/tmp/forker 2 endure & usleep $((turn * 1000)); kill -9 $!; wait $!
done'
on 1 sh -c "$PARENTS" >/dev/null 2>&1 || true
as_before() { [ "$(processes_on "$1")" -le "${before[$1]}" ]; }
for node in 1 2; do
	within 5 "nothing is left on node $node" as_before "$node"
done

say "the node dies"
on 1 timeout 60 /tmp/forker 2 endure >"$TEST_DIR/endured" &
forker=$!
sleep 1
ssi rm 2
wait "$forker"
expect "what forks there goes on" "$(cat "$TEST_DIR/endured")" "fails EHOSTDOWN
children 0"
