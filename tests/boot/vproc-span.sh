#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
#
# A call for a group asks other nodes as long as members may be there, and no longer.
#
#   node1 (its groups) --- node2 (a process goes there) --- node3 (is asked in vain)

. "$(dirname "$0")/lib.sh"

CALLS=50

# Questions about processes node 3 was asked so far.
asked() { on 3 sed -n 's/^service: name=ssi.vproc .*requests=\([0-9]*\).*/\1/p' /proc/cluster/ics; }
# Runs a script of node 1 in a session of its own there. As a child it need not fork for that.
in_a_session() { on 1 sh -c "setsid sh $1; :"; }
# How many there are for CALLS calls that are for a group of node 1.
cost() {
	local before
	before=$(asked)
	in_a_session /tmp/calls
	echo $(($(asked) - before))
}
is_free() { [ "$(cost)" = 0 ]; }

up 3
ssi exec 1 -- sh -c 'cat >/tmp/calls' <<END
for i in \$(seq $CALLS); do kill -0 -\$\$ || exit; done
END
ssi exec 1 -- sh -c 'cat >/tmp/leaves' <<'END'
echo $$ >/tmp/group
onnode 2 sh -c "sleep 1000 >/dev/null 2>&1 &"
exec sleep 1000
END
ssi exec 1 -- sh -c 'cat >/tmp/leaves-on-3' <<'END'
echo $$ >/tmp/group
onnode 2 sh -c 'sh -c "onnode 3 sh -c \"sleep 1000 >/dev/null 2>&1 &\"" &'
exec sleep 1000
END

say "groups of one node"
expect "nobody is asked at first" "$(cost)" 0
must "a process goes and ends" on 1 onnode 2 true
expect "then nobody is asked either" "$(cost)" 0
on 1 sh -c 'onnode 2 sleep 1000 >/dev/null 2>&1 & echo $! >/tmp/away'
is_there() { on 2 localview pidof sleep; }
within 10 "one is away" is_there
expect "all are asked meanwhile" "$(cost)" "$CALLS"
on 1 sh -c 'kill "$(cat /tmp/away)"'
within 5 "and not when it has ended" is_free

say "a group with what is left of it elsewhere"
in_a_session /tmp/leaves >/dev/null 2>&1 &
shell=$!
within 10 "a child outlives what went" is_there
sleep 2
expect "all are asked as long as it lives" "$(cost)" "$CALLS"
on 1 sh -c 'kill -TERM -"$(cat /tmp/group)"'
wait "$shell" || true
is_over() { ! is_there; }
within 5 "a signal for the group reaches it" is_over
within 5 "and then nobody is asked any more" is_free

say "a child that went on"
in_a_session /tmp/leaves-on-3 >/dev/null 2>&1 &
shell=$!
is_on_3() { on 3 localview pidof sleep; }
within 10 "it left a child on a third node" is_on_3
sleep 2
expect "it is asked for" "$(cost)" "$CALLS"
on 1 sh -c 'kill -TERM -"$(cat /tmp/group)"'
wait "$shell" || true
is_over_on_3() { ! is_on_3; }
within 5 "a signal reaches it" is_over_on_3
within 5 "and then nobody is asked any more" is_free
