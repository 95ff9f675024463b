#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
# As: invoker
#
# Python's threads do not notice that they move.
#
#   node1 (its home) --- node2 --- node3

. "$(dirname "$0")/lib.sh"

root=$TEST_BUILD/rootfs
place=$root/var/tmp/ssi-test.$$
mkdir -p "$place"
GARBAGE+=("$place")
inside=${place#"$root"}
cp "$(dirname "$0")/migrate/threads.py" "$place"

up 3 --root "$root"
on 1 timeout 100 python3 "$inside/threads.py" >"$TEST_DIR/here"
must "it says what its threads found" grep -q '^all 400 ' "$TEST_DIR/here"
on 1 sh -c "timeout 100 python3 $inside/threads.py & wait" >"$TEST_DIR/away" &
runner=$!
within 20 "it works" grep -q ready "$TEST_DIR/away"
pid=$(on 1 pgrep -n -x python3)
moves=0
for node in 2 3 1 3 2 1 2 3 1; do
	on 1 migrate "$node" "$pid" || break
	expect "it is on node $node" "$(on 1 where_pid "$pid")" "$node"
	moves=$((moves + 1))
done
must "it moved while it worked" test "$moves" -ge 3
wait "$runner"
diff "$TEST_DIR/here" "$TEST_DIR/away" || fail "something else when it moved"
echo "ok: its threads found the same"
