#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
#
# Sixty-three nodes boot on one host and reach each other.
#
#   node1 ... node63 --- switch

. "$(dirname "$0")/lib.sh"

# The debugging kernel needs more than an ordinary one for so many peers.
up 63 --mem 128M
expect "the last node knows its number" "$(on 63 cat /proc/cluster/self)" 63
must "the first reaches the last" reaches 1 63
must "the last reaches the middle" reaches 63 32
refuses "one more" "63" ssi add
