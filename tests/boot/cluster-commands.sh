#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
#
# Commands say the same on every node, and nodes are shut down by one.
#
#   node1 --- node2 (restarts itself) --- node3 (is shut down by node 1)

. "$(dirname "$0")/lib.sh"

# Claims that a command says the same on all nodes: alike COMMAND...
alike() {
	local first node
	first=$(on 1 "$@")
	for node in 2 3; do
		expect "'$*' on node $node as on node 1" "$(on "$node" "$@")" "$first"
	done
}

state_is() { [ "$(on "$1" clusternode_getstate "$2")" = "$3" ]; }
incarnation() { on 1 clusternode_info "$1" | sed -n 's/^ *Incarnation: //p'; }

# The states a node has gone through, and the causes of the changes.
way_of() { on 1 awk -v node="$1" '$3 == node { print $5 }' /proc/cluster/events | xargs; }

# Whether the log of a node has a line: logged NODE LINE.
logged() { ssi log "$1" | tr -d '\r' | grep -x "$2"; }

# Whether a node is up in a later life than LIFE: is_back NODE LIFE.
is_back() { state_is 1 "$1" UP && [ "$(incarnation "$1")" -gt "$2" ]; }

up 3
within 10 "all are up" eval '[ "$(on 3 cluster)" = "$(printf "%d: UP\n" 1 2 3)" ]'

say "questions"
alike cluster
alike cluster -v
alike clustername
expect "the name is the launcher's" "$(on 1 clustername)" "$SSI_CLUSTER"
for node in 1 2 3; do
	alike cluster -V "$node"
	alike clusternode_info "$node"
	alike clusternode_avail "$node"
	alike clusternode_getstate "$node"
	expect "node $node knows its number" "$(on "$node" clusternode_num)" "$node"
done
alike clusternode_getstate 63
expect "a node that never was" "$(on 1 clusternode_getstate 63)" NEVERUP
expect "the long list has three nodes" "$(on 1 cluster -v | grep -c ': UP .* 1 cpu, ')" 3
expect "one of them coordinates" "$(on 1 cluster -v | grep -c ', coordinator$')" 1
expect "it is the master" "$(on 2 cluster -v | grep ', coordinator$' | cut -d: -f1)" \
	"$(on 2 cat /proc/cluster/master)"
expect "details have the address" "$(on 1 cluster -V 2 | sed -n 's/^ *Address: //p')" 10.83.0.2
for path in /bin/cluster /bin/clusternode_num /sbin/clustername /sbin/clusternode_getstate; do
	must "$path is where OpenSSI had it" on 1 test -x "$path"
done

say "wrong words"
refuses "a node there cannot be" "1 to 63" on 1 clusternode_getstate 64
refuses "no node" "NODE" on 1 clusternode_info
refuses "no such option" "-x" on 1 cluster -x
refuses "a time that is not now" "+5" on 1 clusternode_shutdown -N3 +5
refuses "a node that is not up" "NEVERUP" on 1 clusternode_shutdown -N9 now
refuses "one who may not" "only root" on 1 su -s /bin/sh nobody -c 'clusternode_shutdown -N3 now'
expect "no answer where nobody reads" "$(on 1 sh -c 'exec 2>&1; cluster >/dev/full; echo $?')" \
	"cluster: the answer cannot be written: No space left on device (os error 28)"$'\n1'
must "nothing of it had an effect" state_is 1 3 UP

say "node 1 shuts node 3 down"
# Its words go to the log: who carries them elsewhere is asked to end as well.
on 3 sh -c 'exec >/dev/console 2>&1; trap "" HUP; trap "echo it was asked to end; exit" TERM
	echo it runs; while :; do sleep 0.02; done' >/dev/null 2>&1 &
within 5 "a program runs there" logged 3 "it runs"
must "it begins" on 1 clusternode_shutdown -n -h -N3 now
within 20 "it is down" state_is 1 3 DOWN
expect "its way" "$(way_of 3)" "COMINGUP UP SHUTDOWN GOINGDOWN KCLEANUP UCLEANUP DOWN"
expect "node 2 tells the same" "$(on 2 cat /proc/cluster/events)" "$(on 1 cat /proc/cluster/events)"
within 5 "its program was asked to end" logged 3 "it was asked to end"
within 5 "the host sees it powered off" grep -q 'powered off' <(ssi status)
refuses "it is not up any more" "" on 1 clusternode_avail 3
refuses "it cannot be shut down twice" "DOWN, not UP" on 2 clusternode_shutdown -N3 now
life=$(incarnation 3)
ssi add 3
within 20 "it comes back in a later life" is_back 3 "$life"

say "node 2 restarts itself"
life=$(incarnation 2)
must "it begins" on 1 clusternode_shutdown -r -N2 now
within 30 "it is back in a later life" is_back 2 "$life"
expect "its way" "$(way_of 2)" \
	"COMINGUP UP SHUTDOWN GOINGDOWN KCLEANUP UCLEANUP DOWN COMINGUP UP"
within 10 "all tell the same" eval '[ "$(on 2 cluster -v)" = "$(on 1 cluster -v)" ]'
expect "all have seen the same" "$(on 2 cat /proc/cluster/events)" "$(on 1 cat /proc/cluster/events)"
