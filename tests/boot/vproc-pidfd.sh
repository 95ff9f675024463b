#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
#
# A pidfd of a process elsewhere is as one of a process here.
#
#   node1 (who holds them) --- node2 (the processes) --- node3 (where they go)

. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/vproc/lib.sh"

# Most pidfds of one node that another one watches for.
WATCHES_MAX=1024

up 3
put "1 2 3" target pidfd stale

# What a caller and then a fresh target of USER saw: calls NODE UID USER.
calls() {
	local node=$1 uid=$2 user=$3 absent
	target "$node" seen "$user"
	# A number of that node nobody has.
	absent=$((pid + 20000))
	[ "$absent" -lt $(((node + 1) * 65536)) ] || absent=$((pid - 20000))
	on 1 sh -c "echo \$\$ >/tmp/probe; exec /tmp/pidfd calls $uid $pid $tid $absent"
	# SIGTERM would be taken before signals that still wait.
	within 10 "all is taken" nothing_waits "$node" "$pid" >/dev/null
	on "$node" kill "$pid"
	within 5 "the target ends" is_gone "$node" "$pid" >/dev/null
	on "$node" sed "s/ $(on 1 cat /tmp/probe) / PROBE /" /tmp/seen | grep -v '^ready' | sort
	on "$node" rm /tmp/seen
}

nothing_waits() {
	local statuses
	statuses=$(on "$1" sh -c "cat /proc/$2/task/*/status") &&
		! grep 'Pnd:[^0-9]*0*[1-9a-f]' <<<"$statuses" >/dev/null
}

# Claims that both targets give the same: alike WHO UID USER.
alike() {
	local node
	for node in 1 2; do
		calls "$node" "$2" "$3" >"$TEST_DIR/$node"
	done
	must "$1: there are results ($(wc -l <"$TEST_DIR/1") lines)" \
		test "$(grep -c '=' "$TEST_DIR/1")" -ge 45
	diff "$TEST_DIR/1" "$TEST_DIR/2" || fail "$1: another node answers otherwise"
	echo "ok: $1: the same on both nodes"
}

say "the calls"
alike "root about root" 0 0
alike "root about a user" 0 1000
alike "a user about an own process" 1000 1000
alike "a user about root" 1000 0
target 2 elsewhere
expect "what needs the process' node is refused" \
	"$(on 1 /tmp/pidfd refused "$pid" | sed 's/  */ /g')" "open = 0
pidfd_getfd = EPERM
process_madvise = EPERM
process_mrelease = EPERM
setns = EINVAL"

# Starts a program on NODE and waits until it has opened its pidfd: starts NODE NAME WORD...
starts() {
	local node=$1 name=$2
	shift 2
	on "$node" sh -c ": >/tmp/$name; /tmp/pidfd $* >>/tmp/$name 2>&1 </dev/null &"
	within 5 "node $node: it has one" on "$node" grep -qx 'open = 0' "/tmp/$name"
}
has_said() { [ "$(on "$1" grep -v '^open' "/tmp/$2" | sort)" = "$(sort <<<"$3")" ]; }
ENDED="poll = 1
select = 1
epoll = 1
ended"
GONE="$ENDED
gone = 1
events 51
  Pid -1
  NSpid -1
nothing is sent = ESRCH"

say "the end"
for node in 1 2 3; do
	starts "$node" process watch "$pid"
	starts "$node" thread watch "$tid" THREAD
done
sleep 0.5
for node in 1 2 3; do
	for name in process thread; do
		expect "node $node: nothing happens to a $name that lives" \
			"$(on "$node" grep -v '^open' "/tmp/$name" || true)" ""
	done
done
on 2 kill -KILL "$pid"
for node in 1 2 3; do
	for name in process thread; do
		within 5 "node $node: all who wait for a $name hear of it" has_said "$node" "$name" "$GONE"
	done
done
on 2 sh -c 'sleep 1000 & echo $$ >/tmp/parent; echo $! >/tmp/child; exec sleep 2000' >/dev/null 2>&1 &
within 5 "a process has a parent that does not wait" on 2 test -s /tmp/child
child=$(on 2 cat /tmp/child)
starts 1 zombie watch "$child"
on 2 kill "$child"
within 5 "who waits hears of its end" has_said 1 zombie "$ENDED"
sleep 0.5
must "it is there until its parent has waited" has_said 1 zombie "$ENDED"
starts 3 late watch "$child"
within 5 "who comes late finds that it has ended" has_said 3 late "$ENDED"
on 2 kill -KILL "$(on 2 cat /tmp/parent)"
for node in 1 3; do
	name=zombie
	[ "$node" = 1 ] || name=late
	within 5 "node $node: then it is gone" has_said "$node" "$name" "$GONE"
done

# Has the holder on node 1 do something, and gives what it says: does NAME LETTER.
does() {
	on 1 sh -c ": >/tmp/$1; printf $2 >/tmp/$1.order
		until grep . /tmp/$1; do usleep 2000; done"
}
# A process of node 2 that goes to NODE when there is a file: goer NODE.
goer() {
	on 2 rm -f /tmp/goer
	on 2 sh -c "sh -c 'echo \$\$ >/tmp/goer; until test -e /tmp/go.$1; do usleep 5000; done
		exec onnode $1 sleep 3000' </dev/null & exec sleep 2000" >/dev/null 2>&1 &
	within 5 "a process runs" on 2 test -s /tmp/goer
	goer=$(on 2 cat /tmp/goer)
}
is_over() { [ "$(does "$1" e)" = "events = 51" ]; }
holds() {
	on 1 touch "/tmp/$1.order"
	starts 1 "$1" hold "$2" "/tmp/$1.order"
}
runs_at() { [ "$(on "$1" localview sh -c "cat /proc/$2/comm")" = sleep ]; }

say "another process of the same number"
old=$(on 2 sh -c '/tmp/stale is WHO=old >/tmp/old 2>&1 </dev/null & until grep -s . /tmp/old; do usleep 2000; done')
holds old "$old"
on 2 kill -KILL "$old"
within 5 "the first ends" is_gone 1 "$old"
on 2 sh -c "/tmp/stale again $old WHO=new >/dev/null 2>&1 </dev/null" &
within 5 "another one has its number" on 1 grep -aq WHO=new "/proc/$old/environ"
expect "a pidfd of the first sends it nothing" "$(does old s)" "signal = ESRCH"
expect "nor kills it" "$(does old k)" "kill = ESRCH"
expect "nor reaches its group" "$(does old g)" "group = ESRCH"
expect "and says that the first is gone" "$(does old e)" "events = 51"
must "the other one runs" on 2 kill -0 "$old"
on 2 kill -KILL "$old"

say "a process that goes"
for node in 3 1; do
	goer "$node"
	holds "goer.$node" "$goer"
	on 2 touch "/tmp/go.$node"
	within 10 "it is on node $node" runs_at "$node" "$goer"
	expect "that is no end" "$(does "goer.$node" e)" "events = 0"
	expect "it is sent a signal there" "$(does "goer.$node" s)" "signal = 0"
	starts 1 "gone.$node" watch "$goer"
	goers[node]=$goer
done
goer 3
starts 1 third watch "$goer"
within 10 "a third one is on node 3, too" runs_at 3 "$goer"
holds killer "$goer"
expect "it is killed through a pidfd" "$(does killer k)" "kill = 0"
within 5 "who waits on node 1 hears of its end" on 1 grep -x ended /tmp/third

say "a child that went"
expect "its parent waits for it by a pidfd of its own" \
	"$(on 1 /tmp/pidfd child 2 | sed 's/  */ /g')" "open = 0
 Pid TARGET
 NSpid TARGET
poll = 0
waitid that runs = 0
a signal = 0
poll = 1
waitid that ended = 0
killed by 15
poll = 51"

say "many"
target 3 popular
for round in first second; do
	expect "a node is watched for so many times at most, the $round time" "$(on 1 /tmp/pidfd many "$pid")" \
		"$WATCHES_MAX
open = ENFILE"
done

say "a node that dies"
starts 1 lost watch "$pid"
target 2 home
starts 1 home watch "$pid"
starts 3 home watch "$pid"
ssi rm 2
for node in 1 3; do
	within 10 "node $node: a process dies with its node" has_said "$node" home "$GONE"
done
for node in 3 1; do
	must "who went to node $node lives on" runs_at "$node" "${goers[node]}"
	sleep 0.5
	expect "that is no end" "$(does "goer.$node" e)" "events = 0"
	expect "it is sent a signal" "$(does "goer.$node" s)" "signal = 0"
	expect "it is killed" "$(does "goer.$node" k)" "kill = 0"
	within 5 "who waits hears of it" on 1 grep -x ended "/tmp/gone.$node"
	within 5 "so does who killed it" is_over "goer.$node"
done
ssi rm 3
within 10 "the last node dies with its processes" has_said 1 lost "$GONE"
