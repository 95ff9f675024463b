#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
#
# Who uses a socket of another node is known as itself, and may what it may.
#
#   node1: root's sockets --- node2, node3: a program that uses them

. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/files/lib.sh"

up 3
put "1 2 3" who

for user in 0 1000; do
	say "user $user"
	on 1 /tmp/who "$user" >"$TEST_DIR/home"
	grep -q '^who connects: it, user '"$user" "$TEST_DIR/home" || fail "it is not known at home"
	while read -r words; do
		# shellcheck disable=SC2086 # words
		on 1 /tmp/who "$user" $words >"$TEST_DIR/away"
		diff -u "$TEST_DIR/home" "$TEST_DIR/away" || fail "'$words' is somebody else"
		echo "ok: by way of '$words'"
	done <<-END
		onnode 2
		onnode 2 onnode 3
		onnode 2 sh -c \$@;true sh
	END
done
expect "one who opens no port below 1024 at home opens none from away" \
	"$(grep 'port 80' "$TEST_DIR/away")" "port 80: EACCES"
