#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
#
# Files of a root both nodes have: read where the program is if nobody notices.

. "$(dirname "$0")/lib.sh"

root=$TEST_DIR/root
mkdir -p "$root"/{bin,tmp,root}
cp "$SSI_HOME/busybox" "$root/bin/busybox"
for applet in sh cat readlink md5sum mkdir mount umount cp rm; do
	ln -s busybox "$root/bin/$applet"
done
seq 10000 >"$root/numbers"
gcc -static -O2 -Wall -Wextra -s -pthread -I "$TEST_TOP/include/uapi" -o "$root/bin/forker" \
	"$(dirname "$0")/migrate/forker.c" -lm || fail "forker.c does not compile"

# What is open as 0 of a program on node 2, started so: input_of COMMAND ('$far' is it).
# shellcheck disable=SC2016 # expands in the guest
input_of() { on 1 sh -c 'far="onnode 2 readlink /proc/self/fd/0"; '"$1"; }

is_proxy() { [[ $1 == node1:/* ]]; }

up 2 --root "$root" --mem 256M

expect "a file that is read is opened there" "$(input_of 'exec $far </numbers')" /numbers
expect "it is the same" "$(on 1 sh -c 'exec onnode 2 md5sum </numbers')" "$(md5sum <"$root/numbers")"
expect "reading goes on where it was" \
	"$(on 1 sh -c 'exec </numbers; read -r first; exec onnode 2 sh -c "read -r next; echo \$next"')" 2
must "one with a shared offset stays at home" is_proxy "$(input_of '(read -r a; $far; true) </numbers')"
expect "so that others go on behind it" \
	"$(on 1 sh -c '(onnode 2 sh -c "read -r a"; read -r b; echo $b) </numbers')" 2
must "so does one that is written" is_proxy "$(input_of 'exec $far <>/numbers')"
must "so does one that has no name any more" is_proxy \
	"$(input_of 'cp /numbers /gone; exec </gone; rm /gone; exec $far')"
on 2 mkdir -p /other
on 2 mount -t tmpfs none /other
on 2 sh -c 'echo wrong >/other/file'
on 1 sh -c 'mkdir -p /other; umount /other 2>/dev/null; echo right >/other/file'
expect "one of the same name is not taken for it" "$(on 1 sh -c 'exec onnode 2 cat </other/file')" right
expect "a folder is the one with the same name" \
	"$(on 1 sh -c 'exec 5</numbers; exec 4</; exec onnode 2 readlink /proc/self/fd/4')" /

say "locks of a file that all nodes have"
gcc -static -O2 -Wall -Wextra -s -I "$TEST_TOP/include/uapi" -o "$root/tmp/locks" \
	"$(dirname "$0")/files/locks.c" ||
	fail "locks.c does not compile"
mkdir "$root/locks"
for nodes in "- - - - -" "- - - 2 1" "- 2 - - 1" "- 2 2 - -"; do
	on 1 sh -c "LOCKS=/locks /tmp/locks $nodes" >"$TEST_DIR/locks" ||
		fail "with $nodes: $(tail -n 1 "$TEST_DIR/locks")"
	[ -e "$TEST_DIR/home" ] || mv "$TEST_DIR/locks" "$TEST_DIR/home"
	[ ! -e "$TEST_DIR/locks" ] || diff -u "$TEST_DIR/home" "$TEST_DIR/locks" ||
		fail "with $nodes locks are others"
	echo "ok: $nodes"
done

say "memory of a child that is forked there"
for case in maps memory further; do
	here=$(on 1 /bin/forker 1 "$case")
	[ -n "$here" ] || fail "$case: it says nothing"
	expect "$case" "$(on 1 /bin/forker 2 "$case")" "$here"
done
must "its program is mapped" grep -q '^ r-xp/bin/forker$' <<<"$(on 1 /bin/forker 2 maps)"
