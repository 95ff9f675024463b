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

# What is missing: lines "what|how to get it", and Debian packages.
MISSING=()
MISSING_PACKAGES=()

miss() {
	MISSING+=("$1|$2")
	shift 2
	MISSING_PACKAGES+=("$@")
}

check_basic_tools() {
	local entry tool package what
	for entry in "${BASIC_TOOLS[@]}"; do
		IFS=: read -r tool package what <<<"$entry"
		[[ $tool != gcc ]] || tool=${CC:-gcc}
		command -v "$tool" >/dev/null || miss "$tool ($what)" "your system's package $package" "$package"
	done
	[[ ! -x $(command -v "${CC:-gcc}") || -f $("${CC:-gcc}" -print-file-name=libc.a) ]] ||
		miss "the C library for linking, also statically" "your system's package of libc headers and libc.a" libc6-dev
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
	libclang:12) printf 'libclang1-19 libclang-common-19-dev\n' ;;
	libclang:*) printf 'libclang1-19\n' ;;
	esac
}

# Installs MISSING_PACKAGES, or says how.
install_packages() {
	local packages=() sudo=()
	mapfile -t packages < <(printf '%s\n' "${MISSING_PACKAGES[@]}" | awk '!seen[$0]++')
	is_debian || explain_and_stop
	if ((EUID != 0)); then
		sudo_works || explain_and_stop "sudo apt-get install --no-install-recommends ${packages[*]}"
		sudo=(sudo)
	fi
	say "installing by apt-get: ${packages[*]}"
	apt_install "${sudo[@]}" || die "apt-get could not install them (see above); put that right and run again"
}

is_debian() {
	[[ $(os_release ID) == debian ]] && command -v apt-get >/dev/null && [[ ${SSI_INSTALL:-yes} != no ]]
}

sudo_works() {
	command -v sudo >/dev/null || return 1
	sudo -n true 2>/dev/null || [[ -t 0 && -t 1 ]]
}

# Takes packages from the lists as they are, or after an update if that fails;
# removes nothing for it.
apt_install() {
	local command=("$@" env DEBIAN_FRONTEND=noninteractive apt-get -q -y --no-install-recommends --no-remove install)
	if apt_has_all "${packages[@]}" && "${command[@]}" "${packages[@]}"; then return; fi
	say "updating the package lists"
	"$@" apt-get -q update && "${command[@]}" "${packages[@]}"
}

apt_has_all() {
	apt-get -q -s --no-install-recommends --no-remove install "$@" >/dev/null 2>&1
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
