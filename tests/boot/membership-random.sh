#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
#
# Nodes die and come back at random; all that live always read the same history.
#
#   node1 --- switch --- node2 ... node5      any of them, also several at once
#
# SSI_ROUNDS: how many rounds; as many as fit 40 seconds without it.
# SSI_SEED: what chance is drawn from.

. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/membership/lib.sh"

NODES=5
SECONDS_MAX=40

seed=${SSI_SEED:-$RANDOM$RANDOM}
RANDOM=$seed
say "seed $seed (SSI_SEED=$seed repeats the choices)"

# Those that live, and those that do not, a word a node.
living=$(seq -s ' ' "$NODES")
dead=

# Some of the words given, at least one and all but the last of MOST: pick COUNT WORDS...
pick() {
	local count=$1 words index
	shift
	words=("$@")
	while [ "$count" -gt 0 ] && [ "${#words[@]}" -gt 0 ]; do
		index=$((RANDOM % ${#words[@]}))
		picked+=("${words[index]}")
		unset "words[index]"
		words=("${words[@]}")
		count=$((count - 1))
	done
}

without() { comm -23 <(printf '%s\n' $1 | sort) <(printf '%s\n' $2 | sort) | sort -n | xargs; }

# Kills one to all but one at once, the coordinator often among them.
kill_some() {
	local count picked=()
	# shellcheck disable=SC2206 # a word a node
	local words=($living)
	[ "${#words[@]}" -gt 1 ] || return 0
	count=$((1 + RANDOM % (${#words[@]} - 1)))
	pick "$count" "${words[@]}"
	say "round $round: nodes ${picked[*]} die"
	ssi rm "${picked[@]}"
	living=$(without "$living" "${picked[*]}")
	dead="$dead ${picked[*]}"
}

# Brings some back, all at once; half of the time another dies meanwhile.
add_some() {
	local picked=() node pids=() victim=() words
	# shellcheck disable=SC2086 # a word a node
	pick $((1 + RANDOM % NODES)) $dead
	[ "${#picked[@]}" -gt 0 ] || return 0
	say "round $round: nodes ${picked[*]} come back"
	for node in "${picked[@]}"; do
		ssi add "$node" &
		pids+=($!)
	done
	# shellcheck disable=SC2206
	words=($living)
	if [ "${#words[@]}" -gt 1 ] && [ $((RANDOM % 2)) = 0 ]; then
		victim=("${words[RANDOM % ${#words[@]}]}")
		sleep "0.$((RANDOM % 4))"
		say "round $round: meanwhile node ${victim[*]} dies"
		ssi rm "${victim[@]}"
	fi
	for node in "${pids[@]}"; do wait "$node" || fail "a node did not come back (seed $seed)"; done
	living=$(without "$living ${picked[*]}" "${victim[*]:-}")
	dead=$(without "$dead ${victim[*]:-}" "${picked[*]}")
}

up "$NODES" --mem 64M
round=0
while [ "$round" -lt "${SSI_ROUNDS:-1000}" ]; do
	[ -n "${SSI_ROUNDS:-}" ] || [ "$SECONDS" -lt "$SECONDS_MAX" ] || break
	round=$((round + 1))
	kill_some
	# Half of the time the others have not agreed on it when the next thing happens.
	# shellcheck disable=SC2086 # a word a node
	if [ $((RANDOM % 2)) = 0 ]; then settles 15 $living; fi
	add_some
	# shellcheck disable=SC2086
	settles 15 $living
done
# shellcheck disable=SC2086
for node in $dead; do ssi add "$node"; done
# shellcheck disable=SC2046
settles 15 $(seq "$NODES")
must "it was tried ($round rounds, seed $seed)" test "$round" -ge 3
