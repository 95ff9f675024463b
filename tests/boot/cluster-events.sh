#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
#
# Who follows the cluster misses nothing, by whatever means.
#
#   node1 (followers) --- node2, node3 (killed, brought back, together and alone)

. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/cluster/lib.sh"

ROUNDS=4
# The names of the states, for the numbers of sys/cluster.h.
STATES='NEVERUP COMINGUP UP SHUTDOWN GOINGDOWN KCLEANUP UCLEANUP DOWN'

compile "$TEST_DIR/shared"
refuses "the shared library knows that the host is no node" "Function not implemented" \
	env LD_LIBRARY_PATH="$SSI_HOME/build/libcluster/lib" "$TEST_DIR/shared" poll

up_again() { [ "$(on 1 cluster)" = $'1: UP\n2: UP\n3: UP' ]; }

events() { on "$1" cat /proc/cluster/events; }
tells_no_more() { cmp -s "$TEST_DIR/wanted" <(grep -v '^ready$' "$TEST_DIR/$1"); }

# Claims that a follower has printed the lines of stdin and nothing else: has NAME
# CLAIM.
has() {
	cat >"$TEST_DIR/wanted"
	[ -s "$TEST_DIR/wanted" ] || fail "there is nothing to follow"
	within 5 "$2" tells_no_more "$1" ||
		{ diff "$TEST_DIR/wanted" "$TEST_DIR/$1"; cat "$TEST_DIR/$1.err"; exit 1; }
}

up 3
within 10 "all are up" up_again
bring_followers
follow poll /tmp/events poll
follow signal /tmp/events signal
follow rust /tmp/follow
within 5 "one follows by poll" grep -q '^ready$' "$TEST_DIR/poll"
within 5 "one follows by signal" grep -q '^ready$' "$TEST_DIR/signal"

for ((round = 1; round <= ROUNDS; round++)); do
	say "round $round"
	ssi rm 2 3
	ssi add 2
	ssi add 3
	within 20 "round $round: all are up again" up_again
	ssi rm 3
	ssi add 3
	within 20 "round $round: node 3 is up again" up_again
done
# What comes after the nodes are up: the last cleanup is over.
quiet() { local now; now=$(events 1); sleep 0.5; [ "$now" = "$(events 1)" ]; }
within 10 "nothing changes any more" quiet

expect "node 2 tells what node 1 tells" "$(events 2)" "$(events 1)"
expect "so does node 3" "$(events 3)" "$(events 1)"
must "there was enough to follow" test "$(events 1 | wc -l)" -ge $((ROUNDS * 15))

events 1 | has poll "poll and read have told everything"
events 1 | cut -d' ' -f1-6 | has rust "the crate has told everything"
events 1 | awk -v states="$STATES" '
	BEGIN { split(states, name); for (i in name) code[name[i]] = i - 1 }
	($4 == "UP") != ($5 == "UP") { print $1, $3, code[$4], code[$5] }' |
	has signal "the signals have come, and the simple transitions"
expect "no follower has complained" "$(cat "$TEST_DIR"/*.err)" ""
