#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
#
# A process moves from node to node and does not notice.
#
# Each case runs on one node and moving; and what both say must not differ. Then nodes die
# under one that moves without end.
#
#   node1 (its home) --- node2 --- node3

. "$(dirname "$0")/lib.sh"

CASES="memory registers signals alarms clocks place files ends usage storm interrupted"
ROUTES="2,3,1 2,1,3 3,2,3,2,1,2"

up 3 --mem 128M
gcc -static -O2 -Wall -Wextra -s -I "$TEST_TOP/include/uapi" -o "$TEST_DIR/mover" \
	"$(dirname "$0")/migrate/mover.c" -lm ||
	fail "mover.c does not compile"

give() { ssi exec "$1" -- sh -c 'cat >/tmp/mover && chmod 755 /tmp/mover' <"$TEST_DIR/mover"; }
for node in 1 2 3; do give "$node"; done

# A route with as many steps that leads nowhere: still ROUTE.
still() { sed 's/[0-9]/1/g' <<<"$1"; }

for case in $CASES; do
	for route in $ROUTES; do
		here=$(on 1 timeout 60 /tmp/mover "$(still "$route")" "$case")
		[ -n "$here" ] || fail "$case: it says nothing"
		there=$(on 1 timeout 60 /tmp/mover "$route" "$case") || fail "$case along $route: $?"
		diff <(echo "$here") <(echo "$there") || fail "$case along $route: not the same"
	done
	echo "ok: $case"
done

say "nodes die under it"
# The nodes on which process $pid has memory, one a line.
homes() {
	local node
	for node in "$@"; do
		if on "$node" localview sh -c "ls -l /proc/$pid/exe 2>/dev/null" | grep -- '->' >/dev/null; then
			echo "$node"
		fi
	done
}
# For a moment it is on two nodes, on one of which it is held, and on none that answers.
is_once() { kill_is_told || [ "$(homes "$@" | wc -l)" = 1 ]; }
kill_is_told() { grep -q '^it ends: code 2 status 9$' "$TEST_DIR/wander"; }
begin() {
	rm -f "$TEST_DIR/wander"
	on 1 /tmp/mover "$1" wander >"$TEST_DIR/wander" &
	wanderer=$!
	within 10 "it wanders along $1" test -s "$TEST_DIR/wander"
	pid=$(head -n 1 "$TEST_DIR/wander")
	sleep "0.$((RANDOM % 9))"
}
# Who was on the node has died with it; who was not goes on until it is killed.
ends_well() {
	within 10 "there is one, or it was killed" is_once "$@"
	on 1 kill "$pid" 2>/dev/null || kill_is_told || fail "it is neither there nor told dead"
	wait "$wanderer" || true
	expect "its parent learns its end" "$(sed '1d; s/15$/9/' "$TEST_DIR/wander")" \
		"it ends: code 2 status 9"
}
for round in 1 2 3; do
	for victim in 2 3; do
		say "round $round, node $victim"
		begin 2,3
		ssi rm "$victim"
		ends_well 1 $((5 - victim))
		ssi add "$victim" >/dev/null
		give "$victim"
	done
done

say "its clocks, on nodes that were booted far apart"
route=2,3,1
expect "none jumps" "$(on 1 timeout 60 /tmp/mover "$route" clocks)" \
	"$(on 1 timeout 60 /tmp/mover "$(still "$route")" clocks)"

say "its home dies"
begin 2,3
ssi rm 1
wait "$wanderer" || true
is_alone() { [ "$(homes 2 3 | wc -l)" -le 1 ]; }
within 10 "there is one at most" is_alone
# It may have been on its way home in that moment only if it had gone there, which it did not.
lives() { on 2 kill -0 "$pid" || on 3 kill -0 "$pid"; }
must "it lives on" lives
on 2 kill "$pid" 2>/dev/null || on 3 kill "$pid"
is_gone() { [ -z "$(homes 2 3)" ]; }
within 10 "it can be killed" is_gone
