#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
#
# Locks of files are those of processes, wherever these are, and end with them.
#
#   node1: the files --- node2, node3: processes that lock them

. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/files/lib.sh"

up 3
put "1 2 3" locks

say "two processes, the first of which goes on elsewhere"
on 1 /tmp/locks - - - - - >"$TEST_DIR/home"
grep -q 'EDEADLK' "$TEST_DIR/home" || fail "at home nobody finds a circle"
while read -r nodes; do
	# shellcheck disable=SC2086 # words
	on 1 /tmp/locks $nodes >"$TEST_DIR/away" || fail "with $nodes it ends"
	diff -u "$TEST_DIR/home" "$TEST_DIR/away" || fail "with $nodes locks are others"
	echo "ok: $nodes"
done <<-END
	- - - 2 -
	- 2 - 3 2
	- 2 3 - 1
	- 2 - 1 -
	- - 2 3 1
	2 - - 3 1
	2 - 1 1 -
	2 3 1 1 -
END

say "nodes die"
# Lets /tmp/locks do on node 1 what $3 says, by way of $2, and say in /tmp/$1 what came of it.
lock() {
	on 1 sh -c "{ echo '$3'; sleep 1000; } | $2 /tmp/locks 3<>/tmp/locked >/tmp/$1" 2>/dev/null &
}
said() { [ "$(on 1 cat "/tmp/$1" | tr '\n' ' ')" = "$2" ]; }
lock holds "onnode 2" "set w s 0 10 3"
within 10 "a process of node 2 has a lock" said holds "0 0 "
lock waits "" "wait w s 0 10 3"
lock away "onnode 3" "wait w s 0 10 3"
within 10 "one of node 1 waits" said waits "0 "
within 10 "and one of node 3" said away "0 "
sleep 1
said waits "0 " && said away "0 " || fail "two have it"
ssi rm 3
ssi rm 2
within 10 "a lock ends with the node of who has it" said waits "0 0 "
on 1 killall locks
on 1 sh -c 'echo "get w s 0 0 3" | /tmp/locks 3<>/tmp/locked >/tmp/after'
within 10 "and who waited on another one does not get it later" said after "0 free "
on 1 killall sleep
wait
