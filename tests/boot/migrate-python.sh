#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
# As: invoker
#
# Python's subprocess, asyncio and multiprocessing do not notice where children run.
#
#   node1 (python) --- node2, node3: its children

. "$(dirname "$0")/lib.sh"

root=$TEST_BUILD/rootfs
place=$root/var/tmp/ssi-test.$$
mkdir -p "$place"
GARBAGE+=("$place")
inside=${place#"$root"}
cp "$(dirname "$0")/migrate/children.py" "$place"
# What multiprocessing takes for python.
printf '#!/bin/sh\nexec onnode 3 /usr/bin/python3 "$@"\n' >"$place/python-there"
chmod +x "$place/python-there"

# What it says with children on these nodes: children NODE...
children() { on 1 timeout 100 python3 "$inside/children.py" "$@" || echo "status $?"; }

up 3 --root "$root"
children >"$TEST_DIR/here"
must "it says what becomes of children" grep -qx "forkserver worker is killed: -9" "$TEST_DIR/here"
before2=$(made 2) before3=$(made 3)
children 2 3 >"$TEST_DIR/away"
diff "$TEST_DIR/here" "$TEST_DIR/away" || fail "something else of children elsewhere"
echo "ok: the same of children elsewhere"
must "they were on node 2" test $(($(made 2) - before2)) -ge 50
must "and on node 3" test $(($(made 3) - before3)) -ge 50
for node in 2 3; do
	expect "nobody is left on node $node" \
		"$(on "$node" localview sh -c 'pgrep -l -x "sleep|cat|yes"; pgrep -l -x python3; echo "status $?"')" \
		"status 1"
done
