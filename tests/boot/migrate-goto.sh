#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
#
# A user moves processes, from any node: who may, what keeps one where it is, and what is
# said of it.
#
#   node1 (the processes) --- node2 (where they go) --- node3 (who asks)

. "$(dirname "$0")/lib.sh"

# Of each kind: the number goto gives, and what cantmove says.
REASONS='first EBUSY it has lost its first thread
users EBUSY it has threads of different users or rights
own EBUSY it has threads with open files or a working directory of their own
handlers EBUSY it shares its signal handlers with another process
space EBUSY it shares all its memory with another process
files EBUSY it shares its table of open files or its working directory with another process
folder EBUSY it shares its table of open files or its working directory with another process
vfork EBUSY it was made by vfork and has executed nothing yet
reaper EBUSY it adopts children of its descendants (PR_SET_CHILD_SUBREAPER)
tracer EBUSY it is traced, or traces another process
filter EBUSY it has a seccomp filter
namespace EXDEV it is in a container: in other namespaces
root EXDEV it has another root directory
ring EBUSY it uses io_uring
aio EOPNOTSUPP it uses asynchronous input and output (io_setup)
semaphore EBUSY it has operations of semop to be undone
deadline EBUSY it is of the policy SCHED_DEADLINE
timer EBUSY it has a timer (timer_create) of another process'\''s time, or for a thread that ended
shared EOPNOTSUPP it has memory that is shared, or may be
segment EOPNOTSUPP it has memory that is shared, or may be
device EOPNOTSUPP it has memory of a device
guard EOPNOTSUPP it has guards of madvise in its memory
future EOPNOTSUPP it has all memory it will get locked (mlockall)
lost ENOENT it has a working directory that was deleted, or is outside of the root
file EOPNOTSUPP its file 7 cannot be used from another node
set EOPNOTSUPP its file 8 is a set (epoll) that another process has, too, or watches what it has no number for
watched EOPNOTSUPP its file 9 is a set (epoll) that another process has, too, or watches what it has no number for
stopped EBUSY it is stopped
ended ESRCH it has ended'

said() { on "$1" cat "/proc/$2/cantmove"; }
goto() { on "$1" /tmp/bound goto "${@:2}"; }
nobodys() { on "$1" su -s /bin/sh nobody -c "${*:2}"; }
where() { on "${2:-3}" where_pid "$1"; }
# What is on standard error of a migrate that fails: stays NODE ARGUMENT...
stays() { on "$1" migrate "${@:2}" 2>&1 && echo "status 0"; }

# Starts a program that lasts: lasting NODE COMMAND... It says what it is, and then "end".
lasting() {
	on "$1" sh -c '"$@" >/tmp/lasts 2>&1 </dev/null & until grep -qx end /tmp/lasts; do usleep 2000; done
		sed -i "/^end\$/d" /tmp/lasts; cat /tmp/lasts' sh "${@:2}"
}

# Starts a process of a user, and says its number: sleeper NODE [USER].
sleeper() {
	on "$1" su -s /bin/sh "${2:-root}" -c \
		'sleep 1000 >/dev/null 2>&1 </dev/null & until grep -qs sleep /proc/$!/comm; do usleep 2000; done; echo $!'
}

up 3
gcc -static -O2 -Wall -Wextra -s -pthread -o "$TEST_DIR/bound" \
	"$(dirname "$0")/migrate/bound.c" || fail "bound.c does not compile"
for node in 1 2 3; do
	ssi exec "$node" -- sh -c 'cat >/tmp/bound && chmod 755 /tmp/bound' <"$TEST_DIR/bound"
done

say "what keeps a process"
lasting 1 /tmp/bound reasons >"$TEST_DIR/kinds"
pid_of() { awk -v kind="$1" '$1 == kind { print $2 }' "$TEST_DIR/kinds"; }
while read -r kind error reason; do
	pid=$(pid_of "$kind")
	[ "${pid:-0}" -gt 0 ] || fail "$kind: there is no such process ($pid)"
	[ "$(said 1 "$pid")" = "$reason" ] || fail "$kind: '$(said 1 "$pid")', not '$reason'"
	[ "$(said 3 "$pid")" = "$reason" ] || fail "$kind: not the same on another node"
	for node in 1 3; do
		told=$(goto "$node" "$pid" 2)
		[ "$told" = "$error" ] || fail "$kind: from node $node $told, not $error"
	done
	[ "$(where "$pid")" = 1 ] || fail "$kind: it is on node $(where "$pid")"
	echo "ok: $kind"
done <<<"$REASONS"
pid=$(pid_of own)
expect "migrate says it" "$(stays 3 2 "$pid" || true)" \
	"migrate: process $pid cannot go to node 2: it has threads with open files or a working directory of their own"
free=$(pid_of nothing)
expect "who has none of it says nothing" "$(said 3 "$free")" ""

say "what is no node"
for node in 1 3; do
	for text in "" x 0 64 02 "2 " -1 +2 2222222222222222 22222222222222222 "2
2"; do
		told=$(goto "$node" "$free" "$text")
		[ "$told" = EINVAL ] || fail "'$text' from node $node: $told"
	done
	expect "node $node: one that is not up" "$(goto "$node" "$free" 5)" EHOSTDOWN
	expect "node $node: the one it is on" "$(goto "$node" "$free" 1)" 1
done
expect "it is where it was" "$(where "$free")" 1
refuses "migrate says that a node is not up" "node 5 is not up" on 3 migrate 5 "$free"
refuses "and that a process is not there" "there is no process 4194303" on 3 migrate 2 4194303

say "whose"
own=$(sleeper 1 nobody)
for node in 1 3; do
	expect "node $node: not another user's" "$(nobodys "$node" /tmp/bound goto "$free" 2)" EPERM
	refuses "node $node: nor is said what keeps it" "not permitted" \
		nobodys "$node" cat "/proc/$free/cantmove"
	expect "node $node: what counts is who opened the file" \
		"$(on "$node" /tmp/bound handed "$free" 2)" EPERM
	expect "node $node: not root of a user namespace" \
		"$(on "$node" unshare -Ur /tmp/bound goto "$own" 2)" EPERM
	refuses "node $node: migrate says it" "process $free is another user's" \
		nobodys "$node" migrate 2 "$free"
done
expect "it is where it was" "$(where "$free")" 1
for pid in 1 2; do
	expect "nobody moves process $pid of a node" "$(on 2 localview /tmp/bound goto "$pid" 3)" EPERM
done

say "they go"
nobodys 3 migrate 2 "$own"
expect "one's own" "$(where "$own")" 2
on 3 migrate 2 "$free"
expect "from a third node" "$(where "$free")" 2
other=$(sleeper 1 nobody)
expect "root moves all: two bytes are written" "$(goto 1 "$other" "2
")" 2
expect "another user's" "$(where "$other" 1)" 2
expect "what it left is not it" "$(on 1 localview cat "/proc/$free/cantmove")" \
	"it runs on another node"
expect "and goes nowhere" "$(on 1 localview /tmp/bound goto "$free" 3)" ESRCH
expect "it is where it went" "$(where "$free")" 2
on 1 migrate 3 "$own"
expect "from where it came on to a third" "$(where "$own" 1)" 3
nobodys 2 migrate 1 "$own"
expect "from where it was, home" "$(where "$own")" 1
expect "there it can go again" "$(said 2 "$own")" ""
nobodys 1 migrate 3 "$own"
expect "and does" "$(where "$own" 2)" 3
expect "a program by itself, and it has the file there" "$(on 1 /tmp/bound until 2)" "1
EINVAL
2"
# shellcheck disable=SC2016 # expands in the guest
expect "a shell" "$(on 1 sh -c 'echo 2 >/proc/$$/goto; read -r node </proc/$$/where; echo $node')" 2
expect "memory that is locked stays locked" "$(on 1 /tmp/bound locked 2)" "all: there 8 locked
some: there 4 locked on fault
1
all: there 8 locked
some: there 4 locked on fault"
parent=$(pid_of child)
expect "who has children" "$(said 3 "$parent"), $(goto 3 "$parent" 2)" ", 1"
child=$(on 1 ps -o pid,ppid | awk -v parent="$parent" '$2 == parent { print $1 }')
expect "and they are where they were" "$(where "$parent") $(where "$child")" "2 1"
born=$(on 2 sh -c 'onnode 1 sh -c "sleep 1000 & exec sleep 1001" >/dev/null 2>&1 </dev/null &
	until [ "$(cat /proc/$!/comm)" = sleep ]; do usleep 2000; done; echo $!')
expect "but not from where they were born" "$(said 3 "$born")" \
	"it has children that were born on this node, which is not its home"
expect "unless that is home" "$(goto 3 "$born" 3)" EBUSY
group=$(lasting 1 /tmp/bound group | cut -d' ' -f2)
on 3 migrate 2 "-$group"
expect "a group" "$(on 3 sh -c "ps -o pid,pgid | awk '\$2 == $group { print \$1 }' | xargs where_pid" | xargs)" "2 2"

say "one that does not come"
# It waits in the kernel for a node that does not answer.
on 1 sh -c 'echo 600000 >/proc/sys/ssi/clms/timeout_ms'
on 2 sh -c 'echo 600000 >/proc/sys/ssi/clms/timeout_ms'
far=$(sleeper 3)
ssi pause 3
# shellcheck disable=SC2016 # expands in the guest
pid=$(on 1 sh -c 'cat "/proc/$0/limits" >/tmp/limits 2>&1 </dev/null & echo $!' "$far")
within 5 "it waits" on 1 grep -q "State:.D" "/proc/$pid/status"
refuses "who asks does not wait for ever" "cannot go to node 2 now; try again" \
	on 1 timeout 30 migrate 2 "$pid"
ssi resume 3
within 5 "it goes on" on 1 grep -q "Max open files" /tmp/limits
