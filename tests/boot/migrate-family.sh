#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
#
# A process that has children moves from node to node, and they stay where they are.
#
# Each case runs on one node and moving; and what both say must not differ. Then nodes die
# in the middle.
#
#   node1 (the home of all) --- node2 --- node3

. "$(dirname "$0")/lib.sh"

CASES=${CASES:-ends stops sleeps signals ignored usage sums clones both relations moved crowd}
ROUTES=${ROUTES:-2,3,1 3,2,3,2,1,2}

up 3 --mem 128M
gcc -static -O2 -Wall -Wextra -Wno-unused-parameter -s -I "$TEST_TOP/include/uapi" \
	-o "$TEST_DIR/family" "$(dirname "$0")/migrate/family.c" || fail "family.c does not compile"
give() { ssi exec "$1" -- sh -c 'cat >/tmp/family && chmod 755 /tmp/family' <"$TEST_DIR/family"; }
for node in 1 2 3; do give "$node"; done

# A route with as many steps that leads nowhere: still ROUTE.
still() { sed 's/[0-9]/1/g' <<<"$1"; }

for case in $CASES; do
	for route in $ROUTES; do
		here=$(on 1 timeout 60 /tmp/family "$(still "$route")" "$case") || fail "$case: $?"
		[ -n "$here" ] || fail "$case: it says nothing"
		there=$(on 1 timeout 60 /tmp/family "$route" "$case") || fail "$case along $route: $?: $there"
		diff <(echo "$here") <(echo "$there") || fail "$case along $route: not the same"
	done
	echo "ok: $case"
done

say "the node it is on dies"
up_again() { [ "$(on 1 cluster)" = $'1: UP\n2: UP\n3: UP' ]; }
for victim in 2 3; do
	on 1 timeout 60 /tmp/family "$victim" killed >"$TEST_DIR/killed.$victim" &
	waits=$!
	within 20 "it is there" grep -q "it is there" "$TEST_DIR/killed.$victim"
	ssi rm "$victim"
	wait "$waits" || fail "family: $?, $(cat "$TEST_DIR/killed.$victim")"
	expect "parent and child are told" "$(sort "$TEST_DIR/killed.$victim")" \
		"it is there
its parent died: 1, and is another: 1
the parent: 9"
	ssi add "$victim" >/dev/null
	within 20 "it is back" up_again
	give "$victim"
done

say "home dies"
on 2 timeout 60 /tmp/family 3 orphan >/dev/null 2>&1 &
waits=$!
has_waited() { on 3 grep -q "one ended before" /tmp/orphan; }
within 20 "it has waited for one" has_waited
ssi rm 2
wait "$waits" || true
is_told() { on 3 grep -q "a signal came" /tmp/orphan; }
within 20 "no wait lasts" is_told
expect "its children were killed with it" "$(on 3 cat /tmp/orphan)" \
	"one ended before: child 1 status 300
killed with its node: signal 17 child 2 code 2 status 9 user 0 error 0
it is told of it: child 2 status 9
and of the other: child 3 status 9
there is no more: ECHILD
a signal came: 9 by 2"
