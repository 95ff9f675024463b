#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
#
# A node is drained: what can go goes, what stays is named, and nothing comes any more.
#
#   node1, node3 (where they go) --- node2 (drained, undrained, shut down)

. "$(dirname "$0")/lib.sh"

# Starts a process that lasts, and says its number: sleeper NODE [COMMAND IN FRONT].
sleeper() {
	on "$1" sh -c '"$@" sleep 1000 >/dev/null 2>&1 </dev/null &
		until grep -qsx sleep /proc/$!/comm; do usleep 2000; done; echo $!' sh "${@:2}"
}
where() { on "${2:-3}" where_pid "$1"; }
# Whether they are on the nodes: are_on "NODES" PID...
are_on() {
	local pid
	for pid in "${@:2}"; do
		[[ " $1 " == *" $(where "$pid") "* ]] || {
			echo "process $pid is not on $1"
			return 1
		}
	done
}
drained() { on "$1" cat "/proc/cluster/node$2/drained"; }
# What each of the nodes says of node 2: known NODE...
known() { for node; do drained "$node" 2; done | xargs; }
state_is() { [ "$(on 1 clusternode_getstate "$1")" = "$2" ]; }
stays() { on 3 cluster drain 2 2>&1 && echo "status 0"; }

up 3

say "a dozen that can go, and one that cannot"
movers=()
for _ in 1 2 3 4 5 6; do movers+=("$(sleeper 2)"); done
for node in 1 1 1 3 3 3; do
	pid=$(sleeper "$node")
	on "$node" migrate 2 "$pid"
	movers+=("$pid")
done
stuck=$(sleeper 2 unshare -m)
must "all are on node 2" are_on 2 "${movers[@]}" "$stuck"
# Its parent waits for it at home.
on 2 sh -c 'sleep 1000; echo "it ended: $?"' >"$TEST_DIR/parent" &
parent=$!
# shellcheck disable=SC2016 # expands in the guest
find_child() {
	child=$(on 2 localview sh -c 'for pid in $(pidof sleep); do
		grep -qs "^sh" "/proc/$(cut -d" " -f4 "/proc/$pid/stat")/comm" && echo "$pid"; done')
	[ -n "$child" ]
}
within 5 "and one whose parent is a shell" find_child

say "drained"
refuses "not by everybody" "only root may" on 1 su -s /bin/sh nobody -c 'cluster drain 2'
expect "nothing happened" "$(drained 3 2)" 0
said=$(stays || true)
must "who stays is named" grep -q "^process $stuck (sleep) stays on node 2: it is in a container: in other namespaces$" <<<"$said"
must "those that went are counted" grep -qE "^node 2 is drained: 1[34] went, [12] stay$" <<<"$said"
must "the others are elsewhere" are_on "1 3" "${movers[@]}" "$child"
for node in 1 3; do
	must "some are on node $node" test -n "$(for pid in "${movers[@]}"; do where "$pid"; done | grep -x "$node")"
done
expect "who stays is there" "$(where "$stuck")" 2
on 3 kill "$child"
wait "$parent" 2>/dev/null || true
expect "the shell learns the end of its child" "$(cat "$TEST_DIR/parent")" "it ended: 143"
refuses "once more: one stays" "" on 1 cluster drain 2
expect "and nothing else" "$(on 1 cluster drain 2 2>/dev/null | tail -n 1)" "node 2 is drained: 0 went, 1 stay"

say "nothing comes"
expect "all know" "$(known 1 2 3)" "1 1 1"
must "the list says it" grep -q "^2: UP .*, drained" <(on 1 cluster -v)
must "so do the details" grep -q "^ *Drained: yes$" <(on 3 cluster -V 2)
free=${movers[0]}
at=$(where "$free")
refuses "no process" "node 2 is drained" on 1 migrate 2 "$free"
refuses "the kernel says it" "Connection refused" on "$at" sh -c "echo 2 >/proc/$free/goto"
expect "it is where it was" "$(where "$free")" "$at"
refuses "no program" "node 2 is drained" on 1 onnode 2 true
expect "whose status is that of one not begun" "$(on 1 sh -c 'onnode 2 true 2>/dev/null; echo $?')" 125
expect "none by all" "$(on 1 onall -s clusternode_num | xargs)" "1 3"
busy=()
for node in 1 3; do
	# shellcheck disable=SC2016 # expands in the guest
	busy+=("$(on "$node" sh -c '(while :; do :; done) >/dev/null 2>&1 </dev/null & echo $!')")
done
for _ in 1 2 3; do must "fastnode leaves it out" test "$(on 1 fastnode)" != 2; done
on 1 kill "${busy[@]}"
expect "programs of its own begin as ever" "$(on 2 sh -c 'sh -c "exit 3"; echo $?')" 3
expect "and find each other" "$(on 2 onall -s clusternode_num | xargs)" "1 2 3"
expect "what is there may go" "$(on 2 onnode 3 clusternode_num)" 3

say "who joins knows, and who coordinates next"
ssi add 4 >/dev/null
expect "node 4" "$(drained 4 2)" 1
refuses "no program from there" "node 2 is drained" on 4 onnode 2 true
ssi rm 4
within 10 "node 4 is gone" state_is 4 DOWN

say "bad input"
for word in 2 x "1 " 11 -1 "1
1"; do
	refuses "'$word' is no word" "Invalid argument" \
		on 1 sh -c "printf '%s' '$word' | dd of=/proc/cluster/node2/drained"
done
refuses "nor is a page of them" "Invalid argument" \
	on 1 dd if=/dev/zero of=/proc/cluster/node2/drained bs=4096 count=1
refuses "a node that is down" "node 4 is not up" on 1 cluster drain 4
refuses "one that never was" "node 9 is not up" on 1 cluster undrain 9
refuses "no node" "1 to 63" on 1 cluster drain 64
refuses "no word" "NODE" on 1 cluster drain
on 1 cluster drain 3 >/dev/null || true
refuses "the last one" "no other node" on 1 cluster drain 1
expect "is not drained" "$(drained 3 1)" 0
on 1 cluster undrain 3

say "undrained"
refuses "not by everybody" "only root may" on 1 su -s /bin/sh nobody -c 'cluster undrain 2'
must "it is told" on 3 cluster undrain 2
expect "all know" "$(known 1 2 3)" "0 0 0"
must "processes come again" on 1 migrate 2 "$free"
expect "there it is" "$(where "$free")" 2
expect "and programs" "$(on 1 onnode 2 clusternode_num)" 2

say "the node itself refuses, whoever has not heard yet"
be_patient 3
# It tells node 1 first, which does not answer, and then node 3.
ssi pause 1
on 2 sh -c 'echo 1 >/proc/cluster/node2/drained' &
teller=$!
within 5 "it is drained" eval '[ "$(drained 2 2)" = 1 ]'
expect "node 3 does not know" "$(drained 3 2)" 0
refuses "it is refused" "node 2 is drained" on 3 onnode 2 true
ssi resume 1
must "the write returns when all know" wait "$teller"
expect "all do" "$(known 1 2 3)" "1 1 1"
on 1 cluster undrain 2
for node in 1 2 3; do on "$node" sh -c 'echo 3000 >/proc/sys/ssi/clms/timeout_ms'; done

say "a drained node dies"
on 1 cluster drain 2 >/dev/null || true
expect "it is drained" "$(known 1 3)" "1 1"
ssi rm 2
within 10 "it is gone" state_is 2 DOWN
expect "nobody says so of a dead one" "$(known 1 3)" "0 0"
ssi add 2 >/dev/null
expect "nor of its next life" "$(known 1 2 3)" "0 0 0"
expect "which takes programs" "$(on 1 onnode 2 clusternode_num)" 2

say "shut down, drained"
goes=$(sleeper 2)
stuck=$(sleeper 2 unshare -m)
said=$(on 1 clusternode_shutdown -h -N2 now)
expect "who ends with it is named" "$said" \
	"process $stuck (sleep) ends on node 2: it is in a container: in other namespaces"
within 20 "it is down" state_is 2 DOWN
must "who could go lives" are_on "1 3" "$goes"
on 3 kill "$goes"
within 5 "until it is killed" is_gone 1 "$goes"
ssi add 2 >/dev/null
expect "the next life is not drained" "$(known 1 2 3)" "0 0 0"

say "shut down as it is"
ends=$(sleeper 2)
expect "nobody is named" "$(on 1 clusternode_shutdown -n -h -N2 now)" ""
within 20 "it is down" state_is 2 DOWN
must "what ran there ended with it" is_gone 1 "$ends"
