#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# The disc that `make appliance` built, in QEMU: under a BIOS and under UEFI, in a drive and written to a
# disk; what it installs, what it keeps, what it is run from, and what it refuses.

. "$(dirname "$0")/../lib/scenario.sh"
. "$LW_TOP/tests/lib/machine.sh"
trap 'machine_off; scenario_end' EXIT
disc=$APPLIANCE/landwaiter.iso
[ -e "$disc" ] || {
	fail "make appliance" "there is no disc in $APPLIANCE"
	done_testing
}
boot_limit=240
cp /usr/share/OVMF/OVMF_VARS_4M.fd variables

says() { # TEXT PATTERN
	if sees "$2" $boot_limit; then
		pass "$1"
	else
		fail "$1" "never said: $2"
		tail -n 40 serial.log | sed 's/^/# | /'
	fi
}
answers() { # TEXT WORDS PATTERN
	types "$2"
	says "$1" "$3"
}
since() { # EPOCHREALTIME: milliseconds
	echo $(((${EPOCHREALTIME/./} - ${1/./}) / 1000))
}
data_digest() { # FILE
	dd "if=$1" bs=1M skip=$(($(partition_at "$1" 3) >> 20)) status=none \
		count="$(sfdisk --json "$1" | jq '.partitiontable.partitions[2].size / 2048 | floor')" |
		sha256sum
}
is_zero() { # FILE
	cmp -n "$(stat -c %s "$1")" "$1" /dev/zero
}

# --- installed, under a BIOS ------------------------------------------------------------------------

truncate -s 2G disk.img
truncate -s 64M small.img
cp "$disc" stick.img
mkfs.ext4 -q -d /etc/ssl foreign.img 2G
cp --sparse=always foreign.img foreign.was
KEEP=disk.img DISC=$disc
start=$EPOCHREALTIME
bios_boot disk.img small.img stick.img foreign.img
says "a BIOS starts the disc" 'landwaiter: the root is what was signed: root-[0-9a-f]* on loop0'
says "it shows each disk" 'vda  disk1  2048 MiB .* holds nothing'
says "and what is on it" 'vdd  disk4  2048 MiB .* holds something of somebody \(ext4\)'
says "it asks" 'Type one of these, and Enter:$'
printf '# asks %d ms after power-on\n' "$(since "$start")"
answers "no data: nothing to run with" run 'No disk here has an enclave.s data'
answers "a disk that is not there" "install disk9" "REFUSED: no disk here has the name or serial number 'disk9'"
answers "what is no word" "install a disk" 'That is none of these'
answers "escapes are not shown" $'install \x1b[2Jx' "number '\?\?2Jx'"
answers "a small disk" "install disk2" 'REFUSED: vdb is too small: it has 64 MiB'
answers "what the machine may have been started from" "install vdc" "REFUSED: vdc has a disc's image on it"
answers "nothing to keep" "keep disk1" 'REFUSED: vda has no enclave.s data to keep'
answers "somebody's disk: named twice" "install vdd" 'type disk4 once more'
answers "or not at all" "disk1" 'REFUSED: vdd was not named again. Nothing was written'
start=$EPOCHREALTIME
answers "a blank disk is written" "install disk1" 'Writing to vda'
says "and read back" 'Read back: SHA-256 [0-9a-f]{64}, as signed'
says "and done" 'INSTALLED on vda\. .* leave it in'
printf '# installed in %d ms\n' "$(since "$start")"
types ""
ok "Enter switches it off" ends 60
machine_off
ok "nobody's disk was touched" cmp foreign.img foreign.was
rm foreign.img foreign.was small.img
is "the partitions are those of the image" "$(sfdisk --json disk.img | jq -c '.partitiontable.partitions[] | [.start, .type, .name]')" \
	"$(sfdisk --json "$APPLIANCE/landwaiter.img" | jq -c '.partitiontable.partitions[] | [.start, .type, .name]')"
is "the data partition goes to the end" "$(sfdisk --json disk.img |
	jq '.partitiontable.partitions[2] | .start + .size')" $((2048 * 2048 - 2048))
for number in 1 2; do
	at=$(partition_at disk.img $number)
	ok "partition $number has what the image has" cmp -i "$at" -n $((40 << 20)) disk.img "$APPLIANCE/landwaiter.img"
done

# --- started from that disk; and the disc run with it -----------------------------------------------

unset DISC
firmware_boot variables disk.img
says "UEFI starts what was installed" 'landwaiter: the root is what was signed: root-[0-9a-f]* on vda'
says "the data partition was blank" 'vda3 is blank: making'
says "it says who it is" 'enclave sha256:[0-9a-f]{64}'
AUDIENCE=$(grep -oE 'enclave sha256:[0-9a-f]{64}' serial.log | cut -d ' ' -f 2)
says "and is ready" ' ready; Secure Boot: no; lockdown: integrity; network: lo;'
ok "nothing asked what a disc is here for" never_said 'Type one of these'
machine_off

DISC=$disc
start=$EPOCHREALTIME
bios_boot disk.img
says "the disc would run by itself" 'in 30 seconds it runs from the disc by itself'
says "and does" "Running from the disc; the enclave's data is on vda, disk1"
says "with the same enclave" "enclave $AUDIENCE"
says "to the end" ' ready; Secure Boot: no; lockdown: integrity; network: lo;'
printf '# ready %d ms after power-on, with 30 s of patience\n' "$(since "$start")"
ok "the enclave was not made again" never_said 'is blank|a new enclave'
machine_off

# --- kept, under UEFI ---------------------------------------------------------------------------------

dd if=/dev/urandom of=disk.img bs=1M seek=2 count=120 conv=notrunc status=none
sfdisk -q --part-label disk.img 2 root-of-an-older-version
before=$(data_digest disk.img)
start=$EPOCHREALTIME
firmware_boot variables disk.img
says "UEFI starts the disc" 'landwaiter: the root is what was signed: root-[0-9a-f]* on loop0'
says "it sees the data" "vda  disk1  .* holds an enclave's data"
says "it asks" 'Type one of these'
printf '# asks %d ms after power-on\n' "$(since "$start")"
answers "the data is not given up" "install disk1" "REFUSED: vda has an enclave's data"
answers "but kept" "keep disk1" 'INSTALLED on vda\. .* Then remove the disc, and start'
types ""
ok "Enter switches it off" ends 60
machine_off
is "no byte of the data has changed" "$(data_digest disk.img)" "$before"
unset DISC
mcopy -i disk.img@@1M ::/EFI/BOOT/BOOTX64.EFI written.efi
ok "the kernel on it is the signed one" cmp written.efi "$APPLIANCE/landwaiter.efi"
direct_boot "" disk.img
says "the same enclave starts" "enclave $AUDIENCE"
says "to the end" ' ready;'
machine_off
unset KEEP

# --- the disc as a disk ---------------------------------------------------------------------------------

firmware_boot variables stick.img disk.img
says "as a disk, under UEFI" 'landwaiter: the root is what was signed: root-[0-9a-f]* on loop0'
answers "it runs" run "Running from the disc; the enclave's data is on vdb, disk2"
says "to the end" ' ready;'
machine_off
cp --sparse=always disk.img twin.img
bios_boot stick.img disk.img twin.img
says "as a disk, under a BIOS" "More than one disk has an enclave's data"
says "and then nothing is run by itself" 'Type one of these, and Enter:$'
machine_off
rm disk.img twin.img

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
cp "$(<"$APPLIANCE/scratch/disc.list")" carried/loop.ko
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
