#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
#
# Three of sixteen are cut off: they are fenced, the thirteen go on; healed, they
# come back in new lives.
#
#   node1 ... node13 --x-- node14, node15, node16

. "$(dirname "$0")/lib.sh"

is_fenced() { [ "$(state_of "$1" state)" = fenced ]; }

life_of() { on 1 sed -n "s/^$1: UP //p" /proc/cluster/nodes; }

is_up() { [ -n "$(life_of "$1")" ] && [ "$(on "$1" cat /proc/cluster/self)" = "$1" ]; }

up 16 --mem 64M
before=$(on 1 cat /proc/cluster/nodes)
for near in $(seq 13); do
	for far in 14 15 16; do ssi net cut "$near" "$far"; done
done
for far in 14 15 16; do within 30 "node $far is fenced" is_fenced "$far"; done
for near in $(seq 13); do
	expect "node $near was not" "$(state_of "$near" boots)" 1
	expect "node $near has the thirteen" "$(on "$near" grep -c ': UP ' /proc/cluster/nodes)" 13
done
expect "all have the same history" "$(on 13 cat /proc/cluster/events)" "$(on 1 cat /proc/cluster/events)"
must "status says what they wait for" grep 'fenced.*when no cut touches it' <(ssi status)

said=$(ssi net heal)
must "heal says who boots again ($said)" grep 'nodes 14-16 were fenced' <<<"$said"
for far in 14 15 16; do
	within 30 "node $far is up again" is_up "$far"
	must "in a new life" test "$(life_of "$far")" -gt "$(sed -n "s/^$far: UP //p" <<<"$before")"
done
for node in $(seq 2 16); do
	expect "node $node has what node 1 has" \
		"$(on "$node" cat /proc/cluster/nodes)" "$(on 1 cat /proc/cluster/nodes)"
done
expect "the thirteen live on" \
	"$(on 1 sed -n 1,13p /proc/cluster/nodes)" "$(sed -n 1,13p <<<"$before")"
