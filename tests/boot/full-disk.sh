#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
#
# A full disk is named, and leaves nothing behind.
#
#   node1 --- supervisor --- a tmpfs of a few KiB

. "$(dirname "$0")/lib.sh"

unshare -Urm true 2>/dev/null || {
	echo "no user name spaces: a small disk cannot be mounted here"
	exit 77
}

# Runs a command with its run folder on a disk of SIZE: on_disk SIZE COMMAND...
on_disk() {
	local size=$1
	shift
	mkdir -p "$TEST_DIR/disk"
	SIZE=$size unshare -Urm --kill-child sh -c '
		mount -t tmpfs -o "size=$SIZE,mode=700" disk "$TEST_DIR/disk" || exit 99
		export SSI_RUN=$TEST_DIR/disk/r
		"$@"
		status=$?
		ssi stop >/dev/null 2>&1
		left=$(find "$SSI_RUN" -mindepth 1 2>/dev/null)
		[ -z "$left" ] || { echo "left: $left"; exit 98; }
		exit $status' sh "$@"
}

status=0
said=$(on_disk 4k ssi start 1 2>&1 </dev/null) || status=$?
must "no room for the run folder: an error ($said)" test "$status" -ne 0 -a "$status" -lt 98
must "the words say what is full" grep -qiE 'space|full' <<<"$said"

said=$(on_disk 1m sh -c 'ssi start 1 && ssi exec 1 -- sh -c "
	i=0; while [ \$i -lt 20000 ]; do echo flood line \$i >/dev/kmsg; i=\$((i+1)); done" </dev/null &&
	ssi exec 1 -- echo alive </dev/null' 2>&1) || fail "a log that cannot grow ended the node: $said"
must "a disk that fills up takes no node along" grep -q alive <<<"$said"
