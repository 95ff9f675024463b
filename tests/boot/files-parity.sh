#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
#
# A program sees the same of its files on another node as at home.
#
#   node1: the files --- node2, node3: a program that uses them

. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/files/lib.sh"

up 3
put "1 2 3" use

say "file by file"
on 1 /tmp/use >"$TEST_DIR/home"
for words in "onnode 2" "onnode 2 onnode 3"; do
	# shellcheck disable=SC2086 # words
	on 1 /tmp/use $words >"$TEST_DIR/away"
	diff -u "$TEST_DIR/home" "$TEST_DIR/away" || fail "'$words' sees something else"
	echo "ok: by way of '$words'"
done

say "in a shell"
expect "a pipeline over three nodes" \
	"$(on 1 sh -c 'seq 1000 | onnode 2 sort -rn | onnode 3 head -n 1')" 1000
expect "output, and what goes wrong, to files of home" \
	"$(on 1 sh -c 'onnode 2 sh -c "echo out; echo err >&2" >/tmp/o 2>/tmp/e; cat /tmp/o /tmp/e')" \
	"out
err"
expect "a position is shared" \
	"$(on 1 sh -c 'seq 3 >/tmp/h; exec 3</tmp/h; read -r a <&3; onnode 2 sh -c "read -r x; echo \$x" <&3
		read -r c <&3; echo "$a$c"')" \
	"2
13"
expect "what is appended comes behind" \
	"$(on 1 sh -c 'exec 3>>/tmp/a; echo a >&3; onnode 2 sh -c "echo b >&3"; echo c >&3; cat /tmp/a')" \
	"a
b
c"
expect "/dev/stdout is the file of home" "$(on 1 onnode 2 sh -c 'echo text >/dev/stdout')" text
expect "links name the node, too" \
	"$(on 1 sh -c 'onnode 2 readlink /proc/self/fd/4 4>>/tmp/h')" "node1:/tmp/h"
expect "a writer whose reader has gone learns it" \
	"$(on 1 sh -c '{ onnode 2 yes; echo $? >/tmp/status; } | head -n 1; cat /tmp/status')" \
	"y
141"

say "bytes as they are"
sum_of() { on 1 sh -c "$1" | cut -d' ' -f1; }
on 1 sh -c 'head -c 5000001 /dev/urandom >/tmp/big'
sum=$(sum_of 'md5sum </tmp/big')
expect "read" "$(sum_of 'onnode 2 md5sum 3<>/tmp/big <&3')" "$sum"
expect "written" "$(sum_of 'onnode 2 cat </tmp/big >/tmp/copy; md5sum /tmp/copy')" "$sum"
expect "in a pipe" "$(sum_of 'cat /tmp/big | onnode 2 cat | onnode 3 md5sum')" "$sum"
