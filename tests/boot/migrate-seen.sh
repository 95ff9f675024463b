#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
#
# What moves can be seen: counters, the last moves, those under way, tracepoints.
#
#   node1 (the processes) --- node2 (where they go) --- node3 (who asks and reads)

. "$(dirname "$0")/lib.sh"

# What node 1 says, read on a node: report NODE.
report() { on "$1" cat /proc/cluster/node1/migrations; }
# The last move of a process, as node 1 has it: last PID.
last() { report 3 | grep "^move: .* pid=$1 " | tail -n 1; }
# A value of a line: value NAME <LINE.
value() { sed -n "s/.* $1=\([^ ]*\).*/\1/p"; }
# The words behind the last name.
reason() { sed -n 's/.* reason=//p'; }
# A counter of node NODE: counter NODE LINE NAME.
counter() { on "$1" grep "^$2:" /proc/cluster/migrations | value "$3"; }
# Starts a process that lasts, and says its number: sleeper [USER [COMMAND IN FRONT]].
sleeper() {
	on 1 su -s /bin/sh "${1:-root}" -c \
		"${*:2} sleep 1000 >/dev/null 2>&1 </dev/null &
		until grep -qsx sleep /proc/\$!/comm; do usleep 2000; done; echo \$!"
}

up 3

say "nothing moved yet"
expect "no move is counted" "$(counter 1 moves started)" 0
expect "none is shown" "$(report 3 | grep -c '^move:' || true)" 0
for node in 1 2 3; do
	on "$node" sh -c 'mount -t tracefs tracefs /sys/kernel/tracing &&
		for point in /sys/kernel/tracing/events/ssi/ssi_migrate_*; do echo 1 >$point/enable; done'
done
# Lines of a node's trace: trace NODE PATTERN.
trace() { on "$1" grep -c "$2" /sys/kernel/tracing/trace || true; }

say "one that goes"
pid=$(sleeper nobody)
on 3 su -s /bin/sh nobody -c "migrate 2 $pid"
line=$(last "$pid")
for pair in state=done kind=move comm=sleep from=1 to=2 uid=65534 errno=0; do
	expect "${pair%=*}" "$(value "${pair%=*}" <<<"$line")" "${pair#*=}"
done
expect "who asked is a process of node 3" "$(($(value by <<<"$line") >> 16))" 3
for name in pages bytes resident capture_us transfer_us commit_us pause_us total_us; do
	must "$name is more than none" test "$(value "$name" <<<"$line")" -gt 0
done
phases=$(($(value capture_us <<<"$line") + $(value transfer_us <<<"$line") + $(value commit_us <<<"$line")))
expect "the pause is all of its phases" "$(value pause_us <<<"$line")" "$phases"
expect "the whole is that and the wait" "$(value total_us <<<"$line")" \
	$((phases + $(value wait_us <<<"$line")))
must "pages are bytes of the whole" test "$(value bytes <<<"$line")" -gt $(($(value pages <<<"$line") * 4096))
expect "it left node 1" "$(counter 1 departures left)" 1
expect "and arrived on node 2" "$(counter 2 arrivals arrived)" 1
expect "each node reads the same" "$(report 1)" "$(report 2)"
expect "a node's own are those of its folder" "$(on 1 cat /proc/cluster/migrations)" "$(report 3)"
for point in "request: pid=$pid node=2" "captured: pid=$pid node=2 us=" "sent: pid=$pid bytes=" \
	"held: pid=$pid node=2 us=" "committed: pid=$pid node=2 us="; do
	must "node 1 traces $point" test "$(trace 1 "ssi_migrate_$point")" -ge 1
done
expect "node 2 traces that it arrives" "$(trace 2 "ssi_migrate_arrived: pid=$pid from=1 home=1")" 1

say "it goes on, and home"
on 1 migrate 3 "$pid"
expect "from node 2 to a third" "$(counter 2 departures went_on)" 1
on 1 migrate 1 "$pid"
expect "from node 3 home" "$(counter 3 departures went_home)" 1
expect "where it came" "$(counter 1 arrivals came_home)" 1
expect "which is traced" "$(trace 1 "ssi_migrate_arrived: pid=$pid from=3 home=1")" 1

say "those that stay"
kept=$(sleeper root unshare -m)
refuses "one in a container" "in a container" on 1 migrate 2 "$kept"
line=$(report 3 | grep '^move: .*state=refused' | tail -n 1)
expect "its words" "$(reason <<<"$line")" "it is in a container: in other namespaces"
expect "its number" "$(value errno <<<"$line")" 18
expect "such are counted apart" "$(report 3 | grep '^stayed:.*in a container' | value count)" 1
expect "and together" "$(counter 1 moves refused)" 1
refuses "to no node" "not up" on 1 migrate 5 "$pid"
expect "which failed" "$(last "$pid" | value state)" failed
expect "in words" "$(last "$pid" | reason)" "the node is not in the cluster, or died meanwhile"
must "it is traced" test "$(trace 1 "ssi_migrate_failed: pid=$pid node=5 error=-112")" = 1

say "forks and programs"
on 1 onnode 2 true
expect "a program" "$(counter 1 programs "done")" 1
refuses "one that is not there" "not found" on 1 onnode 2 /no/such
must "which failed" grep -q 'state=failed kind=program .* errno=2 ' <(report 1)

say "a name is one word"
for node in 1 2; do on "$node" cp /bin/busybox "/tmp/a b"; done
# shellcheck disable=SC2016 # expands in the guest
pid=$(on 1 sh -c '(exec -a sleep "/tmp/a b" 1000 >/dev/null 2>&1 </dev/null & echo $!)')
within 5 "it runs" on 1 grep -q "^a b" "/proc/$pid/comm"
on 1 migrate 2 "$pid"
expect "with a space" "$(last "$pid" | value comm)" 'a\x20b'

say "who moves it can be told"
be_patient 3
pid=$(sleeper)
told=$(on 3 migrate -v 2 "$pid")
must "how much and how long" grep -qE \
	"^process $pid is on node 2: [0-9.]+ MiB sent, stood still for [0-9.]+ ms of [0-9.]+$" <<<"$told"
expect "one that is there" "$(on 3 migrate -v 2 "$pid")" "process $pid is on node 2"
on 3 migrate 1 "$pid"
# Nothing of it is sent before it stands still.
on 1 sh -c 'echo stop >/proc/sys/ssi/migrate/mode'
ssi pause 2
# shellcheck disable=SC2016 # expands in the guest
on 1 sh -c 'migrate -v 2 $0 >/tmp/told 2>&1 </dev/null & echo $! >/tmp/mover' "$pid"
within 5 "it is under way" eval '[[ $(last "$pid") == *state=transfer* ]]'
within 5 "which is told" on 1 grep -q "^process $pid: 0.0 of [0-9.]* MiB, 0.0 MiB/s" /tmp/told
on 1 sh -c 'kill $(cat /tmp/mover)'
within 5 "who asks can be interrupted" on 1 sh -c '! kill -0 $(cat /tmp/mover)'
expect "the process is on its way all the same" "$(last "$pid" | value state)" transfer
ssi resume 2
is_over() { [ "$(last "$pid" | value state)" = "done" ]; }
within 10 "and arrives" is_over
expect "where it was to go" "$(on 1 where_pid "$pid")" 2
on 3 kill "$pid"
within 5 "it is as ever" is_gone 3 "$pid"

say "it is bounded"
pid=$(sleeper)
# shellcheck disable=SC2016 # expands in the guest
on 1 sh -c 'n=20; while [ $((n -= 1)) -ge 0 ]; do migrate 2 $0 && migrate 1 $0 || exit; done' "$pid"
# shellcheck disable=SC2016 # expands in the guest
on 1 sh -c 'n=40; while [ $((n -= 1)) -ge 0 ]; do echo 9 >/proc/$0/goto; done' "$pid" 2>/dev/null ||
	true
expect "the last 32 are kept" "$(report 3 | grep -c '^move:')" 32
expect "nothing is under way" "$(report 3 | grep -cE 'state=(asked|capture|transfer|commit) ' || true)" 0

say "a node that is gone"
ssi rm 2
within 10 "node 2 is down" on 1 grep -q '^2: DOWN' /proc/cluster/nodes
refuses "says nothing" "down" on 1 cat /proc/cluster/node2/migrations
