# shellcheck shell=sh
# SPDX-License-Identifier: GPL-2.0
#
# A pipe that has a name, between a shell and its child: way.sh FOLDER, an empty one.

cd "$1" || exit 2

mkfifo way
(sed 's/^/got /' <way) & reader=$!
seq 3 >way
wait "$reader"; echo "reader $?"
