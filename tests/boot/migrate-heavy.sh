#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
#
# Processes with much memory move while they write to it.
#
# Each knows what it wrote to which page, and looks whether that is there, on every node and
# at its end. Then some are killed on their way, and so is the node they are on.
#
#   node1 (their home) --- node2 --- node3

. "$(dirname "$0")/lib.sh"

ROUTE=2,3,1
LONG=$(printf '2,3,%.0s' $(seq 200))

up 3 --mem 512M
gcc -static -O2 -Wall -Wextra -s -o "$TEST_DIR/heavy" "$(dirname "$0")/migrate/heavy.c" ||
	fail "heavy.c does not compile"
give() { ssi exec "$1" -- sh -c 'cat >/tmp/heavy && chmod 755 /tmp/heavy' <"$TEST_DIR/heavy"; }
for node in 1 2 3; do give "$node"; done

heavy() { on 1 timeout 100 /tmp/heavy "$@" 2>/dev/null | tail -n 1; }
set_mode() {
	local node
	for node in 1 2 3; do on "$node" sh -c "echo $1 >/proc/sys/ssi/migrate/mode"; done
}
# Memory of NODE that travelled, in pages: moved NODE WORD.
moved() { on "$1" sed "s/.*\\b$2=\\([0-9]*\\).*/\\1/" /proc/cluster/moved_memory; }

for mode in stop precopy; do
	say "in mode $mode"
	set_mode "$mode"
	for size in 1 16 128; do
		for case in rests writes works rearranges; do
			expect "$size MiB, $case" "$(heavy "$size" "$ROUTE" "$case")" sound
		done
	done
	expect "16 MiB, executes" "$(heavy 16 $ROUTE,$ROUTE executes)" sound
done

say "who rests has nearly all sent ahead, and who is told to stop nothing"
for mode in stop precopy; do
	set_mode "$mode"
	before=$(($(moved 1 fetched)))
	ahead=$(moved 2 kept)
	expect "64 MiB" "$(heavy 64 2 rests)" sound
	echo "fetched: $(($(moved 1 fetched) - before)), kept: $(($(moved 2 kept) - ahead))"
	case $mode in
	stop) must "all is fetched" test $(($(moved 1 fetched) - before)) -gt 14000 ;;
	precopy)
		must "all is there" test $(($(moved 2 kept) - ahead)) -gt 14000
		must "little is fetched" test $(($(moved 1 fetched) - before)) -lt 512
		;;
	esac
done
refuses "there is no other mode" "Invalid argument" \
	ssi exec 1 -- sh -c 'echo swiftly >/proc/sys/ssi/migrate/mode'

# How many pages a node has free.
free_on() { on "$1" awk '$1 == "MemFree:" { print $2 }' /proc/meminfo; }
# Whether a node has as much free as before, but for 16 MiB.
has_free() { [ "$(free_on "$1")" -gt $((free[$1] - 16384)) ]; }

# One with a long way begins; sets pid.
begin() {
	: >"$TEST_DIR/said"
	on 1 timeout 100 /tmp/heavy 64 "$LONG" works >"$TEST_DIR/said" 2>/dev/null &
	parent=$!
	within 10 "it runs" test -s "$TEST_DIR/said"
	pid=$(head -n 1 "$TEST_DIR/said")
	sleep "$1.$((RANDOM % 9))"
}
# Who has it moved finds that it is gone or did not go, and nothing else.
is_told() {
	wait "$parent" || true
	must "who has it moved is told" grep -Eq 'its end|goto' "$TEST_DIR/said"
	must "it found all as it left it" fails_to_find 'not what was written'
}
fails_to_find() { ! grep -q "$1" "$TEST_DIR/said"; }
have_it_back() {
	local node
	for node; do within 10 "node $node has its memory back" has_free "$node"; done
}

for node in 1 2 3; do free[node]=$(free_on "$node"); done
for mode in stop precopy; do
	set_mode "$mode"
	say "they are killed on their way, in mode $mode"
	for _ in 1 2 3 4; do
		begin 0
		on 1 kill -9 "$pid"
		is_told
	done
	have_it_back 1 2 3

	say "a node dies under them, in mode $mode"
	for victim in 2 3; do
		begin 1
		ssi rm "$victim"
		is_told
		on 1 kill -9 "$pid" 2>/dev/null || true
		have_it_back 1 $((5 - victim))
		ssi add "$victim" >/dev/null
		give "$victim"
		set_mode "$mode"
		free[victim]=$(free_on "$victim")
	done
done
