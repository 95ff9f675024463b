#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
#
# A node that stands still holds up who asks for its processes, nobody else, and what is
# meant for it is done to nobody else when it is gone.
#
#   the node with the init --- a node that takes it over --- a node that asks

. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/vproc/lib.sh"

# How long what needs no other node may take, in hundredths of a second.
SOON=100
# Numbers so near to each other may be those of the same programs.
NEAR=1000

# What a task on node $asks that needs no other node gets, and how long that took.
quick() {
	timeout -k 1 20 "$SSI_HOME/ssi" exec "$asks" -- sh -c '
		now() { sed "s/\.\(..\) .*/\1/; s/^0*//" /proc/uptime; }
		from=$(now)
		for own in self $$; do [ -e /proc/$own/stat ] || echo "no $own"; done
		sleep 100 >/dev/null 2>&1 &
		[ -e /proc/$!/fd ] || echo "no child"
		kill $!
		for none in nonono 4194305; do [ ! -e /proc/$none ] || echo "$none"; done
		localview sh -c "ls /proc 2>/dev/null" | grep -x $$ >/dev/null || echo "not listed"
		echo $(($(now) - from)) >/tmp/took' </dev/null 2>&1
}

# Claims that it is quick: others_are_free CLAIM.
others_are_free() {
	expect "$1" "$(quick || echo "hangs")" ""
	must "it took $(on "$asks" cat /tmp/took) hundredths of a second" \
		test "$(on "$asks" cat /tmp/took)" -lt $SOON
}

# Starts a command on node $asks that waits; /tmp/NAME has its pid: waits NAME COMMAND...
waits() {
	local name=$1
	shift
	on "$asks" sh -c "echo \$\$ >/tmp/$name; exec $* >/tmp/$name.out 2>&1" >/dev/null 2>&1 &
	waiting+=("$!")
	within 5 "$name is at work" on "$asks" test -s "/tmp/$name"
	names+=("$name")
}

# Whether a task is there. Only /proc of the node alone asks nobody.
lives() { on "$asks" localview test -e "/proc/$(on "$asks" cat "/tmp/$1")"; }
ended() { ! lives "$1"; }

# Claims that those who wait do so, ends them, and that they are gone at once.
all_can_be_killed() {
	local name
	for name in "${names[@]}"; do
		must "$name waits" lives "$name"
		on "$asks" sh -c "kill -KILL \$(cat /tmp/$name)"
		within 2 "$name can be killed" ended "$name"
		on "$asks" rm "/tmp/$name"
	done
	wait "${waiting[@]}" || true
	names=() waiting=()
}

# Who opens a file that could be made in /proc, has it locked for others.
creates() {
	on "$asks" sh -c 'echo x >/proc/zzz; echo $? >/tmp/created' >/dev/null 2>&1 &
	creator=$!
}

# The nice value of what is pid 1 to NODE alone.
own_first() { on "$1" localview sed 's/.*) //' /proc/1/stat | cut -d' ' -f17; }
where_is_first() { [ "$(on "$1" cat /proc/1/where)" = "$2" ]; }

up 3
put "1 2 3" target
be_patient 3
init=$(on 1 sed -n 's/^init //p' /proc/cluster/services)
mapfile -t others < <(seq 3 | grep -vx "$init")
next=${others[0]} asks=${others[1]}
names=() waiting=()

say "look-ups"
target "$init" frozen
others_are_free "at first all is quick"
ssi pause "$init"
waits stat cat "/proc/$pid/stat"
waits folder ls -d "/proc/$pid"
waits same ls -d "/proc/$pid"
waits task cat "/proc/$tid/comm"
waits first cat /proc/1/stat
creates
sleep 0.5
others_are_free "who asks for nobody else is not held up"
must "nor who makes files" on "$asks" test -s /tmp/created
all_can_be_killed
wait "$creator"

say "lists"
waits list ls /proc
creates
sleep 0.5
others_are_free "who asks for nobody else is not held up"
all_can_be_killed
wait "$creator"

say "calls"
waits priority renice 3 -p "$pid"
waits signal kill -CONT "$pid"
others_are_free "who asks for nobody else is not held up"
all_can_be_killed
ssi resume "$init"
within 5 "its process answers again" on "$asks" cat "/proc/$pid/stat"

say "the first process"
for node in 1 2 3; do
	expect "node $node: it has its priority" "$(own_first "$node")" 0
	must "it is on node $init" where_is_first "$node" "$init"
	on "$node" sh -c 'echo 3000 >/proc/sys/ssi/clms/timeout_ms'
done
ssi pause "$init"
on "$asks" renice 5 -p 1 >/dev/null 2>&1 &
calls=$!
on "$asks" sh -c 'while [ ! -e /tmp/enough ]; do kill -0 1; renice 5 -p 1; done 2>&1 | sort | uniq -c' \
	>"$TEST_DIR/calls" &
must "it is waited for" kill -0 "$calls"
within 15 "node $next has the init" where_is_first "$next" "$next"
within 5 "as node $asks knows" where_is_first "$asks" "$next"
on "$asks" renice 5 -p 1
on "$asks" touch /tmp/enough
wait
cat "$TEST_DIR/calls"
expect "what is the first process of node $asks alone is as it was" "$(own_first "$asks")" 0
expect "calls are made on that of node $next" "$(own_first "$next")" 5
on "$asks" renice 0 -p 1
expect "and so are later ones" "$(own_first "$next") $(own_first "$asks")" "0 0"

say "the next life of a node"
# They begin at random, which may be nearby now and then.
next_life() {
	local before=${numbers[-1]} number
	ssi rm "$asks"
	ssi add "$asks"
	number=$(on "$asks" sh -c 'echo $$')
	numbers+=("$number")
	[ $((number - before)) -gt "$NEAR" ] || [ $((before - number)) -gt "$NEAR" ]
}
numbers=("$(on "$asks" sh -c 'echo $$')")
for life in 1 2 3 4; do
	if next_life; then break; fi
done
must "its numbers are others than before: ${numbers[*]}" test "$life" -lt 4
