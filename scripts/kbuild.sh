# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
# The calls of the kernel's own make and of cargo.

# Reads the choice of scripts/setup.
load_setup() {
	[[ -f $SSI_BUILD/setup.env ]] || die "the tool chain has not been looked for; run scripts/setup"
	# shellcheck disable=SC1091
	source "$SSI_BUILD/setup.env"
}

# Runs make of the kernel tree $1 into the object directory $2; the rest are
# targets. Needs load_setup.
kernel_make() {
	local tree=$1 objects=$2
	shift 2
	LIBCLANG_PATH=$LIBCLANG_PATH make -C "$tree" --no-print-directory -j"${JOBS:-$(nproc)}" \
		ARCH=um O="$objects" CC="$CC" HOSTCC="$CC" \
		RUSTC="$RUSTC" HOSTRUSTC="$RUSTC" RUST_LIB_SRC="$RUST_LIB_SRC" BINDGEN="$BINDGEN" "$@"
}

# Prints the fragments a variant is configured from, in order.
fragments_of() {
	local dir=$SSI_TOP/uml-configs
	case $1 in
	base | plain | switches) printf '%s\n' "$dir/base.config" ;;
	debug) printf '%s\n' "$dir/base.config" "$dir/debug.config" ;;
	kunit) printf '%s\n' "$dir/base.config" "$dir/debug.config" "$dir/kunit.config" ;;
	esac
}

# Lets object directory $2, if there is none, begin as a copy of $1: what a
# different configuration does not change need not be built again.
seed_objects() {
	[[ -f $1/.built && $1 != "$2" && ! -d $2 ]] || return 0
	rm -rf "$2.partial"
	progress "copying ${1##*/} to ${2##*/}"
	cp -a "$1" "$2.partial"
	rm -f "$2.partial"/{.built,.building,.seeded,linux,vmlinux} "$2.partial"/.config*
	touch "$2.partial/.seeded"
	mv "$2.partial" "$2"
	progress_end
}

# Prints the places of ours that the compilers warn of in log $1, and removes
# their objects from $2, so that the warning shows again until it is mended.
forget_warned_objects() {
	local place
	{ grep -oE '(^|[ /])(ssi/(rust/[a-z]+/[a-z0-9_/]+\.rs|hostfs/[a-z0-9_]+\.[ch])|include/linux/ssi[a-z_]*\.h):[0-9]' "$1" || true; } |
		sed -E 's#^[ /]##; s#^(ssi/(rust/[a-z]+|hostfs)|include)/.*#\1#' | sort -u |
		while read -r place; do
			printf '%s\n' "$place"
			[[ $place == ssi/* ]] || place=ssi
			find "$2/$place" -name '*.o' -delete
		done
}

# Builds packages of tools/ in release mode; the arguments are cargo's. Needs
# load_setup and the lock. Cargo itself knows when there is nothing to do.
cargo_build() {
	cargo_build_in "$SSI_TOP/tools" "$SSI_BUILD/cargo" "$@"
}

# The same for any workspace: cargo_build_in WORKSPACE TARGET WORD...
cargo_build_in() {
	local log=$SSI_LOG/cargo.log workspace=$1 target=$2
	shift 2
	watch_program "$log" cargo_state env -C "$workspace" "RUSTC=$CARGO_RUSTC" \
		"$CARGO" build --release --locked --target-dir "$target" "$@" ||
		{ cargo_words "$log"; die "the tools do not build (see above); if a crate could not be downloaded, check the network and run again"; }
	cargo_words "$log"
}

# Prints cargo's last word.
cargo_state() {
	printf 'cargo:%s' "$(tail -n 1 "$SSI_LOG/cargo.log" 2>/dev/null)"
}

# Shows what cargo said beside its progress.
cargo_words() {
	grep -vE '^ +(Blocking|Compiling|Downloaded|Downloading|Finished|Locking|Updating) ' "$1" >&2 || true
}
