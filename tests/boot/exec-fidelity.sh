#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
#
# `ssi exec` behaves like the command itself.
#
#   host --- supervisor --- node1

. "$(dirname "$0")/lib.sh"

BULK_BYTES=$((100 << 20))
AT_ONCE=50

status_of() {
	local status=0
	"$@" >/dev/null 2>&1 || status=$?
	echo "$status"
}

up 1

expect "exit status 0" "$(status_of on 1 true)" 0
expect "exit status 42" "$(status_of on 1 sh -c 'exit 42')" 42
expect "exit status 255" "$(status_of on 1 sh -c 'exit 255')" 255
expect "a signal's status" "$(status_of on 1 sh -c 'kill -TERM $$')" 143
expect "a command that is not there" "$(status_of on 1 no-such-command)" 127
expect "a file that is no program" "$(status_of on 1 /etc/passwd)" 126
expect "a node that is not there" "$(status_of on 9 true)" 125

expect "words stay words" "$(on 1 printf '<%s>' 'a b' '' '$HOME' "it's" '*')" \
	"<a b><><\$HOME><it's><*>"
expect "stderr is apart" "$(on 1 sh -c 'echo out; echo err >&2' 2>/dev/null)" out
expect "stdout is apart" "$(on 1 sh -c 'echo out; echo err >&2' 2>&1 >/dev/null)" err
expect "input passes" "$(echo hello | ssi exec 1 -- cat)" hello
expect "no input is an end" "$(on 1 wc -c | tr -d ' ')" 0
expect "the working directory" "$(ssi exec 1 --cwd /proc -- pwd </dev/null)" /proc
expect "no signal is blocked" "$(on 1 awk '/^SigBlk:/ { print $2 }' /proc/self/status)" \
	0000000000000000
expect "the priority" "$(on 1 awk '{ print $19 }' /proc/self/stat)" 0
expect "the environment" "$(ssi exec 1 --env A=b -- sh -c 'echo $A' </dev/null)" b

all_bytes() { for byte in $(seq 0 255); do printf "\\x$(printf %x "$byte")"; done; }
expect "every byte passes" "$(all_bytes | ssi exec 1 -- cat | md5sum)" "$(all_bytes | md5sum)"

say "$BULK_BYTES bytes both ways"
head -c "$BULK_BYTES" /dev/urandom >"$TEST_DIR/bulk"
expect "bulk comes back as it went" \
	"$(ssi exec 1 -- cat <"$TEST_DIR/bulk" | md5sum)" "$(md5sum <"$TEST_DIR/bulk")"
rm "$TEST_DIR/bulk"

say "$AT_ONCE at once"
for number in $(seq "$AT_ONCE"); do
	(on 1 sh -c "sleep 1; echo $number; exit $number" >"$TEST_DIR/out.$number" ||
		echo "$?" >"$TEST_DIR/status.$number") &
done
wait
for number in $(seq "$AT_ONCE"); do
	[ "$(cat "$TEST_DIR/out.$number" "$TEST_DIR/status.$number")" = "$number
$number" ] || fail "command $number of $AT_ONCE"
done
echo "ok: $AT_ONCE at once keep apart"

say "more than a node takes"
AT_ONCE_MAX=200
sleepers=()
for _ in $(seq "$AT_ONCE_MAX"); do
	ssi exec -n 1 -- sleep 1000 >/dev/null 2>>"$TEST_DIR/refused" &
	sleepers+=($!)
done
# Whether so many run, or one of them is not to run at all.
all_sleep() { ssi status --json | grep -E "\"execs\": *$AT_ONCE_MAX\b" || test -s "$TEST_DIR/refused"; }
within 30 "$AT_ONCE_MAX run at once" all_sleep
expect "none of them is refused" "$(cat "$TEST_DIR/refused")" ""
refuses "one more" "$AT_ONCE_MAX commands run" timeout 10 ssi exec -n 1 -- true
kill "${sleepers[@]}"
wait "${sleepers[@]}" || true
within 10 "room again" ssi exec -n 1 -- true

say "a reader that leaves"
expect "the command's output ends with its reader" \
	"$(timeout 20 ssi exec 1 -- yes </dev/null | head -n 2)" "y
y"
must "input nobody reads does not block output" \
	timeout 20 sh -c 'yes | ssi exec 1 -- sh -c "head -c 10000000 /dev/zero" | wc -c | grep 10000000'

say "signals"
ssi exec 1 -- sh -c 'trap "exit 7" TERM; echo up; while :; do sleep 0.1; done' \
	</dev/null >"$TEST_DIR/trap" &
pid=$!
within 10 "the command runs" grep -q up "$TEST_DIR/trap"
kill -TERM "$pid"
status=0
wait "$pid" || status=$?
expect "SIGTERM reaches the command, its answer comes back" "$status" 7

ssi exec 1 -- sleep 1234 </dev/null &
pid=$!
sleeps() { on 1 sh -c 'ps | grep "[s]leep 1234"' >/dev/null; }
within 10 "the sleeper runs" sleeps
kill -KILL "$pid"
wait "$pid" 2>/dev/null || true
no_sleeper() { ! sleeps; }
within 20 "a client that dies takes its command along" no_sleeper

say "a terminal"
in_terminal() { script -qec "$1" /dev/null </dev/null | tr -d '\r'; }
if command -v script >/dev/null; then
	must "-t gives a terminal" grep -q '/dev/pts/' <(in_terminal "ssi exec -t 1 -- tty")
	must "without -t there is none" grep -q 'not a tty' <(on 1 tty || true)
	must "the size passes" grep -q '40 100' \
		<(in_terminal "stty rows 40 cols 100; ssi exec -t 1 -- stty size")
fi
