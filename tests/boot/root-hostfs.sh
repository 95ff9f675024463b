#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
#
# Two nodes use the same files of one host folder at once, until one dies.
#
#   node1 --- a folder (hostfs) --- node2

. "$(dirname "$0")/lib.sh"

# Programs of tests/boot/hostfs; each runs on both nodes in step.
PROGRAMS='data names locks fsx stress'

root=$TEST_DIR/root
sources=$(dirname "$0")/hostfs
# Without /proc and its like: the nodes make them, at the same time.
mkdir -p "$root"/{bin,tmp} "$TEST_DIR/outside"
echo secret >"$TEST_DIR/outside/secret"
cp "$SSI_HOME/busybox" "$root/bin/busybox"
for applet in sh cat ls mkdir ping timeout; do ln -s busybox "$root/bin/$applet"; done
for program in $PROGRAMS; do
	gcc -static -O2 -Wall -o "$root/bin/$program" "$sources/$program.c" ||
		fail "$program does not compile"
done

# Runs a program on both nodes; both must succeed.
on_both() {
	local program=$1 status=0 first
	mkdir -p "$root/tmp/$program"
	on 1 "/bin/$program" 1 "/tmp/$program" "$TEST_DIR/outside" >"$TEST_DIR/$program.1" 2>&1 &
	first=$!
	on 2 "/bin/$program" 2 "/tmp/$program" "$TEST_DIR/outside" >"$TEST_DIR/$program.2" 2>&1 ||
		status=$?
	wait "$first" || status=$?
	cat "$TEST_DIR/$program.1" "$TEST_DIR/$program.2"
	[ "$status" -eq 0 ] || fail "$program ended with $status"
	grep -q '^ok - ' "$TEST_DIR/$program.1" "$TEST_DIR/$program.2" || fail "$program checked nothing"
	if grep -h '^not ok' "$TEST_DIR/$program.1" "$TEST_DIR/$program.2"; then fail "$program"; fi
}

# Node 1 dies with locks that node 2 waits for.
inherits_locks() {
	local holder waiter
	mkdir -p "$root/tmp/died"
	on 1 /bin/locks hold /tmp/died >/dev/null 2>&1 &
	holder=$!
	on 2 timeout 60 /bin/locks wait /tmp/died >"$TEST_DIR/waiter" 2>&1 &
	waiter=$!
	within 20 "node 2 waits for a lock of node 1" test -e "$root/tmp/died/waiting"
	ssi rm 1
	within 5 "node 2 has all locks of the dead node" \
		grep '^ok - locks of a node that is killed are free' "$TEST_DIR/waiter"
	must "node 2 was right to wait" wait "$waiter"
	wait "$holder" || true
	ssi add 1
	rm "$root/tmp/died/held"
	on 1 timeout 1 /bin/locks hold /tmp/died || true
	must "node 1 is back and gets them" test -e "$root/tmp/died/held"
}

up 2 --root "$root"
for program in $PROGRAMS; do
	say "$program"
	on_both "$program"
done
say "death of a node"
inherits_locks
expect "nothing outside of the folder was touched" "$(ls "$TEST_DIR/outside")" secret
