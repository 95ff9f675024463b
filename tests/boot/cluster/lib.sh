# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0
#
# Followers of the cluster, beside ../lib.sh.

# Compiles events.c: compile PROGRAM FLAG...
compile() {
	local program=$1 library=$SSI_HOME/build/libcluster
	shift
	gcc -O2 -Wall -Wextra "$@" -I "$library/include" -L "$library/lib" -o "$program" \
		"$(dirname "$0")/cluster/events.c" -lcluster 2>"$TEST_DIR/gcc" ||
		fail "events.c does not compile: $(cat "$TEST_DIR/gcc")"
}

# Brings both followers to node 1.
bring_followers() {
	local program
	compile "$TEST_DIR/events" -static -Wl,--gc-sections -s
	for program in "$TEST_DIR/events" "$SSI_HOME/build/follow"; do
		ssi exec 1 -- sh -c "cat >/tmp/${program##*/} && chmod 755 /tmp/${program##*/}" <"$program"
	done
}

# Starts a follower on node 1; its words go to a file: follow NAME COMMAND...
follow() {
	local name=$1
	shift
	on 1 "$@" >"$TEST_DIR/$name" 2>"$TEST_DIR/$name.err" &
}
