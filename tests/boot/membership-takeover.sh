#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
#
# A coordinator that dies at any message of a view change is replaced, and the change
# comes to the same end on all that live.
#
#   coordinator (dies) --- switch --- two members
#                               \---- one that dies, joins or freezes
#
# The setting ssi.clms.crash_before, of test kernels only, ends a node before its N-th
# message to the others or to the supervisor: every point of PREPARE, FENCE, COMMIT
# and of the step to ACTIVE, the middle of each broadcast among them.

. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/membership/lib.sh"

# More messages than a change of this cluster takes.
MESSAGES_MAX=80

# Kinds of messages: to other nodes, then to the supervisor.
PREPARE='kind 5 to node' COMMIT='kind 8 to node' ADMIT='kind 4 to node'
REPORT='kind 2 to the supervisor' FENCE='kind 4 to the supervisor'

is_over() { [ "$(state_of "$1" state)" = dead ]; }

is_over_or_settled() { is_over "$1" || are_settled "${members[@]}"; }

# Those of 1 to 4 that are not named: others NODE...
others() { comm -23 <(seq 4) <(printf '%s\n' "$@" | sort -n); }

arm() { on "$1" sh -c "echo $2 >/proc/sys/ssi/clms/crash_before"; }

# Lets all nodes live again.
restore() {
	local node pids=() pid
	for node; do
		ssi add "$node" &
		pids+=($!)
	done
	for pid in "${pids[@]}"; do wait "$pid" || fail "a node did not come back"; done
	settles 10 1 2 3 4
}

# A change under a coordinator that dies before its N-th message: dies_at N CHANGE.
# Fails when it had fewer to say. Sets words to what it did not say any more.
dies_at() {
	local message=$1 change=$2 coordinator moving members adding=''
	coordinator=$(coordinator_of 1)
	moving=$(others "$coordinator" | tail -n 1)
	mapfile -t members < <(others "$coordinator" "$moving")
	if [ "$change" = join ]; then
		ssi rm "$moving"
		settles 10 "$coordinator" "${members[@]}"
	fi
	arm "$coordinator" "$message"
	case $change in
	death) ssi rm "$moving" ;;
	freeze) ssi pause "$moving" ;;
	join)
		ssi add "$moving" &
		adding=$!
		members+=("$moving")
		;;
	esac
	members+=("$coordinator")
	within 20 "the change ends, or its coordinator" is_over_or_settled "$coordinator"
	if [ -n "$adding" ]; then wait "$adding" || fail "node $moving did not join"; fi
	if ! is_over "$coordinator"; then
		arm "$coordinator" 0
		return 1
	fi
	mapfile -t members < <(others "$coordinator")
	[ "$change" = join ] || mapfile -t members < <(others "$coordinator" "$moving")
	words=$(ssi log "$coordinator" | sed -n 's/.*ends on purpose before message [0-9]* of //p' |
		tail -n 1)
	say "$change: node $coordinator died before message $message, of $words"
	settles 20 "${members[@]}"
	# Mostly it is the lowest; on a slow host another candidate may be faster.
	must "one of those that live leads" one_of "$(coordinator_of "${members[0]}")" "${members[@]}"
	if [ "$change" = freeze ]; then ssi resume "$moving"; fi
	if [ "$change" = death ]; then restore "$coordinator" "$moving"; else restore "$coordinator"; fi
}

# one_of WORD WORD...: the first is among the others.
one_of() { case " ${*:2} " in *" $1 "*) ;; *) return 1 ;; esac; }

# Kills the coordinator at each message of a change, until there are no more or one
# after the one with the given words was reached: sweep CHANGE [WORDS].
sweep() {
	local change=$1 last=${2:-} message left=1
	said=
	for message in $(seq "$MESSAGES_MAX"); do
		dies_at "$message" "$change" || return 0
		said+="$words"$'\n'
		if [ -n "$last" ] && [[ $said == *$last* ]]; then
			[ "$left" -gt 0 ] || return 0
			left=$((left - 1))
		fi
	done
	[ -n "$last" ] || fail "$change: it takes more than $MESSAGES_MAX messages"
}

# Claims that the sweep went by a message at least so often: went_by COUNT WORDS.
went_by() {
	local count
	count=$(grep -c "$2" <<<"$said") || true
	must "among them were $count of $2" test "$count" -ge "$1"
}

up 4 --mem 64M
settles 10 1 2 3 4

sweep death
went_by 2 "$PREPARE"
went_by 2 "$COMMIT"
went_by 1 "$REPORT"
must "the whole change was gone through" are_settled 1 2 3
restore 4

sweep join
went_by 1 "$ADMIT"
went_by 2 "$PREPARE"
went_by 2 "$COMMIT"

for node in 1 2 3 4; do
	on "$node" sh -c 'cd /proc/sys/ssi/clms && echo 400 >suspect_ms && echo 1000 >timeout_ms'
done
sweep freeze "$FENCE"
went_by 1 "$FENCE"
