#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
#
# A node that reboots comes back by itself in a new life; one that halts does not. It is
# the node the command is typed on, whichever has pid 1 of the cluster.
#
#   node1 (halts last) --- switch --- leaver (reboots, then halts)
#                                \--- witness

. "$(dirname "$0")/lib.sh"

member() { on "$witness" sed -n "s/^$1: //p" /proc/cluster/nodes; }

# Whether a node is up in its COUNT-th life: is_back NODE COUNT.
is_back() {
	[ "$(state_of "$1" boots)$(state_of "$1" state)" = "$2ready" ] && [[ $(member "$1") == UP* ]]
}

is_over() { [ "$(state_of "$1" state)" = dead ] && [[ $(member "$1") == DOWN* ]]; }

# Claims that the nodes that had nothing to do with it live their first life.
others_live() {
	expect "the others never moved" "$(state_of 1 boots)$(state_of "$witness" boots)" 11
	must "they answer" on 1 true
}

up 3
# Pid 1 is where the cluster began, and on node 1 after the first change.
leaver=2
[ "$(on 1 where_pid 1)" != 2 ] || leaver=3
witness=$((5 - leaver))
say "node $leaver does not have pid 1"
life=$(member "$leaver")
on "$leaver" reboot || true
within 20 "it is back" is_back "$leaver" 2
must "in a later life" test "$(member "$leaver" | cut -d' ' -f2)" -gt "$(cut -d' ' -f2 <<<"$life")"
expect "and sees what the others see" \
	"$(on "$leaver" cat /proc/cluster/nodes)" "$(on 1 cat /proc/cluster/nodes)"
others_live
on "$leaver" reboot -f || true
within 20 "after a reboot by force, too" is_back "$leaver" 3
others_live
expect "pid 1 is on node 1" "$(on "$leaver" where_pid 1)" 1
# The shell takes its own reboot, which signals pid 1.
on "$leaver" sh -c reboot || true
within 20 "and after the one of its shell" is_back "$leaver" 4
must "which node 1 passed on" grep "process of node $leaver .*passed on" <(ssi log 1)
others_live
on 1 onnode "$leaver" reboot || true
within 20 "after one that was typed on node 1 for it" is_back "$leaver" 5
on 1 onnode "$leaver" sh -c reboot || true
within 20 "and after that of a shell which was" is_back "$leaver" 6
others_live

say "words"
refuses "one who may not" "only root" on "$leaver" su -s /bin/sh nobody -c '/sbin/poweroff -d 9'
refuses "one who may not by force" "only root" \
	on "$leaver" su -s /bin/sh nobody -c '/sbin/poweroff -f'
refuses "wrong words" "unexpected argument 'now'" on "$leaver" poweroff now
must "nothing of it had an effect" is_back "$leaver" 6

say "it halts"
on "$leaver" poweroff || true
within 20 "one that powers off stays down" is_over "$leaver"
must "and status says why" grep 'dead.*powered off from inside' <(ssi status)
others_live
for command in 'halt' 'poweroff -nf' 'halt -f' 'sh -c poweroff'; do
	ssi add "$leaver"
	# shellcheck disable=SC2086 # words are words
	on "$leaver" $command || true
	within 20 "'$command' ends it" is_over "$leaver"
	others_live
done

say "the node of pid 1 halts"
on 1 poweroff -d 1 || true
within 20 "it stays down" is_over 1
expect "the last one never moved" "$(state_of "$witness" boots)" 1
