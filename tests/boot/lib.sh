# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0
#
# What every cluster test uses.
#
# A test sources this file, boots its cluster with `up`, claims things with
# `expect` and `must`, and is checked at its end: a BUG, WARNING, Oops or
# lockdep line of any node fails it, and so does anything left behind. A test
# of a fault names the lines it causes in ALLOWED_LOG (an extended expression).

set -euo pipefail

ALLOWED_LOG=${ALLOWED_LOG:-}
BAD_LOG='BUG|WARNING|Oops|INFO: |KASAN|UBSAN|Call Trace|Kernel panic'
BAD_LOG+='|unreferenced object|blocked for more than|Segfault with no mm|Bad page'

. "$(dirname "${BASH_SOURCE[0]}")/leaks/lib.sh"

# What a test makes outside of its own folder, to be removed at its end.
GARBAGE=()

# Boots a cluster: up [NODES] [option of ssi start...].
up() {
	local count=3
	[[ ! ${1:-} =~ ^[0-9]+$ ]] || count=$1
	say "boots $count nodes"
	ssi start "$@" --logs "$TEST_DIR/logs"
	note_state "$count"
}

# Runs a command on a node, without input: on NODE COMMAND...
on() {
	local node=$1
	shift
	ssi exec "$node" -- "$@" </dev/null
}

say() { echo "== $*"; }

fail() {
	echo "FAILED: $*" >&2
	exit 1
}

# Claims that two words are equal: expect CLAIM ACTUAL EXPECTED.
expect() {
	[ "$2" = "$3" ] || fail "$1: '$2', not '$3'"
	echo "ok: $1"
}

# Claims that a command succeeds: must CLAIM COMMAND...
must() {
	local claim=$1
	shift
	"$@" || fail "$claim (status $?: $*)"
	echo "ok: $claim"
}

# Claims that a command fails and says so: refuses CLAIM WORDS COMMAND...
refuses() {
	local claim=$1 words=$2 said status=0
	shift 2
	said=$("$@" 2>&1 </dev/null) || status=$?
	[ "$status" -ne 0 ] || fail "$claim: '$*' succeeded and said '$said'"
	[[ $said == *$words* ]] || fail "$claim: '$words' is not in '$said'"
	echo "ok: $claim"
}

# Waits for a command to succeed: within SECONDS CLAIM COMMAND...
within() {
	local seconds=$1 claim=$2 end
	shift 2
	end=$((SECONDS + seconds))
	until "$@" >/dev/null 2>&1; do
		[ "$SECONDS" -lt "$end" ] || fail "$claim: not within $seconds s ($*)"
		sleep 0.1
	done
	echo "ok: $claim"
}

# Whether a node says that a command fails there; one that says nothing does not:
# fails_on NODE COMMAND...
fails_on() {
	# shellcheck disable=SC2016 # expands in the guest
	[ "$(on "$1" sh -c '"$@" >/dev/null 2>&1 && echo no || echo yes' sh "${@:2}")" = yes ]
}

# Whether a node says that there is no such process: is_gone NODE PID.
is_gone() { fails_on "$1" test -e "/proc/$2"; }

# Whether a node reaches another's address: reaches FROM TO.
reaches() { on "$1" ping -c 1 -W 2 "10.83.0.$2" >/dev/null 2>&1; }

is_cut_off() { ! reaches "$@"; }

# Lets nodes 1 to COUNT wait for each other for ten minutes before they fence: a test
# of the network or of pauses, not of the membership. be_patient COUNT.
be_patient() {
	local node
	for node in $(seq "$1"); do
		on "$node" sh -c 'echo 600000 >/proc/sys/ssi/clms/timeout_ms'
	done
}

# One figure of the status: state_of NODE FIELD (a word of the JSON form).
state_of() {
	ssi status --json | tr -d ' \n' | grep -o "\"node\":$1,[^}]*" |
		grep -o "\"$2\":[^,]*" | head -n 1 | cut -d: -f2 | tr -d '"'
}

# How many processes a node says it has: processes_of NODE.
processes_of() {
	ssi status --json | tr -d ' \n' | sed "s/.*\"node\":$1,\"state\"//" |
		grep -o '"agent":[^}]*' | head -n 1 | grep -o '"processes":[0-9]*' | cut -d: -f2
}

# Processes that were made on these nodes since they booted: made NODE...
made() {
	local node sum=0 count
	for node; do
		count=$(on 1 awk '$1 == "processes" { print $2 }' "/proc/cluster/node$node/stat")
		sum=$((sum + count))
	done
	echo "$sum"
}

# Prints "PID COMMAND LINE" of each process whose command line has WORDS:
# processes WORDS.
processes() {
	local place line
	for place in /proc/[0-9]*; do
		line=$({ tr '\0' ' ' <"$place/cmdline"; } 2>/dev/null) || continue
		if [[ $line == *"$1"* ]]; then echo "${place#/proc/} $line"; fi
	done
}

# Processes that name this test's folder or work in it, but for the test itself.
leftovers() {
	local place
	processes "$TEST_DIR/" | grep -v 'tests/boot/' || true
	for place in /proc/[0-9]*; do
		if [[ $(readlink "$place/cwd" 2>/dev/null) == "$TEST_DIR"/* ]]; then
			echo "${place#/proc/} (a process that works in the test's folder)"
		fi
	done
}

nothing_is_left() { [ -z "$(leftovers)" ] && [ -z "$(ls -A "$SSI_RUN" 2>/dev/null)" ]; }

check_logs() {
	local found
	found=$(grep -HnE "$BAD_LOG" -r "$TEST_DIR/logs" 2>/dev/null |
		grep -vE "${ALLOWED_LOG:-^$}" || true)
	[ -z "$found" ] || { echo "$found"; fail "the kernel complained"; }
}

# Ends the test: finish [STATUS].
finish() {
	local status=${1:-$?}
	trap - EXIT
	trap '' INT TERM
	if [ "$status" -eq 0 ]; then (check_leaks) || status=1; fi
	ssi stop >/dev/null 2>&1 || true
	rm -rf "${GARBAGE[@]}"
	if [ "$status" -eq 0 ]; then
		(check_logs) || status=1
		(within 5 "nothing is left behind" nothing_is_left) || {
			leftovers
			ls -lR "$SSI_RUN"
			status=1
		}
	fi
	exit "$status"
}

trap finish EXIT
# A runner that is interrupted asks its tests to end, and not only once.
trap 'exit 130' INT
trap 'exit 143' TERM
