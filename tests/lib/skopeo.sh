# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
#
# skopeo of Debian's trixie: Debian 12's own has sigstore's signatures disabled. It runs with the
# libraries that it wants, unpacked beside it (debian.sh), and nothing is installed.

skopeo_trixie_packages=(skopeo libc6 libgpgme11t64 libassuan9 libgpg-error0 libsqlite3-0)

fetch_skopeo_trixie() { # FOLDER
	debian_fetch "$1" "${skopeo_trixie_packages[@]/%//trixie}"
}

has_skopeo_trixie() { # FOLDER
	local package

	for package in "${skopeo_trixie_packages[@]}"; do
		[ -d "$1/$package-trixie" ] || return 1
	done
}

# find_skopeo_trixie FOLDER: skopeo_trixie=(the words that start it).
find_skopeo_trixie() {
	local libraries loader

	libraries=$(printf "$1/%s-trixie/usr/lib/$(uname -m)-linux-gnu:" "${skopeo_trixie_packages[@]:1}")
	loader=("$1"/libc6-trixie/usr/lib/*/ld-linux-*.so.*)
	# shellcheck disable=SC2034 # for who sources this
	skopeo_trixie=("${loader[0]}" --library-path "${libraries%:}" "$1/skopeo-trixie/usr/bin/skopeo")
}
