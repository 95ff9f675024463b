# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
# The call of the kernel's own make.

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
	cp -a "$1" "$2.partial"
	rm -f "$2.partial"/{.built,.building,.seeded,linux,vmlinux} "$2.partial"/.config*
	touch "$2.partial/.seeded"
	mv "$2.partial" "$2"
}
