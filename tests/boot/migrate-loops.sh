#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
# As: invoker
#
# Python's event loops run timers, sockets, pipes and signals while their process is moved, by
# itself and by others.
#
#   node1 (its home) --- node2 --- node3

. "$(dirname "$0")/lib.sh"

root=$TEST_BUILD/rootfs
place=$root/var/tmp/ssi-test.$$
mkdir -p "$place"
GARBAGE+=("$place")
inside=${place#"$root"}
cp "$(dirname "$0")/migrate/loops.py" "$place"

up 3 --root "$root"
loops() { on 1 timeout 100 python3 "$inside/loops.py" "$1" || echo "status $?"; }
loops -,-,- >"$TEST_DIR/here"
must "it says what it found" grep -qx "EpollSelector True 12" "$TEST_DIR/here"
for route in 2,3,1 3,2,3; do
	loops "$route" >"$TEST_DIR/there"
	diff "$TEST_DIR/here" "$TEST_DIR/there" || fail "along $route it finds something else"
	echo "ok: along $route"
done

say "others move it"
on 1 sh -c "python3 $inside/loops.py -,-,- >/tmp/said 2>&1 </dev/null & echo \$!; wait" >"$TEST_DIR/pid" &
within 10 "it runs" test -s "$TEST_DIR/pid"
pid=$(cat "$TEST_DIR/pid")
moves=0
while on 3 kill -0 "$pid" 2>/dev/null; do
	for node in 2 3 1; do on 3 migrate "$node" "$pid" 2>/dev/null && moves=$((moves + 1)); done
done
diff "$TEST_DIR/here" <(on 1 cat /tmp/said) || fail "it finds something else"
must "it was moved often enough ($moves)" test "$moves" -ge 6
