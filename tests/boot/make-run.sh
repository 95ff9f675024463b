#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
# As: invoker
#
# `make run` without a terminal boots, shows, checks and stops.
#
#   node1 --- switch --- node2

. "$(dirname "$0")/lib.sh"

unset SSI_HOME
# The search path is part of the tool chain: it must be the one that built.
make() { PATH=$INVOKER_PATH command make "$@"; }

said=$(make -C "$TEST_TOP" run NODES=2 </dev/null 2>&1) || fail "make run: $said"
must "it shows the status" grep -q ready <<<"$said"
must "it checks that nodes reach each other" grep -q 'each of 2 nodes reaches every other' <<<"$said"
refuses "it stops the cluster" "no cluster" ssi status
refuses "a number of nodes that cannot be" "64" env PATH="$INVOKER_PATH" make -C "$TEST_TOP" run NODES=64

if command -v script >/dev/null; then
	typed() { sleep 6; printf 'cat /proc/cluster/self; echo on-$((40+1))\nexit\n'; sleep 4; }
	typed | PATH=$INVOKER_PATH script -qec "make -C '$TEST_TOP' run NODES=1" /dev/null >"$TEST_DIR/typed" || true
	must "with a terminal it gives a shell on node 1" grep -q on-41 "$TEST_DIR/typed"
fi
