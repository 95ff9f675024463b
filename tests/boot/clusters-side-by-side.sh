#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
#
# Two clusters run side by side and know nothing of each other.
#
#   cluster a: node1 --- node2        cluster b: node1 --- node2

. "$(dirname "$0")/lib.sh"

a=$SSI_CLUSTER b=$SSI_CLUSTER-b
trap 'status=$?; ssi --name "$b" stop >/dev/null 2>&1 || true; finish "$status"' EXIT

up 2
ssi --name "$b" start 2 --logs "$TEST_DIR/logs/b"
expect "the first is itself" "$(on 1 cat /proc/cluster/name)" "$a"
expect "the second is itself" \
	"$(ssi --name "$b" exec 1 -- cat /proc/cluster/name </dev/null)" "$b"
must "both are listed" test "$(ssi list | grep -cE "^($a|$b)\b")" -eq 2

on 2 sh -c 'echo first >/tmp/mark'
must "the second has its own nodes" \
	ssi --name "$b" exec 2 -- sh -c '! test -e /tmp/mark' </dev/null
ssi --name "$b" net cut 1 2
must "a fault in one is none in the other" reaches 1 2
ssi --name "$b" stop
must "the first goes on" reaches 1 2
must "the second is gone" sh -c "! ssi list | grep '^$b'"
