#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
# As: invoker
#
# Bash with jobs and traps and python with its children go from node to node, and the children
# stay. What they say is what they say on one node.
#
#   node1 (the home of all) --- node2 --- node3

. "$(dirname "$0")/lib.sh"

root=$TEST_BUILD/rootfs
place=$root/var/tmp/ssi-test.$$
mkdir -p "$place"
GARBAGE+=("$place")
inside=${place#"$root"}
cp "$(dirname "$0")/migrate/jobs.bash" "$(dirname "$0")/migrate/parent.py" "$place"

up 3 --root "$root"
# compare WHAT LINE COMMAND...: it says LINE and all else alike wherever it goes.
compare() {
	local what=$1 line=$2 route
	shift 2
	on 1 timeout 60 "$@" 1 1 >"$TEST_DIR/here" || echo "status $?" >>"$TEST_DIR/here"
	must "$what: it says what becomes of them" grep -qx "$line" "$TEST_DIR/here"
	for route in "2 3" "3 2" "2 1"; do
		# shellcheck disable=SC2086 # two words
		on 1 timeout 60 "$@" $route >"$TEST_DIR/there" || echo "status $?" >>"$TEST_DIR/there"
		diff "$TEST_DIR/here" "$TEST_DIR/there" || fail "$what: not the same along $route"
		echo "ok: $what along $route"
	done
}
compare bash "status 6" bash "$inside/jobs.bash"
compare python "told: True" python3 "$inside/parent.py"
for node in 1 2 3; do
	expect "nobody is left on node $node" \
		"$(on "$node" localview sh -c 'pgrep -l -x "sleep|cat|bash|python3"; echo "status $?"')" "status 1"
done
