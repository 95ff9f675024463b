#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
#
# An editor and a pager on another node have the terminal as on its own.
#
#   terminal --- node1 (a shell) --- node2: vi, less

. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/terminal/lib.sh"

# What the terminal has shown since WORDS were, but for how it was shown: since WORDS.
since() { tr -d '\r' <"$SCREEN" | sed -n "/$1/,\$p" | sed 's/\x1b\[[0-9;?]*[a-zA-Z]//g'; }
shows() { since "$1" | grep -iF -- "$2" >/dev/null; }
holds() { [ "$(on "$1" cat "$2")" = "$3" ]; }

# Writes a file of NODE with vi and looks at it with less, both by way of WORDS:
# edit NODE [WORDS].
edit() {
	local node=$1 words=${2:-} tag=at$1
	on "$node" sh -c 'rm -f /tmp/text; for n in $(seq 200); do echo "line $n of 200"; done >/tmp/long'
	type_line "stty rows 20 cols 70; echo vi-$tag; $words vi /tmp/text"
	within 10 "vi runs" there_are "$node" "vi /tmp/text" 1
	press 'ihello\nworldx\033'
	# What follows at once would be a key with it.
	within 10 "it takes keys as commands" shows "vi-$tag" "- /tmp/text [modified]"
	press 'x'
	press ':w\n'
	within 10 "it writes what was typed" holds "$node" /tmp/text $'hello\nworld'
	press '\032'
	within 10 "^Z stops it" shows "vi-$tag" "Stopped"
	type_line fg
	press 'ggddZZ'
	within 10 "it goes on, and ends" there_are "$node" "vi /tmp/text" 0
	must "with the file as it was left" holds "$node" /tmp/text world
	type_line "echo less-$tag; $words less /tmp/long"
	within 10 "less shows a page" shows "less-$tag" "line 19 of 200"
	press ' '
	within 10 "and the next" shows "less-$tag" "line 38 of 200"
	fails_shown "less-$tag" "line 200 of 200"
	press 'G'
	within 10 "and the last" shows "less-$tag" "line 200 of 200"
	press 'q'
	within 10 "and ends" there_are "$node" "less /tmp/long" 0
	type_line "echo over-$tag \$?"
	within 10 "the shell has its terminal again" is_on_screen "over-$tag 0"
}
fails_shown() { ! shows "$@" || fail "it shows all at once"; }

up 3
open_terminal
edit 1
edit 2 "onnode 2"
edit 3 "onnode 2 onnode 3"

say "their node dies"
type_line "onnode 2 vi /tmp/text"
within 10 "vi runs" there_are 2 "vi /tmp/text" 1
ssi rm 2
type_line "stty sane; echo after \$?"
within 10 "the shell goes on" is_on_screen "after 0"
type_line exit
close_terminal
