#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# The root's tree: Debian's, less what appliance/prune.list names, with the drivers of
# appliance/modules.list, this program, and appliance/overlay.
#
#	appliance/tree.sh CACHE WORK
#
# CACHE is what appliance/rootfs.sh made. Makes WORK/root, WORK/kernel (the kernel's package,
# unpacked), WORK/initrd.list (paths of drivers, in the order in which they are loaded), WORK/disc.list
# (the one of a disc's image), WORK/packages (those of which something is inside).

set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
cache=$1 work=$2
root=$work/root

unpack() {
	local name part

	mkdir -p "$root" "$work/kernel" "$work/boot"
	tar -xf "$cache/root.tar" -C "$root" --exclude=./dev
	dpkg-deb -x "$cache"/parts/linux-image-*.deb "$work/kernel"
	for name in systemd-boot-efi isolinux syslinux-common; do
		dpkg-deb -x "$cache"/parts/${name}_*.deb "$work/boot"
	done
	for part in "$cache"/parts/*.deb; do
		dpkg-deb -W --showformat "$describe" "$part"
	done >"$work/packages"
}

# What dpkg knows is asked before it is pruned.
# shellcheck disable=SC2016 # dpkg's variables
describe='${Package}\t${Version}\t${Architecture}\t${source:Package}\t${Maintainer}\t${Homepage}\n'
note_packages() {
	cp -r "$root/var/lib/dpkg" "$work/dpkg"
}
is_inside() { # PACKAGE ARCHITECTURE: whether a file of it is, but for its copyright
	local list=$work/dpkg/info/$1.list path

	[ -e "$list" ] || list=$work/dpkg/info/$1:$2.list
	while IFS= read -r path; do
		[[ $path == /usr/share/doc/* || -d $root$path ]] || [ ! -e "$root$path" ] || return 0
	done <"$list"
	return 1
}
list_packages() {
	local package version architecture rest

	dpkg-query --admindir="$work/dpkg" -W -f "$describe" |
		while IFS=$'\t' read -r package version architecture rest; do
			! is_inside "$package" "$architecture" || printf '%s\t%s\t%s\t%s\n' \
				"$package" "$version" "$architecture" "$rest"
		done >>"$work/packages"
	LC_ALL=C sort -o "$work/packages" "$work/packages"
}

prune() {
	local pattern

	shopt -s nullglob
	while IFS= read -r pattern; do
		# shellcheck disable=SC2086 # patterns
		(cd "$root" && rm -rf $pattern)
	done < <(sed "/^#/d; /^\$/d; ${NETWORK:+/^offline /d;} s/^offline //" "$here/prune.list")
	shopt -u nullglob
	find "$root/usr/share/doc" -type f ! -name copyright -delete
	find "$root"/usr/{bin,sbin} -type f -exec grep -lZIE '^#!.*perl' {} + | xargs -0r rm
	find "$root" -xtype l -path '*/systemd/*' -delete
	find "$root" -type f -perm /6000 -exec chmod a-s {} +
}

# Whether every program still finds its libraries.
check_libraries() {
	local missing

	# readelf minds what is no program
	missing=$({ find "$root/usr" -type f \( -perm /111 -o -name '*.so*' \) \
		-exec readelf -dW {} + 2>/dev/null || true; } |
		sed -n 's/.*(NEEDED).*\[\(.*\)\]/\1/p' | sort -u | while IFS= read -r name; do
		[ -n "$(find "$root/usr/lib" "$root/usr/lib64" -name "$name")" ] || echo "$name"
	done)
	[ -z "$missing" ] || {
		echo "appliance: pruned too much; somebody needs ${missing//$'\n'/ }" >&2
		return 1
	}
}

# The files of the drivers named under these words, each after what it needs.
drivers() { # WORD...
	local word name version=$1

	shift
	while read -r word name _; do
		[[ " $* " == *" $word "* ]] || continue
		modprobe -d "$work/kernel" -S "$version" --show-depends "$name" ||
			echo "appliance: no driver $name" >&2
	done < <(grep -v '^#' "$here/modules.list") |
		sed -n 's/^insmod \(.*\.ko\).*/\1/p' | awk '!seen[$0]++'
}
add_drivers() {
	local version to path

	version=$(ls "$work/kernel/lib/modules")
	to=$root/usr/lib/modules/$version
	depmod -b "$work/kernel" "$version"
	mkdir -p "$to"
	drivers "$version" initrd >"$work/initrd.list"
	drivers "$version" disc >"$work/disc.list"
	drivers "$version" initrd root ${NETWORK:+network} | while IFS= read -r path; do
		install -D -m 644 "$path" "$to/${path#*"/$version/"}"
	done
	cp "$work/kernel/lib/modules/$version"/modules.{builtin,builtin.modinfo,order} "$to"
	depmod -b "$root" "$version"
	# so that the last file written there is the same each time
	find "$to" -name 'modules.*' -newer "$to/modules.order" -exec chmod 644 {} +
}

add_ours() {
	local unit

	make -C "$here/.." --no-print-directory install DESTDIR="$root" PREFIX=/usr
	# The connected side's, and what links a library for archives (docs/runbook/appliance.md).
	rm -rf "$root"/usr/share/{bash-completion,man,landwaiter/prometheus} \
		"$root"/usr/libexec/landwaiter/landwaiter-{fetch,pack,unpack}
	[ -n "${NETWORK:-}" ] || rm -f "$root/usr/libexec/landwaiter/landwaiter-push"
	find "$root/usr/bin/landwaiter" "$root/usr/libexec/landwaiter" -type f \
		! -name landwaiter-intake ! -name landwaiter-mount -exec strip {} +
	cp -r --no-preserve=ownership,timestamps "$here/overlay/." "$root/"
	[ "${ENCLAVE:-none}" = none ] || {
		mkdir -p "$root/usr/share/landwaiter/enclave"
		cp -r --no-preserve=ownership "$ENCLAVE/." "$root/usr/share/landwaiter/enclave"
	}
	[ ! -d "${OVERLAY:-}" ] || cp -r --no-preserve=ownership "$OVERLAY/." "$root/"
	systemd-sysusers --root="$root" 2>/dev/null
	rm -f "$root"/etc/{passwd,group,shadow,gshadow}-
	[ -z "${NETWORK:-}" ] || systemctl --root="$root" --quiet enable systemd-networkd
	for unit in "$root"/usr/lib/systemd/system/{landwaiter,appliance}-*; do
		! grep -qs '^\[Install\]' "$unit" ||
			systemctl --root="$root" --quiet enable "${unit##*/}"
	done
	ln -sf multi-user.target "$root/usr/lib/systemd/system/default.target"
	: >"$root/etc/machine-id"
	echo landwaiter >"$root/etc/hostname"
	mkdir -p "$root"/{dev,proc,sys,run,tmp,var,media}
}

rm -rf "$work"
unpack
note_packages
prune
list_packages
add_drivers
add_ours
check_libraries
chmod -R go-w,a+rX "$root"
find "$root" -exec touch -h -d "@$SOURCE_DATE_EPOCH" {} +
