#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
#
# A pipeline over three nodes moves much, as it is.
#
#   node1 (the pipes, and what goes in) --- node2 --- node3 (sums it up)

. "$(dirname "$0")/lib.sh"

# What goes through it, in MiB.
MIB=${SSI_BULK_MIB:-256}

# What comes through a pipeline: sum_of COMMANDS.
sum_of() { on 1 sh -c "$1" | cut -d' ' -f1; }

up 3
on 1 sh -c 'head -c 1048576 /dev/urandom >/tmp/block'
# No two parts of it are the same.
ssi exec 1 -- sh -c 'cat >/tmp/fill' <<'END'
for number in $(seq "$1"); do
	echo "$number"
	cat /tmp/block
done
END
expected=$(sum_of "sh /tmp/fill $MIB | md5sum")
began=$(date +%s%N)
expect "$MIB MiB come out as they went in" \
	"$(sum_of "onnode 1 sh /tmp/fill $MIB | onnode 2 cat | onnode 3 md5sum")" "$expected"
say "$((MIB * 1000000000 / ($(date +%s%N) - began))) MiB/s"
