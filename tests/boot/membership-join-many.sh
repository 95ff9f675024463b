#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
#
# Sixteen nodes that join at once are up in one view, in few changes of it.
#
#   node1 --- switch --- node2 ... node17      all but node1 at once

. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/membership/lib.sh"

up 1 --mem 64M
first=$(epoch_of 1)
pids=()
for node in $(seq 2 17); do
	ssi add "$node" &
	pids+=($!)
done
for pid in "${pids[@]}"; do wait "$pid" || fail "a node was not added"; done
# shellcheck disable=SC2046 # a word a node
settles 10 $(seq 17)
joins=$(on 1 grep -c ' COMINGUP UP ' /proc/cluster/events)
expect "each came up once" "$joins" 17
last=$(epoch_of 1)
must "joins are gathered (epochs $first to $last)" test $((last - first)) -lt 16
epochs=$(on 1 awk '$5 == "COMINGUP" && $2 < last { exit 1 } { last = $2 }' /proc/cluster/events && echo rise)
expect "epochs only rise" "$epochs" rise
