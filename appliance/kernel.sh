# shellcheck shell=bash disable=SC2154
# SPDX-License-Identifier: Apache-2.0
#
# What the disk's image and the disc have in common: names that are the same each time, and a kernel that
# UEFI starts. Read by appliance/image.sh and appliance/disc.sh, which set $work.

# Whatever is made at random elsewhere is made of the words it is for here, so that it is the same
# each time.
named_uuid() { # WORDS
	sha256sum <<<"landwaiter $*" |
		sed -E 's/^(.{8})(.{4}).(.{3}).(.{3})(.{12}).*/\1-\2-4\3-8\4-\5/'
}

put_le32() { # FILE OFFSET VALUE
	local hex

	hex=$(printf '%08x' "$3")
	# shellcheck disable=SC2059 # bytes
	printf "\\x${hex:6:2}\\x${hex:4:2}\\x${hex:2:2}\\x${hex:0:2}" |
		dd of="$1" bs=1 seek="$2" conv=notrunc status=none
}

# Kernel, initrd and command line in one file, which is what is signed.
join_kernel() { # CMDLINE INITRD UNSIGNED
	local header sections=() section file address

	cat >"$work/os-release" <<-END
		ID=landwaiter
		NAME=Landwaiter
		PRETTY_NAME="Landwaiter $VERSION"
		VERSION_ID=$VERSION
	END
	for section in "osrel:$work/os-release:0x20000" "cmdline:$1:0x30000" \
		"linux:$work/vmlinuz:0x2000000" "initrd:$2:0x4000000"; do
		IFS=: read -r section file address <<<"$section"
		sections+=(--add-section ".$section=$file"
			--change-section-vma ".$section=$address")
	done
	[ "$(stat -c %s "$work/vmlinuz")" -lt $((0x2000000)) ]
	objcopy "${sections[@]}" "$work/boot/usr/lib/systemd/boot/efi/linuxx64.efi.stub" "$3"
	# objcopy writes down when it was, and a sum that nobody asks for.
	header=$(od -An -tu4 -j60 -N4 "$3")
	put_le32 "$3" $((header + 8)) "$SOURCE_DATE_EPOCH"
	put_le32 "$3" $((header + 24 + 64)) 0
}

sign_kernel() { # UNSIGNED SIGNED
	faketime -f "$(date -u -d "@$SOURCE_DATE_EPOCH" '+%F %T')" sbsign --key "$SIGN_KEY" \
		--cert "$SIGN_CERT" --output "$2" "$1" >"$work/sbsign.log" 2>&1 || {
		cat "$work/sbsign.log" >&2
		return 1
	}
	sbverify --cert "$SIGN_CERT" "$2" >>"$work/sbsign.log" 2>&1
}

# An EFI system partition, in which the firmware finds the kernel by itself.
make_esp() { # FILE MIB SIGNED
	rm -f "$1"
	truncate -s "$2M" "$1"
	mkfs.vfat --invariant -i 6c77e5b0 -n LANDWAITER -F 32 -s 1 "$1" >/dev/null
	touch -d "@$SOURCE_DATE_EPOCH" "$3"
	mmd -i "$1" ::/EFI ::/EFI/BOOT
	mcopy -m -i "$1" "$3" ::/EFI/BOOT/BOOTX64.EFI
}

pack_initrd() { # FOLDER: prints it
	find "$1" -exec touch -h -d "@$SOURCE_DATE_EPOCH" {} +
	(cd "$1" && find . -mindepth 1 | sort | cpio --quiet --reproducible -o -H newc -R 0:0)
}
