# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0
#
# What a test leaves on its nodes, beside ../lib.sh: nothing, once its programs have ended.

# What each process, file and number has one of in the kernel, at least.
LEAK_OBJECTS='filp|task_struct|mm_struct|files_cache|signal_cache|sighand_cache|cred_jar|pid'
# So many more of each are none: they wait for the next grace period of RCU.
LEAK_SLACK=100

# Commands of a node, all built into its shell: what they start would be counted.
# Processes with a program that are on this node, but for the shell that asks.
# shellcheck disable=SC2016 # expands in the guest
LEAK_PROCESSES='processes() {
	for place in /proc/[0-9]*; do
		[ "${place#/proc/}" = $$ ] || [ ! -e "$place/exe" ] || echo "${place#/proc/}"
	done
}
'
# Ends those that were not there at first: their numbers are the arguments.
# shellcheck disable=SC2016
LEAK_END='for pid in $(processes); do
	case " $* " in *" $pid "*) ;; *) kill -KILL "$pid" 2>/dev/null ;; esac
done
:'
# Prints those, and what stands for one elsewhere, and the files that are used.
# shellcheck disable=SC2016
LEAK_SHOW='read self </proc/cluster/self
for pid in $(processes); do
	case " $* " in *" $pid "*) continue ;; esac
	{ read line <"/proc/$pid/stat"; } 2>/dev/null && echo "process $line"
done
for place in /proc/[0-9]*; do
	{ read where <"$place/where"; } 2>/dev/null || continue
	[ "$where" = "$self" ] || echo "away ${place#/proc/} on node $where"
done
while read -r line; do echo "file $line"; done </proc/cluster/files'

# Asks a node about itself: of_node NODE COMMANDS [ARGUMENT...].
of_node() {
	timeout 20 ssi exec "$1" -- localview sh -c "$LEAK_PROCESSES$2" sh "${@:3}" </dev/null
}

# How many processes with a program are on a node; nothing if that does not say: processes_on NODE.
processes_on() {
	local all
	all=$(of_node "$1" processes) && wc -l <<<"$all"
}

# How many objects a node has, but for those that are kept at hand: leak_objects NODE.
leak_objects() {
	# shellcheck disable=SC2016 # expands in the guest
	on "$1" sh -c 'for cache in /sys/kernel/slab/*/shrink; do echo 1 >$cache; done 2>/dev/null
		while read -r line; do echo "$line"; done </proc/slabinfo' |
		awk -v names="^($LEAK_OBJECTS)\$" '$1 ~ names { print $1, $2 }' | sort
}
boot_of() { on "$1" sh -c 'read -r id </proc/sys/kernel/random/boot_id; echo "$id"'; }

# Notes what is on the nodes 1 to COUNT: note_state COUNT.
note_state() {
	local node place=$TEST_DIR/leaks
	mkdir -p "$place"
	for node in $(seq "$1"); do
		# A root without a shell runs nothing that could leave anything.
		boot_of "$node" >"$place/boot.$node" 2>/dev/null ||
			{ rm "$place/boot.$node"; continue; }
		of_node "$node" processes | tr '\n' ' ' >"$place/processes.$node"
		leak_objects "$node" >"$place/objects.$node"
	done
}

# Nodes that are there as they were when their state was noted.
same_nodes() {
	local file node
	for file in "$TEST_DIR"/leaks/boot.*; do
		node=${file##*.}
		[ "$(state_of "$node" state)" = ready ] || continue
		[ "$(boot_of "$node")" != "$(cat "$file")" ] || echo "$node"
	done
}

# Whether there is nothing on a node that was not; says what there is.
is_as_noted() {
	local node=$1 noted more
	read -ra noted <"$TEST_DIR/leaks/processes.$node" || true
	more=$(of_node "$node" "$LEAK_SHOW" "${noted[@]}") || return 1
	more+=$(leak_objects "$node" | join "$TEST_DIR/leaks/objects.$node" - |
		awk -v slack="$LEAK_SLACK" '$3 > $2 + slack { print "\nobjects", $0 }')
	[ -z "$more" ] || { echo "node $node: $more" >"$TEST_DIR/leaks/more"; return 1; }
}

# Ends what the test left running, and claims that it leaves nothing.
check_leaks() {
	local node same noted
	[ -d "$TEST_DIR/leaks" ] || return 0
	mapfile -t same < <(same_nodes)
	for node in "${same[@]}"; do
		read -ra noted <"$TEST_DIR/leaks/processes.$node" || true
		of_node "$node" "$LEAK_END" "${noted[@]}" || fail "node $node does not end its programs"
	done
	for node in "${same[@]}"; do
		(within 20 "nothing is left on node $node" is_as_noted "$node") || {
			cat "$TEST_DIR/leaks/more"
			return 1
		}
	done
}
