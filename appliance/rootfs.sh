#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# What the image takes from Debian, unchanged, as one archive, and the packages it takes parts of:
#
#	appliance/rootfs.sh FOLDER
#
# makes FOLDER/root.tar (appliance/packages.list and the essential packages, configured) and
# FOLDER/parts/*.deb (the kernel; what systemd starts a kernel with under UEFI; what starts one from a
# disc under a BIOS). All come from the same lists in the same run: MIRROR, a line for sources.list (a snapshot archive, to build the same again later),
# or else Debian's own, with its security updates.

set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
folder=$1
: "${SOURCE_DATE_EPOCH:?}" "${MIRROR=}"
export SOURCE_DATE_EPOCH LC_ALL=C TZ=UTC

# Run by mmdebstrap, outside of the root but with its lists.
fetch_parts() { # ROOT PARTS
	local kernel

	kernel=$(apt-cache depends linux-image-amd64 | sed -n 's/^ *Depends: \(linux-image-.*\)/\1/p')
	(cd "$2" && apt-get -q download "$kernel" systemd-boot-efi isolinux syslinux-common)
}
if [ "${2:-}" = --parts ]; then
	APT_CONFIG=$MMDEBSTRAP_APT_CONFIG fetch_parts "$3" "$folder"
	exit
fi

packages=$(awk -v words=" root ${NETWORK:+network} " '
	/^[^#]/ && index(words, " " $1 " ") { printf "%s%s", sep, $2; sep = "," }
' "$here/packages.list")
rm -rf "$folder.new"
mkdir -p "$folder.new/parts"
chmod 777 "$folder.new/parts" # of another user's, where mmdebstrap is not root
mmdebstrap --quiet --variant=essential --include="$packages" \
	--aptopt='APT::Sandbox::User "root"' \
	--dpkgopt='path-exclude=/usr/share/doc/*' \
	--dpkgopt='path-include=/usr/share/doc/*/copyright' \
	--dpkgopt='path-exclude=/usr/share/locale/*' \
	--dpkgopt='path-exclude=/usr/share/man/*' \
	--dpkgopt='path-exclude=/usr/share/info/*' \
	--dpkgopt=force-unsafe-io \
	--customize-hook="'$here/rootfs.sh' '$folder.new/parts' --parts \"\$1\"" \
	bookworm "$folder.new/root.tar" ${MIRROR:+"$MIRROR"}
chmod 755 "$folder.new/parts"
rm -rf "$folder"
mv "$folder.new" "$folder"
