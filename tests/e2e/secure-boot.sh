#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# The appliance under UEFI with Secure Boot and an owner's own keys: QEMU's firmware is given PK, KEK
# and db, as a machine's would be; then what starts is what was signed with db, and nothing else.

. "$(dirname "$0")/../lib/scenario.sh"
. "$LW_TOP/tests/lib/machine.sh"
needs landwaiter.img
keys=$LW_TOP/build/appliance/keys

# --- a machine that knows these keys and no others -----------------------------------------------------

# A disk whose loader puts the keys into a firmware that has none yet, and restarts.
make_enrolment() {
	local name signer=PK owner=6c77e5b0-0000-4000-8000-000000000001

	for name in PK KEK db; do
		cert-to-efi-sig-list -g $owner "$keys/$name.crt" $name.esl
		sign-efi-sig-list -g $owner -k "$keys/$signer.key" -c "$keys/$signer.crt" \
			$name $name.esl $name.auth
		[ $name = PK ] || signer=KEK
	done
	printf 'secure-boot-enroll force\ntimeout 0\n' >loader.conf
	truncate -s 66M enrol.img
	sfdisk -q enrol.img <<<$'label: gpt\nstart=1MiB, size=64MiB, type=uefi'
	mkfs.vfat -F 32 --offset 2048 enrol.img 65536 >/dev/null
	mmd -i enrol.img@@1M ::/EFI ::/EFI/BOOT ::/loader ::/loader/keys ::/loader/keys/auto
	mcopy -i enrol.img@@1M PK.auth KEK.auth db.auth ::/loader/keys/auto/
	mcopy -i enrol.img@@1M loader.conf ::/loader/
	mcopy -i enrol.img@@1M "$APPLIANCE/scratch/boot/usr/lib/systemd/boot/efi/systemd-bootx64.efi" \
		::/EFI/BOOT/BOOTX64.EFI
}
make_enrolment >enrol.log 2>&1
cp /usr/share/OVMF/OVMF_VARS_4M.fd variables
firmware_boot variables enrol.img
ok "the firmware takes the keys" ends 240
machine_off

# --- what was signed by its owner --------------------------------------------------------------------------

start=$EPOCHREALTIME
firmware_boot variables "$APPLIANCE/landwaiter.img"
says "the image starts" 'landwaiter: the root is what was signed'
says "with Secure Boot in force" 'ready; Secure Boot: yes; lockdown: integrity; network: lo;'
printf '# ready %d ms after power-on\n' $(((${EPOCHREALTIME/./} - ${start/./}) / 1000))
machine_off

truncate -s 64M blank.img
DISC=$APPLIANCE/landwaiter.iso
firmware_boot variables blank.img
says "the disc starts" 'landwaiter: the root is what was signed: root-[0-9a-f]* on loop0'
says "and asks" 'Type one of these'
machine_off
unset DISC

# --- what was not --------------------------------------------------------------------------------------------

with_kernel() { # FILE: altered.img, that has it for its kernel
	copy_disk altered.img
	mdel -i altered.img@@1M ::/EFI/BOOT/BOOTX64.EFI
	mcopy -i altered.img@@1M "$1" ::/EFI/BOOT/BOOTX64.EFI
}
stays_out() { # TEXT
	firmware_boot variables altered.img
	says "$1: the firmware refuses it" 'Access Denied|Security Violation'
	ok "$1: no kernel was started" never_said 'Linux|landwaiter:|EFI stub'
	machine_off
}
openssl req -x509 -newkey rsa:2048 -nodes -subj /CN=somebody -keyout other.key -out other.crt 2>/dev/null
sbsign --key other.key --cert other.crt --output other.efi "$APPLIANCE/unsigned.efi" 2>/dev/null
with_kernel other.efi
stays_out "signed by somebody else"
with_kernel "$APPLIANCE/unsigned.efi"
stays_out "not signed"
sed s/lockdown=integrity/lockdown=none/ "$APPLIANCE/cmdline" >cmdline
objcopy --update-section .cmdline=cmdline "$APPLIANCE/landwaiter.efi" edited.efi 2>/dev/null
with_kernel edited.efi
stays_out "another command line"
done_testing
