#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# The disc that `make appliance` built, in QEMU's drive, under a BIOS and under UEFI: what it installs, what it keeps,
# what it is run with, and what it refuses. (iso-odd.sh: written to a disk, and damaged.)

. "$(dirname "$0")/../lib/scenario.sh"
. "$LW_TOP/tests/lib/machine.sh"
needs landwaiter.iso
disc=$APPLIANCE/landwaiter.iso
cp /usr/share/OVMF/OVMF_VARS_4M.fd variables

since() { # EPOCHREALTIME: milliseconds
	echo $(((${EPOCHREALTIME/./} - ${1/./}) / 1000))
}
data_digest() { # FILE
	dd "if=$1" bs=1M skip=$(($(partition_at "$1" 3) >> 20)) status=none \
		count="$(sfdisk --json "$1" | jq '.partitiontable.partitions[2].size / 2048 | floor')" |
		sha256sum
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
done_testing
