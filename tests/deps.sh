#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# Installs the Debian packages of the named lanes (tests/packages.txt) that are not there yet:
#
#	tests/deps.sh LANE...
#
# A name with "/unpacked" behind it is not installed, which would start a service: what the package
# holds is put into build/private/NAME. Says nothing and asks for nothing when all are there.

set -euo pipefail
cd "$(dirname "$0")/.."

if [ ! -e /etc/debian_version ]; then
	echo "deps: this is no Debian system: install what tests/packages.txt lists" >&2
	exit 1
fi

mapfile -t packages < <(awk -v lanes=" $* " '
	/^[^#]/ && NF >= 2 && index(lanes, " " $1 " ") && !seen[$2]++ { print $2 }
' tests/packages.txt)
if [ ${#packages[@]} -eq 0 ]; then
	echo "deps: no such lane: $*" >&2
	exit 2
fi

missing=()
unpacked=()
for package in "${packages[@]}"; do
	if [[ $package == */unpacked ]]; then
		[ -e "build/private/${package%/*}" ] || unpacked+=("${package%/*}")
		continue
	fi
	# pkg-config is a name that pkgconf took over later.
	status=$(dpkg-query -W -f '${db:Status-Status} ' "$package" 2>/dev/null || true)
	[[ " $status" == *" installed "* ]] || missing+=("$package")
done
[ $((${#missing[@]} + ${#unpacked[@]})) -eq 0 ] && exit 0

install=(apt-get install -y --no-install-recommends "${missing[@]}")
as_root=(env DEBIAN_FRONTEND=noninteractive)
if [ "$(id -u)" -ne 0 ] && command -v sudo >/dev/null; then
	as_root=(sudo "${as_root[@]}")
elif [ "$(id -u)" -ne 0 ] && [ ${#missing[@]} -gt 0 ]; then
	printf 'deps: missing, and neither root nor sudo is here to install it. As root, run:\n' >&2
	printf '\tapt-get update && %s\n' "${install[*]}" >&2
	exit 1
fi
log=$(mktemp)
trap 'rm -f "$log"' EXIT
failed() {
	tail -n 30 "$log" >&2
	echo "deps: apt-get could not $1" >&2
	exit 1
}
if [ ${#missing[@]} -gt 0 ]; then
	echo "deps: installing ${missing[*]}"
	{
		"${as_root[@]}" apt-get -q update || true # a stale list may still do
		"${as_root[@]}" "${install[@]}"
	} >"$log" 2>&1 || failed "install them"
fi

unpack() { # PACKAGE
	local folder

	mkdir -p build/private
	folder=$(mktemp -d build/private/.new-XXXXXX)
	(cd "$folder" && apt-get -q download "$1") && dpkg-deb -x "$folder"/*.deb "$folder/all" &&
		mv "$folder/all" "build/private/$1"
	rm -rf "$folder"
	[ -e "build/private/$1" ]
}
for package in "${unpacked[@]}"; do
	echo "deps: unpacking $package"
	{
		unpack "$package" || {
			"${as_root[@]}" apt-get -q update
			unpack "$package"
		}
	} >"$log" 2>&1 || failed "bring $package"
done
