#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
# As: invoker
#
# Programs do not notice that each of them, and each child, begins on a node drawn by lot: what
# they print is the same on a kernel that is no node, on one node, and scattered.
#
#   node1 --- node2 --- node3

. "$(dirname "$0")/lib.sh"

# Programs that say what they see, and of what.
CASES="parent:ends parent:stops parent:orphans parent:uses parent:vforks parent:keeps parent:waits
	parent:signals parent:orphaned parent:deaths parent:joins parent:descriptors
	parent:terminals parent:closes parent:grouped parent:options parent:tellings
	forker:memory forker:rights forker:registers forker:signals forker:place forker:files
	forker:further forker:threads forker:ends forker:chains forker:groups forker:users
	forker:joined"
# Longest run of one of them, in seconds.
PATIENCE=60

# Of each kernel: limits depend on it.
MEMORY=128M

root=$TEST_BUILD/rootfs
place=$root/var/tmp/ssi-test.$$
mkdir -p "$place"
GARBAGE+=("$place")
inside=${place#"$root"}
sources=$(dirname "$0")

build_programs() {
	local program
	for program in parent child forker; do
		gcc -static -O2 -Wall -Wextra -s -pthread -I "$TEST_TOP/include/uapi" \
			-o "$place/$program" "$sources/migrate/$program.c" -lm ||
			fail "$program.c does not compile"
	done
	gcc -static -O2 -Wall -Wextra -s -o "$place/use" "$sources/files/use.c" -lutil ||
		fail "use.c does not compile"
	cp "$sources/migrate/work.sh" "$sources/migrate/way.sh" "$sources/files/"{use.c,*.h} "$place"
}

# Runs the cases on a kernel that is no node; each goes to plain.CASE in the folder.
run_plain() {
	cat >"$place/plain" <<-END
		mount -t proc proc /proc; mount -t devtmpfs dev /dev; mkdir -p /dev/pts /tmp
		mount -t devpts -o ptmxmode=666 pts /dev/pts; ln -sf pts/ptmx /dev/ptmx
		cp /mnt/parent /mnt/child /mnt/forker /tmp; cd /root
		for case in ${CASES//$'\n'/}; do
			timeout $PATIENCE /tmp/\${case%:*} 0 \${case#*:} >/tmp/out 2>&1 </dev/null || echo "status \$?" >>/tmp/out
			cp /tmp/out /mnt/plain.\$case
		done
		poweroff -f
	END
	mkdir "$TEST_DIR/plain"
	timeout 200 "$TEST_BUILD/um/linux" "mem=$MEMORY" "initrd=$TEST_BUILD/initramfs.cpio.gz" \
		"uml_dir=$TEST_DIR/plain/" con0=null,fd:1 con=null panic=-1 noreboot rdinit=/bin/sh \
		-- -c '"mkdir /mnt; mount -t hostfs none /mnt -o '"$place"'; . /mnt/plain"' \
		>"$TEST_DIR/logs/plain" 2>&1 </dev/null || true
}

# Runs a command with its programs (1) or its children as well (2) scattered:
# scattered WHAT COMMAND...
scattered() { on 1 env "SSI_SCATTER=$1" "${@:2}"; }

# Runs what follows with its output and its complaints in one stream, so in their order.
BOTH=(sh -c 'exec "$@" 2>&1' sh)

# Runs one thing on one node and scattered; it must end well and print the same. With SCATTERED 1
# children are not: alike CLAIM COMMAND...
alike() {
	local claim=$1 what
	shift
	on 1 "${BOTH[@]}" "$@" >"$TEST_DIR/here" || fail "$claim: it fails ($?): $(cat "$TEST_DIR/here")"
	must "$claim: it says something" test -s "$TEST_DIR/here"
	for what in ${SCATTERED:-1 2}; do
		scattered "$what" "${BOTH[@]}" "$@" >"$TEST_DIR/scattered" ||
			echo "status $?" >>"$TEST_DIR/scattered"
		diff "$TEST_DIR/here" "$TEST_DIR/scattered" ||
			fail "$claim: not the same when it is scattered ($what)"
		echo "ok: $claim: the same when it is scattered ($what)"
	done
}

# What FILE says but for what is not the same on all kernels: how many processes and signals
# there may be depends on the memory that is free at boot, and the C library leaves its signal
# 32 ignored in what posix_spawn(3) starts, as it did on the node.
of_any_kernel() { sed -e '/^limit \(6\|11\):/d' -e '/^SigIgn/s/8\(.......\)$/0\1/' "$1"; }

up 3 --root "$root" --mem "$MEMORY"
build_programs
for node in 1 2 3; do
	on "$node" cp "$inside/parent" "$inside/child" "$inside/forker" "$inside/use" /tmp
done
refuses "scattering is root's to switch on" "denied" \
	on 1 runuser -u nobody -- sh -c 'echo 1 >/proc/sys/ssi/migrate/scatter'
expect "it is off" "$(on 1 cat /proc/sys/ssi/migrate/scatter)" 0

# Where programs run, and where children do that execute none.
PROGRAMS='for i in $(seq 60); do clusternode_num; done'
CHILDREN='for i in $(seq 60); do (read node </proc/cluster/self; echo $node); done'
places() { sort -u | tr '\n' ' '; }

expect "and then nobody is scattered" "$(scattered 2 sh -c "$PROGRAMS; $CHILDREN" | places)" "1 "
for node in 1 2 3; do
	on "$node" sh -c 'echo 1 >/proc/sys/ssi/migrate/scatter'
done
expect "on, programs are" "$(scattered 1 sh -c "$PROGRAMS" | places)" "1 2 3 "
expect "and children as well" "$(scattered 2 sh -c "$CHILDREN" | places)" "1 2 3 "
expect "but not of who wants programs scattered" \
	"$(scattered 1 sh -c "$CHILDREN" | sort | uniq -c | wc -l)" 1
expect "and nobody who does not want it" "$(on 1 sh -c "$PROGRAMS; $CHILDREN" | places)" "1 "

say "parents and children"
before=$(made 2 3)
run_plain
for case in $CASES; do
	must "$case: there is something of a plain kernel" test -s "$place/plain.$case"
	alike "$case" timeout $PATIENCE "/tmp/${case%:*}" 0 "${case#*:}"
	diff <(of_any_kernel "$place/plain.$case") <(of_any_kernel "$TEST_DIR/here") ||
		fail "$case: not the same on a plain kernel"
	echo "ok: $case: the same on a plain kernel"
done
must "programs went away" test $(($(made 2 3) - before)) -gt 100

say "files"
before=$(made 2 3)
on 1 /tmp/use >"$TEST_DIR/here"
for what in 1 2; do
	on 1 /tmp/use env SSI_SCATTER=$what >"$TEST_DIR/scattered"
	diff "$TEST_DIR/here" "$TEST_DIR/scattered" || fail "files: not the same when it is scattered ($what)"
	echo "ok: files: the same when it is scattered ($what)"
done
alike "all of it" /tmp/use
must "programs went away" test $(($(made 2 3) - before)) -gt 50

say "a shell"
before=$(made 2 3)
# Runs a script in a new folder: in_folder SHELL SCRIPT.
in_folder() {
	echo "rm -rf $inside/work; mkdir $inside/work; exec timeout $PATIENCE $1 $inside/$2 $inside/work"
}
for shell in dash bash; do
	alike "$shell" sh -c "$(in_folder $shell work.sh)"
	# The name leads each node to a pipe of its own, so who shares one opens it on one node.
	SCATTERED=1 alike "$shell with a named pipe" sh -c "$(in_folder $shell way.sh)"
done
alike "a compiler" env "TMPDIR=$inside" sh -c "cd $inside && gcc -O1 -o made use.c -lutil && md5sum made"
must "programs went away" test $(($(made 2 3) - before)) -gt 400
