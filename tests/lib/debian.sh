# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
#
# Programs of other Debian releases, unpacked into a folder and not installed: tests that compare
# us with them run them from there. Nothing of the system changes.

# debian_fetch FOLDER PACKAGE/SUITE...: FOLDER/PACKAGE-SUITE has what the package holds. What is
# there already is kept. Signatures are checked with the system's own keyring.
debian_fetch() { # one at a time: tests run beside each other
	mkdir -p "$1"
	(
		flock 9
		debian_fetch_missing "$@"
	) 9>"$1/lock"
}

debian_fetch_missing() {
	local folder=$1 want missing=() apt

	shift
	for want in "$@"; do
		[ -e "$folder/${want/\//-}" ] || missing+=("$want")
	done
	[ ${#missing[@]} -gt 0 ] || return 0
	apt=$(realpath "$folder")/apt
	rm -rf "$apt"
	mkdir -p "$apt/state/lists/partial" "$apt/cache/archives/partial"
	for want in "${missing[@]}"; do
		printf 'deb [signed-by=%s] %s %s main\n' \
			/usr/share/keyrings/debian-archive-keyring.gpg \
			"${DEBIAN_MIRROR:-http://deb.debian.org/debian}" "${want#*/}"
	done | sort -u >"$apt/sources.list"
	cat >"$apt/apt.conf" <<-CONF
		APT::Sandbox::User "$(id -un)";
		Acquire::Languages "none";
		Dir::State "$apt/state";
		Dir::State::status "/dev/null";
		Dir::Cache "$apt/cache";
		Dir::Etc::sourcelist "$apt/sources.list";
		Dir::Etc::sourceparts "/dev/null";
	CONF
	APT_CONFIG=$apt/apt.conf apt-get -q -q update
	for want in "${missing[@]}"; do
		mkdir "$apt/one"
		(cd "$apt/one" && APT_CONFIG=$apt/apt.conf apt-get -q -q download "$want")
		dpkg-deb -x "$apt"/one/*.deb "$apt/new"
		mv "$apt/new" "$folder/${want/\//-}"
		rm -r "$apt/one"
	done
	rm -rf "$apt"
}
