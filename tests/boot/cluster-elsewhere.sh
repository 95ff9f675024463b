#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
#
# Commands and calls that run programs on other nodes.
#
#   node1 --- node2 (has what node 1 has not) --- node3 (dies at the end)

. "$(dirname "$0")/lib.sh"

# Status and words of a command that is expected to fail: says NODE COMMAND...
says() {
	local status=0 said
	said=$(on "$@" 2>&1) || status=$?
	echo "$status $said"
}

# Claims that a command fails with a status and these words: fails CLAIM STATUS WORDS NODE COMMAND...
fails() {
	local claim=$1 status=$2 words=$3 said
	shift 3
	said=$(says "$@")
	[[ $said == "$status "*"$words"* ]] || fail "$claim: '$said', not '$status ... $words'"
	expect "$claim: in one line" "$(wc -l <<<"$said")" 1
}

# Begins tasks that keep a node busy: keep_busy NODE TASKS.
keep_busy() {
	on "$1" sh -c "for i in \$(seq $2); do yes >/dev/null 2>&1 & done"
}

# That of the nodes.
PATH_OF_NODE=/usr/sbin:/usr/bin:/sbin:/bin

up 3

say "onnode"
expect "a local view" "$(on 1 onnode -l 2 sh -c 'ls -d /proc/2 /proc/self/where; clusternode_num')" \
	$'/proc/2\n/proc/self/where\n2'
refuses "and nothing of other nodes" "No such file" on 1 sh -c 'onnode -l 2 ls -d /proc/$$; exit $?'
flags_of_child='sh -c "cat /proc/self/personality"'
expect "no one is pinned at first" "$(on 1 onnode 2 sh -c "$flags_of_child; :")" 00000000
expect "one that is pinned hands it on" "$(on 1 onnode -p 2 sh -c "$flags_of_child; :")" 20000000
expect "also when it goes on by itself" "$(on 1 onnode -p 2 onnode 3 sh -c "$flags_of_child; :")" 20000000
expect "and has its view" "$(on 1 onnode -lp 2 cat /proc/self/personality)" 30000000
expect "its own node is no other" "$(on 1 onnode -p 1 cat /proc/self/personality)" 20000000
on 1 sh -c 'onnode -p 2 sleep 1000 >/dev/null 2>&1 & echo $! >/tmp/pinned'
pinned=$(on 1 cat /tmp/pinned)
is_pinned() { [ "$(on 3 cat "/proc/$pinned/personality") $(on 3 where_pid "$pinned")" = "20000000 2" ]; }
within 5 "every node sees that it is" is_pinned
on 1 kill "$pinned"
expect "its own node is a node" "$(on 2 onnode 2 clusternode_num)" 2
expect "what it ignored itself is not ignored" \
	"$(says 1 sh -c 'onnode 2 sh -c "kill -PIPE \$\$; echo lives"; echo $?')" "0 141"
on 2 sh -c 'mkdir -p /tmp/tools /tmp/closed && cd /tmp/tools && echo "echo \"\$0\" \"\$@\" \$(clusternode_num)" >tool &&
	chmod 755 tool && cp tool ../closed && chmod 644 ../closed/tool && echo x >../closed/text'
path=/nonexistent:/tmp/tools/tool:/tmp/closed
expect "a script that only the other node has" \
	"$(on 1 env "PATH=$PATH_OF_NODE:$path:/tmp/tools" onnode 2 tool a "b c")" "/tmp/tools/tool a b c 2"
on 1 mkdir /tmp/tools
expect "an empty folder of PATH is the working one" \
	"$(on 1 sh -c 'cd /tmp/tools && PATH=/nonexistent::$PATH onnode 2 tool')" "tool 2"
expect "a script of the own node" \
	"$(on 2 env "PATH=$PATH_OF_NODE:$path:/tmp/tools" onnode 2 tool a "b c")" "/tmp/tools/tool a b c 2"
# Programs node 2 was asked to execute so far.
asked_of_2() {
	on 2 sed -n 's/^service: name=ssi.migrate.programs .*requests=\([0-9]*\).*/\1/p' /proc/cluster/ics
}
before=$(asked_of_2)
on 1 sh -c "PATH=$(yes /nonexistent | head -n 20 | tr '\n' :)$PATH_OF_NODE; onnode 2 true"
expect "many folders are one question" $(($(asked_of_2) - before)) 1
fails "what is not there" 127 "onnode: 'tool' is not found on node 3" 1 \
	env "PATH=$PATH_OF_NODE:$path:/tmp/tools" onnode 3 tool
fails "what may not be run" 126 "onnode: 'tool' cannot be run on node 2: Permission denied" 1 \
	env "PATH=$PATH_OF_NODE:$path" onnode 2 tool
fails "a node that never was" 125 "onnode: node 9 is not up" 1 onnode 9 true
fails "no node" 125 "not a node number, 1 to 63" 1 onnode 64 true
fails "no command" 125 "<CMD>" 1 onnode 2
must "who has children" on 1 sh -c 'sleep 3 & exec onnode 2 true'
fails "who has children away from home" 125 "it has children" 1 \
	onnode 2 sh -c 'sleep 3 & exec onnode 3 true'
fails "who has a namespace" 125 "has a namespace or a root of its own" 1 unshare -u onnode 2 true
fails "a folder that is not there" 125 "onnode: the working directory of this process is not found on node 2" 1 \
	sh -c 'mkdir /tmp/own; cd /tmp/own && onnode 2 true; exit $?'
expect "back to where it came from" "$(on 1 onnode 2 onnode 1 clusternode_num)" 1
# 1.1 MB, which its own node takes.
fails "too many words" 126 "onnode: 'true' cannot be run on node 2: Argument list too long" 1 \
	sh -c 'word=$(head -c 100000 /dev/zero | tr "\0" x)
		exec onnode 2 true $(for i in $(seq 11); do echo $word; done)'

say "onall"
expect "a line of each node, in order" "$(on 2 onall -sv clusternode_num)" $'1: 1\n2: 2\n3: 3'
expect "all of them" "$(on 3 onall clusternode_num | sort | xargs)" "1 2 3"
expect "with a local view" "$(on 1 onall -lv sh -c 'test -e /proc/2 && clusternode_num' | sort)" \
	$'1: 1\n2: 2\n3: 3'
expect "errors, too" "$(on 1 sh -c 'onall -sv ls /nonexistent 2>&1 >/dev/null' | sort -u | wc -l)" 3
expect "the highest status" \
	"$(says 1 onall sh -c 'exit $(clusternode_num)')" "3 "
expect "128 and the signal" "$(says 1 onall sh -c '[ $(clusternode_num) = 2 ] || kill -TERM $$')" "143 "
expect "they have no input" "$(on 1 sh -c 'yes | onall -v sh -c "cat | wc -l"' | sort | cut -d' ' -f2 | xargs)" \
	"0 0 0"
expect "one by one they have" "$(on 1 sh -c 'printf "a\nb\nc\n" | onall -sv sh -c "read word; echo \$word"')" \
	$'1: a\n2: b\n3: c'
began=$(date +%s%N)
on 1 onall sleep 1
took_ms=$((($(date +%s%N) - began) / 1000000))
must "they run at the same time ($took_ms ms)" test "$took_ms" -lt 2500
on 1 sh -c 'setsid sh -c "echo \$\$ >/tmp/group; exec onall sleep 1000" >/dev/null 2>&1 &'
sleepers() { on 1 pidof sleep | wc -w; }
within 10 "three are asleep" eval '[ "$(sleepers)" = 3 ]'
on 1 sh -c 'kill -TERM -"$(cat /tmp/group)"'
within 5 "a signal for the group reaches all" eval '[ "$(sleepers)" = 0 ]'

say "fast"
keep_busy 1 3
keep_busy 2 3
expect "the idle node is the fastest" "$(on 1 fastnode; on 2 fastnode; on 3 fastnode)" $'3\n3\n3'
expect "a command runs there" "$(on 1 fast clusternode_num)" 3
keep_busy 3 8
on 2 localview killall yes
expect "not any more" "$(on 1 fast clusternode_num)" 2
on 1 killall yes

say "calls of C"
for program in migrate rexec rfork; do
	gcc -O2 -Wall -Wextra -static -s -Wl,--gc-sections \
		-I "$SSI_HOME/build/libcluster/include" -L "$SSI_HOME/build/libcluster/lib" \
		-o "$TEST_DIR/$program" "$(dirname "$0")/cluster/$program.c" -lcluster \
		2>"$TEST_DIR/gcc" || fail "$program.c does not compile: $(cat "$TEST_DIR/gcc")"
	for node in 1 2; do
		ssi exec "$node" -- sh -c "cat >/tmp/$program && chmod 755 /tmp/$program" \
			<"$TEST_DIR/$program"
	done
done
for call in rexecve rexecv rexecl rexecle; do
	expect "$call" "$(on 1 env GIVEN=no /tmp/rexec "$call" 2 /bin/sh -c 'echo $0 $GIVEN $(clusternode_num)')" \
		"sh $([[ $call == *e ]] && echo yes || echo no) 2"
	fails "$call does not search" 99 "-1 ENOENT" 1 /tmp/rexec "$call" 2 sh
done
for call in rexecvp rexeclp; do
	expect "$call" "$(on 1 /tmp/rexec "$call" 3 sh -c 'echo $0 $(clusternode_num)')" "sh 3"
	expect "$call takes a script" \
		"$(on 1 env "PATH=/tmp/closed:/tmp/tools:$PATH_OF_NODE" /tmp/rexec "$call" 2 tool a b)" "/tmp/tools/tool a b 2"
	fails "$call remembers" 99 "-1 EACCES" 1 env PATH=/tmp/closed:/nonexistent /tmp/rexec "$call" 2 tool
	fails "$call finds nothing" 99 "-1 ENOENT" 1 /tmp/rexec "$call" 3 tool
done
fails "a bad address" 99 "-1 EFAULT" 1 /tmp/rexec nowhere 2 /bin/true
fails "another" 99 "-1 EFAULT" 1 /tmp/rexec no-words 2 /bin/true
must "no environment is an empty one" on 1 /tmp/rexec no-environment 2 /bin/true
fails "no node" 99 "-1 EINVAL" 1 /tmp/rexec rexecl 64 /bin/true
fails "one that never was" 99 "-1 EHOSTDOWN" 1 /tmp/rexec rexecl 9 /bin/true
fails "a status passes" 1 "" 1 /tmp/rexec rexecl 2 /bin/false
for node in 1 2; do
	expect "rfork on node $node" "$(on 1 /tmp/rfork "$node")" "child on $node of $node
parent on 1: status 7"
done
for node in 1 2; do
	expect "migrate to node $node" "$(on 1 /tmp/migrate "$node")" "the same on $node"
done
for program in migrate rfork; do
	expect "$program: no node" "$(on 1 "/tmp/$program" 64)" "-1 EINVAL"
	expect "$program: one that never was" "$(on 1 "/tmp/$program" 9)" "-1 EHOSTDOWN"
	expect "$program: one without the program" "$(on 1 "/tmp/$program" 3)" "-1 ENOENT"
done

say "a node less"
ssi rm 3
within 10 "it is down" eval '[ "$(on 1 clusternode_avail 3)" != 1 ]'
expect "all is less" "$(on 1 onall -sv clusternode_num)" $'1: 1\n2: 2'
fails "there is nothing to be run there" 125 "onnode: node 3 is not up" 1 onnode 3 true
