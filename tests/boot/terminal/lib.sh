# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0
#
# A terminal on a node, with somebody who types, beside ../lib.sh.

command -v script >/dev/null || { say "there is no script(1) to have a terminal by"; exit 77; }

KEYS=$TEST_DIR/keys
# What the terminal has shown.
SCREEN=$TEST_DIR/screen

# Starts a command with a terminal on a node; what is typed goes there:
# start_terminal NODE COMMAND... Sets terminal, the process of the host that has it.
start_terminal() {
	local node=$1
	shift
	: >"$SCREEN"
	rm -f "$KEYS"
	mkfifo "$KEYS"
	script -qfec "ssi exec -t $node -- ${*@Q}" "$SCREEN" <"$KEYS" >/dev/null 2>&1 &
	terminal=$!
	exec 7>"$KEYS"
}

# The same with a shell. Sets shell, its process.
start_shell() {
	start_terminal "$@"
	type_line 'echo the shell is $$'
	within 10 "a shell" grep -q "the shell is [0-9]" "$SCREEN"
	# shellcheck disable=SC2034 # the caller's
	shell=$(lines | sed -n 's/.*the shell is \([0-9]\)/\1/p' | tail -n 1)
}

# Starts a shell with a terminal on node 1.
open_terminal() { start_shell 1 sh; }

close_terminal() {
	exec 7>&-
	wait "$terminal" || true
}

press() { printf '%b' "$1" >&7; }
type_line() { printf '%s\n' "$1" >&7; }

# The lines of the screen.
lines() { tr -d '\r' <"$SCREEN"; }
is_on_screen() { lines | grep -x -- "$1" >/dev/null; }

# How many processes of a node run with these words: there_are NODE WORDS COUNT.
count() {
	local all
	all=$(on "$1" localview ps -o pid,args) && { grep -c "^ *[0-9]* $2\$" <<<"$all" || true; }
}
there_are() { [ "$(count "$1" "$2")" = "$3" ]; }
pid_of() { on "$1" localview ps -o pid,args | awk -v words="$2" '$0 ~ "[0-9] " words "$" { print $1; exit }'; }
