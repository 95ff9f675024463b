#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
#
# Who sleeps for longer than the kernel remembers is told what he has lost.
#
#   node1 (followers, asleep) --- node2 ... node12 (killed and brought back)

. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/cluster/lib.sh"

NODES=12
# As many transitions as a kernel remembers.
REMEMBERED=1024

up_again() { [ "$(on 1 cluster | grep -c ': UP$')" = $NODES ]; }
last_id() { on 1 tail -n 1 /proc/cluster/events | cut -d' ' -f1; }
has_line_of() { cut -d' ' -f1 "$TEST_DIR/$1" | grep -x "$2"; }

# Claims that the numbers of a follower's lines have no hole but the one it was told,
# and that they end where the kernel's do: is_told NAME.
is_told() {
	within 10 "$1 has come to the end" has_line_of "$1" "$(last_id)"
	expect "$1 was told once what it had lost" "$(grep -c '^lost' "$TEST_DIR/$1")" 1
	expect "$1 counts right" "$(awk '
		$1 == "lost" { last += $2; next }
		$1 == "ready" { next }
		$1 != last + 1 { print "a hole before " $1; exit }
		{ last = $1 }' "$TEST_DIR/$1")" ""
}

up $NODES
within 20 "all are up" up_again
bring_followers
follow poll /tmp/events poll
follow rust /tmp/follow
follow signal /tmp/events signal
began=$(last_id)
within 5 "they follow" eval 'has_line_of poll '"$began"' && has_line_of rust '"$began"
must "they fall asleep" on 1 killall -STOP events follow
say "the cluster changes until $REMEMBERED transitions are forgotten"
while [ "$(last_id)" -le $((began + REMEMBERED)) ]; do
	# shellcheck disable=SC2046 # one word a node
	ssi rm $(seq 2 $NODES)
	for ((node = 2; node <= NODES; node++)); do ssi add $node >/dev/null; done
	within 30 "all are up again" up_again >/dev/null
done
expect "so many are remembered" "$(on 1 sh -c 'wc -l </proc/cluster/events')" $REMEMBERED
must "they wake up" on 1 killall -CONT events follow
is_told poll
is_told rust
# One that asks for single transitions cannot go on, and says so.
within 10 "who follows by signals is told" \
	grep 'cluster_transition: Value too large for defined data type' "$TEST_DIR/signal.err"
