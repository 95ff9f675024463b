#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
#
# A service with one instance moves when its node dies, and is never twice.
#
#   node1 node2 node3: one of them serves, dies, and comes back
#
# Needs a kernel with the samples: the one that make kunit builds.

. "$(dirname "$0")/lib.sh"

kernel=$TEST_BUILD/um-kunit/linux
if [ ! -r "$kernel" ]; then
	echo "no $kernel with a key service: run 'make kunit' first"
	exit 77
fi

place_of() { on "$1" sed -n 's/^sample //p' /proc/cluster/services; }
agree_on() {
	local node
	for node in 1 2 3; do [ "$(place_of "$node")" = "$1" ] || return 1; done
}
is_elsewhere() { [ "$(place_of "$2")" != "$1" ] && [ "$(place_of "$2")" != 0 ]; }

# What the sample said on a node, since it was first started: said NODE WORDS.
said() { ssi log "$1" | grep -c "ssi_subsystem: $2" || true; }
serves() { [ "$(said "$1" 'serves from')" -gt "$(said "$1" 'serves no longer')" ]; }
rests() { ! serves "$1"; }
wait_for() { within 10 "node $1 serves" serves "$1"; }

up 3 --kernel "$kernel"
first=$(place_of 1)
within 10 "all agree who serves" agree_on "$first"
wait_for "$first"
for node in 1 2 3; do
	[ "$node" = "$first" ] || must "node $node does not serve" rests "$node"
done

ssi rm "$first" >/dev/null
for node in 1 2 3; do [ "$node" = "$first" ] || other=$node; done
within 10 "the service has another place" is_elsewhere "$first" "$other"
second=$(place_of "$other")
third=$((6 - first - second))
wait_for "$second"
expect "it is the lower of the two that were left" "$second" "$((second < third ? second : third))"
must "the other does not serve" rests "$third"

ssi add "$first" >/dev/null
within 10 "all agree again who serves" agree_on "$(place_of "$second")"
expect "who comes back takes nothing while the view stays" "$(place_of "$first")" "$second"

# The next view counts it: the lowest of all.
lowest=$((first < second ? first : second))
has_moved() { [ "$(place_of "$second")" = "$lowest" ]; }
has_begun() { [ "$(said "$lowest" 'serves from')" -gt "$1" ]; }
before=$(said "$lowest" 'serves from')
ssi rm "$third" >/dev/null
within 10 "the next view moves it to the lowest" has_moved
if [ "$lowest" != "$second" ]; then
	within 10 "it has begun there" has_begun "$before"
	must "and ended where it was" rests "$second"
fi
