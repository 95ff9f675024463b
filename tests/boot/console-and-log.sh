#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
#
# A node's console is a terminal; its log has the kernel's words.
#
#   host terminal --- supervisor --- node1

. "$(dirname "$0")/lib.sh"

up 1
must "the log begins with the kernel" grep -q 'Linux version' <(ssi log 1)
must "the log tells who the node is" grep -q 'ssi_ics: node 1 of cluster' <(ssi log 1)
expect "-n limits the lines" "$(ssi log -n 2 1 | wc -l)" 2

timeout 10 ssi log -f 1 >"$TEST_DIR/followed" &
follower=$!
on 1 sh -c 'echo marked-line >/dev/kmsg'
within 5 "-f follows" grep -q marked-line "$TEST_DIR/followed"
kill "$follower"
wait "$follower" 2>/dev/null || true

if command -v script >/dev/null; then
	typed() { sleep 1; printf 'echo con-$((40+2))\r'; sleep 2; printf '\035'; sleep 1; }
	typed | script -qec "ssi console 1" /dev/null >"$TEST_DIR/typed" || true
	must "the console runs a shell" grep -q con-42 "$TEST_DIR/typed"
fi

say "a flood"
on 1 sh -c 'i=0; while [ $i -lt 30000 ]; do echo flood line $i >/dev/kmsg; i=$((i+1)); done'
kept=$(du -sk "$SSI_RUN" | cut -f1)
must "a flood does not fill the disk ($kept KiB)" test "$kept" -lt 32768
must "the node lives" on 1 true
