# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0
#
# What tests of the membership ask, beside ../lib.sh.

# Files that are derived from what is agreed, and so read the same on all members.
AGREED='nodes epoch master events'

# Whether all nodes named read the same in them: agree NODE...
agree() {
	local node
	[ "$(for node; do on "$node" sh -c "cd /proc/cluster && cat $AGREED | md5sum"; done |
		sort -u | wc -l)" = 1 ]
}

# Whether those nodes and no others are UP, as each of them reads: are_up NODE...
are_up() {
	local node expected
	expected=$(printf '%s\n' "$@" | sort -n)
	for node; do
		[ "$(on "$node" sed -n 's/^\([0-9]*\): UP .*/\1/p' /proc/cluster/nodes)" = "$expected" ] ||
			return 1
	done
}

# Whether nothing is on its way: all others are NEVERUP or DOWN, too.
are_settled() {
	local node
	are_up "$@" || return 1
	for node; do
		on "$node" sh -c '! grep -v ": \(UP\|DOWN\|NEVERUP\) " /proc/cluster/nodes' || return 1
	done
}

# Waits until those nodes and no others are UP, and claims that they read the same
# in everything that is agreed: settles SECONDS NODE...
settles() {
	local seconds=$1
	shift
	within "$seconds" "nodes $* are up, and no others" are_settled "$@"
	agree "$@" || differ "$@"
	echo "ok: they agree"
}

differ() {
	local node
	for node; do
		echo "-- node $node"
		on "$node" sh -c "cd /proc/cluster && tail -n 30 $AGREED"
	done
	fail "nodes $* read different things"
}

# The agreed view as a node reads it, all of it: view_of NODE.
view_of() { on "$1" sed 's/ self .*//' /proc/cluster/view; }

epoch_of() { on "$1" cat /proc/cluster/epoch; }

coordinator_of() { on "$1" cat /proc/cluster/master; }

# The life a node is in: life_of NODE [ASKED].
life_of() { on "${2:-1}" sed -n "s/^$1: UP //p" /proc/cluster/nodes; }
