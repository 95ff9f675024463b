# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
# Messages and places of the scripts.
#
# Every script here sources this file. It names where things are, speaks to
# the user in one way (one line per fact, one line per problem with what to do
# about it), shows progress, and keeps two runs from building at once.

SSI_TOP=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd -P)
SSI_BUILD=${SSI_BUILD:-$SSI_TOP/build}
case $SSI_BUILD in /*) ;; *) SSI_BUILD=$SSI_TOP/$SSI_BUILD ;; esac
SSI_LOG=$SSI_BUILD/log
SSI_NAME=$(basename "$0")
# The oldest tools that build the kernel and ours.
RUSTC_VERSION_MIN=1.85.0
BINDGEN_VERSION_MIN=0.71.1
LIBCLANG_VERSION_MIN=17
KERNEL_SERIES=7.3
# How often a long step speaks when nobody watches a terminal.
PROGRESS_PERIOD_S=30
export SSI_TOP SSI_BUILD SSI_LOG
case $SSI_TOP$SSI_BUILD in *[[:space:]:]*)
	printf 'the kernel does not build in a path with a space or colon: %s; move it\n' "$SSI_TOP, $SSI_BUILD" >&2
	exit 1
	;;
esac
export RUSTC_VERSION_MIN BINDGEN_VERSION_MIN LIBCLANG_VERSION_MIN

# A make above us must not hand its flags and job tokens to the makes below.
unset MAKEFLAGS MFLAGS MAKELEVEL MAKEOVERRIDES
export LC_ALL=C.UTF-8

# --- messages ---------------------------------------------------------------

# Prints a fact. Silent with SSI_QUIET=1.
say() {
	progress_end
	[[ ${SSI_QUIET:-} == 1 ]] || printf '%s: %s\n' "$SSI_NAME" "$*"
}

# Prints a problem that does not stop us.
warn() {
	progress_end
	printf '%s: %s\n' "$SSI_NAME" "$*" >&2
}

# Prints a problem and what to do about it, and ends with status 1.
die() {
	warn "$@"
	exit 1
}

# --- progress ---------------------------------------------------------------

progress_shown=
progress_last_s=$SECONDS

# Shows how far a long step is: one changing line on a terminal, otherwise a
# line every PROGRESS_PERIOD_S.
progress() {
	if [[ -t 2 ]]; then
		printf '\r\033[K%s: %.*s' "$SSI_NAME" "$((${COLUMNS:-80} - ${#SSI_NAME} - 3))" "$*" >&2
		progress_shown=1
	elif ((SECONDS - progress_last_s >= PROGRESS_PERIOD_S)); then
		progress_last_s=$SECONDS
		printf '%s: %s\n' "$SSI_NAME" "$*"
	fi
}

# Removes the changing line, if one is shown.
progress_end() {
	[[ -z $progress_shown ]] || printf '\r\033[K' >&2
	progress_shown=
}

# Runs a program (not a function) in a process group of its own, so that all of
# it can be ended, with its output in file $1. The function $2 prints how far it
# is. Fails as the program does.
watch_program() {
	local log=$1 state=$2 pid
	shift 2
	mkdir -p "$(dirname "$log")"
	set -m
	"$@" >"$log" 2>&1 </dev/null &
	pid=$!
	set +m
	trap 'kill -- -"$pid" 2>/dev/null || true; wait "$pid" 2>/dev/null || true; die "stopped; run again, it continues"' INT TERM
	while kill -0 "$pid" 2>/dev/null; do
		progress "$("$state")"
		sleep 0.3
	done
	progress_end
	trap - INT TERM
	wait "$pid"
}

# --- places -----------------------------------------------------------------

# Prints the source tree a variant is built from.
source_of() {
	case $1 in
	plain) printf '%s/linux-plain\n' "$SSI_BUILD" ;;
	*) printf '%s/linux\n' "$SSI_BUILD" ;;
	esac
}

# Prints the object directory of a variant.
objects_of() {
	case $1 in
	base) printf '%s/um\n' "$SSI_BUILD" ;;
	debug | kunit | plain | switches) printf '%s/um-%s\n' "$SSI_BUILD" "$1" ;;
	*) die "there is no kernel variant '$1'; use base, debug, kunit or plain" ;;
	esac
}

# Prints the version of the kernel tree $1, or nothing if it is none.
kernel_version() {
	[[ -f $1/Makefile ]] || return 0
	awk '$2 == "=" && $1 == "VERSION" { v = $3 }
		$2 == "=" && $1 == "PATCHLEVEL" { p = $3 }
		$2 == "=" && $1 == "SUBLEVEL" { s = $3 }
		END { if (v != "" && p != "") print v "." p "." s }' "$1/Makefile"
}

# Succeeds if version $1 is at least version $2.
version_at_least() {
	printf '%s\n%s\n' "$2" "$1" | sort -CV
}

# Fails with a message unless the kernel tree $1 is one our patches are for.
require_kernel_series() {
	local version
	version=$(kernel_version "$1")
	[[ -n $version ]] ||
		die "$1 is not a Linux source tree; give the top of one, with its Makefile"
	[[ $version == "$KERNEL_SERIES".* ]] ||
		die "$1 is Linux $version, the patches are for $KERNEL_SERIES; give a $KERNEL_SERIES tree"
}

# --- disk and locks ---------------------------------------------------------

# Fails with a message unless $1 has $2 MiB free; $3 says what for.
require_space_mib() {
	local dir=$1 need=$2 what=$3 free
	mkdir -p "$dir"
	free=$(df -Pm "$dir" | awk 'NR == 2 { print $4 }')
	((free >= need)) ||
		die "$what needs $need MiB in $dir, $free MiB are free; free some or set SSI_BUILD to a directory elsewhere"
}

# Holds the lock of the build directory until this script and the scripts it
# calls have ended; waits for another run.
lock_build() {
	[[ ${SSI_LOCKED:-} != "$SSI_BUILD" ]] || return 0
	mkdir -p "$SSI_BUILD" || die "cannot create $SSI_BUILD; set SSI_BUILD to a directory you can write"
	exec 9>>"$SSI_BUILD/.lock" || die "cannot write to $SSI_BUILD; set SSI_BUILD to a directory you can write"
	if ! flock -n 9; then
		say "waiting for another build in $SSI_BUILD"
		flock 9
	fi
	export SSI_LOCKED=$SSI_BUILD
}

# Writes stdin to file $1 in one step, and leaves the file (and its time) alone
# if it says so already.
install_text() {
	local tmp=$1.tmp.$$
	cat >"$tmp"
	if cmp -s "$tmp" "$1"; then rm -f "$tmp"; else mv -f "$tmp" "$1"; fi
}

# Prints one hash over the names and contents of the files given.
hash_of() {
	{ sha256sum -- "$@" 2>/dev/null || true; } | sha256sum | cut -c1-16
}
