# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0
#
# Programs of the tests of processes, beside ../lib.sh.

# Compiles programs and puts them into /tmp of all nodes: put "NODE..." PROGRAM...
put() {
	local nodes=$1 node program
	shift
	for program; do
		gcc -static -O2 -Wall -Wextra -s -pthread -o "$TEST_DIR/$program" \
			"$(dirname "${BASH_SOURCE[0]}")/$program.c" || fail "$program.c does not compile"
		for node in $nodes; do
			ssi exec "$node" -- sh -c "cat >/tmp/$program && chmod 755 /tmp/$program" \
				<"$TEST_DIR/$program"
		done
	done
}

# Starts /tmp/target on a node and waits until it is ready; it tells /tmp/NAME:
# target NODE NAME [UID]. Sets pid and tid.
target() {
	local node=$1 name=$2 ready
	shift 2
	ready=$(on "$node" sh -c "
		/tmp/target /tmp/$name $* >/dev/null 2>&1 </dev/null &
		until grep '^ready' /tmp/$name 2>/dev/null; do usleep 2000; done")
	# shellcheck disable=SC2034 # the caller's
	read -r _ pid tid <<<"$ready"
}
