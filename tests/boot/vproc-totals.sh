#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
#
# The files of the cluster sum those of its nodes, and a mount of /proc shows one node.
#
#   node1 (reads) --- node2 (works, dies, comes back) --- node3 (freezes)

. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/vproc/lib.sh"

# Milliseconds until a node that is frozen is fenced.
TIMEOUT_MS=4000
PIDS_OF_A_NODE=65536

# What a file of /proc says on NODE: of NODE FILE.
of() { on "$1" cat "/proc/$2"; }

# A field of the line that begins with WORD: field WORD NUMBER.
field() { awk -v word="$1" -v number="$2" '$1 == word { print $number }'; }

# The lines of stat whose numbers only grow, those of all nodes summed: grown.
grown() {
	on 1 sh -c 'cat /proc/cluster/node[1-3]/stat' | awk '
		$1 ~ /^(cpu|intr|ctxt|processes|softirq)$/ {
			for (i = 2; i <= NF; i++) sum[$1 " " i] += $i
		}
		END { for (key in sum) print key, sum[key] }' | sort
}

# Columns of the text on standard input that are not between two sums: outside BEFORE AFTER.
outside() {
	awk '
		FILENAME == ARGV[1] { least[$1 " " $2] = $3; next }
		FILENAME == ARGV[2] { most[$1 " " $2] = $3; next }
		$1 ~ /^(cpu|intr|ctxt|processes|softirq)$/ {
			for (i = 2; i <= NF; i++) {
				seen++
				if ($i < least[$1 " " i] || $i > most[$1 " " i]) print $1, i, $i
			}
		}
		END { if (seen < 20) print "only", seen, "columns" }' "$1" "$2" -
}

# The nodes cpuinfo names, in their order.
processors() { of 1 cluster/cpuinfo | awk '$1 == "node" { printf "%s ", $3 }'; }

are_processors() { [ "$(processors)" = "$1" ]; }

# Whether a process is there on node 1: lives PID.
lives() { on 1 test -d "/proc/$1"; }

# Starts a reader of the cluster's stat on node 1, which goes to /tmp/NAME; sets reader.
read_to() { reader=$(on 1 sh -c "cat /proc/cluster/stat >/tmp/$1 2>/dev/null & echo \$!"); }

# Which nodes the processes in a folder on node 1 are of, 0 for private ones: nodes_in DIR.
nodes_in() {
	on 1 ls "$1" | awk -v size=$PIDS_OF_A_NODE '/^[0-9]+$/ && $1 > 1 { print int($1 / size) }' |
		sort -u | tr '\n' ' '
}

up 3
put 2 target

say "sums"
grown >"$TEST_DIR/before"
of 1 cluster/stat >"$TEST_DIR/stat"
grown >"$TEST_DIR/after"
expect "columns of stat are those of all nodes" \
	"$(outside "$TEST_DIR/before" "$TEST_DIR/after" <"$TEST_DIR/stat")" ""
expect "each processor has a line" "$(awk '/^cpu[0-9]/ { printf "%s ", $1 }' "$TEST_DIR/stat")" \
	"cpu0 cpu1 cpu2 "
expect "the cluster booted when its first node did" "$(field btime 2 <"$TEST_DIR/stat")" \
	"$(on 1 sh -c 'cat /proc/cluster/node*/stat' | field btime 2 | sort -n | head -n 1)"
expect "lines are those of the classic file" \
	"$(awk '$1 !~ /^cpu[0-9]/ { print $1, NF }' "$TEST_DIR/stat")" \
	"$(of 1 stat | awk '$1 !~ /^cpu[0-9]/ { print $1, NF }')"
expect "a small buffer sees one text" \
	"$(on 1 sh -c 'dd if=/proc/cluster/stat bs=7 2>/dev/null' | awk '{ print $1, NF }')" \
	"$(awk '{ print $1, NF }' "$TEST_DIR/stat")"
memory=0
for node in 1 2 3; do
	own=$(of "$node" meminfo | field MemTotal: 2)
	expect "node $node has its memory, seen from node 1" \
		"$(of 1 "cluster/node$node/meminfo" | field MemTotal: 2)" "$own"
	memory=$((memory + own))
done
for node in 1 2 3; do
	expect "node $node sees the memory of all" "$(of "$node" cluster/meminfo | field MemTotal: 2)" \
		"$memory"
done
expect "lines of meminfo are those of the classic file" \
	"$(of 1 cluster/meminfo | awk '{ print $1, $3 }')" "$(of 1 meminfo | awk '{ print $1, $3 }')"
expect "and as wide" "$(of 1 cluster/meminfo | head -n 1 | wc -c)" "$(of 1 meminfo | head -n 1 | wc -c)"
expect "processors say their node" "$(processors)" "1 2 3 "
expect "and have numbers of their own" \
	"$(of 2 cluster/cpuinfo | awk '$1 == "processor" { printf "%s ", $3 }')" "0 1 2 "
must "anybody reads them" \
	on 3 su -s /bin/sh nobody -c 'cat /proc/cluster/stat /proc/cluster/node1/stat >/dev/null'
refuses "nobody writes them" "denied" on 3 su -s /bin/sh nobody -c 'echo 1 >/proc/cluster/stat'
# Shown under the classic name it must not sum itself.
expect "a program may be given it as its own" "$(on 1 unshare -m sh -c \
	'mount --bind /proc/cluster/meminfo /proc/meminfo && cat /proc/meminfo' | field MemTotal: 2)" \
	"$memory"

say "load"
busy() { of 1 cluster/stat | awk '$1 == "cpu" { print $2 + $4 }'; }
tasks() { of 1 cluster/loadavg | tr / ' ' | awk '{ print $5 }'; }
must "loadavg has its format" on 3 grep -xE '([0-9]+\.[0-9]{2} ){3}[0-9]+/[0-9]+ [0-9]+' \
	/proc/cluster/loadavg
before=$(tasks)
ticks=$(busy)
on 2 sh -c 'for i in $(seq 60); do sleep 100 >/dev/null 2>&1 & done'
# Others come and go.
must "tasks of node 2 count" test "$(tasks)" -ge $((before + 40))
expect "the last number is one of the reader's node" \
	"$(of 3 cluster/loadavg | awk -v size=$PIDS_OF_A_NODE '{ print int($5 / size) }')" 3
on 2 sh -c 'end=$(($(date +%s) + 2)); while [ "$(date +%s)" -le "$end" ]; do i=0
	while [ $i -lt 20000 ]; do i=$((i + 1)); done; done'
must "what node 2 computes is time of the cluster" \
	test "$(busy)" -ge $((ticks + 50))

say "a mount that shows one node"
pid=
target 2 one
on 1 mkdir -p /tmp/here
for wrong in localviews localview=1 nolocalviews; do
	refuses "no option: $wrong" "nvalid" on 1 mount -t proc -o "$wrong" proc /tmp/here
done
on 1 mount -t proc -o localview proc /tmp/here
must "it is told" on 1 grep ' /tmp/here proc [^ ]*,localview ' /proc/mounts
expect "it shows this node and what is private to it" "$(nodes_in /tmp/here)" "0 1 "
expect "a thread of the kernel, for one" "$(on 1 cat /tmp/here/2/comm)" kthreadd
refuses "but no process of node 2" "No such file" on 1 cat "/tmp/here/$pid/comm"
must "anybody sees that" on 1 su -s /bin/sh nobody -c "test -d /tmp/here/2 && ! test -d /tmp/here/$pid"
expect "/proc shows the cluster still" "$(nodes_in /proc)" "1 2 3 "
must "a process of node 2, too" on 1 test -d "/proc/$pid"
refuses "no thread of the kernel" "No such file" on 1 cat /proc/2/comm
on 1 mount -o remount,nolocalview /tmp/here
expect "a remount shows the cluster" "$(nodes_in /tmp/here)" "1 2 3 "
refuses "and not what it showed" "No such file" on 1 cat /tmp/here/2/comm
must "it is not told" on 1 sh -c '! grep localview /proc/mounts'
must "a process of node 2 is there" on 1 test -d "/tmp/here/$pid"
on 1 mount -o remount,localview /tmp/here
expect "another remount this node" "$(nodes_in /tmp/here)" "0 1 "
refuses "and not what it showed" "No such file" on 1 cat "/tmp/here/$pid/comm"
on 1 mount -o remount,hidepid=invisible /tmp/here
must "another option leaves it alone" on 1 grep 'hidepid=invisible,localview ' /proc/mounts
on 1 umount /tmp/here
# A node whose first process is not the one of the cluster.
elsewhere=2
[ "$(on 1 cat /proc/1/where)" != 2 ] || elsewhere=3
on "$elsewhere" sh -c 'mkdir -p /tmp/here && mount -t proc -o localview proc /tmp/here &&
	echo 17 >/tmp/here/1/oom_score_adj'
expect "process 1 is that of the node, not that of the cluster" "$(on 1 cat /proc/1/oom_score_adj)" 0

say "node 2 dies"
on 1 sh -c 'while [ ! -e /tmp/enough ]; do
		cat /proc/cluster/stat /proc/cluster/meminfo >/dev/null || echo failed
	done' >"$TEST_DIR/failed" 2>&1 &
ssi rm 2
within 10 "it is left out" are_processors "1 3 "
on 1 touch /tmp/enough
wait
expect "no reader failed meanwhile" "$(cat "$TEST_DIR/failed")" ""
expect "its memory is gone" "$(of 3 cluster/meminfo | field MemTotal: 2)" $((memory - own))
refuses "its own file says so" "Host is down" of 1 cluster/node2/stat
ssi add 2
within 10 "it counts again" are_processors "1 2 3 "
expect "and has its files" "$(of 3 cluster/node2/meminfo | field MemTotal: 2)" \
	"$(of 2 meminfo | field MemTotal: 2)"

say "node 3 freezes"
for node in 1 2 3; do
	on "$node" sh -c "echo $TIMEOUT_MS >/proc/sys/ssi/clms/timeout_ms"
done
ssi pause 3
read_to killed
sleep 0.5
must "a reader waits for it" lives "$reader"
on 1 kill -9 "$reader"
within 2 "a reader that is killed ends" is_gone 1 "$reader"
expect "it was not fenced meanwhile" "$(of 1 cluster/node3/state)" UP
read_to fenced
must "another one waits" lives "$reader"
within 15 "until the node is fenced" is_gone 1 "$reader"
expect "then it is told what there is" "$(on 1 grep -c '^cpu[0-9]' /tmp/fenced)" 2
ssi resume 3
within 20 "the node comes back" are_processors "1 2 3 "
