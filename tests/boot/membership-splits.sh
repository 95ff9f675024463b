#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
#
# Of a cluster that is cut, exactly the side goes on that should, or nobody; healed, it
# is one again.
#
#   coordinator --- a  --x--  b --- c --- d
#
# Cut 2/3 and 3/2, 2/2/1, one way, and 2/2 of four nodes.

. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/membership/lib.sh"

# Milliseconds until a node is lost; short, for there are six cuts to wait for.
TIMEOUT_MS=1500

# A new life begins with the default of the kernel.
hasten() {
	local node
	for node; do on "$node" sh -c "echo $TIMEOUT_MS >/proc/sys/ssi/clms/timeout_ms"; done
}

# cut "NODE..." "NODE..." [OPTION]: nothing passes from the first to the second.
cut_between() {
	local near far
	for near in $1; do
		for far in $2; do ssi net cut ${3:+"$3"} "$near" "$far"; done
	done
}

are_fenced() {
	local node
	for node; do [ "$(state_of "$node" state)" = fenced ] || return 1; done
}

# State, boots and lives of nodes, as the supervisor has them: standing NODE...
standing() {
	local node
	for node; do
		echo "$node $(state_of "$node" state) $(state_of "$node" boots) $(state_of "$node" incarnation)"
	done
}

# Whether a node was fenced after an epoch, as another tells: has_left_fenced NODE TELLER EPOCH.
has_left_fenced() {
	on "$2" cat /proc/cluster/events |
		awk -v node="$1" -v epoch="$3" '$2 > epoch && $3 == node && $6 == "fenced"' |
		grep GOINGDOWN >/dev/null
}

# Those of all nodes that are not named: others NODE...
others() { comm -23 <(printf '%s\n' "${all[@]}") <(printf '%s\n' "$@" | sort) | sort -n | xargs; }

# Cuts, waits, heals: splits WHAT "WINNERS" "LOSERS" [FROM TO]. With FROM and TO only
# what those send to these is lost.
splits() {
	local what=$1 node coordinator before epoch lives winners losers
	read -ra winners <<<"$2"
	read -ra losers <<<"$3"
	say "$what: ${winners[*]} go on without ${losers[*]}"
	coordinator=$(coordinator_of "${winners[0]}")
	epoch=$(epoch_of "${winners[0]}")
	before=$(standing "${winners[@]}")
	lives=$(standing "${losers[@]}")
	if [ $# -gt 3 ]; then cut_between "$4" "$5" --one-way; else cut_between "$2" "$3"; fi
	within 15 "$what: the losers are fenced" are_fenced "${losers[@]}"
	settles 10 "${winners[@]}"
	expect "$what: nobody else was fenced" "$(standing "${winners[@]}")" "$before"
	must "$what: a later view" test "$(epoch_of "${winners[0]}")" -gt "$epoch"
	for node in "${losers[@]}"; do
		must "$what: node $node left because it was fenced" \
			has_left_fenced "$node" "${winners[0]}" "$epoch"
	done
	case " ${winners[*]} " in
	*" $coordinator "*)
		expect "$what: the coordinator stays" "$(coordinator_of "${winners[0]}")" "$coordinator"
		;;
	esac
	ssi net heal
	settles 20 "${all[@]}"
	expect "$what: healed, the winners live on" "$(standing "${winners[@]}")" "$before"
	while read -r node _ _ life; do
		must "$what: node $node is a new incarnation" \
			test "$(life_of "$node" "${winners[0]}")" -gt "$life"
	done <<<"$lives"
	hasten "${losers[@]}"
}

# Three parts, none of them half of all: all wait, and are one view again.
blocks() {
	local before view
	say "2/2/1: nobody goes on"
	before=$(standing "${all[@]}")
	view=$(view_of 1)
	cut_between "$1" "$2 $3"
	cut_between "$2" "$3"
	# Time for a fence that should not be: the timeout, half of it, and some more.
	sleep 4
	for node in "${all[@]}"; do
		expect "2/2/1: node $node has the same view" "$(view_of "$node")" "$view"
	done
	expect "2/2/1: nobody was fenced" "$(standing "${all[@]}")" "$before"
	must "2/2/1: status says why" grep "^the view cannot change: .* | .* | .*'ssi net heal'" <(ssi status)
	ssi net heal
	expect "2/2/1: healed, it says no such thing" "$(ssi status | grep -c 'cannot change' || true)" 0
	settles 20 "${all[@]}"
	# Time for a late loss to show.
	sleep 2
	settles 10 "${all[@]}"
	expect "2/2/1: healed, all live on" "$(standing "${all[@]}")" "$before"
	expect "2/2/1: in the same view" "$(view_of 1)" "$view"
}

all=(1 2 3 4 5)
up 5 --mem 64M
hasten "${all[@]}"

first=$(coordinator_of 1)
read -ra rest <<<"$(others "$first")"
splits "2/3, the coordinator in the two" "${rest[1]} ${rest[2]} ${rest[3]}" "$first ${rest[0]}"

first=$(coordinator_of 1)
read -ra rest <<<"$(others "$first")"
splits "3/2, the coordinator in the three" "$first ${rest[0]} ${rest[1]}" "${rest[2]} ${rest[3]}"

blocks "$first ${rest[0]}" "${rest[1]} ${rest[2]}" "${rest[3]}"

splits "one way, to the coordinator" "$(others "${rest[0]}")" "${rest[0]}" "${rest[0]}" "$first"
splits "one way, to the coordinator from all" "${rest[*]}" "$first" "${rest[*]}" "$first"

first=$(coordinator_of 1)
read -ra rest <<<"$(others "$first")"
ssi rm "${rest[3]}"
mapfile -t all < <(printf '%s\n' "$first" "${rest[@]:0:3}" | sort -n)
settles 10 "${all[@]}"
splits "2/2" "$first ${rest[2]}" "${rest[0]} ${rest[1]}"
