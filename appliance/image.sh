#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# From the root's tree to a disk that boots, on plain files: no loop device, no mount, no root.
#
#	appliance/image.sh WORK INIT
#
# WORK is what appliance/tree.sh made; INIT is process 1 of the initrd. Makes in WORK: root.img (erofs,
# and its dm-verity tree behind it), initrd.img, cmdline, unsigned.efi, landwaiter.efi (the same,
# signed with $SIGN_KEY and $SIGN_CERT), disk.img.

set -euo pipefail
work=$1 init=$2
export LC_ALL=C TZ=UTC SOURCE_DATE_EPOCH
ESP_MIB=64 DATA_MIB=${DATA_MIB:-1024}
block=4096

# Whatever is made at random elsewhere is made of the words it is for here, so that it is the same
# each time.
named_uuid() { # WORDS
	sha256sum <<<"landwaiter $*" |
		sed -E 's/^(.{8})(.{4}).(.{3}).(.{3})(.{12}).*/\1-\2-4\3-8\4-\5/'
}

make_root() {
	local bytes salt words

	mkfs.erofs --quiet -zlz4hc -T"$SOURCE_DATE_EPOCH" -U "$(named_uuid root)" --all-root \
		"$work/root.img" "$work/root" >/dev/null
	bytes=$(stat -c %s "$work/root.img")
	blocks=$(((bytes + block - 1) / block))
	truncate -s $((blocks * block)) "$work/root.img"
	salt=$(sha256sum <"$work/root.img" | cut -c 1-64)
	hash=$(veritysetup format --salt="$salt" --uuid="$(named_uuid verity)" \
		--data-block-size=$block --hash-block-size=$block --data-blocks=$blocks \
		--hash-offset=$((blocks * block)) "$work/root.img" "$work/root.img" |
		sed -n 's/^Root hash:[[:space:]]*//p')
	[ ${#hash} -eq 64 ]
	name=root-${hash:0:16}
	# shellcheck disable=SC2054 # commas are the kernel's
	words=(console=tty1 console=ttyS0,115200 quiet loglevel=5 printk.devkmsg=on
		"landwaiter.root=$name" "landwaiter.verity=$hash" "landwaiter.salt=$salt"
		"landwaiter.blocks=$blocks" lockdown=integrity module.sig_enforce=1
		usbcore.authorized_default=2 systemd.gpt_auto=0 systemd.show_status=0)
	printf '%s' "${words[*]}" >"$work/cmdline"
}

make_initrd() {
	local folder=$work/initrd from to count=0

	mkdir -p "$folder/drivers"
	install -m 755 "$init" "$folder/init"
	strip "$folder/init"
	while IFS= read -r from; do
		count=$((count + 1))
		to=$(printf 'drivers/%02d-%s' $count "${from##*/}")
		install -m 644 "$from" "$folder/$to"
		echo "/$to"
	done <"$work/initrd.list" >"$folder/modules"
	find "$folder" -exec touch -h -d "@$SOURCE_DATE_EPOCH" {} +
	(cd "$folder" && find . -mindepth 1 | sort |
		cpio --quiet --reproducible -o -H newc -R 0:0) | zstd -q -19 -T1 >"$work/initrd.img"
}

put_le32() { # FILE OFFSET VALUE
	local hex

	hex=$(printf '%08x' "$3")
	# shellcheck disable=SC2059 # bytes
	printf "\\x${hex:6:2}\\x${hex:4:2}\\x${hex:2:2}\\x${hex:0:2}" |
		dd of="$1" bs=1 seek="$2" conv=notrunc status=none
}

# Kernel, initrd and command line in one file, which is what is signed.
make_kernel() {
	local header sections=() section file address

	cp "$work"/kernel/boot/vmlinuz-* "$work/vmlinuz"
	cat >"$work/os-release" <<-END
		ID=landwaiter
		NAME=Landwaiter
		PRETTY_NAME="Landwaiter $VERSION"
		VERSION_ID=$VERSION
	END
	for section in osrel:os-release:0x20000 cmdline:cmdline:0x30000 \
		linux:vmlinuz:0x2000000 initrd:initrd.img:0x4000000; do
		IFS=: read -r section file address <<<"$section"
		sections+=(--add-section ".$section=$work/$file"
			--change-section-vma ".$section=$address")
	done
	[ "$(stat -c %s "$work/vmlinuz")" -lt $((0x2000000)) ]
	objcopy "${sections[@]}" "$work/boot/usr/lib/systemd/boot/efi/linuxx64.efi.stub" \
		"$work/unsigned.efi"
	# objcopy writes down when it was, and a sum that nobody asks for.
	header=$(od -An -tu4 -j60 -N4 "$work/unsigned.efi")
	put_le32 "$work/unsigned.efi" $((header + 8)) "$SOURCE_DATE_EPOCH"
	put_le32 "$work/unsigned.efi" $((header + 24 + 64)) 0
	faketime -f "$(date -u -d "@$SOURCE_DATE_EPOCH" '+%F %T')" sbsign --key "$SIGN_KEY" \
		--cert "$SIGN_CERT" --output "$work/landwaiter.efi" "$work/unsigned.efi" \
		>"$work/sbsign.log" 2>&1 || {
		cat "$work/sbsign.log" >&2
		return 1
	}
	sbverify --cert "$SIGN_CERT" "$work/landwaiter.efi" >>"$work/sbsign.log" 2>&1
}

make_esp() {
	truncate -s ${ESP_MIB}M "$work/esp.img"
	mkfs.vfat --invariant -i 6c77e5b0 -n LANDWAITER -F 32 -s 1 "$work/esp.img" >/dev/null
	touch -d "@$SOURCE_DATE_EPOCH" "$work/landwaiter.efi"
	mmd -i "$work/esp.img" ::/EFI ::/EFI/BOOT
	mcopy -m -i "$work/esp.img" "$work/landwaiter.efi" ::/EFI/BOOT/BOOTX64.EFI
}

# The data partition is empty: it is made at the first start.
make_disk() {
	local mib=1048576 root_mib

	root_mib=$((($(stat -c %s "$work/root.img") + mib - 1) / mib))
	truncate -s $((1 + ESP_MIB + root_mib + DATA_MIB + 1))M "$work/disk.img"
	sfdisk -q "$work/disk.img" <<-END
		label: gpt
		label-id: $(named_uuid disk)
		start=1MiB, size=${ESP_MIB}MiB, type=uefi, uuid=$(named_uuid esp "$hash"), name=esp
		size=${root_mib}MiB, type=4f68bce3-e8cd-4db1-96e7-fbcaf984b709, uuid=$(named_uuid "$name"), name=$name
		size=${DATA_MIB}MiB, type=linux, uuid=$(named_uuid data), name=landwaiter-data
	END
	dd if="$work/esp.img" of="$work/disk.img" bs=1M seek=1 conv=notrunc,sparse status=none
	dd if="$work/root.img" of="$work/disk.img" bs=1M seek=$((1 + ESP_MIB)) conv=notrunc status=none
}

make_root
make_initrd
make_kernel
make_esp
make_disk
