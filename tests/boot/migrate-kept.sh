#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
#
# A process that moves keeps what counts, waits or is locked: timers, and files that say when
# something happens.
#
# Each case runs on one node and moving; and what both say must not differ.
#
#   node1 (its home) --- node2 --- node3

. "$(dirname "$0")/lib.sh"

CASES="timers beating waiting used locks counters timer_files signal_files sets processes"
ROUTES="2,3,1 2,1,3 3,2,3,2,1,2"

up 3 --mem 128M
gcc -static -O2 -Wall -Wextra -s -I "$TEST_TOP/include/uapi" -o "$TEST_DIR/kept" \
	"$(dirname "$0")/migrate/kept.c" || fail "kept.c does not compile"
for node in 1 2 3; do
	ssi exec "$node" -- sh -c 'cat >/tmp/kept && chmod 755 /tmp/kept' <"$TEST_DIR/kept"
done

# A route with as many steps that leads nowhere: still ROUTE.
still() { sed 's/[0-9]/1/g' <<<"$1"; }

for case in $CASES; do
	for route in $ROUTES; do
		here=$(on 1 timeout 60 /tmp/kept "$(still "$route")" "$case")
		[ -n "$here" ] || fail "$case: it says nothing"
		there=$(on 1 timeout 60 /tmp/kept "$route" "$case") || fail "$case along $route: $?: $there"
		diff <(echo "$here") <(echo "$there") || fail "$case along $route: not the same"
	done
	echo "ok: $case"
done
