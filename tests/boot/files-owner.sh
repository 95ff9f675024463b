#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
#
# The owner of a file gets its signals, wherever both are.
#
#   node1: files of it --- node2, node3: their owners

. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/files/lib.sh"

up 3
put "1 2 3" owner

# Signals of own node and other ones: 34 is queued and has information, 29 and 23 do neither.
BLOCK="block 34 block 29 block 23"

say "a file of another node, by its owner"
# What the program says of a file opened at home: by NODES PROGRAM-BEFORE -- WORD...
said_at_home() { on 1 /tmp/owner $BLOCK "$1" exec /tmp/owner $2; }
said_away() { on 1 /tmp/owner $BLOCK "$1" exec $3 /tmp/owner $2; }
# shellcheck disable=SC2086 # words, here and above
same() {
	local file=$1 words=$2 home way
	home=$(said_at_home "$file" "$words")
	[ -n "$home" ] || fail "$file, $words: it says nothing"
	for way in "onnode 2" "onnode 2 onnode 3"; do
		expect "$file by way of $way: $words" "$(said_away "$file" "$words" "$way")" "$home"
	done
}
for file in pipe pair tcp pty; do
	same $file "get 3 process 3 self signal 3 34 get 3 async 3 get 3 write 4 take 34 quiet 3 get 3 write 4 none 34"
	same $file "own 3 self async 3 write 4 take 29 own 3 0 get 3 write 4 none 29"
	same $file "own 3 4194303 own 3 -4194303 process 3 4194303 get 3 signal 3 65 fioasync 3 thread 3 self get 3"
	same $file "signal 3 34 group 3 group get 3 async 3 write 4 take 34"
	same $file "signal 3 34 thread 3 self async 3 write 4 take 34 write 4 take 34 none 34"
done
same pty "async 3 get 3"
same tcp "own 3 self urgent 4 take 23"
same tcp "socket? 3 socket 3 self socket? 3 urgent 4 take 23"
same pipe "socket 3 self socket? 3"
expect "what was set before is known" \
	"$(on 1 /tmp/owner $BLOCK pipe own 3 self signal 3 34 async 3 exec onnode 2 /tmp/owner get 3 write 4 take 34)" \
	"own: good
signal: good
async: good
get: self, type 1 self, signal 34, async 1
write: good
signal 34: code 1 band 41 file 3"

expect "who leaves the node of its file stays the owner" \
	"$(on 1 onnode 2 /tmp/owner $BLOCK pair own 3 self signal 3 34 async 3 exec onnode 3 \
		/tmp/owner get 3 write 4 take 34)" \
	"own: good
signal: good
async: good
get: self, type 1 self, signal 34, async 1
write: good
signal 34: code 1 band 41 file 3"

say "an owner on another node"
# One that waits for signals: waits NODE [WORD...], and sets pid; its words end with a pause.
owners=0
waits() {
	local node=$1
	shift
	owners=$((owners + 1))
	pid=$(on "$node" sh -c 'mkfifo /tmp/go$0; /tmp/owner $@ <>/tmp/go$0 >/tmp/said$0 2>&1 & echo $!' \
		"$owners" "$@")
	within 5 "one waits on node $node" on "$node" grep -q pause "/tmp/said$owners"
	at=$node
}
# What it says in the end.
said() { on "$at" sh -c 'echo go >/tmp/go$0; while kill -0 $1 2>/dev/null; do usleep 10000; done; cat /tmp/said$0' "$owners" "$pid"; }

for file in pair pty; do
	waits 2 $BLOCK pause take 34 none 34
	# What is written to a terminal arrives a moment later: then it must not be quiet yet.
	must "a process there is the owner" on 1 /tmp/owner $file process 3 "$pid" signal 3 34 async 3 get 3 write 4 none 34 quiet 3
	expect "it gets the signal, and what is known of it" "$(said)" "pause
signal 34: code 1 band 41 file 3
signal 34: none"
done
waits 2 $BLOCK pause take 29 none 29
expect "by F_SETOWN" "$(on 1 /tmp/owner pipe own 3 "$pid" get 3 async 3 write 4 quiet 3)" "own: good
get: $pid, type 1 $pid, signal 0, async 0
async: good
write: good
async: good"
expect "a plain one" "$(said)" "pause
signal 29: of the kernel
signal 29: none"
waits 2 $BLOCK pause take 23
expect "by FIOSETOWN" "$(on 1 /tmp/owner tcp socket 3 "$pid" "socket?" 3 urgent 4)" "socket: good
socket?: good
it is $pid
urgent: good"
expect "an urgent one" "$(said)" "pause
signal 23: of the kernel"
waits 2 $BLOCK pause take 34 none 34
must "a thread there is the owner" on 1 /tmp/owner pair thread 3 "$pid" signal 3 34 async 3 write 4 quiet 3
expect "it gets the signal" "$(said)" "pause
signal 34: code 1 band 41 file 3
signal 34: none"
waits 2 $BLOCK pause take 34 take 34 take 34 none 34
must "each is sent" on 1 /tmp/owner pair process 3 "$pid" signal 3 34 async 3 write 4 write 4 write 4 quiet 3
expect "each comes" "$(said | grep -c "code 1")" 3

say "one that goes"
for way in "onnode 2" "onnode 2 onnode 3" "onnode 3"; do
	# It is started on the node of the file, or on another one.
	for node in 1 2; do
		waits $node $BLOCK pause exec $way /tmp/owner pause take 34 none 34
		on 1 sh -c 'mkfifo /tmp/file$0; /tmp/owner pair process 3 $1 signal 3 34 async 3 pause get 3 write 4 quiet 3 <>/tmp/file$0 >/tmp/sent$0 2>&1 &' \
			"$owners" "$pid"
		on "$node" sh -c 'echo go >/tmp/go$0' "$owners" &
		within 5 "the file has its owner" on 1 grep -q pause "/tmp/sent$owners"
		within 10 "that is there ($way from $node)" on "$node" sh -c "[ \$(grep -c pause /tmp/said$owners) = 2 ]"
		on 1 sh -c 'echo go >/tmp/file$0' "$owners"
		within 5 "it is sent a signal" on 1 grep -q write "/tmp/sent$owners"
		expect "it is the owner still" "$(on 1 grep ^get "/tmp/sent$owners")" \
			"get: $pid, type 1 $pid, signal 34, async 1"
		expect "it gets it" "$(said | tail -n 2)" "signal 34: code 1 band 41 file 3
signal 34: none"
	done
done

say "a group on several nodes"
# Its leader, of node 1, starts a member on each other NODE; they take what files of the
# nodes FILES send: group_of "NODE..." "FILE..."
group_of() {
	local members=$1 files=$2 node takes=
	for node in $files; do
		takes+=" take 34"
	done
	# Those of the group before would be taken for them.
	on 1 sh -c 'rm -f /tmp/leader /tmp/member* /tmp/got*'
	on 1 setsid sh -c '
		echo $$ >/tmp/leader
		for node in $0; do
			mkfifo /tmp/member$node
			[ $node = 1 ] || onnode $node /tmp/owner $@ <>/tmp/member$node >/tmp/got$node 2>&1 &
		done
		exec /tmp/owner $@ <>/tmp/member1 >/tmp/got1 2>&1' "$members" \
		$BLOCK pause $takes none 34 &
	for node in $members; do
		within 10 "its member of node $node waits" on 1 grep -q pause "/tmp/got$node"
	done
	group=$(on 1 cat /tmp/leader)
	for node in $files; do
		expect "it is the owner of a file of node $node" \
			"$(on "$node" /tmp/owner pair own 3 "-$group" signal 3 34 async 3 get 3 write 4 quiet 3 |
				sed -n 4p)" "get: -$group, type 2 -$group, signal 34, async 1"
	done
	for node in $members; do
		on 1 sh -c 'echo go >/tmp/member$0' "$node"
	done
	for node in $members; do
		within 5 "the member of node $node takes all" on 1 grep -q "signal 34: none" "/tmp/got$node"
		expect "each once" "$(on 1 grep -c 'code 1 band 41 file 3' "/tmp/got$node")" \
			"$(wc -w <<<"$files")"
	done
}
group_of "1 2 3" "1 2 3"
group_of "1 2" "3"

say "rights"
# Who may not send a signal sends none: rights USER-OF-OWNER USER-OF-FILE SIGNAL.
rights() {
	waits 2 $BLOCK user "$1" pause none "$3"
	must "user $2 makes one of user $1 the owner" \
		on 1 /tmp/owner tcp user "$2" process 3 "$pid" async 3 write 4 urgent 4 quiet 3
	said | tail -n 1
}
for signal in 29 23; do
	expect "root may signal a user" "$(rights 1000 0 $signal | tail -n 1)" "signal $signal: of the kernel"
	expect "a user itself" "$(rights 1000 1000 $signal | tail -n 1)" "signal $signal: of the kernel"
	expect "no other one" "$(rights 1000 1001 $signal | tail -n 1)" "signal $signal: none"
	expect "nor root" "$(rights 0 1000 $signal | tail -n 1)" "signal $signal: none"
done

# What a process left where the file is has the users that it has.
for user in 1000:kernel 1001:none; do
	waits 1 $BLOCK pause exec onnode 2 /tmp/owner user 1000 pause none 29
	on 1 sh -c 'echo go >/tmp/go$0' "$owners"
	within 10 "it became a user elsewhere" on 1 sh -c "[ \$(grep -c pause /tmp/said$owners) = 2 ]"
	must "user ${user%:*} makes it the owner" \
		on 1 /tmp/owner pair user "${user%:*}" process 3 "$pid" async 3 write 4 quiet 3
	must "who may send a signal sends it (${user#*:})" grep "${user#*:}" <<<"$(said | tail -n 1)"
done

say "one that ends"
waits 2 pause
on 1 sh -c 'mkfifo /tmp/file; /tmp/owner pair process 3 $0 signal 3 34 async 3 get 3 pause write 4 quiet 3 get 3 <>/tmp/file >/tmp/sent 2>&1 &' "$pid"
within 5 "the file has its owner" on 1 grep -q pause /tmp/sent
said >/dev/null
on 1 sh -c 'echo go >/tmp/file'
within 5 "what happens then is nobody's affair" on 1 grep -q "get: 0, type 1 0" /tmp/sent
waits 3 $BLOCK pause none 34
on 1 sh -c 'mkfifo /tmp/file2; /tmp/owner pair process 3 $0 signal 3 34 async 3 pause get 3 write 4 quiet 3 get 3 <>/tmp/file2 >/tmp/sent2 2>&1 &' "$pid"
within 5 "the file has its owner" on 1 grep -q pause /tmp/sent2
ssi rm 3
on 1 sh -c 'echo go >/tmp/file2'
within 10 "nor when its node dies" on 1 grep -q "write: good" /tmp/sent2
expect "it has no owner any more" "$(on 1 grep -c "get: 0, type 1 0" /tmp/sent2)" 2
