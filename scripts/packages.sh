# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
# The packages behind the tools.
#
# A tool is looked for itself, not its package: whoever has it from elsewhere
# needs no package. What is missing is installed on Debian, and named exactly,
# with how to get it, everywhere.

# Tool, Debian package, what it is for. The compilers are in toolchain.sh.
BASIC_TOOLS=(
	"make:make:runs the build"
	"gcc:gcc:compiles the kernel (CC= names another)"
	"ld:binutils:links the kernel"
	"bc:bc:computes the kernel's time constants"
	"bison:bison:builds the kernel's configuration tool"
	"flex:flex:builds the kernel's configuration tool"
	"perl:perl-base:runs scripts of the kernel build"
	"awk:mawk:runs scripts of the kernel build"
	"patch:patch:applies patches/"
	"xz:xz-utils:unpacks the kernel source"
	"tar:tar:unpacks the kernel source"
	"sha256sum:coreutils:proves that the source has not drifted"
	"flock:util-linux:keeps two builds apart"
	"find:findutils:looks for what changed"
)

INSTALL_LOG=$SSI_LOG/apt-install.log

# What is missing: lines "what|how to get it", and Debian packages.
MISSING=()
MISSING_PACKAGES=()
# Packages that are welcome, but not needed to build.
WELCOME_PACKAGES=()

miss() {
	MISSING+=("$1|$2")
	shift 2
	MISSING_PACKAGES+=("$@")
}

check_basic_tools() {
	local entry tool package what
	[[ -z ${CC:-} || $("$CC" -dumpversion 2>/dev/null) == [0-9]* ]] ||
		die "CC=$CC is not a C compiler that runs; give another, or none to use gcc"
	for entry in "${BASIC_TOOLS[@]}"; do
		IFS=: read -r tool package what <<<"$entry"
		[[ $tool != gcc ]] || tool=${CC:-gcc}
		command -v "$tool" >/dev/null || miss "$tool ($what)" "your system's package $package" "$package"
	done
	[[ -f $("${CC:-gcc}" -print-file-name=libc.a 2>/dev/null) ]] ||
		miss "the C library's headers and libc.a (our tools are linked statically)" "your system's package of them" libc6-dev
	has_certificates || miss "the certificates of public servers (cargo)" "your system's package ca-certificates" ca-certificates
}

# Systems keep them in different places; only Debian's is known for sure.
has_certificates() {
	[[ $(os_release ID) != debian || -e /etc/ssl/certs/ca-certificates.crt ||
		-n ${CARGO_HTTP_CAINFO:-}${SSL_CERT_FILE:-} ]]
}

# Prints the Debian package for the compiler part $1 on this Debian release.
debian_package() {
	local release
	release=$(os_release VERSION_ID)
	case $1:${release:-99} in
	rustc:12) printf 'rustc-web rust-web-src\n' ;;
	rustc:*) printf 'rustc rust-src\n' ;;
	cargo:12) printf 'cargo-web\n' ;;
	cargo:*) printf 'cargo\n' ;;
	bindgen:12) printf '\n' ;;
	bindgen:*) printf 'bindgen\n' ;;
	rustfmt:12) printf 'rustfmt-web\n' ;;
	rustfmt:*) printf 'rustfmt\n' ;;
	clippy:12) printf 'rust-web-clippy\n' ;;
	clippy:*) printf 'rust-clippy\n' ;;
	libclang:12) printf 'libclang1-19 libclang-common-19-dev\n' ;;
	libclang:*) printf 'libclang1-19\n' ;;
	esac
}

# Installs MISSING_PACKAGES, or says how.
install_packages() {
	local packages=() sudo=()
	mapfile -t packages < <(printf '%s\n' "${MISSING_PACKAGES[@]}" "${WELCOME_PACKAGES[@]}" | awk 'NF && !seen[$0]++')
	is_debian || explain_and_stop
	if ((EUID != 0)); then
		sudo_works || explain_and_stop "sudo apt-get install --no-install-recommends ${packages[*]}"
		sudo=(sudo)
	fi
	say "installing by apt-get: ${packages[*]}"
	mkdir -p "$SSI_LOG"
	apt_install "${sudo[@]}" ||
		die "apt-get could not install them (see above and $INSTALL_LOG); put that right and run again"
}

is_debian() {
	[[ $(os_release ID) == debian ]] && command -v apt-get >/dev/null && [[ ${SSI_INSTALL:-yes} != no ]]
}

sudo_works() {
	command -v sudo >/dev/null || return 1
	sudo -n true 2>/dev/null || [[ -t 0 && -t 1 ]]
}

# Takes packages by the lists as they are, and after an update if these are
# missing or too old; removes nothing for it. The arguments come before apt-get:
# sudo, or none.
apt_install() {
	local install=("$@" env DEBIAN_FRONTEND=noninteractive apt-get -q -y
		--no-install-recommends --no-remove -o Dpkg::Use-Pty=0 install "${packages[@]}")
	# The password is asked for while sudo still has the terminal.
	[[ $# == 0 ]] || "$@" -v || return 1
	if apt-get -q -s --no-install-recommends --no-remove install "${packages[@]}" >/dev/null 2>&1 &&
		watch_program "$INSTALL_LOG" install_state "${install[@]}"; then
		return 0
	fi
	apt_update "$@"
	watch_program "$INSTALL_LOG" install_state "${install[@]}" || show_install_errors
}

# apt calls an update without network a success, with warnings.
apt_update() {
	say "updating the package lists"
	watch_program "$INSTALL_LOG" install_state "$@" apt-get -q update || show_install_errors || return 0
	! grep -qE '^(W|E): (Failed to fetch|Some index files failed)' "$INSTALL_LOG" ||
		die "the package lists cannot be downloaded; check the network and run again"
}

show_install_errors() {
	grep -m 5 -E '^(E|Err):' "$INSTALL_LOG" >&2
	return 1
}

# Prints apt's last word.
install_state() {
	tail -n 1 "$INSTALL_LOG" 2>/dev/null | cut -c1-100
}

# Prints what is missing, one line each, then the one command that helps, and
# ends.
explain_and_stop() {
	local entry
	for entry in "${REJECTED[@]}"; do
		warn "passed by: $entry"
	done
	for entry in "${MISSING[@]}"; do
		warn "missing: ${entry%%|*}; get it from: ${entry#*|}"
	done
	[[ $# == 0 ]] || die "run this once, then again what you ran: $1"
	die "install what is missing and run again"
}
