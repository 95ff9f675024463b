#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
#
# A parent sees the same of a program, wherever it was executed.
#
# Each case runs with the program on the parent's own node, on another one, and on one it
# went to from there; and what they say must not differ.
#
#   node1 (the parent) --- node2 --- node3

. "$(dirname "$0")/lib.sh"

CASES="ends stops orphans uses vforks keeps waits signals orphaned deaths joins descriptors
	terminals closes privileges grouped options tellings"
# Children that are killed on their way.
KILLED=300

put() {
	local node program
	for program in parent child refused; do
		gcc -static -O2 -Wall -Wextra -s -pthread -I "$TEST_TOP/include/uapi" \
			-o "$TEST_DIR/$program" "$(dirname "$0")/migrate/$program.c" ||
			fail "$program.c does not compile"
		for node in 1 2 3; do
			ssi exec "$node" -- sh -c "cat >/tmp/$program && chmod 755 /tmp/$program" \
				<"$TEST_DIR/$program"
		done
	done
	for node in 1 2 3; do
		on "$node" sh -c 'cp /tmp/child /tmp/rooted && chmod 4755 /tmp/rooted'
	done
}

up 3
put
before2=$(made 2) before3=$(made 3)
for case in $CASES; do
	here=$(on 1 timeout 60 /tmp/parent 1 "$case")
	[ -n "$here" ] || fail "$case: it says nothing"
	# A child that could not become the program says so, and would everywhere.
	! grep -E 'rexec:|status 9[89]' <<<"$here" || fail "$case: the program is not executed"
	there=$(on 1 timeout 60 /tmp/parent 2 "$case" || echo "$?")
	diff <(echo "$here") <(echo "$there") || fail "$case: not the same"
	beyond=$(on 1 env HOP=3 timeout 60 /tmp/parent 2 "$case" || echo "$?")
	diff <(echo "$here") <(echo "$beyond") || fail "$case: not the same from a third node"
	echo "ok: $case"
done

# Of each case one program at least went to node 2, and one by way of it to node 3.
cases=$(wc -w <<<"$CASES")
must "the programs were on node 2" test $(($(made 2) - before2)) -ge $((2 * cases))
must "and on node 3" test $(($(made 3) - before3)) -ge "$cases"

say "those who stay"
expect "each is told, and goes on" "$(on 1 timeout 60 /tmp/refused 2)" "a thread: EBUSY
shared handlers: EBUSY
a child: status 7
children of others: EBUSY
a tracer: EBUSY
a filter: EBUSY
a namespace: EXDEV
a root: EXDEV
a ring: EBUSY
a semaphore: EBUSY
a deadline: EBUSY
nothing: status 7"

say "on the way"
expect "$KILLED are killed at any time" "$(on 1 timeout 200 /tmp/parent 2 kill "$KILLED")" "wrong: 0"
expect "and on a longer one" "$(on 1 env HOP=3 timeout 200 /tmp/parent 2 kill "$KILLED")" "wrong: 0"
nothing_runs() { local all; all=$(on "$1" localview ps) && ! grep "[c]hild" <<<"$all"; }
for node in 1 2 3; do
	within 5 "nothing is left on node $node" nothing_runs "$node"
done
