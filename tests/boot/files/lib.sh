# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0
#
# Programs of the tests of open files, beside ../lib.sh.

# Compiles programs, of the folder PROGRAMS if that is set, and puts them into /tmp of all nodes: put "NODE..." PROGRAM...
put() {
	local nodes=$1 node program
	shift
	for program; do
		gcc -static -O2 -Wall -Wextra -s -I "$TEST_TOP/include/uapi" -o "$TEST_DIR/$program" \
			"${PROGRAMS:-$(dirname "${BASH_SOURCE[0]}")}/$program.c" -lutil ||
			fail "$program.c does not compile"
		for node in $nodes; do
			ssi exec "$node" -- sh -c "cat >/tmp/$program && chmod 755 /tmp/$program" \
				<"$TEST_DIR/$program"
		done
	done
}
