# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
# The state of a grafted tree.
#
# A graft is two things: links into this repository (ssi and the headers of
# include/linux) and the patches of patches/series. Patches are never applied
# in place. The touched files are patched in a scratch directory from pristine
# copies and moved into the tree when all of them fit, so a patch that does not
# fit leaves the tree as it was, and an interrupted graft is simply done again.
#
#   TREE/.ssi/pristine/<file>   the file as upstream has it, saved first
#   TREE/.ssi/grafted           "<sha256>  <file>" of each touched file
#   TREE/.ssi/returned          the same of files that no patch touches any more
#   TREE/.ssi/scratch/          leftovers of an interrupted run

PATCHES=$SSI_TOP/patches

# Prints the patches in order, as paths.
patch_series() {
	local name
	while read -r name _; do
		[[ -n $name && $name != \#* ]] || continue
		[[ -f $PATCHES/$name ]] ||
			die "patches/series names $name, which does not exist; correct patches/series"
		printf '%s\n' "$PATCHES/$name"
	done <"$PATCHES/series"
}

# Prints the upstream files the patches given touch.
touched_by() {
	[[ $# -gt 0 ]] || return 0
	sed -n 's|^+++ b/\([^[:space:]]*\).*|\1|p' "$@" | sort -u
}

# Fails if a patch creates or deletes a file: new files live in the overlay.
require_changes_only() {
	local bad
	bad=$(grep -lE '^(---|\+\+\+) /dev/null' "$@" | head -n 1) || true
	[[ -z $bad ]] ||
		die "${bad##*/} creates or deletes a file; put new files into the repository and link them"
}

# Prints the part of patch $2 that is about file $1.
patch_of_file() {
	awk -v file="$1" '
		/^--- a\// { header = $0; next }
		/^\+\+\+ b\// { on = ($2 == "b/" file); if (on) print header }
		/^-- $/ { on = 0 }
		on { print }' "$2"
}

# Applies stdin to the file $1, exactly; further arguments go to patch.
apply_exactly() {
	local file=$1
	shift
	patch --silent --fuzz=0 --force --no-backup-if-mismatch --reject-file=- \
		--posix "$@" "$file"
}

# Takes out of a copy whatever part of the patches is in it, last patch first.
# A tree may have been patched by hand, or only half.
unpatch_copy() {
	local path=$1 file=$2 patch
	shift 2
	for patch in "$@"; do
		patch_of_file "$file" "$patch" >"$path.part"
		[[ -s $path.part ]] || continue
		apply_exactly "$path" -R --dry-run <"$path.part" >/dev/null 2>&1 || continue
		apply_exactly "$path" -R <"$path.part" >/dev/null
	done
	rm -f "$path.part"
}

# Prints the hash the last graft recorded for file $2 of tree $1.
recorded_hash() {
	[[ ! -f $1/.ssi/grafted ]] || awk -v file="$2" '$2 == file { print $1 }' "$1/.ssi/grafted"
}

# Prints the hash of a file.
file_hash() {
	sha256sum <"$1" | cut -d' ' -f1
}

# Prints each link of a graft as "<path in the tree> <target>".
graft_links() {
	local tree=$1 header
	if [[ $tree == "$SSI_TOP"/* ]]; then
		printf 'ssi %s\n' "$(realpath --relative-to="$tree" "$SSI_TOP")"
	else
		printf 'ssi %s\n' "$SSI_TOP"
	fi
	for header in $(cd "$SSI_TOP" && printf '%s\n' include/linux/*.h include/uapi/linux/*.h); do
		printf '%s %sssi/%s\n' "$header" "$(up_from "$header")" "$header"
	done
}

# Prints the way from the folder of file $1, given from the top of a tree, to that top.
up_from() {
	local rest=$1
	while [[ $rest == */* ]]; do
		printf '../'
		rest=${rest#*/}
	done
}

# Prints the links into this repository that tree $1 has and should not.
stale_links() {
	local link path
	for link in "$1"/include/linux/*.h "$1"/include/uapi/linux/*.h; do
		[[ -L $link && $(readlink "$link") == ../*ssi/include/* ]] || continue
		path=${link#"$1"/}
		[[ -e $SSI_TOP/$path ]] || printf '%s\n' "$path"
	done
}
