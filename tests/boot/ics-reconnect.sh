#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
#
# Calls and pages arrive once, in order and as they were while their connections break.
#
#   node1 <== calls, pages; all connections closed again and again ==> node2

. "$(dirname "$0")/lib.sh"

# Times the connections are closed.
BREAKS=10

# Runs a command of the test file: call NODE COMMAND.
call() { on "$1" sh -c "echo '$2' >/proc/cluster/ics_test && cat /proc/cluster/ics_test"; }

# A value of a result: value NAME FILE.
value() { sed -n "s/^$1: //p" "$2"; }

# A value of the links' report: report NODE LINE NAME.
report() { on "$1" sed -n "s/^$2.* $3=\([^ ]*\).*/\1/p" /proc/cluster/ics; }

# Closes all connections of a node: break_links NODE MODE.
break_links() { on "$1" sh -c "echo $2 >/proc/sys/ssi/ics/security"; }

is_up_in() { [[ $(report 1 'peer: id=2' state) == up && $(report 1 'peer: id=2' security) == "$1" ]]; }

up 2
must "the links are authenticated unless told otherwise" is_up_in mac
before=$(report 1 'peer: id=2' links)
resent() { echo $(($(report 1 'frames: peer=2' resent) + $(report 2 'frames: peer=1' resent))); }
resent_before=$(resent)
for node in 1 2; do
	on $node sh -c 'mount -t tracefs tracefs /sys/kernel/tracing &&
		echo 1 >/sys/kernel/tracing/events/ssi/ssi_frame_resent/enable'
done

call 1 'echo node=2 count=20000 inflight=16 mode=worker' >"$TEST_DIR/calls" &
calls=$!
call 2 'bulk node=1 count=200' >"$TEST_DIR/pages" &
pages=$!
for ((round = 0; round < BREAKS; round++)); do
	break_links $((round % 2 + 1)) mac
	sleep 0.1
done
wait $calls $pages

# A request node 2 cannot take in before the connection it came on is closed.
ssi pause 2
call 1 'echo node=2 count=1' >"$TEST_DIR/again" &
again=$!
sleep 0.2
break_links 1 mac
ssi resume 2
wait $again
expect "a request is answered that came on a closed connection" \
	"$(value count "$TEST_DIR/again")$(value failed "$TEST_DIR/again")" 10

# A request that is lost with its connection, as nobody can be reached until all are closed.
ssi net cut 1 2
call 1 'echo node=2 count=1' >"$TEST_DIR/lost" &
lost=$!
sleep 0.2
for node in 1 2; do break_links $node mac; done
ssi net heal
wait $lost
expect "a request is answered that was lost with its connection" \
	"$(value count "$TEST_DIR/lost")$(value failed "$TEST_DIR/lost")" 10

links=$(report 1 'peer: id=2' links)
must "the connections were made anew ($before, then $links)" test "$links" -ge $((before + BREAKS / 2))
sum=$(($(resent) - resent_before))
must "frames were sent again ($sum)" test "$sum" -gt 0
traced=$(for node in 1 2; do on $node cat /sys/kernel/tracing/trace; done | grep -c ssi_frame_resent)
expect "each has its trace" "$traced" "$sum"
expect "all calls were answered" "$(value count "$TEST_DIR/calls")" 20000
expect "no call was lost" "$(value failed "$TEST_DIR/calls")" 0
expect "no call was answered by another's answer" "$(value wrong "$TEST_DIR/calls")" 0
expect "no pages were lost" "$(value failed "$TEST_DIR/pages")" 0
expect "no pages were mixed up" "$(value wrong "$TEST_DIR/pages")" 0
expect "no frame was refused" "$(report 1 'peer: id=2' faults) $(report 2 'peer: id=1' faults)" "0 0"

# One-way calls are counted by the server: each once, whatever breaks.
call 1 'flood node=2 count=3000' >"$TEST_DIR/flood" &
flood=$!
break_links 2 mac
wait $flood
expect "a one-way call is served once" "$(value served "$TEST_DIR/flood")" \
	"$(value taken "$TEST_DIR/flood")"

for mode in aead none; do
	for node in 1 2; do break_links $node $mode; done
	within 5 "the links are in mode $mode" is_up_in $mode
	call 1 'echo node=2 count=200 size=3000' >"$TEST_DIR/mode"
	expect "calls work in mode $mode" "$(value failed "$TEST_DIR/mode")" 0
	call 1 'bulk node=2 count=10' >"$TEST_DIR/mode"
	expect "pages work in mode $mode" "$(value wrong "$TEST_DIR/mode")" 0
done

# The stricter of two modes is used.
break_links 1 mac
within 5 "one side can be stricter" is_up_in mac
