#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
#
# Wrong words get one clear line and change nothing.
#
#   (no node; then node1)

. "$(dirname "$0")/lib.sh"

refuses "no cluster" "no cluster" ssi exec 1 -- true
refuses "no cluster to stop" "no cluster" ssi stop
refuses "zero nodes" "0" ssi start 0
refuses "sixty-four nodes" "63" ssi start 64
refuses "no number" "many" ssi start many
refuses "a bad name" "name" ssi --name 'A b' start 1
refuses "two processors" "TLB" ssi start 1 --append ncpus=2
refuses "another network" "cluster network" ssi start 1 --append vec0:transport=tap
refuses "a name that is no text" "UTF-8" ssi start 1 --logs "$TEST_DIR/"$'\xff'
refuses "no such root" "nosuch" ssi start 1 --root /nosuch
refuses "a relative root" "absolute" ssi start 1 --root some/dir
refuses "too little memory" "mem" ssi start 1 --mem 1M
refuses "no kernel" "nokernel" ssi start 1 --kernel /nokernel
refuses "no initramfs" "nofile" ssi start 1 --initramfs /nofile
refuses "an unknown command" "unrecognized" ssi frobnicate
must "nothing of it stayed" nothing_is_left

long=$TEST_DIR/$(printf 'x%.0s' $(seq 120))
mkdir "$long" && chmod 700 "$long"
refuses "a path too long for a socket" "socket" env SSI_RUN="$long" ssi start 1
rmdir "$long" 2>/dev/null || rm -r "$long"
mkdir "$TEST_DIR/open" && chmod 777 "$TEST_DIR/open"
refuses "a folder others may write" "$TEST_DIR/open" env SSI_RUN="$TEST_DIR/open" ssi start 1
rm -r "$TEST_DIR/open"

mkdir -p "$SSI_RUN/$SSI_CLUSTER/thesis" && chmod 700 "$SSI_RUN"
echo words >"$SSI_RUN/$SSI_CLUSTER/thesis/chapter"
must "a list of what is no cluster" ssi list
refuses "no cluster in another's folder" "no cluster" ssi status
refuses "a start in another's folder" "did not make" ssi start 1
expect "what ssi did not make stays" "$(cat "$SSI_RUN/$SSI_CLUSTER/thesis/chapter")" words
rm -r "${SSI_RUN:?}/$SSI_CLUSTER"

up 1
refuses "a node out of range" "77" ssi exec 77 -- true
refuses "no command" "" ssi exec 1
refuses "pausing nobody" "5" ssi pause 5

say "a stranger at the control socket"
control=$SSI_RUN/$SSI_CLUSTER/control
for words in '' '{' '{"no":"such"}' 'x' "$(head -c 100000 /dev/zero | tr '\0' 'a')"; do
	printf '%s\n' "$words" | timeout 5 perl -MIO::Socket::UNIX -e '
		$SIG{PIPE} = "IGNORE";
		my $peer = IO::Socket::UNIX->new(Peer => $ARGV[0]) or die "no connection: $!";
		print $peer join("", <STDIN>); $peer->flush; shutdown($peer, 1);
		<$peer>;' "$control" || fail "the supervisor does not take connections"
done
expect "the supervisor serves on" "$(on 1 cat /proc/cluster/self)" 1
