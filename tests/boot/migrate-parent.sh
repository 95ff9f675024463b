#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
#
# A parent sees the same of a program, wherever it was executed.
#
# Each case runs with the program on the parent's own node and on another one, and what
# both say must not differ.

. "$(dirname "$0")/lib.sh"

CASES="ends stops orphans uses vforks keeps waits signals orphaned deaths joins descriptors"
# Children that are killed on their way.
KILLED=300

put() {
	local node program
	for program in parent child; do
		gcc -static -O2 -Wall -Wextra -s -I "$TEST_TOP/include/uapi" \
			-o "$TEST_DIR/$program" "$(dirname "$0")/migrate/$program.c" ||
			fail "$program.c does not compile"
		for node in 1 2; do
			ssi exec "$node" -- sh -c "cat >/tmp/$program && chmod 755 /tmp/$program" \
				<"$TEST_DIR/$program"
		done
	done
}

up 2
put
for case in $CASES; do
	here=$(on 1 timeout 60 /tmp/parent 1 "$case")
	[ -n "$here" ] || fail "$case: it says nothing"
	there=$(on 1 timeout 60 /tmp/parent 2 "$case" || echo "$?")
	diff <(echo "$here") <(echo "$there") || fail "$case: not the same"
	echo "ok: $case"
done

say "on the way"
expect "$KILLED are killed at any time" "$(on 1 timeout 200 /tmp/parent 2 kill "$KILLED")" "wrong: 0"
nothing_runs() { ! on "$1" localview ps | grep "[c]hild" >/dev/null; }
within 5 "nothing is left there" nothing_runs 2
within 5 "nor here" nothing_runs 1
