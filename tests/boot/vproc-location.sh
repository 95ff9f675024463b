#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
#
# A process that runs on another node than the one it was born on is found where it is, by
# all, with every call, and never lost on its way.
#
#   node1 (homes; dies, reboots) --- node2 (guests; dies) --- node3 (guests of guests)

. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/vproc/lib.sh"

# No capabilities, as a mask.
NONE=0
# Which of two errors is given is not the same: see vproc-parity.sh.
EITHER='nobody, nowhere = (ESRCH|EFAULT)$'
# The part of shared pages depends on who else has them just then.
CHANGING='^  \| (SwapPss|Pss[A-Za-z_]*): '
# A user without a name of its own.
NOBODY=65534
# Signals of each sender, and processes that are watched.
COUNT=300
CROWD=20

# Starts /tmp/target on HOME, sends it to each NODE and waits until it is ready on the last
# one: traveller HOME "NODE..." NAME [UID]. Sets pid, tid and place.
traveller() {
	local home=$1 nodes=$2 name=$3 way='' ready
	shift 3
	for place in $nodes; do
		way+="onnode $place "
	done
	on "$home" sh -c "$way /tmp/target /tmp/$name $* >/dev/null 2>&1 </dev/null &"
	ready=$(on "$place" sh -c "until grep '^ready' /tmp/$name 2>/dev/null; do usleep 2000; done")
	read -r _ pid tid <<<"$ready"
}

member() { on 2 sed -n "s/^$1: //p" /proc/cluster/nodes; }
# Whether a node is up in another life than LIFE: is_another NODE LIFE.
is_another() { [[ $(member "$1") == UP* ]] && [ "$(member "$1")" != "$2" ] && on "$1" true; }
is_killed() { fails_on "$1" kill -0 "$2"; }

# All files of process $pid as UID on NODE reads them: walk NODE UID.
walk() { on "$1" /tmp/files walk "$2" "$pid" | grep -vE "$CHANGING" | sed 's/ \*\** / * /'; }

# Whether all nodes read one time of start for $pid, but for two ticks.
start_alike() {
	for node in 1 2 3; do on "$node" /tmp/files start "$pid"; done | sort -n |
		awk 'NR == 1 { first = $1 } END { exit $1 - first > 2 }'
}

# Claims that all nodes see process $pid of node HOME on NODE: seen HOME NODE.
seen() {
	local home=$1 place=$2 node
	for node in 1 2 3; do
		expect "node $node: it is on node $place" "$(on "$node" where_pid "$pid")" "$place"
		on "$node" /tmp/files numbers >"$TEST_DIR/list"
		expect "it is listed once, and all are in order" \
			"$(grep -c -x "$pid" "$TEST_DIR/list") $(sort -n -u "$TEST_DIR/list" | md5sum)" \
			"1 $(md5sum <"$TEST_DIR/list")"
		expect "its name is its program's" "$(on "$node" cat "/proc/$pid/comm")" target
		expect "it has both its threads" "$(on "$node" ls "/proc/$pid/task" | sort -n | xargs)" \
			"$(printf '%s\n' "$pid" "$tid" | sort -n | xargs)"
		expect "the second has a folder of its own" "$(on "$node" cat "/proc/$tid/comm")" second
	done
	must "its second thread has a number of node $place" test $((tid >> 16)) = "$place"
	expect "who sees node $home alone is told where it went" \
		"$(on "$home" localview cat "/proc/$pid/where")" "$place"
	must "all nodes tell one time of start" start_alike
	for uid in 0 1000; do
		walk "$place" "$uid" >"$TEST_DIR/own"
		must "user $uid: there are files" test "$(wc -l <"$TEST_DIR/own")" -ge 400
		for node in 1 2 3; do
			walk "$node" "$uid" >"$TEST_DIR/far"
			diff "$TEST_DIR/own" "$TEST_DIR/far" || fail "node $node reads other things"
		done
	done
	echo "ok: all nodes read the same in all its files"
}

# What node 1 gets of all calls about a fresh target, and what that sees of them:
# calls HOME "NODE..." UID CAPABILITIES USER.
calls() {
	local home=$1 nodes=$2 probe
	shift 2
	traveller "$home" "$nodes" calls "$3"
	on 1 sh -c "/tmp/parity $1 $2 $pid $tid $3 2>/tmp/probe"
	probe=$(on 1 cat /tmp/probe)
	on "$place" kill "$pid"
	within 5 "the target ends" is_gone "$place" "$pid" >/dev/null
	on "$place" sed "s/ $probe / PROBE /" /tmp/calls | grep -v '^ready' | sort
	on "$place" rm /tmp/calls
}

# Claims that they give the same about one that was sent: alike WHO UID CAPABILITIES USER.
alike() {
	local who=$1 way
	shift
	calls 1 1 "$@" >"$TEST_DIR/own"
	must "$who: there are results" test "$(grep -c '=' "$TEST_DIR/own")" -ge 400
	for way in "1 2" "3 2" "2 1" "1 2,3"; do
		calls "${way% *}" "$(tr , ' ' <<<"${way#* }")" "$@" >"$TEST_DIR/far"
		diff <(grep -vE "$EITHER" "$TEST_DIR/own") <(grep -vE "$EITHER" "$TEST_DIR/far") ||
			fail "$who: $way answers otherwise"
		echo "ok: $who: the same of one that went from ${way/ / to }"
	done
}

# Sends as UID: sent NODE UID WORD..., and gives the result.
sent() {
	local node=$1
	shift
	on "$node" /tmp/send "$@" | sed -n 's/.* = //p'
}

# Values of a signal that a target on NODE got: values NODE NAME SIGNAL.
values() { on "$1" awk -v number="$3" '$2 == number { print $7 }' "/tmp/$2"; }
has_all() { [ "$(values 2 storm 42 | wc -l)" = $((3 * COUNT)) ]; }

# How often a signal was got, of all members on all nodes, and by how many of them:
# got SIGNAL.
got() {
	for node in 1 2 3; do
		on "$node" sh -c 'cat /tmp/members 2>/dev/null; true' | sed "s/^/$node /"
	done | awk -v number="$1" '
		$3 == number { count++; if (!seen[$1 $2]++) by++ }
		END { print count + 0, by + 0 }'
}
has_got() { [ "$(got "$1")" = "$2 $2" ]; }

# The nice values of those whose stat has VALUE in FIELD, as node 3 sees them: nice FIELD VALUE.
nice() {
	on 3 sh -c 'cat /proc/[0-9]*/stat 2>/dev/null; true' |
		awk -v field="$1" -v value="$2" '/\(member\)/ && $field == value { print $19 }' | sort | uniq -c |
		xargs
}

# Sends CROWD processes from HOME to each NODE, while all nodes watch them:
# watched HOME NODE...
watched() {
	local home=$1 node pids
	shift
	say "from node $home to $*"
	on "$home" rm -f /tmp/pids
	on "$home" sh -c "/tmp/chase start $CROWD 5 $* >/tmp/pids" &
	within 5 "they start" on "$home" test -s /tmp/pids
	pids=$(on "$home" head -n 1 /tmp/pids)
	for node in 1 2 3; do
		# shellcheck disable=SC2086 # words
		on "$node" /tmp/chase watch 3500 $pids >"$TEST_DIR/watch.$node" 2>&1 &
	done
	wait
	for node in 1 2 3; do
		expect "node $node: each was there all the time" "$(cat "$TEST_DIR/watch.$node")" \
			"kill 0 getpriority 0 open 0 list 0"
	done
	expect "and its parent was told how it ended" "$(on "$home" tail -n 1 /tmp/pids)" "bad 0"
}

up 3
put "1 2 3" target parity refused send files member chase
be_patient 3

say "one that went"
traveller 1 2 one 1000
seen 1 2
say "one that went on"
traveller 1 "2 3" two 1000
seen 1 3

say "calls"
all=$(on 1 sed -n 's/^CapBnd:[^0-9a-f]*//p' /proc/self/status)
alike "root about root" 0 "$all" 0
alike "root without capabilities about a user" 0 "$NONE" 1000
alike "a user about an own process" 1000 "$NONE" 1000
traveller 1 2 afar
expect "what is not done from afar is not done at its home, either" \
	"$(on 1 /tmp/refused "$pid" "$tid" | sed 's/  */ /g')" \
	"$(on 3 /tmp/refused "$pid" "$tid" | sed 's/  */ /g')"
# shellcheck disable=SC2016 # of the shells there
expect "it is told its parent at home" "$(on 1 sh -c '
	echo $$
	onnode 2 sh -c "echo \$PPID"
	onnode 2 onnode 3 sh -c "echo \$PPID"
	true' | uniq | wc -l)" 1

say "a storm"
traveller 1 2 storm
for node in 1 2 3; do
	sent "$node" 0 "$pid" 42 "$COUNT" $((node * 10000)) >"$TEST_DIR/sent.$node" &
done
wait
expect "all are sent" "$(sort -u "$TEST_DIR"/sent.*)" 0
within 20 "all arrive" has_all
for node in 1 2 3; do
	expect "each of node $node once, in their order" \
		"$(values 2 storm 42 | awk -v node="$node" 'int($1 / 10000) == node')" \
		"$(seq $((node * 10000)) $((node * 10000 + COUNT - 1)))"
done

say "many"
# A group of two at home, and two on each other node of whom one was born there.
group=$(on 1 setsid sh -c "
	/tmp/member /tmp/members $NOBODY >/dev/null 2>&1 &
	onnode 2 /tmp/member /tmp/members $NOBODY >/dev/null 2>&1 &
	onnode 2 onnode 3 /tmp/member /tmp/members $NOBODY >/dev/null 2>&1 & echo \$\$")
for node in 1 2 3; do
	within 5 "node $node has two members" eval \
		"[ \"\$(on $node grep -c ready /tmp/members)\" = 2 ]"
done
for node in 1 2 3; do
	expect "sent to the group from node $node" "$(sent "$node" 0 "-$group" "4$node")" 0
	within 5 "each of six gets it once" has_got "4$node" 6
	expect "to all of a user" "$(sent "$node" $NOBODY -1 $((45 + node)))" 0
	within 5 "each of six gets it once" has_got $((45 + node)) 6
done
expect "a signal that is none" "$(sent 3 0 "-$group" 99)" EINVAL
expect "to a group nobody is in" "$(sent 3 0 "-$((group + 1))" 99)" ESRCH
guest=$(on 2 awk '/parent ready/ { print $3 }' /tmp/members)
on 3 kill -50 "$guest"
within 5 "its own group is a guest's group, too" has_got 51 6
must "the group is reniced" on 2 renice -n 4 -g "$group"
expect "each of six is" "$(nice 5 "$group")" "6 4"
must "all of the user are" on 1 renice -n 3 -u nobody
expect "each of six is" "$(nice 5 "$group")" "6 7"
on 3 kill -TERM "-$group"
within 5 "the group ends" eval "[ -z \"\$(nice 5 $group)\" ]"

say "under way"
watched 1 2
watched 1 2 3
watched 3 1 2

say "a home that dies"
for node in 1 2 3; do
	on "$node" sh -c 'echo 3000 >/proc/sys/ssi/clms/timeout_ms'
done
traveller 1 2 orphan
orphan=$pid
traveller 1 "2 3" other
ssi rm 1
for node in 2 3; do
	expect "node $node: it is where it was" "$(on "$node" where_pid "$orphan")" 2
	expect "so is who went on" "$(on "$node" where_pid "$pid")" 3
	expect "it gets signals" "$(sent "$node" 0 "$orphan" "4$node" 1 5)" 0
	expect "its second thread, too" "$(sent "$node" 0 "$tid" 0)" 0
	refuses "who died with its home is gone" "No such process" on "$node" kill -0 "$group"
done
ssi add 1
put 1 send target
for node in 1 3; do
	expect "node $node: it is when its home is back" "$(on "$node" where_pid "$orphan")" 2
	must "and listed" eval "on $node ps | grep '/tmp/target /tmp/orphan'"
	expect "it gets signals" "$(sent "$node" 0 "$orphan" "4$node" 1 6)" 0
	refuses "others are as gone as before" "No such process" on "$node" kill -0 "$group"
done
expect "all of them" "$(values 2 orphan 41 && values 2 orphan 42 && values 2 orphan 43 | xargs)" "6
5
5 6"
on 1 kill "$orphan"
within 5 "it ends when it is told to" is_killed 3 "$orphan"

say "a home that shuts down"
traveller 1 2 kept
traveller 2 1 ended
life=$(member 1)
on 1 reboot || true
within 20 "it comes back" is_another 1 "$life"
within 5 "what ran on it has ended" is_killed 2 "$pid"
kept=$(on 2 awk '/^ready/ { print $2 }' /tmp/kept)
expect "what ran elsewhere has not" "$(on 1 where_pid "$kept")" 2
on 3 kill "$kept"
within 5 "it ends when it is told to" is_killed 1 "$kept"

say "a node of guests dies"
traveller 3 2 last
ssi rm 2
within 5 "so do they" is_killed 3 "$pid"
must "and are listed no more" fails_on 3 sh -c 'ps | grep "/tmp/[l]ast"'
