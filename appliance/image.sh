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
ESP_MIB=64 ROOT_MIB=128 DATA_MIB=${DATA_MIB:-1024}
block=4096
# shellcheck source=appliance/kernel.sh
. "$(dirname "$0")/kernel.sh"

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
	pack_initrd "$folder" | zstd -q -19 -T1 >"$work/initrd.img"
}

# The data partition is empty: it is made at the first start. Before it there is room for the roots of later
# versions, so that they can be written without moving it.
make_disk() {
	local mib=1048576 root_mib

	root_mib=$(((($(stat -c %s "$work/root.img") - 1) / (ROOT_MIB * mib) + 1) * ROOT_MIB))
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
cp "$work"/kernel/boot/vmlinuz-* "$work/vmlinuz"
join_kernel "$work/cmdline" "$work/initrd.img" "$work/unsigned.efi"
sign_kernel "$work/unsigned.efi" "$work/landwaiter.efi"
make_esp "$work/esp.img" $ESP_MIB "$work/landwaiter.efi"
make_disk
