#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
#
# A node of a cluster that cannot go on says so in its log, once, and when it can again.
#
#   node1  --x--  node2  --x--  node3  --x--  node1

. "$(dirname "$0")/lib.sh"

TIMEOUT_MS=1500

said() { ssi log "$1" | grep "ssi_clms: $2" >/dev/null; }
times() { ssi log "$1" | grep -c "ssi_clms: the view can" || true; }

up 3
for node in 1 2 3; do on "$node" sh -c "echo $TIMEOUT_MS >/proc/sys/ssi/clms/timeout_ms"; done
for node in 1 2 3; do expect "node $node has nothing to say" "$(times "$node")" 0; done

ssi net cut 1 2
ssi net cut 2 3
ssi net cut 3 1
for node in 1 2 3; do
	others=$(echo 1 2 3 | tr -d "$node" | xargs | tr ' ' ',' | sed 's/1,2/1-2/; s/2,3/2-3/')
	within 10 "node $node says whom it waits for" said "$node" \
		"the view cannot change: no answer of $others for 1 s, not heard: $others"
done
ssi net heal
for node in 1 2 3; do
	within 10 "node $node says that it goes on" said "$node" "the view can change again"
	expect "each was said once by node $node" "$(times "$node")" 2
done
expect "nobody left" "$(on 1 grep -c UP /proc/cluster/nodes)" 3
