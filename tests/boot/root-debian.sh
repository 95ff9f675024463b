#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
# As: invoker
#
# Real programs run on a Debian that both nodes share.
#
#   node1 --- build/rootfs (hostfs) --- node2

. "$(dirname "$0")/lib.sh"

root=$TEST_BUILD/rootfs
place=$root/var/tmp/ssi-test.$$
mkdir -p "$place"
GARBAGE+=("$place")
inside=${place#"$root"}

up 2 --root "$root"
expect "it is Debian" "$(on 1 sh -c '. /etc/os-release; echo $ID')" debian
expect "bash runs" "$(on 1 bash -c 'a=(x y z); echo ${#a[@]}')" 3
expect "python runs" "$(on 1 python3 -c 'print(6 * 7)')" 42
expect "perl runs" "$(on 2 perl -e 'print 6 * 7')" 42
must "python writes a file" on 1 python3 -c "open('$inside/x', 'w').write('from node 1')"
expect "the other node reads it" "$(on 2 cat "$inside/x")" "from node 1"
expect "so does the host" "$(cat "$place/x")" "from node 1"

printf '#include <stdio.h>\nint main(void) { puts("compiled"); }\n' >"$place/hello.c"
must "gcc compiles on node 1" on 1 gcc -o "$inside/hello" "$inside/hello.c"
expect "node 2 runs what node 1 compiled" "$(on 2 "$inside/hello")" compiled
must "strace traces" grep -q 'exit_group' <(on 1 strace /bin/true 2>&1)
must "ps lists pid 1" grep -qE '^ *1 ' <(on 1 ps -e)
expect "every node has its name" "$(on 2 hostname)" node2
must "the root is confined" on 1 sh -c "! ls ../../../../../../../$TEST_TOP 2>/dev/null"
expect "node 1 still reaches node 2" "$(on 1 ping -c 1 -W 2 10.83.0.2 >/dev/null && echo yes)" yes

say "the commands of the cluster are there, and the root lacks what the kernel would end with"
must "the commands are on the way" on 2 sh -c 'test "$(clusternode_num)" = 2 && cluster -v'
must "not only root has them" on 2 runuser -u nobody -- clusternode_getstate 1
# A Debian of make rootfs has links to them at the old places.
for command in reboot poweroff halt; do
	expect "$command is the node's" "$(on 2 sh -c "realpath \$(command -v $command)")" \
		/run/ssi/bin/ssi-init
done
shut_down() {
	on 2 sh -c 'exec >/dev/console 2>&1; trap "" HUP; trap "echo asked by $0; exit" TERM
		echo "runs for $0"; while :; do sleep 0.02; done' "$1" >/dev/null 2>&1 &
	within 5 "a program runs there" logged "runs for $1"
	must "node 2 is shut down" on 1 clusternode_shutdown -n "$1" -N2 now
	within 10 "its program was asked to end" logged "asked by $1"
}
logged() { ssi log 2 | tr -d '\r' | grep -x "$1"; }
shut_down -h
within 10 "node 2 is down" eval '[ "$(on 1 clusternode_getstate 2)" = DOWN ]'
ssi add 2
within 10 "node 2 is back" on 1 clusternode_avail 2
shut_down -r
within 20 "node 2 comes back by itself" eval '[ "$(on 1 grep -c "^[0-9]* [0-9]* 2 COMINGUP UP" /proc/cluster/events)" = 3 ]'
