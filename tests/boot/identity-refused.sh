#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
#
# A kernel with a wrong identity says so and works on alone.
#
#   a kernel by hand, without network; then node1

. "$(dirname "$0")/lib.sh"

# Boots a kernel by hand with WORDS and runs COMMANDS in it: alone WORDS COMMANDS.
alone() {
	# shellcheck disable=SC2086 # words are words
	{ printf 'mkdir -p /proc; mount -t proc proc /proc\n%s\nhalt -f\n' "$2"; sleep 2; } |
		timeout 20 "$SSI_HOME/build/um/linux" mem=64M con=null con0=fd:0,fd:1 \
			initrd="$SSI_HOME/build/initramfs.cpio.gz" rdinit=/bin/sh \
			uml_dir="$TEST_DIR/uml/" $1 2>&1
}

told() {
	local said
	said=$(alone "$1" 'test -e /proc/self && ! test -e /proc/cluster && echo alone-$((40+2))')
	must "'$1' is answered in words" grep -q "$2" <<<"$said"
	must "'$1': the kernel works on, without /proc/cluster" grep -q 'alone-42' <<<"$said"
}

told ssi.node=64 'ssi_ics: ssi.node= is not a node number, 1 to 63'
told ssi.node=0x1 'ssi_ics: ssi.node= is not a node number'
told ssi.node=-1 'ssi_ics: ssi.node= is not a node number'
told "ssi.node=$(printf '1%.0s' $(seq 80))" "doesn't fit"
told 'ssi.node=1 ssi.cluster=No_Name' 'ssi_ics: ssi.cluster= is not a cluster name'
told '' 'ssi_ics: no ssi.node= given'

said=$(alone 'ssi.node=5 ssi.interface=eth7' 'cat /proc/cluster/self | sed s/^/self-/')
must "an absent interface is named" grep -q 'there is no interface eth7' <<<"$said"
must "the node is itself all the same" grep -q self-5 <<<"$said"

refuses "the launcher gives identities itself" "ssi.node" ssi start 1 --append ssi.node=7
rm -rf "$TEST_DIR/uml"
