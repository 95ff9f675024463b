#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
#
# Nobody may do on another node what is refused at home, nor to somebody else.
#
#   node1 (who asks) --- node2 (the processes) --- node3

. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/vproc/lib.sh"

# A user without rights.
NOBODY=65534
# What a caller in a user namespace may read of an own process outside, as a stranger may.
PLAIN='stat status cmdline comm statm uid_map'
SECRET='environ auxv maps smaps syscall personality mem'

# Where a process has memory it writes to: address_of PID.
address_of() { on 1 awk '$2 == "rw-p" { print substr($1, 1, index($1, "-") - 1); exit }' "/proc/$1/maps"; }

# What nobody gets of process $pid in files: tried WHERE.
tried() { on 1 /tmp/rights try "$1" $NOBODY "$pid" "$(address_of "$pid")"; }

# A process of nobody in a user namespace of its own: boxed NODE.
boxed() {
	on "$1" su -s /bin/sh nobody -c \
		'unshare -U sleep 1000 >/dev/null 2>&1 & until grep -qs sleep /proc/$!/comm; do usleep 2000; done; echo $!'
}

# Nice values: nice_of NODE PID.
nice_of() { on "$1" localview sed 's/.*) //' "/proc/$2/stat" | cut -d' ' -f17; }

# Whose nice value is NICE of what no other node may name: private_with NODE NICE.
private_with() {
	on "$1" localview sh -c 'cat /proc/[0-9]*/stat 2>/dev/null; true' | sed 's/ (.*) / /' |
		awk -v nice="$2" -v is_init="$(($1 == init))" '$18 == nice && !($1 == 1 && is_init) &&
			($1 < 65536 || int($8 / 2097152) % 2)'
}

up 3
put "1 2 3" rights stale target send
be_patient 3
init=$(on 1 sed -n 's/^init //p' /proc/cluster/services)

say "a user namespace"
for node in 1 2; do
	target "$node" own $NOBODY
	pids[node]=$pid
done
for where in outside inside; do
	pid=${pids[1]}
	tried $where >"$TEST_DIR/own"
	pid=${pids[2]}
	tried $where >"$TEST_DIR/far"
	must "$where: there are results" test "$(grep -c = "$TEST_DIR/far")" -ge 30
	diff "$TEST_DIR/own" "$TEST_DIR/far" || fail "$where: another node's process differs"
	echo "ok: $where: as with a process of one's own node"
	[ "$where" = inside ] || mv "$TEST_DIR/far" "$TEST_DIR/outside"
done
for file in $SECRET; do
	must "$file may not be read from inside" grep -qE "^read $file = (EACCES|EPERM)" "$TEST_DIR/far"
done
for file in environ mem maps; do
	must "but from outside" grep -qx "read $file = 1" "$TEST_DIR/outside"
done
for file in $PLAIN; do
	must "$file may be read" grep -qE "^read $file = [01]$" "$TEST_DIR/far"
done
must "open files are not shown" grep -qE "^link fd/0 = EACCES" "$TEST_DIR/far"
must "memory is not written" grep -qE "^write mem = (EACCES|EPERM)" "$TEST_DIR/far"
for node in 1 2; do
	pid=$(boxed "$node")
	expect "users of another namespace are not mapped, node $node" \
		"$(on 1 /tmp/rights map inside $NOBODY "$pid")" "write uid_map = EPERM"
	expect "they have none yet" "$(on 1 cat "/proc/$pid/uid_map")" ""
	expect "but by its owner" \
		"$(on 1 /tmp/rights map outside $NOBODY "$pid")" "write uid_map = 13"
	expect "now they have" "$(on 1 cat "/proc/$pid/uid_map" | xargs)" "$NOBODY $NOBODY 1"
done

say "a session"
sent() { on "$1" setsid /tmp/send "$2" "$3" "$4" | sed -n 's/.* = //p'; }
pid=$(on 2 sh -c 'sleep 1000 >/dev/null 2>&1 & echo $!')
for pid in "$pid" 1; do
	expect "$pid has no session" "$(on 1 awk '{ print $6 }' "/proc/$pid/stat")" 0
	for node in 1 2 3; do
		for signal in 15 18; do
			expect "signal $signal to it, from node $node" "$(sent "$node" 1000 "$pid" $signal)" EPERM
		done
	done
done
target 2 session 1000
for node in 1 3; do
	on "$node" kill -STOP "$pid"
	within 5 "it is stopped" eval '[ "$(on 1 awk "{ print \$3 }" "/proc/$pid/stat")" = T ]'
	expect "its user continues it, from node $node" "$(sent "$node" 1000 "$pid" 18)" 0
	within 5 "it goes on" eval '[ "$(on 1 awk "{ print \$3 }" "/proc/$pid/stat")" = S ]'
done
expect "another user does not" "$(sent 1 1001 "$pid" 18)" EPERM

say "all processes of a user"
for node in 1 2 3; do
	target "$node" nice 1000
	users[node]=$pid
	target "$node" other 1001
	others[node]=$pid
	target "$node" root
	roots[node]=$pid
	expect "nothing that is private to node $node has the value that is set" "$(private_with "$node" 7)" ""
done
on 1 sh -c 'echo nice:x:1000:1000::/:/bin/sh >>/etc/passwd'
on 1 renice -n 9 -u nice
for node in 1 2 3; do
	expect "it is nicer on node $node" "$(nice_of "$node" "${users[node]}")" 9
	expect "another user's is not" "$(nice_of "$node" "${others[node]}")" 0
	expect "root's is not" "$(nice_of "$node" "${roots[node]}")" 0
done
on 1 renice 0 -u nice
expect "and as it was" "$(nice_of 3 "${users[3]}")" 0
on 1 renice 7 -u root
for node in 2 3; do
	expect "root's is nicer on node $node" "$(nice_of "$node" "${roots[node]}")" 7
	expect "a user's is not" "$(nice_of "$node" "${users[node]}")" 0
	expect "nothing that is private to node $node is" "$(private_with "$node" 7)" ""
done
expect "root's here, too" "$(nice_of 1 "${roots[1]}")" 7
on 1 renice 0 -u root
expect "and as it was" "$(nice_of 2 "${roots[2]}")" 0

say "long words"
pid=${users[2]}
on 1 sh -c "echo 44 >/proc/$pid/oom_score_adj"
for file in oom_score_adj comm coredump_filter; do
	for bytes in 1537 1600 2048 4096; do
		expect "$bytes bytes are too many for $file" \
			"$(on 1 /tmp/rights write "/proc/$pid/$file" "$bytes")" "write = EINVAL"
	done
done
expect "nothing of them is written" "$(on 3 cat "/proc/$pid/oom_score_adj" "/proc/$pid/comm" | xargs)" \
	"44 target"
pid=$(boxed 2)
expect "a map of users is not cut" "$(on 1 /tmp/rights write "/proc/$pid/uid_map" 1600)" "write = EINVAL"

say "a number that is given again"
words_are() { [ "$(on 1 cat "/proc/$old/environ" | tr -d '\0')" = "WHO=$1" ]; }
old=$(on 2 sh -c '/tmp/stale is WHO=old >/tmp/old 2>&1 </dev/null & until grep -s . /tmp/old; do usleep 2000; done')
within 5 "there is a process" words_are old
on 1 sh -c "/tmp/stale keep $old /tmp/go >/tmp/kept 2>&1 </dev/null &"
within 5 "its files are open" on 1 grep -qx ready /tmp/kept
on 2 kill -KILL "$old"
within 5 "it ends" is_gone 1 "$old"
on 2 sh -c "/tmp/stale again $old WHO=new >/dev/null 2>&1 </dev/null"
within 5 "another one has its number" words_are new
on 1 touch /tmp/go
within 5 "all is used" on 1 grep '^list fd' /tmp/kept
on 1 cat /tmp/kept | grep -v '^ready' >"$TEST_DIR/kept"
expect "that is enough" "$(wc -l <"$TEST_DIR/kept")" 13
expect "nothing of it is the new one's" "$(grep -vE ' = (ENOENT|ESRCH)$' "$TEST_DIR/kept")" ""
expect "which is as it was" "$(on 2 cat "/proc/$old/oom_score_adj")" 0
