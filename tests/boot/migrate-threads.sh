#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
#
# A process with many threads moves from node to node, and none of them notices.
#
# Each case runs on one node and moving; and what both say must not differ. Then nodes die
# under one that moves without end.
#
#   node1 (its home) --- node2 --- node3

. "$(dirname "$0")/lib.sh"

CASES="computes differs turns sleeps signalled holds moves storm hammer"
COUNTS="1 8 64"
ROUTE=2,3,1,3,2,1

up 3 --mem 256M
gcc -static -O2 -Wall -Wextra -s -I "$TEST_TOP/include/uapi" -o "$TEST_DIR/threads" \
	"$(dirname "$0")/migrate/threads.c" ||
	fail "threads.c does not compile"

give() { ssi exec "$1" -- sh -c 'cat >/tmp/threads && chmod 755 /tmp/threads' <"$TEST_DIR/threads"; }
for node in 1 2 3; do give "$node"; done

for case in ${THREAD_CASES:-$CASES}; do
	for count in ${THREAD_COUNTS:-$COUNTS}; do
		here=$(on 1 timeout 90 /tmp/threads 1,1,1,1,1,1 "$count" "$case")
		[ -n "$here" ] || fail "$case: it says nothing"
		there=$(on 1 timeout 90 /tmp/threads "$ROUTE" "$count" "$case") ||
			fail "$case with $count: $? '$there'"
		diff <(echo "$here") <(echo "$there") || fail "$case with $count: not the same"
	done
	echo "ok: $case"
done

say "many more"
expect "300" "$(on 1 timeout 120 /tmp/threads 2,3,1 299 sleeps)" "each slept: 0 wrong 0"
refuses "1,025 do not" "E2BIG" on 1 timeout 60 /tmp/threads 2 1024 sleeps

say "who speaks to a thread finds it"
# What became of it: sends NODE TID.
sends() { on "$1" /tmp/threads 1 1 "to:$pid:$2"; }
on 1 sh -c '/tmp/threads 2,3 4 stays >/tmp/stays & echo $!' >"$TEST_DIR/pid"
pid=$(cat "$TEST_DIR/pid")
within 10 "it is there" on 1 grep -q there /tmp/stays
tid=$(on 1 sed -n 's/^home //p' /tmp/stays)
born=$(on 1 sed -n 's/^born //p' /tmp/stays)
expect "one thread was born at home, one on node 2" "$((tid >> 16)) $((born >> 16))" "1 2"
for node in 1 2 3; do
	expect "from node $node" "$(sends "$node" "$tid") $(sends "$node" "$born")" "0 0"
	expect "no thread is there that never was" "$(sends "$node" $((tid + 5000)))" ESRCH
	expect "nor in the wrong process" \
		"$(on "$node" /tmp/threads 1 1 "to:$((pid + 5000)):$tid")" ESRCH
	expect "it has the policy that was given" "$(on "$node" /tmp/threads 1 1 "batch:$tid")" 1
done
expect "each got what was for it" "$(on 1 sh -c "kill $pid; wait; cat /tmp/stays" | tail -n 1)" \
	"3 3 wrong 0"

say "nodes die under it"
kill_is_told() { grep -q '^it ends: signal 9$' "$TEST_DIR/wander"; }
lives_or_is_told() { on 1 kill -0 "$pid" || kill_is_told; }
for victim in 2 3 2; do
	rm -f "$TEST_DIR/wander"
	on 1 /tmp/threads 2,3 16 wander >"$TEST_DIR/wander" &
	wanderer=$!
	within 10 "it wanders" test -s "$TEST_DIR/wander"
	pid=$(head -n 1 "$TEST_DIR/wander")
	sleep "0.$((RANDOM % 9))"
	ssi rm "$victim"
	within 10 "it lives, or was killed with node $victim" lives_or_is_told
	on 1 kill -KILL "$pid" 2>/dev/null || true
	wait "$wanderer" || true
	must "its parent learns its end" kill_is_told
	ssi add "$victim" >/dev/null
	give "$victim"
done
