#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
#
# A call ends once, and the right way: answered, refused, cancelled, too deep, out of
# credit, or with its node.
#
#   node1 --- calls ---> node2
#      \------ calls ---> node3 (killed)

. "$(dirname "$0")/lib.sh"

# Runs a command of the test file: call NODE COMMAND.
call() { on "$1" sh -c "echo '$2' >/proc/cluster/ics_test && cat /proc/cluster/ics_test"; }

# A value of its result: value NAME.
value() { sed -n "s/^$1: //p"; }

# A value of the links' report: report NODE LINE NAME.
report() { on "$1" sed -n "s/^$2.* $3=\([^ ]*\).*/\1/p" /proc/cluster/ics; }

up 3

for mode in inline worker; do
	result=$(call 1 "echo node=2 count=500 inflight=16 size=3000 mode=$mode")
	expect "all $mode calls are answered" "$(value count <<<"$result")" 500
	expect "no answer to an $mode call is wrong" "$(value wrong <<<"$result")" 0
	expect "no $mode call fails" "$(value failed <<<"$result")" 0
done
expect "a call to many reaches all" "$(call 1 'many count=50' | value failed)" 0

# One page is in the frame, more travel apart.
for pages in 1 2 256; do
	for direction in in out; do
		result=$(call 2 "bulk node=1 count=20 pages=$pages direction=$direction")
		expect "$pages pages going $direction arrive" "$(value failed <<<"$result")" 0
		expect "$pages pages going $direction are as they were" "$(value wrong <<<"$result")" 0
	done
done

result=$(call 2 'bulk node=1 count=64 inflight=64 direction=out')
expect "more answers with pages than there is room for wait" "$(value failed <<<"$result")" 0

# Lines of a node's trace: trace NODE PATTERN.
trace() { on "$1" grep -c "$2" /sys/kernel/tracing/trace || true; }

# Tracepoints, from here on.
on 1 sh -c 'mount -t tracefs tracefs /sys/kernel/tracing && echo 1 >/sys/kernel/tracing/events/ssi/enable'
call 1 'echo node=2 count=20' >/dev/null
for point in call_start frame_sent frame_received 'call_end.*result=0'; do
	must "a trace of each call: $point" test "$(trace 1 "ssi_$point")" -ge 20
done
before=$(trace 1 ssi_call_end)
call 1 'absent node=2' >/dev/null
expect "a call that fails has its trace" "$(trace 1 'ssi_call_end.*result=-95')" 1
expect "one alone" "$(trace 1 ssi_call_end)" $((before + 1))
on 1 sh -c 'nc 10.83.0.1 7083 </dev/null' >/dev/null 2>&1 || true
within 5 "a refusal has its trace" eval '[[ $(trace 1 "ssi_refusal.*peer=0") == 1 ]]'
on 1 sh -c 'echo 0 >/sys/kernel/tracing/events/ssi/enable; echo >/sys/kernel/tracing/trace'
call 1 'echo node=2 count=20' >/dev/null
expect "no traces when they are off" "$(trace 1 ssi_)" 0

expect "a service nobody has" "$(call 1 'absent node=2' | value error)" "no such service"
expect "another version" "$(call 1 'version node=2' | value error)" \
	"no such version of the service"
expect "another operation" "$(call 1 'unknown node=2' | value error)" "no such operation"
expect "a request that is dropped" "$(call 1 'drop node=2' | value error)" abandoned
expect "this node itself" "$(call 1 'echo node=1' 2>&1 | grep -c 'No route to host')" 1

expect "three levels of calls" "$(call 1 'nest node=2 depth=3' | value result)" 3
expect "a fourth is refused (ELOOP)" "$(call 1 'nest node=2 depth=4' | value result)" -40

expect "a call that is cancelled" "$(call 1 'cancel node=2' | value error)" interrupted
expect "a call whose time is over" \
	"$(call 1 'sleep node=2 ms=60000 timeout_ms=50' | value error)" "timed out"
call 1 'defer node=2 timeout_ms=50' >/dev/null
expect "a request that was kept" "$(call 1 'release node=2' | value result)" 1

# Eight calls have all the credit; a ninth waits for some, in vain.
for _ in 1 2 3 4 5 6 7 8; do
	call 3 'defer node=1 timeout_ms=10' >/dev/null
done
expect "a call whose time is over before it had credit" \
	"$(call 3 'defer node=1 timeout_ms=50' | value error)" "timed out"
expect "it does not wait any more" "$(report 3 "calls: peer=1" waiting)" 0
expect "it never left" "$(call 2 'release node=1' | value result)" 8

result=$(call 1 'flood node=2 count=5000')
must "a flood is held back" test "$(value would_block <<<"$result")" -gt 0
expect "all of it that was taken is served" "$(value served <<<"$result")" \
	"$(value taken <<<"$result")"

# A signal: the writer is killed while it waits.
on 1 sh -c 'echo "sleep node=2 ms=60000" >/proc/cluster/ics_test & sleep 0.5; kill $!; wait $!' ||
	true
within 5 "nothing of a call is left when its caller is killed" \
	eval '[[ $(report 2 "calls: peer=1" served) == 0 && $(report 1 "calls: peer=2" made) == 0 ]]'

call 1 'sleep node=3 ms=60000' >"$TEST_DIR/down" &
within 5 "node 3 serves a call" eval '[[ $(report 3 "calls: peer=1" served) == 1 ]]'
ssi rm 3
wait $!
expect "a call ends with its node" "$(value error <"$TEST_DIR/down")" "the node went down"
expect "who is gone is no member" "$(call 1 'echo node=3' 2>&1 | grep -c 'No route to host')" 1
expect "others are still called" "$(call 1 'echo node=2 count=100' | value failed)" 0
