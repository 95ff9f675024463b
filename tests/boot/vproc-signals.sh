#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
#
# Signals reach processes of all nodes, by the rules of kill(2), none of them twice.
#
#   node1 --- node2 (the targets) --- node3 (is frozen, then dies)

. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/vproc/lib.sh"

# Signals of each sender, values from then on: a sender's own numbers.
COUNT=1000
# Processes of each crowd.
CROWD=60

# Sends as UID: sent NODE UID WORD..., and gives the result.
sent() {
	local node=$1
	shift
	on "$node" /tmp/send "$@" | sed -n 's/.* = //p'
}

# What a target got of a signal: got NODE NAME SIGNAL.
got() { on "$1" awk -v number="$3" '$2 == number' "/tmp/$2"; }
values() { got "$@" | awk '{ print $7 }'; }
got_it() { [ "$(got "$1" "$2" "$3" | wc -l)" = "$4" ]; }
state_is() { [ "$(on "$1" awk '{ print $3 }' "/proc/$2/stat")" = "$3" ]; }
is_gone() { fails_on "$1" kill -0 "$2"; }

up 3
put "1 2 3" target send
be_patient 3

say "one signal"
target 2 first
first=$pid first_thread=$tid
expect "it is sent" "$(sent 1 1000 "$first" 35)" EPERM
expect "by root" "$(sent 1 0 "$first" 35)" 0
within 5 "it arrives" got_it 2 first 35 1
sender=$(on 3 /tmp/send 0 "$first" 36 1 7 | head -n 1)
within 5 "so does one with a value" got_it 2 first 36 1
expect "from its sender" "$(got 2 first 36 | cut -d' ' -f1-7)" "main 36 0 -1 $sender 0 7"
expect "a thread is named as its process" "$(sent 3 0 "$first_thread" 37)" 0
within 5 "it arrives" got_it 2 first 37 1
must "a process is stopped" on 3 kill -STOP "$first"
within 5 "it is, as all see" state_is 1 "$first" T
must "it is continued" on 1 kill -CONT "$first"
within 5 "it is, as all see" state_is 3 "$first" S
on 2 sh -c '/tmp/send crowd 0 >/dev/null; sleep 1000 & echo $! >/tmp/victim; wait $!; echo $? >/tmp/end' &
within 5 "a process runs" on 2 test -s /tmp/victim
must "it is killed" on 3 kill -KILL "$(on 2 cat /tmp/victim)"
wait $!
expect "its parent learns by what" "$(on 2 cat /tmp/end)" 137

say "many of them"
expect "$COUNT are sent" "$(sent 1 0 "$first" 40 "$COUNT" 1)" 0
within 10 "as many arrive" got_it 2 first 40 "$COUNT"
expect "each once, in their order" "$(values 2 first 40)" "$(seq "$COUNT")"
on 1 kill -STOP "$first"
within 5 "it is stopped" state_is 1 "$first" T
expect "they are sent to a process that is stopped" "$(sent 3 0 "$first" 41 "$COUNT" 1)" 0
on 3 kill -CONT "$first"
within 10 "they arrive behind that" got_it 2 first 41 "$COUNT"
expect "each once, in their order" "$(values 2 first 41)" "$(seq "$COUNT")"

say "a storm"
target 1 second
second=$pid
senders=()
for node in 1 2 3; do
	for receiver in "$first" "$second"; do
		sent "$node" 0 "$receiver" 42 "$COUNT" $((node * 10000)) >"$TEST_DIR/sent.$node.$receiver" &
		senders+=($!)
	done
	# Processes that die by themselves, of signals of two other nodes, or at last.
	on "$node" /tmp/send crowd "$CROWD" >"$TEST_DIR/crowd.$node" &
	senders+=($!)
done
for round in 1 2 3 4; do
	for node in 1 2 3; do
		cat "$TEST_DIR"/crowd.* | grep '^[0-9]*$' >"$TEST_DIR/list" || true
		ssi exec "$node" -- sh -c 'while read pid; do kill -TERM $pid; done 2>&1; true' \
			<"$TEST_DIR/list" >"$TEST_DIR/said.$node.$round" &
		senders+=($!)
	done
	sleep 0.2
done
# A slow node may still be starting some.
for round in $(seq 100); do
	[ "$(cat "$TEST_DIR"/crowd.* | grep -c 'crowd =')" -lt 3 ] || break
	sort -u "$TEST_DIR"/crowd.* | grep '^[0-9]*$' >"$TEST_DIR/list" || true
	ssi exec 1 -- sh -c 'while read pid; do kill -TERM $pid; done' <"$TEST_DIR/list" 2>/dev/null || true
	sleep 0.2
done
wait "${senders[@]}"
expect "who dies is no such process to the others" \
	"$(cat "$TEST_DIR"/said.* | grep -v 'No such process' || true)" ""
expect "all parents have waited for all" "$(sort "$TEST_DIR"/crowd.* | grep -c 'crowd = 0')" 3
expect "all are sent" "$(sort -u "$TEST_DIR"/sent.*)" 0
for node in 1 2; do
	name=first
	[ "$node" = 2 ] || name=second
	within 20 "all arrive on node $node" got_it "$node" "$name" 42 $((3 * COUNT))
	for from in 1 2 3; do
		expect "each of node $from once, in their order" \
			"$(values "$node" "$name" 42 | awk -v node=$from 'int($1 / 10000) == node')" \
			"$(seq $((from * 10000)) $((from * 10000 + COUNT - 1)))"
	done
done

say "many receivers"
for node in 1 2 3; do
	target "$node" own 1000
	target "$node" other 1001
done
expect "all a user may send it to" "$(sent 1 1000 -1 43)" 0
for node in 1 2 3; do
	within 5 "node $node: its own process has it" got_it "$node" own 43 1
	expect "another user's has not" "$(got "$node" other 43)" ""
done
expect "root's has not" "$(got 2 first 43)" ""
expect "a group is named on any node" "$(sent 3 0 "-$first" 44)" 0
within 5 "it has it" got_it 2 first 44 1
group=$(on 2 setsid sh -c 'echo $$; sleep 1000 >/dev/null 2>&1 & sleep 1000 >/dev/null 2>&1 &')
members() {
	[ "$(on 1 sh -c 'cat /proc/[0-9]*/stat 2>/dev/null; true' |
		awk -v group="$group" '$5 == group' | wc -l)" = "$1" ]
}
must "a group of two whose leader is gone" members 2
must "is killed from another node" on 3 kill -TERM "-$group"
within 5 "both are gone" members 0
refuses "the group is gone" "No such process" on 3 kill -TERM "-$group"
must "killall finds processes by name on all nodes" on 3 killall -CONT target
must "and ends them" on 3 killall -KILL target
for node in 1 2 3; do
	within 5 "none is left, as node $node sees" \
		fails_on "$node" pidof target
done

say "a frozen node"
target 3 frozen
frozen=$pid
ssi pause 3
# Of the two that wait one is killed.
on 1 sh -c 'echo $$ >/tmp/waits; exec /tmp/send 0 '"$frozen 0" >/dev/null 2>&1 &
killed=$!
on 1 /tmp/send 0 "$frozen" 45 1 9 >"$TEST_DIR/waited" &
waits=$!
within 5 "a sender waits" on 1 test -s /tmp/waits
within 5 "so does the other" test -s "$TEST_DIR/waited"
sleep 0.5
must "they wait on" on 1 kill -0 "$(on 1 cat /tmp/waits)"
on 1 kill -KILL "$(on 1 cat /tmp/waits)"
within 3 "who waits can be killed" is_gone 1 "$(on 1 cat /tmp/waits)"
wait "$killed" || true
ssi resume 3
must "who waited comes back" wait "$waits"
expect "its signal was sent" "$(sed -n 's/.* = //p' "$TEST_DIR/waited")" 0
within 5 "and has arrived" got_it 3 frozen 45 1

say "a node that is gone"
for node in 1 2 3; do
	on "$node" sh -c 'echo 3000 >/proc/sys/ssi/clms/timeout_ms'
done
target 3 lost
ssi rm 3
refuses "its processes are, too" "No such process" timeout 5 "$SSI_HOME/ssi" exec 1 -- kill -0 "$frozen"
expect "the others have theirs" "$(sent 1 1000 -1 0)" 0
ssi add 3
refuses "they are in its next life" "No such process" on 1 kill -0 "$pid"
expect "nothing is left of any target" "$(on 2 pidof target || true)" ""
