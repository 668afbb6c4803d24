#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# From the disk's image to a disc that starts under UEFI and under a BIOS, from a drive or written to a
# stick, and carries the image in its initrd (docs/decisions/0029-the-disc-carries-the-disk.md).
#
#	appliance/disc.sh WORK
#
# WORK is what appliance/image.sh left. Makes in it: disc.initrd.img, disc.cmdline, disc.unsigned.efi,
# disc.efi, landwaiter.iso.

set -euo pipefail
work=$1
export LC_ALL=C TZ=UTC SOURCE_DATE_EPOCH
mib=1048576
# shellcheck source=appliance/kernel.sh
. "$(dirname "$0")/kernel.sh"

partition() { # NUMBER FIELD: of the image, in sectors
	sfdisk --json "$work/disk.img" | jq ".partitiontable.partitions[$1 - 1].$2"
}

# The appliance's initrd, and behind it the image as far as something is on it. What the installer writes, all of that
# but the first MiB, is named by its length in MiB and its digest.
make_initrd() {
	local folder=$work/disc count digest

	rm -rf "$folder"
	mkdir -p "$folder"
	count=$(($(partition 2 start) / 2048 + ($(stat -c %s "$work/root.img") + mib - 1) / mib))
	dd "if=$work/disk.img" "of=$folder/disk.img" bs=$mib count=$count status=none
	install -m 644 "$(<"$work/disc.list")" "$folder/loop.ko"
	{
		cat "$work/initrd.img"
		head -c $((-$(stat -c %s "$work/initrd.img") & 3)) /dev/zero
		pack_initrd "$folder" | zstd -q -12 -T1
	} >"$work/disc.initrd.img"
	digest=$(dd "if=$folder/disk.img" bs=$mib skip=1 status=none | sha256sum | cut -c 1-64)
	printf '%s landwaiter.disc=%d landwaiter.written=%d:%s' "$(cat "$work/cmdline")" \
		"$(stat -c %s "$work/disk.img")" $((count - 1)) "$digest" >"$work/disc.cmdline"
	rm -rf "$folder"
}

# ISOLINUX starts it under a BIOS; UEFI finds its kernel in esp.img, an EFI system partition, by El Torito's catalogue
# (a size of 0 there means up to the end, since the field has no room for more than 32 MiB) or by the partition table.
make_iso() {
	local folder=$work/iso

	rm -rf "$folder" "$work/landwaiter.iso"
	mkdir -p "$folder"
	cp "$work/boot/usr/lib/ISOLINUX/isolinux.bin" "$work/boot/usr/lib/syslinux/modules/bios/ldlinux.c32" \
		"$folder"
	cp "$work/vmlinuz" "$folder/linux"
	cp "$work/disc.initrd.img" "$folder/initrd"
	ln "$work/disc.esp.img" "$folder/esp.img"
	printf 'serial 0 115200\ndefault landwaiter\nlabel landwaiter\nlinux linux\ninitrd initrd\nappend %s\n' \
		"$(cat "$work/disc.cmdline")" >"$folder/isolinux.cfg"
	chmod -R u=rwX,go=rX "$folder"
	find "$folder" -exec touch -h -d "@$SOURCE_DATE_EPOCH" {} +
	xorriso -as mkisofs -quiet -r -V LANDWAITER -A "LANDWAITER $VERSION" -o "$work/landwaiter.iso" \
		-b isolinux.bin -c boot.cat -no-emul-boot -boot-load-size 4 -boot-info-table \
		-isohybrid-mbr "$work/boot/usr/lib/ISOLINUX/isohdpfx.bin" \
		-eltorito-alt-boot -e esp.img -no-emul-boot -boot-load-size 1 -isohybrid-gpt-basdat \
		"$folder" >"$work/xorriso.log" 2>&1 || {
		cat "$work/xorriso.log" >&2
		return 1
	}
}

make_initrd
join_kernel "$work/disc.cmdline" "$work/disc.initrd.img" "$work/disc.unsigned.efi"
sign_kernel "$work/disc.unsigned.efi" "$work/disc.efi"
make_esp "$work/disc.esp.img" $(($(stat -c %s "$work/disc.efi") / mib + 3)) "$work/disc.efi"
make_iso
