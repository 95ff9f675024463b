#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
#
# A system call about a process gives the same on whatever node the process is.
#
#   node1: who calls, and a target --- node2: an equal target

. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/vproc/lib.sh"

# Capabilities, as masks: all of this kernel; CAP_KILL, CAP_SYS_NICE, CAP_SYS_RESOURCE.
NONE=0
SOME=1800020

# Which of two errors is given is not the same: here memory is looked at before the
# process is, for that takes a way.
ALLOWED='nobody, nowhere = (ESRCH|EFAULT)$'

# Makes all calls about a fresh target on NODE, as UID with CAPABILITIES, about a target of
# USER. Gives what the caller and then the target saw: calls NODE UID CAPABILITIES USER.
calls() {
	local node=$1 uid=$2 capabilities=$3 user=$4 pid tid probe
	target "$node" seen "$user"
	on 1 sh -c "/tmp/parity $uid $capabilities $pid $tid $user 2>/tmp/probe"
	probe=$(on 1 cat /tmp/probe)
	on "$node" kill "$pid"
	within 5 "the target ends" is_gone "$node" "$pid" >/dev/null
	# A caller that is faster than the target finds several signals waiting: those
	# are taken in the order of their numbers.
	on "$node" sed "s/ $probe / PROBE /" /tmp/seen | grep -v '^ready' | sort
	on "$node" rm /tmp/seen
}


# Claims that both targets give the same: alike WHO UID CAPABILITIES USER.
alike() {
	local who=$1 node
	shift
	for node in 1 2; do
		calls "$node" "$@" >"$TEST_DIR/$node"
	done
	must "$who: there are results ($(wc -l <"$TEST_DIR/1") lines)" \
		test "$(grep -c '=' "$TEST_DIR/1")" -ge 400
	diff <(grep -vE "$ALLOWED" "$TEST_DIR/1") <(grep -vE "$ALLOWED" "$TEST_DIR/2") ||
		fail "$who: another node answers otherwise"
	echo "ok: $who: the same on both nodes"
}

up 2
put "1 2" target parity refused
all=$(on 1 sed -n 's/^CapBnd:[^0-9a-f]*//p' /proc/self/status)
alike "root about root" 0 "$all" 0
alike "root about a user" 0 "$all" 1000
alike "root without capabilities about root" 0 "$NONE" 0
alike "root without capabilities about a user" 0 "$NONE" 1000
alike "a user about an own process" 1000 "$NONE" 1000
alike "a user about root" 1000 "$NONE" 0
alike "a user about another one" 1000 "$NONE" 1001
alike "a user with capabilities about another one" 1000 "$SOME" 1001
alike "a user with capabilities about root" 1000 "$SOME" 0

# What reaches into another process needs its node.
target 2 elsewhere
expect "what is not done from afar has its errors" \
	"$(on 1 /tmp/refused "$pid" "$tid" | sed 's/  */ /g')" "ptrace attach = EPERM
ptrace seize = EPERM
process_vm_readv = EPERM
process_vm_writev = EPERM
kcmp = EPERM
kcmp the second = EPERM
move_pages = EPERM
migrate_pages = EPERM
perf_event_open = EPERM
get_robust_list = EPERM
setpgid = ESRCH
wait4 = ECHILD"
