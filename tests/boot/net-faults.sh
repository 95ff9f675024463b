#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
#
# Faults of the network do what they say, to whom they say, until healed.
#
#   node1 --x-- node2
#      \         /
#       \-node3-/

. "$(dirname "$0")/lib.sh"

# Average round trip between two nodes, in whole milliseconds.
round_trip() {
	on "$1" ping -c 5 -i 0.2 -W 3 "10.83.0.$2" | sed -n 's|.*= [0-9.]*/\([0-9]*\)\..*|\1|p'
}

# Frames to a node the switch has lost on purpose so far. (The ping of busybox
# leaves before its last answer now and then, so its own count says little.)
lost_to() {
	ssi net show --json | tr -d ' \n' | grep -o "\"port\":$1,[^}]*" |
		grep -o '"lost":[0-9]*' | cut -d: -f2
}

# Frames to a node lost on purpose while another pings it forty times.
lost_between() {
	local before
	before=$(lost_to "$2")
	on "$1" ping -c 40 -i 0.02 -W 1 "10.83.0.$2" >/dev/null || true
	echo $(($(lost_to "$2") - before))
}

up 3
be_patient 3
must "node 1 reaches node 2" reaches 1 2

ssi net cut 1 2
must "a cut holds" is_cut_off 1 2
must "a cut holds the other way" is_cut_off 2 1
must "a cut leaves the others alone" reaches 1 3
expect "exec does not need the network" "$(on 2 cat /proc/cluster/self)" 2
must "show tells of the cut" grep -qi cut <(ssi net show)
ssi net heal 1 2
must "healed" reaches 1 2

ssi net cut 3 all
must "a node alone" is_cut_off 3 1
must "a node alone reaches nobody" is_cut_off 3 2
expect "exec reaches a node alone" "$(on 3 cat /proc/cluster/self)" 3
ssi net heal
must "all healed" reaches 3 1

ssi net delay 1 2 50
took=$(round_trip 1 2)
must "a delay of 50 ms each way makes 100 ms ($took)" test "$took" -ge 100
took=$(round_trip 1 3)
must "a delay leaves the others alone ($took)" test "$took" -lt 50
ssi net heal

ssi net loss 1 2 50
gone=$(lost_between 1 2)
must "a loss of half loses some ($gone)" test "$gone" -ge 10
expect "a loss leaves the others alone" "$(lost_between 1 3)" 0
must "they reach each other" reaches 1 3
ssi net heal
expect "no loss after healing" "$(lost_between 1 2)" 0
must "healed of loss" reaches 1 2

ssi net reorder 1 2 30
on 2 sh -c 'mkfifo /tmp/open; nc -l -p 7000 <>/tmp/open >/tmp/got' &
sleep 1
on 1 sh -c 'head -c 3000000 /dev/zero | nc 10.83.0.2 7000'
wait
expect "TCP survives reordering" "$(on 2 wc -c /tmp/got | cut -d' ' -f1)" 3000000
ssi net heal

refuses "a node that cannot be" "64" ssi net cut 1 64
refuses "a loss over all" "100" ssi net loss 1 2 101
refuses "a delay that is no number" "soon" ssi net delay 1 2 soon
