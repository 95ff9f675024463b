#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
# As: invoker
#
# Programs do not notice that each of them runs on a node drawn by lot: what they print is
# the same on a kernel that is no node, on one node, and scattered.
#
#   node1 --- node2 --- node3

. "$(dirname "$0")/lib.sh"

CASES="ends stops orphans uses vforks keeps waits signals orphaned deaths joins descriptors"
CASES+=" terminals closes"
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
	for program in parent child; do
		gcc -static -O2 -Wall -Wextra -s -pthread -I "$TEST_TOP/include/uapi" \
			-o "$place/$program" "$sources/migrate/$program.c" ||
			fail "$program.c does not compile"
	done
	gcc -static -O2 -Wall -Wextra -s -o "$place/use" "$sources/files/use.c" -lutil ||
		fail "use.c does not compile"
	cp "$sources/migrate/work.sh" "$sources/files/use.c" "$place"
}

# Runs the cases on a kernel that is no node; each goes to plain.CASE in the folder.
run_plain() {
	cat >"$place/plain" <<-END
		mount -t proc proc /proc; mount -t devtmpfs dev /dev; mkdir -p /dev/pts /tmp
		mount -t devpts -o ptmxmode=666 pts /dev/pts; ln -sf pts/ptmx /dev/ptmx
		cp /mnt/child /tmp; cd /root
		for case in $CASES; do
			timeout $PATIENCE /mnt/parent 0 \$case >/tmp/out 2>&1 </dev/null || echo "status \$?" >>/tmp/out
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

scattered() { on 1 env SSI_SCATTER=1 "$@"; }

# Runs what follows with its output and its complaints in one stream, so in their order.
BOTH=(sh -c 'exec "$@" 2>&1' sh)

# Runs one thing on one node and scattered; it must print the same:
# alike CLAIM COMMAND...
alike() {
	local claim=$1
	shift
	on 1 "${BOTH[@]}" "$@" >"$TEST_DIR/here" || echo "status $?" >>"$TEST_DIR/here"
	must "$claim: it says something" test -s "$TEST_DIR/here"
	scattered "${BOTH[@]}" "$@" >"$TEST_DIR/scattered" || echo "status $?" >>"$TEST_DIR/scattered"
	diff "$TEST_DIR/here" "$TEST_DIR/scattered" || fail "$claim: not the same when it is scattered"
	echo "ok: $claim: the same when it is scattered"
}

# What FILE says but for what is not the same on all kernels: how many processes and signals
# there may be depends on the memory that is free at boot, and the C library leaves its signal
# 32 ignored in what posix_spawn(3) starts, as it did on the node.
of_any_kernel() { sed -e '/^limit \(6\|11\):/d' -e '/^SigIgn/s/8\(.......\)$/0\1/' "$1"; }

# Processes that were made on NODE since it booted.
made() { on 1 awk '$1 == "processes" { print $2 }' "/proc/cluster/node$1/stat"; }

up 3 --root "$root" --mem "$MEMORY"
build_programs
for node in 1 2 3; do
	on "$node" cp "$inside/child" "$inside/use" /tmp
done
refuses "scattering is root's to switch on" "denied" \
	on 1 runuser -u nobody -- sh -c 'echo 1 >/proc/sys/ssi/migrate/scatter'
expect "it is off" "$(on 1 cat /proc/sys/ssi/migrate/scatter)" 0
expect "and then nobody is scattered" \
	"$(scattered sh -c 'for i in $(seq 20); do clusternode_num; done' | sort -u)" 1
for node in 1 2 3; do
	on "$node" sh -c 'echo 1 >/proc/sys/ssi/migrate/scatter'
done
expect "on, they are" \
	"$(scattered sh -c 'for i in $(seq 60); do clusternode_num; done' | sort -u | tr '\n' ' ')" "1 2 3 "
expect "but nobody who does not want it" \
	"$(on 1 sh -c 'for i in $(seq 20); do clusternode_num; done' | sort -u)" 1

say "parents and children"
run_plain
for case in $CASES; do
	must "$case: there is something of a plain kernel" test -s "$place/plain.$case"
	alike "$case" timeout $PATIENCE "$inside/parent" 0 "$case"
	diff <(of_any_kernel "$place/plain.$case") <(of_any_kernel "$TEST_DIR/here") ||
		fail "$case: not the same on a plain kernel"
	echo "ok: $case: the same on a plain kernel"
done

say "files"
on 1 /tmp/use >"$TEST_DIR/here"
on 1 /tmp/use env SSI_SCATTER=1 >"$TEST_DIR/scattered"
diff "$TEST_DIR/here" "$TEST_DIR/scattered" || fail "files: not the same when it is scattered"
echo "ok: files: the same when it is scattered"

say "a shell"
before=$(($(made 2) + $(made 3)))
for shell in dash bash; do
	alike "$shell" sh -c "rm -rf $inside/work; mkdir $inside/work; exec timeout $PATIENCE $shell $inside/work.sh $inside/work"
done
alike "a compiler" env "TMPDIR=$inside" sh -c "cd $inside && gcc -O1 -o made use.c -lutil && md5sum made"
must "programs went away" test $(($(made 2) + $(made 3) - before)) -gt 100
