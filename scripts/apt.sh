# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
# A private apt root.
#
# fetch and rootfs take packages from suites the machine itself need not use,
# as an ordinary user and without touching the machine's own package state.
# apt's own signature check stays in force: the keys are those of the installed
# keyring package. The mirror is the one the machine is configured for.

# Prints one word of /etc/os-release.
os_release() {
	(
		# shellcheck disable=SC1091
		[[ ! -r /etc/os-release ]] || . /etc/os-release
		printf '%s\n' "${!1:-}"
	)
}

# Prints the mirror this machine takes its own suite from, or nothing.
# DEBIAN_MIRROR overrides it.
apt_mirror() {
	if [[ -n ${DEBIAN_MIRROR:-} ]]; then
		printf '%s\n' "$DEBIAN_MIRROR"
		return
	fi
	apt-get -o APT::Get::IndexTargets::ReleaseInfo=false indextargets --format "\$(RELEASE) \$(COMPONENT) \$(CREATED_BY) \$(REPO_URI)" 2>/dev/null |
		awk -v own="$(os_release VERSION_CODENAME)" '
			$2 == "main" && $3 == "Packages" {
				if ($1 == own) { print $4; found = 1; exit }
				if ($1 ~ /^(oldstable|stable|testing|unstable|sid)$/ && !other) other = $4
			}
			END { if (!found && other) print other }'
}

# Prints the file with the archive's keys, or nothing.
apt_keyring() {
	local id file
	id=$(os_release ID)
	[[ -z ${DEBIAN_MIRROR:-} ]] || id=debian
	for file in /usr/share/keyrings/"$id"-archive-keyring.{gpg,pgp}; do
		[[ -r $file ]] || continue
		printf '%s\n' "$file"
		return
	done
}

# Writes the configuration of the private apt root $1 for the suites that
# follow.
apt_root_create() {
	local root=$1 mirror keyring suite
	shift
	mirror=$(apt_mirror)
	keyring=$(apt_keyring)
	[[ -n $mirror ]] ||
		die "this machine's apt names no Debian mirror; set DEBIAN_MIRROR to the address of one"
	[[ -n $keyring ]] ||
		die "the keys of the Debian archive are missing; install the package debian-archive-keyring"
	mkdir -p "$root"/{etc,lists/partial,archives/partial}
	: >"$root/status"
	for suite in "$@"; do
		printf 'deb [target=Packages signed-by=%s] %s %s main\n' "$keyring" "$mirror" "$suite"
	done | install_text "$root/etc/sources.list"
	install_text "$root/apt.conf" <<-CONF
		Dir::State "$root";
		Dir::State::lists "$root/lists";
		Dir::State::status "$root/status";
		Dir::State::extended_states "$root/extended_states";
		Dir::Cache "$root";
		Dir::Cache::archives "$root/archives";
		Dir::Etc::sourcelist "$root/etc/sources.list";
		Dir::Etc::sourceparts "/dev/null";
		Dir::Etc::preferencesparts "/dev/null";
		Dir::Etc::preferences "/dev/null";
		Dir::Log "$root/log";
		APT::Sandbox::User "root";
		APT::Default-Release "";
		Acquire::Retries "3";
		Acquire::Languages "none";
	CONF
	apt_clear_hooks "$root"
}

# The machine's own hooks (desktop notifications, cache cleaners) are not for
# the private root: they would need root or delete what we keep.
apt_clear_hooks() {
	local hook
	for hook in APT::Update::Post-Invoke APT::Update::Post-Invoke-Success \
		DPkg::Post-Invoke APT::Update::Pre-Invoke; do
		printf '#clear %s;\n' "$hook"
	done >>"$1/apt.conf"
}

# Runs an apt tool on the private root $1. The file goes by -c, which is read
# after the machine's own configuration; APT_CONFIG would be read before it.
apt_root() {
	local root=$1 tool=$2
	shift 2
	"$tool" -c "$root/apt.conf" "$@"
}

# Makes the private root $1 believe that what package $2 depends on is there,
# so that the package alone is downloaded.
apt_root_assume_dependencies() {
	local name
	while read -r name; do
		printf 'Package: %s\nStatus: install ok installed\nArchitecture: all\nVersion: 999:0\nMaintainer: -\nDescription: -\n\n' "$name"
	done < <(apt_root "$1" apt-cache depends "$2" | sed -n 's/^ *|\?Depends: <\?\([^<>: ]*\).*/\1/p' | sort -u) >"$1/status"
}

# Downloads packages into the archives of the private root $1; apt checks them
# and continues what is partial ("apt-get download" would begin again).
apt_root_download() {
	local root=$1
	shift
	apt_watch "$root/archives" apt-get -c "$root/apt.conf" -q -y --download-only \
		--no-install-recommends -o Debug::NoLocking=true install "$@"
}

# Succeeds if a package list of "apt-cache policy", on stdin, offers a version.
has_candidate() {
	[[ $(cat) =~ Candidate:\ [0-9] ]]
}

# Brings the private root's package lists up to date.
apt_root_update() {
	local root=$1 log=$SSI_LOG/apt.log
	mkdir -p "$SSI_LOG"
	apt_root "$root" apt-get -q update >"$log" 2>&1 && ! grep -q '^E:\|^Err:' "$log" && return
	grep -q '404 \|does not have a Release file' "$log" && return 1
	if grep -q 'NO_PUBKEY\|not signed' "$log"; then
		die "the archive's signature does not check; update the package debian-archive-keyring"
	fi
	die "no package lists from $(apt_mirror); check the network (log: $log) and run again"
}

# Runs a downloading apt program with its output in the log, and shows how much
# of what it needs is in directory $1. apt's helper, when ended, marks what is
# partial for the next run.
apt_watch() {
	local apt_dir=$1 apt_log=$SSI_LOG/apt.log
	shift
	watch_program "$apt_log" apt_state "$@" || { grep -m 3 -E '^(E|Err)' "$apt_log" >&2; return 1; }
}

# Prints "<so far> MB", and " of <all>" once apt has said how much it needs.
apt_state() {
	printf '%s MB' "$(du -sm "$apt_dir" 2>/dev/null | cut -f1)"
	sed -nE 's/^Need to get ([0-9.]+ [kM]B).*/ of \1/p; s/^Get:1 .* \[([0-9.]+ [kM]B)\]$/ of \1/p' "$apt_log" | head -n 1
}
