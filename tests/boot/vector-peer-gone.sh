#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
#
# The vector driver survives the death of the other end of its socket.
#
#   a kernel by hand --- socketpair --- nobody

. "$(dirname "$0")/lib.sh"

# Boots a kernel on a socket of a KIND, closes the other end after a while,
# prints the ticks the kernel then uses in three seconds, and its console:
# orphaned KIND.
orphaned() {
	timeout 60 perl -MSocket -e '
		my ($kind, $kernel, $initrd, $dir) = @ARGV;
		$^F = 255;
		my $type = $kind eq "seqpacket" ? SOCK_SEQPACKET : SOCK_DGRAM;
		socketpair(my $far, my $near, AF_UNIX, $type, 0) or die "socketpair: $!";
		pipe(my $in, my $typed) or die "pipe: $!";
		pipe(my $out, my $said) or die "pipe: $!";
		my $pid = fork // die "fork: $!";
		if (!$pid) {
			close $far; close $typed; close $out;
			open STDIN, "<&", $in or die "stdin: $!";
			open STDOUT, ">&", $said or die "stdout: $!";
			my $fd = fileno $near;
			exec $kernel, "mem=64M", "initrd=$initrd", "rdinit=/bin/sh", "con=null",
				"con0=fd:0,fd:1", "uml_dir=$dir/", "vec0:transport=fd,fd=$fd,mtu=1500";
			die "exec: $!";
		}
		close $in; close $near; close $said;
		my $text = "";
		sub hear { sysread $out, $text, 65536, length $text }
		sub type { syswrite $typed, "$_[0]\n" }
		sub await { 1 while $text !~ /$_[0]-\d/ && hear() }
		sub ticks {
			open my $stat, "<", "/proc/$pid/stat" or die "the kernel is gone";
			my @fields = split " ", (<$stat> =~ s/.*\) //r);
			$fields[11] + $fields[12];
		}
		type "mkdir -p /proc /sys; mount -t proc p /proc; mount -t sysfs s /sys";
		type "ifconfig vec0 10.9.9.1 up; arp -s 10.9.9.2 02:00:00:00:00:02";
		type "ping -q -c 1000 10.9.9.2 >/dev/null &";
		type "sleep 1; echo before-\$(cat /sys/class/net/vec0/carrier)";
		await("before");
		close $far;
		sleep 3;
		my $before = ticks();
		sleep 3;
		my $used = ticks() - $before;
		type "echo after-\$(cat /sys/class/net/vec0/carrier)";
		type "ifconfig vec0 down; ifconfig vec0 up; sleep 1";
		type "echo again-\$(cat /sys/class/net/vec0/carrier)";
		await("again");
		type "halt -f";
		1 while hear();
		close $typed; waitpid $pid, 0;
		print "$text\nticks $used\n";
	' "$1" "$SSI_HOME/build/um/linux" "$SSI_HOME/build/initramfs.cpio.gz" "$TEST_DIR/uml" 2>&1
}

for kind in seqpacket dgram; do
	said=$(orphaned "$kind")
	ticks=$(sed -n 's/^ticks //p' <<<"$said")
	must "$kind: the link is up at first" grep -q before-1 <<<"$said"
	must "$kind: an orphaned kernel uses no processor (${ticks:-none} ticks of 300)" \
		test "${ticks:-300}" -le 15
	must "$kind: the carrier is down" grep -q after-0 <<<"$said"
	must "$kind: the link can be set down and up" grep -q again-0 <<<"$said"
	must "$kind: no flood in the log" test "$(grep -c 'transport error\|err=' <<<"$said")" -le 20
done
rm -rf "$TEST_DIR/uml"
