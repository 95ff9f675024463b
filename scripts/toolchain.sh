# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
# The compilers and their choice.
#
# Each find_* function sets a variable to the first complete candidate, says
# why it passed others by, and fails if there is none. RUSTC=, RUST_LIB_SRC=,
# BINDGEN=, LIBCLANG_PATH=, CC= and CARGO= given by the user are the only
# candidates then.

# Reasons why candidates were passed by, one per line.
REJECTED=()

reject() {
	REJECTED+=("$*")
}

# Prints the version "x.y.z" of a Rust tool, which says "<name> <version>".
tool_version() {
	"$1" --version 2>/dev/null | sed -nE '1s/^(rustc|cargo|bindgen) v?([0-9]+\.[0-9]+\.[0-9]+).*/\2/p'
}

# Prints every program called $1: in PATH, then where rustup and cargo put it.
candidates() {
	{
		type -ap "$1" || true
		ls "${CARGO_HOME:-$HOME/.cargo}/bin/$1" /usr/bin/"$1" \
			"${RUSTUP_HOME:-$HOME/.rustup}"/toolchains/*/bin/"$1" 2>/dev/null || true
	} | awk '!seen[$0]++'
}

# --- rustc ------------------------------------------------------------------

# Sets RUSTC and RUST_LIB_SRC: the kernel builds its own core library, so it
# needs the source of exactly the version of the compiler.
find_rustc() {
	local rustc seen=
	while read -r rustc; do
		rustc=$(real_rustc "$rustc")
		[[ :$seen: != *":$rustc:"* ]] || continue
		seen+=:$rustc
		accept_rustc "$rustc" || continue
		RUSTC=$rustc
		return
	done < <(if [[ -n ${RUSTC:-} ]]; then printf '%s\n' "$RUSTC"; else candidates rustc; fi)
	return 1
}

# rustup's rustc is a proxy that looks at the current directory; prints the
# compiler behind it.
real_rustc() {
	local sysroot
	sysroot=$("$1" --print sysroot 2>/dev/null) || true
	if [[ -n $sysroot && -x $sysroot/bin/rustc ]]; then
		printf '%s\n' "$sysroot/bin/rustc"
	else
		type -P "$1" || printf '%s\n' "$1"
	fi
}

# Sets RUST_LIB_SRC if compiler $1 is new enough and its source is here.
accept_rustc() {
	local rustc=$1 version library found
	local reason="has no library source of its version${RUST_LIB_SRC:+ in $RUST_LIB_SRC}"
	version=$(tool_version "$rustc")
	[[ -n $version ]] || { reject "$rustc does not run"; return 1; }
	version_at_least "$version" "$RUSTC_VERSION_MIN" ||
		{ reject "$rustc is $version, older than $RUSTC_VERSION_MIN"; return 1; }
	while read -r library; do
		[[ -f $library/core/src/lib.rs ]] || continue
		found=$(library_version "$library" "$version")
		if [[ $found == "$version" ]]; then
			RUST_LIB_SRC=$library
			return
		fi
		reason="does not match the library source in $library, which is $found"
	done < <(library_candidates "$rustc" "$version")
	reject "$rustc ($version) $reason"
	return 1
}

# Prints the places where the library source of compiler $1 may be.
library_candidates() {
	if [[ -n ${RUST_LIB_SRC:-} ]]; then
		printf '%s\n' "$RUST_LIB_SRC"
		return
	fi
	realpath -q -e "$("$1" --print sysroot)/lib/rustlib/src/rust/library" || true
	printf '%s\n' "/usr/src/rustc-$2/library"
}

# Prints the version of the library source in $1. rustup's source has no mark
# of its own, but is installed with its compiler, of version $2.
library_version() {
	if [[ -r $1/../src/version ]]; then
		head -n 1 "$1/../src/version"
	else
		printf '%s\n' "$2"
	fi
}

# --- bindgen and libclang ---------------------------------------------------

# Sets BINDGEN and LIBCLANG_PATH.
find_bindgen() {
	local bindgen version
	while read -r bindgen; do
		[[ -n $bindgen ]] || continue
		version=$(tool_version "$bindgen") || true
		if [[ -z $version ]]; then
			reject "$bindgen does not run"
		elif ! version_at_least "$version" "$BINDGEN_VERSION_MIN"; then
			reject "$bindgen is $version, older than $BINDGEN_VERSION_MIN"
		else
			BINDGEN=$bindgen
			return
		fi
	done < <(bindgen_candidates)
	return 1
}

bindgen_candidates() {
	if [[ -n ${BINDGEN:-} ]]; then
		type -P "$BINDGEN" || printf '%s\n' "$BINDGEN"
		return
	fi
	ls "$SSI_BUILD/bindgen/bin/bindgen" 2>/dev/null || true
	candidates bindgen
}

# Builds bindgen into the build directory; needs CARGO.
install_bindgen() {
	say "building bindgen $BINDGEN_VERSION into $SSI_BUILD/bindgen (once; a minute or two)"
	watch_program "$SSI_LOG/bindgen.log" bindgen_state env "RUSTC=$CARGO_RUSTC" \
		"$CARGO" install bindgen-cli --locked --version "$BINDGEN_VERSION" --root "$SSI_BUILD/bindgen" ||
		die "bindgen does not build (see $SSI_LOG/bindgen.log); check the network and run again, or give BINDGEN=<bindgen $BINDGEN_VERSION_MIN or later>"
	BINDGEN=$SSI_BUILD/bindgen/bin/bindgen
}

# Prints cargo's last word.
bindgen_state() {
	printf 'bindgen:%s' "$(tail -n 1 "$SSI_LOG/bindgen.log" 2>/dev/null)"
}

# Sets LIBCLANG_PATH to a directory whose libclang bindgen can use; needs
# BINDGEN.
find_libclang() {
	local dir version
	while read -r dir; do
		version=$(libclang_version "$dir") || true
		if [[ -z $version ]]; then
			[[ -z ${LIBCLANG_PATH:-} ]] || reject "bindgen finds no libclang in $dir"
		elif ((version < LIBCLANG_VERSION_MIN)); then
			reject "libclang in ${dir:-the default place} is $version, older than $LIBCLANG_VERSION_MIN"
		else
			LIBCLANG_PATH=$dir
			# shellcheck disable=SC2034 # setup reports it
			LIBCLANG_VERSION=$version
			return
		fi
	done < <(libclang_candidates)
	return 1
}

# The newest first; the empty line stands for bindgen's own search.
libclang_candidates() {
	local dir
	if [[ -n ${LIBCLANG_PATH:-} ]]; then
		printf '%s\n' "$LIBCLANG_PATH"
		return
	fi
	for dir in /usr/lib/llvm-*/lib /usr/lib/"$(uname -m)"-linux-gnu /usr/lib64; do
		! compgen -G "$dir/libclang[.-][0-9s]*" >/dev/null || printf '%s\n' "$dir"
	done | sort -rV
	printf '\n'
}

# Prints the major version of the libclang that bindgen uses with path $1.
libclang_version() {
	local header
	header=$(mktemp --suffix=.h)
	printf '%s\n' '#pragma message("clang version " __clang_version__)' >"$header"
	(
		unset LIBCLANG_PATH
		[[ -z $1 ]] || export LIBCLANG_PATH=$1
		"$BINDGEN" "$header" 2>&1
	) | sed -n 's/.*clang version \([0-9]*\)\..*/\1/p' | head -n 1
	rm -f "$header"
}

# --- cargo and busybox ------------------------------------------------------

# Sets CARGO, and CARGO_RUSTC to the compiler that belongs to it.
find_cargo() {
	local cargo version
	while read -r cargo; do
		version=$(tool_version "$cargo") || true
		if [[ -z $version ]]; then
			reject "$cargo does not run"
		elif ! version_at_least "$version" "$RUSTC_VERSION_MIN"; then
			reject "$cargo is $version, older than $RUSTC_VERSION_MIN"
		else
			CARGO=$cargo
			CARGO_RUSTC=$(dirname "$cargo")/rustc
			[[ -x $CARGO_RUSTC ]] || CARGO_RUSTC=rustc
			return
		fi
	done < <(if [[ -n ${CARGO:-} ]]; then printf '%s\n' "$CARGO"; else candidates cargo; fi)
	return 1
}

# Sets BUSYBOX to a statically linked one.
find_busybox() {
	local busybox
	while read -r busybox; do
		[[ -x $busybox && ! -d $busybox ]] || { reject "$busybox is not a program"; continue; }
		if is_static "$busybox"; then
			BUSYBOX=$busybox
			return
		fi
		reject "$busybox is linked dynamically"
	done < <(if [[ -n ${BUSYBOX:-} ]]; then printf '%s\n' "$BUSYBOX"; else busybox_candidates; fi)
	return 1
}

busybox_candidates() {
	candidates busybox
	ls "$SSI_BUILD/busybox/bin/busybox" "$SSI_BUILD/busybox/usr/bin/busybox" 2>/dev/null || true
}

is_static() {
	! readelf -lW "$1" 2>/dev/null | grep INTERP >/dev/null
}

# Takes busybox out of its package; needs no root and changes nothing outside
# the build directory.
download_busybox() {
	local root=$SSI_BUILD/apt-busybox dir=$SSI_BUILD/busybox
	command -v apt-get >/dev/null || return 1
	say "downloading busybox-static"
	apt_root_create "$root" "$(os_release VERSION_CODENAME)"
	apt_root_update "$root" || return 1
	mkdir -p "$dir.partial"
	(cd "$dir.partial" && apt_root "$root" apt-get -q download busybox-static >>"$SSI_LOG/apt.log" 2>&1) || return 1
	dpkg-deb -x "$dir.partial"/busybox-static_*.deb "$dir.partial" || return 1
	rm -rf "$dir" && mv "$dir.partial" "$dir"
	find_busybox
}
