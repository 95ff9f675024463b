#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
#
# What /proc/cluster/files says of files that other nodes use.
#
#   node1: a pipe and a file --- node2: uses them

. "$(dirname "$0")/lib.sh"

# The lines of one kind, without what is called otherwise each time: lines NODE KIND.
lines() { on "$1" sed -n "s/ name=[0-9a-f]*//; s/pipe:\[[0-9]*\]/pipe/; s/^$2: //p" /proc/cluster/files; }
says_nothing() { local said; said=$(on "$1" cat /proc/cluster/files) && [ -z "$said" ]; }

up 3

say "while they are used"
within 5 "there is nothing at first" says_nothing 1
on 1 sh -c "sleep 1000 2>/dev/null | onnode 2 sleep 1000 >/dev/null 2>&1 3>'/tmp/a
b' &"
is_there() { on 2 localview pidof sleep; }
within 10 "node 2 uses files of node 1" is_there
expect "node 1 says how many" "$(lines 1 peer)" \
	"node=2 exports=2 claims=2 on_the_way=0 proxies=0 files=0 given=0"
expect "and node 2" "$(lines 2 peer)" "node=1 exports=0 claims=0 on_the_way=0 proxies=2 files=2 given=2"
expect "node 1 says which" "$(lines 1 export | sort)" \
	'node=2 kind=pipe claims=1 on_the_way=0 path=pipe
node=2 kind=plain claims=1 on_the_way=0 path=/tmp/a\nb'
expect "and node 2" "$(lines 2 proxy | sort)" 'node=1 kind=pipe files=1 given=1 lost=0 path=pipe
node=1 kind=plain files=1 given=1 lost=0 path=/tmp/a\nb'
names() { on "$1" grep -o 'name=[0-9a-f]*' /proc/cluster/files | sort; }
expect "each has a name of its own" "$(names 1 | uniq | wc -l)" 2
expect "by the same names" "$(names 1)" "$(names 2)"
must "node 3 has nothing to do with it" says_nothing 3
expect "what they are called is for root" \
	"$(on 1 su -s /bin/sh nobody -c 'cut -d" " -f1-3 /proc/cluster/files')" "peer: node=2 exports=2"
expect "who opens it counts" \
	"$(on 1 sh -c 'su -s /bin/sh nobody -c cat </proc/cluster/files | cut -d: -f1 | uniq -c | xargs')" \
	"1 peer 2 export"

say "when they are not"
on 2 killall sleep
within 5 "nothing is left on node 1" says_nothing 1
within 5 "nor on node 2" says_nothing 2
on 1 killall sleep || true
