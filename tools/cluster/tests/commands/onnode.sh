#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# What onall starts, for its tests: onnode without a cluster.
#
# The command runs here, and finds in NODE where it was to run, in VIEW whether -l was
# there.
VIEW=cluster
if [ "$1" = -l ]; then
	VIEW=local
	shift
fi
NODE=$1
[ "$2" = -- ] || exit 99
shift 2
export NODE VIEW
exec "$@"
