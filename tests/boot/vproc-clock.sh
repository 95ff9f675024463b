#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
#
# The time a process has used is a clock on every node.
#
#   node1, node3: read it --- node2: uses time

. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/vproc/lib.sh"

up 3
put "1 2 3" clock

# What a clock of another node can do. There can be no timer on one, where a local one may
# have that; all else is as at home.
read_by() {
	local said expected
	said=$(on "$1" /tmp/clock "$2")
	expected="clock: good
resolution: good
1 ns
time: good
time: good
it $3
by its time
set: EPERM
nowhere: EFAULT
wait: $4
timer: $5"
	expect "node $1 reads the clock of $2, which $3" "$said" "$expected"
}

# A process without a parent here: starts NODE COMMAND...
starts() {
	local node=$1
	shift
	# shellcheck disable=SC2016 # words of the node
	pid=$(on "$node" sh -c '"$@" >/dev/null 2>&1 </dev/null & echo $!' sh "$@")
}

starts 2 /tmp/clock burn
read_by 2 "$pid" runs good good
for node in 1 3; do
	read_by $node "$pid" runs EOPNOTSUPP EOPNOTSUPP
done
must "it can be ended" on 1 kill -KILL "$pid"
for node in 1 2 3; do
	within 5 "node $node finds that it has" on "$node" sh -c "[ \"\$(/tmp/clock $pid)\" = 'clock: ESRCH' ]"
done

starts 2 sleep 100
for node in 1 3; do
	read_by $node "$pid" stands EOPNOTSUPP EOPNOTSUPP
done

say "one that went"
starts 1 onnode 2 /tmp/clock burn
within 5 "it is on node 2" on 1 grep -qx 2 "/proc/$pid/where"
for node in 1 3; do
	read_by $node "$pid" runs EOPNOTSUPP EOPNOTSUPP
done
read_by 2 "$pid" runs good good
starts 1 onnode 2 onnode 3 sleep 100
within 5 "it is on node 3" on 1 grep -qx 3 "/proc/$pid/where"
for node in 1 2; do
	read_by $node "$pid" stands EOPNOTSUPP EOPNOTSUPP
done
