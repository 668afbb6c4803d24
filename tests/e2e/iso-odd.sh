#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# The disc that `make appliance` built, where iso.sh does not have it: written to a disk, beside a data partition that
# somebody made, and damaged.

. "$(dirname "$0")/../lib/scenario.sh"
. "$LW_TOP/tests/lib/machine.sh"
needs landwaiter.iso
disc=$APPLIANCE/landwaiter.iso
cp /usr/share/OVMF/OVMF_VARS_4M.fd variables

is_zero() { # FILE
	cmp -n "$(stat -c %s "$1")" "$1" /dev/zero
}

# --- the disc as a disk ---------------------------------------------------------------------------------

cp "$disc" stick.img
truncate -s 2G disk.img
sfdisk -q disk.img <<<$'label: gpt\nname=landwaiter-data, size=1GiB'
firmware_boot variables stick.img disk.img
says "as a disk, under UEFI" 'landwaiter: the root is what was signed: root-[0-9a-f]* on loop0'
says "it asks" 'Type one of these'
answers "not written by us: nothing to keep it beside" "keep disk2" 'REFUSED: vdb is not laid out as this image is'
answers "the data is not given up" "install disk2" "REFUSED: vdb has an enclave's data"
answers "it runs" run "Running from the disc; the enclave's data is on vdb, disk2"
says "to the end" ' ready;'
machine_off
cp --sparse=always disk.img twin.img
bios_boot stick.img disk.img twin.img
says "as a disk, under a BIOS" "More than one disk has an enclave's data"
says "and then nothing is run by itself" 'Type one of these, and Enter:$'
machine_off
rm twin.img

# --- typed on a keyboard of USB ---------------------------------------------------------------------------

make_script script.img <<'END'
for device in /sys/bus/usb/devices/[0-9]*-*; do
	[ ! -e "$device/descriptors" ] || echo "DEVICE $(cat "$device/product"): $(cat "$device/authorized")"
done
echo "END OF SCRIPT"
END
mkfifo monitor.in monitor.out
exec {monitor_fd}<>monitor.in {monitor_said_fd}<>monitor.out
mapfile -t options < <(machine_disks disk.img script.img)
machine_start -machine q35,i8042=off -kernel "$APPLIANCE/vmlinuz" \
	-initrd "$APPLIANCE/disc.initrd.img" -append "$(cat "$APPLIANCE/disc.cmdline") $run_script" \
	"${options[@]}" -monitor "pipe:$T/monitor" -device usb-kbd -device usb-tablet
says "a keyboard may type" 'a keyboard at USB port [0-9.-]* may type'
says "and is asked" 'Type one of these'
for key in r u n ret; do
	echo "sendkey $key" >&"$monitor_fd"
done
says "what it types is taken" 'Running from the disc'
says "then it is as it was" 'DEVICE QEMU USB Keyboard: 0'
says "as everything else is" 'DEVICE QEMU USB Tablet: 0'
machine_off
exec {monitor_fd}<&- {monitor_said_fd}<&-
is "nothing but it was let in" "$(grep -c 'may type' serial.log)" 1
rm disk.img

# --- a damaged disc ---------------------------------------------------------------------------------------

initrd_at=$(xorriso -indev "$disc" -find /initrd -exec report_lba -- 2>/dev/null |
	sed -n "s/^File data lba: *[0-9]* *, *\([0-9]*\) .*/\1/p")
cp "$disc" damaged.iso
flip damaged.iso $((initrd_at * 2048 + $(stat -c %s "$APPLIANCE/disc.initrd.img") - 4000000))
truncate -s 2G disk.img
KEEP=disk.img DISC=damaged.iso
bios_boot disk.img
says "a byte of the initrd: refused" 'BOOT REFUSED: '
ok "nothing was asked" never_said 'Type one of these'
machine_off
unset DISC

# The EFI system partition is in no hash tree: the installer finds that.
length_mib=$(sed 's/.*landwaiter.written=\([0-9]*\):.*/\1/' "$APPLIANCE/disc.cmdline")
mkdir carried
dd "if=$APPLIANCE/landwaiter.img" of=carried/disk.img bs=1M count=$((length_mib + 1)) status=none
find "$APPLIANCE/scratch/kernel" -name loop.ko -exec cp {} carried/ \;
flip carried/disk.img $((8 << 20))
{
	cat "$APPLIANCE/initrd.img"
	head -c $((-$(stat -c %s "$APPLIANCE/initrd.img") & 3)) /dev/zero
	(cd carried && find . -mindepth 1 | cpio --quiet -o -H newc) | zstd -q -1
} >damaged.initrd
mapfile -t options < <(machine_disks disk.img)
machine_start -machine q35 -kernel "$APPLIANCE/vmlinuz" -initrd damaged.initrd \
	-append "$(cat "$APPLIANCE/disc.cmdline")" "${options[@]}"
says "a byte of what is to be written" 'Type one of these'
answers "is found before anything is" "install vda" 'REFUSED: vda is spared: the disc is damaged'
machine_off
ok "nothing was written" is_zero disk.img
done_testing
