#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
#
# Many who wait hold up nobody, and a node has files for so many.
#
#   node1: files --- node2: who uses them

. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/files/lib.sh"

READERS=600
FILES_MAX=4096

up 2 --mem 256M
put "1 2" crowd

say "who waits"
on 1 sh -c "mkfifo /tmp/fifo; exec 3<>/tmp/fifo 4</tmp/fifo
	onnode 2 /tmp/crowd wait $READERS <&4 >/tmp/out 3<&- 4<&- & exec 4<&-
	while [ ! -e /tmp/end ]; do usleep 10000; done; exec 3<&-; wait" &
crowd=$!
are_there() { [ "$(on 1 cat /tmp/out)" = waiting ]; }
within 30 "$READERS processes wait for a pipe of another node" are_there
sleep 1
expect "others are not held up" "$(on 1 sh -c 'echo text | onnode 2 cat')" text
on 1 touch /tmp/end
wait "$crowd"
expect "all of them are woken by its end" "$(on 1 tail -n 1 /tmp/out)" "$READERS of $READERS"

say "who is killed"
expect "has taken nothing" \
	"$(on 1 sh -c '{ until grep killed /tmp/taken; do usleep 10000; done >/dev/null 2>&1; echo text; } |
		onnode 2 /tmp/crowd taken >/tmp/taken; cat /tmp/taken')" "killed
5 text"

say "how many"
expect "as many files as a node has room for" \
	"$(on 1 /tmp/crowd files $((FILES_MAX - 10)) onnode 2 clusternode_num)" 2
refuses "one more is refused" "Too many open files in system" \
	on 1 /tmp/crowd files $((FILES_MAX + 1)) onnode 2 clusternode_num
expect "and what was refused is forgotten" \
	"$(on 1 /tmp/crowd files $((FILES_MAX - 10)) onnode 2 clusternode_num)" 2
