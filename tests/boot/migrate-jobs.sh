#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
# As: invoker
#
# A shell with job control, whose jobs run on other nodes, reads as on one machine.
#
#   terminal --- node1 (bash) --- node1, node2, node3: its jobs

. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/terminal/lib.sh"

PROMPT='<\#> '

# The shell, and the commands it has taken.
shell='' taken=0

start_bash() {
	start_shell 1 env "PS1=$PROMPT" bash --norc --noprofile --noediting -i
	taken=1
	within 10 "a prompt" is_prompted
}

# The prompt behind the commands that were taken.
is_prompted() { lines | grep -F "<$((taken + 1))> " >/dev/null; }

# Types a command, and waits until it is done.
does() {
	type_line "$1"
	taken=$((taken + 1))
	within 10 "the shell has done: $1" is_prompted
}

# Whether a process is the program, wherever.
is_program() { [ "$(on 1 cat "/proc/$1/comm")" = "$2" ]; }
is_state() { on 1 grep -q "^State:.$2" "/proc/$1/status"; }
# Whether a group is in the foreground of the shell's terminal.
is_in_front() { [ "$(on 1 cut -d ' ' -f 8 "/proc/$shell/stat")" = "$1" ]; }

# Processes of the jobs that the screen tells of.
jobs_on_screen() { lines | sed -n 's/^\(<[0-9]*> \)*\[[0-9]*\] \([0-9]*\)$/\2/p'; }
has_jobs() { [ "$(jobs_on_screen | wc -l)" = "$1" ]; }

# The text on standard input with names for numbers, without where a job runs.
named() {
	local words="s/\\b$shell\\b/SHELL/g" at=0 pid
	for pid in "${pids[@]}"; do
		at=$((at + 1))
		words+="; s/\\b$pid\\b/JOB$at/g"
	done
	sed "$words; s/onnode [\$0-9n]* //g; s/  */ /g; s/ *\$//"
}

# What programs that know nothing of nodes say of the jobs on each node, times and terminals
# apart: who is on another node than its terminal has none in /proc.
lists() {
	local node
	for node in 1 2 3; do
		on "$node" ps -ef | grep '[s]leep 100' | awk '{ print $1, $2, $3, $8, $9 }'
		on "$node" pstree -p "$shell"
		on "$node" pgrep -P "$shell" -x sleep
		on "$node" top -b -n 1 -w 200 | awk '$NF == "sleep" { print $1, $2, $NF }' | sort
	done
}

# All processes but those private to NODE, as it sees them, and what the shell and its jobs
# have open: walk NODE.
walk() {
	on "$1" ps -ww -eo pid,ppid,pgid,sid,user,stat,comm,args --sort pid |
		awk '$1 >= 65536 && !/ps -ww -eo/'
	# shellcheck disable=SC2016 # expands in the guest
	on "$1" sh -c 'for process; do
		for file in /proc/$process/fd/* /proc/$process/cwd /proc/$process/root /proc/$process/exe; do
			echo "$file $(readlink "$file")"
		done
	done' sh "$shell" "${pids[@]}"
}

# Claims that each node sees the same in /proc.
looks_alike() {
	local node
	for node in 1 2 3; do
		walk "$node" >"$TEST_DIR/walk.$node"
	done
	must "the files of the jobs are seen" \
		test "$(grep -c '^/proc/[0-9]*/fd/[0-9]* .*/dev/pts/' "$TEST_DIR/walk.1")" -ge 12
	for node in 2 3; do
		diff "$TEST_DIR/walk.1" "$TEST_DIR/walk.$node" || fail "node $node sees something else"
	done
	echo "ok: each node sees the same processes and files"
}

# All of a session with jobs started by RUN. The last one is ended by END. What the terminal
# shows goes to a file, and so does what is listed: session NAME RUN END.
session() {
	local name=$1 run=$2 end=$3 pid
	pids=()
	start_bash
	begin_job "for n in 1 2 3; do $run sleep 100 & done" 3
	for pid in "${pids[@]}"; do
		within 10 "a job is a program" is_program "$pid" sleep
	done
	lists | named >"$TEST_DIR/$name.lists"
	looks_alike
	does jobs
	type_line 'kill %2; fg %3'
	within 10 "the third job is in the foreground" is_in_front "${pids[2]}"
	within 10 "the second one is gone" is_gone 1 "${pids[1]}"
	ends_with "^Z" '\032'
	must "the job is stopped" is_state "${pids[2]}" T
	does jobs
	does 'bg %3'
	within 10 "it goes on" is_state "${pids[2]}" S
	does jobs
	type_line 'fg %3'
	within 10 "the third job is in the foreground" is_in_front "${pids[2]}"
	ends_with "^C" '\003'
	does 'echo "status $?"'
	does jobs
	begin_job "n=3; $run sleep 200 &" 4
	within 10 "one more job is a program" is_program "${pids[3]}" sleep
	$end "${pids[3]}"
	within 10 "it is gone" is_gone 1 "${pids[3]}"
	does 'echo told'
	type_line 'kill %1'
	within 10 "the first job is gone" is_gone 1 "${pids[0]}"
	# It is told of with one of the two prompts.
	taken=$((taken + 1))
	does 'echo told'
	type_line exit
	close_terminal
	lines | named >"$TEST_DIR/$name.screen"
	must "the first job is told to be terminated" grep -F "[1]+ Terminated sleep 100" "$TEST_DIR/$name.screen"
	# Before its first prompt what was typed may come first, or second.
	# The terminal may show a key behind what comes of it.
	sed -n '/^<2>/,/kill %1/ { s/\^[CZ]//; /./p; }' "$TEST_DIR/$name.screen" >"$TEST_DIR/$name"
}

# Types a command that starts jobs, and sets pids when there are so many: begin_job COMMAND COUNT.
begin_job() {
	type_line "$1"
	taken=$((taken + 1))
	within 10 "$2 jobs" has_jobs "$2"
	mapfile -t pids < <(jobs_on_screen)
}

# Presses a key that takes the terminal away from a job: ends_with NAME KEY.
ends_with() {
	press "$2"
	taken=$((taken + 1))
	within 10 "$1 gives the terminal back" is_prompted
}

by_hand() { on 1 kill -KILL "$1"; }
with_its_node() { ssi rm 3; }

up 3 --root "$TEST_BUILD/rootfs"
say "jobs of one node"
session here "" by_hand
say "jobs of three nodes"
session away "onnode \$n" with_its_node

cat "$TEST_DIR/here" "$TEST_DIR/here.lists"
must "the last job is told to be killed" grep -xF "[2]+ Killed sleep 200" "$TEST_DIR/away"
must "top shows all jobs on all nodes" test "$(grep -c '^JOB[123] root sleep$' "$TEST_DIR/away.lists")" = 9
diff "$TEST_DIR/here" "$TEST_DIR/away" || fail "the shell says something else"
echo "ok: the shell says the same"
diff "$TEST_DIR/here.lists" "$TEST_DIR/away.lists" || fail "the lists are others"
echo "ok: the lists are the same"
