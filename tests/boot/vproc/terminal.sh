# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0
#
# A terminal on node 1 with a shell, beside ../lib.sh.

command -v script >/dev/null || { say "there is no script(1) to have a terminal by"; exit 77; }

KEYS=$TEST_DIR/keys
SCREEN=$TEST_DIR/screen

# Starts a shell with a terminal on node 1; what is typed goes there.
open_terminal() {
	: >"$SCREEN"
	rm -f "$KEYS"
	mkfifo "$KEYS"
	script -qfec "ssi exec -t 1 -- sh" "$SCREEN" <"$KEYS" >/dev/null 2>&1 &
	terminal=$!
	exec 7>"$KEYS"
	type_line 'echo the shell is $$'
	within 10 "a shell" grep -q "the shell is [0-9]" "$SCREEN"
	# shellcheck disable=SC2034 # the caller's
	shell=$(tr -d '\r' <"$SCREEN" | sed -n 's/^the shell is //p' | tail -n 1)
}

close_terminal() {
	exec 7>&-
	wait "$terminal" || true
}

press() { printf '%b' "$1" >&7; }
type_line() { printf '%s\n' "$1" >&7; }

# How many processes of a node run with these words: there_are NODE WORDS COUNT.
count() { on "$1" localview ps -o pid,args | grep -c "^ *[0-9]* $2\$" || true; }
there_are() { [ "$(count "$1" "$2")" = "$3" ]; }
pid_of() { on "$1" localview ps -o pid,args | awk -v words="$2" '$0 ~ "[0-9] " words "$" { print $1; exit }'; }
is_on_screen() { tr -d '\r' <"$SCREEN" | grep -x -- "$1" >/dev/null; }
