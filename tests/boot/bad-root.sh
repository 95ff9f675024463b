#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
#
# A root without a shell is reported, and the node stays within reach.
#
#   node1 --- an empty folder (hostfs)

. "$(dirname "$0")/lib.sh"

mkdir -p "$TEST_DIR/empty"
up 1 --root "$TEST_DIR/empty"
must "status tells what is wrong with the root" grep -qi 'root' <(ssi status)
must "the log tells it as well" grep -q '/bin/sh' <(ssi log 1)
refuses "a command that the root lacks" "" ssi exec 1 -- true
