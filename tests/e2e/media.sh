#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# The appliance's image in QEMU, and media plugged into it: what is let in, what is taken in, what is
# refused, and what is survived; each with its verdict on the serial line and its record in the book.

. "$(dirname "$0")/../lib/scenario.sh"
. "$LW_TOP/tests/lib/machine.sh"
trap 'machine_off; scenario_end' EXIT
[ -e "$APPLIANCE/landwaiter.img" ] || {
	fail "make appliance" "there is no image in $APPLIANCE"
	done_testing
}
boot_limit=180 # a quiet machine takes a tenth

says() { # TEXT PATTERN [SECONDS]
	if sees "$2" "${3:-$boot_limit}"; then
		pass "$1"
	else
		fail "$1" "never said: $2"
		tail -n 40 serial.log | sed 's/^/# | /'
	fi
}
take_out() { # NAME
	pull "$1"
	says "$1: pulled out" "port .*serial $1.*: noted"
}

# --- media ----------------------------------------------------------------------------------------

copy_disk disk.img
KEEP=disk.img
direct_boot "" disk.img
says "the enclave says who it is" 'enclave sha256:[0-9a-f]{64}'
AUDIENCE=$(grep -oE 'enclave sha256:[0-9a-f]{64}' serial.log | cut -d ' ' -f 2)
says "the machine is ready, and its door closed" 'ready;'

cp "$LW_TOP"/build/appliance/evaluation/keys/* .
bundle() { # FILE: approved
	make_bundle "$1"
	approve "$1" alice bob
}
fat() { # IMAGE FILE...: a stick as they are sold: one partition with FAT
	local image=$1

	shift
	truncate -s 64M "$image"
	sfdisk -q "$image" <<<'start=1MiB, type=c'
	mkfs.vfat --offset 2048 -F 32 "$image" 64512 >/dev/null
	[ $# -eq 0 ] || mcopy -i "$image@@1M" "$@" ::/
}
iso() { # IMAGE FILE...
	xorriso -as mkisofs -quiet -J -R -o "$@" 2>xorriso.log || {
		cat xorriso.log >&2
		return 1
	}
}
for name in one two three four five six seven; do
	bundle $name.lwb
done
echo 'shopping list' >notes.txt
fat green.img one.lwb notes.txt

# --- what is taken in -----------------------------------------------------------------------------

start=$EPOCHREALTIME
plug green green.img
says "FAT: let in" 'port .*plugged in.*serial green.*LET IN'
says "FAT: accepted" ': ACCEPTED'
printf '# plugged in to accepted: %d ms\n' $(((${EPOCHREALTIME/./} - ${start/./}) / 1000))
says "FAT: what else is on it is counted" 'accepted 1, not 0; other entries 1, ignored'
take_out green
plug green-2 green.img
says "the same bundle once more is a replay" ': REFUSED at gate freshness: freshness.replay'
take_out green-2
cp two.lwb raw.img
truncate -s 8M raw.img
plug raw raw.img
says "raw: accepted" ': ACCEPTED'
take_out raw
iso disc.iso three.lwb
plug disc disc.iso
says "a stick with ISO 9660: accepted" ': ACCEPTED'
take_out disc

# --- a disc, and another ---------------------------------------------------------------------------

iso four.iso four.lwb
iso five.iso five.lwb
machine_do blockdev-add "{\"driver\": \"raw\", \"node-name\": \"tray\", \"read-only\": true,
	\"file\": {\"driver\": \"file\", \"filename\": \"$T/four.iso\"}}"
machine_do device_add '{"driver": "usb-bot", "id": "usb-drive", "bus": "usb.0", "serial": "drive"}'
machine_do device_add '{"driver": "scsi-cd", "id": "drive", "bus": "usb-drive.0", "drive": "tray"}'
machine_do qom-set '{"path": "/machine/peripheral/usb-drive", "property": "attached", "value": true}'
says "an optical drive: its disc is taken in" ': ACCEPTED'
says "and handed out" 'bundles 1: accepted 1'
handed_out() {
	local tries

	for tries in {1..200}; do
		machine_do query-block
		! jq -e 'any(.[]; .qdev == "drive" and .tray_open)' qmp.out >/dev/null || return 0
		sleep 0.1
	done
	echo "after $tries looks"
	return 1
}
ok "the tray is open" handed_out
machine_do blockdev-remove-medium '{"id": "drive"}'
machine_do blockdev-add "{\"driver\": \"raw\", \"node-name\": \"tray-2\", \"read-only\": true,
	\"file\": {\"driver\": \"file\", \"filename\": \"$T/five.iso\"}}"
machine_do blockdev-insert-medium '{"id": "drive", "node-name": "tray-2"}'
machine_do blockdev-close-tray '{"id": "drive"}'
says "the next disc, too" ': ACCEPTED'
take_out drive

# --- what is refused -------------------------------------------------------------------------------

truncate -s 16M ext4.img
mkfs.ext4 -q ext4.img
plug blue ext4.img
says "ext4: refused" 'port .*REFUSED, door.file-system'
says "and named" 'found: +sd[a-z]: ext4'
take_out blue
cp six.lwb flipped.lwb
flip flipped.lwb $(($(stat -c %s flipped.lwb) - 2000))
fat tampered.img flipped.lwb
plug tampered tampered.img
says "a tampered bundle: damaged" 'DAMAGED at gate content'
take_out tampered
fat empty.img notes.txt
plug empty empty.img
says "no bundle on it: said" 'no bundle \(\*.lwb\) there; other entries: 1'
take_out empty
machine_do device_add '{"driver": "usb-kbd", "id": "usb-keys", "bus": "usb.0", "serial": "keys"}'
says "a keyboard: refused" 'REFUSED, door.keyboard'
pull keys
fat yellow.img six.lwb
plug red empty.img
says "a first medium: let in" 'serial red.*LET IN'
cp yellow.img orange.img
plug orange orange.img
says "a second at once: refused" 'serial orange.*REFUSED, door.second'
take_out red
pull orange
plug yellow yellow.img
says "the next one is taken in after all that" ': ACCEPTED'
take_out yellow

# --- what is survived -------------------------------------------------------------------------------

"$LW_BIN/tools/mklayout" big layers 1 $((48 << 20))
make_bundle large.lwb "registry.example/test/large:1=oci:layers:$(first_tag layers)"
approve large.lwb alice bob
truncate -s 128M large.lwb
slow() { # NAME: as a medium that gives 4 MiB a second
	machine_do object-add '{"qom-type": "throttle-group", "id": "slow-'"$1"'",
		"limits": {"bps-read": 4194304}}'
	plug "$1" large.lwb '{"driver": "throttle", "throttle-group": "slow-'"$1"'", "file": FILE}'
}
slow torn
says "a slow medium: let in" 'serial torn.*LET IN'
ok "and read" was_read torn $((12 << 20)) $boot_limit
pull torn
says "pulled out in the middle: said" 'serial torn.*noted'
plug scratched large.lwb '{"driver": "blkdebug", "image": FILE,
	"inject-error": [{"event": "none", "iotype": "read", "errno": 5, "sector": 65536}]}'
says "a scratch: damaged" 'DAMAGED at gate content'
take_out scratched
plug dead large.lwb '{"driver": "blkdebug", "image": FILE, "inject-error": [{"event": "none", "iotype": "read", "errno": 5}]}'
says "errors everywhere: unreadable" 'DAMAGED at gate seal'
take_out dead
slow killed
ok "a load is on its way" was_read killed $((24 << 20)) $boot_limit
machine_off # as the power goes

# --- the power is back ------------------------------------------------------------------------------

make_script script.img <<'END'
systemctl start multi-user.target
as_owner() {
	setpriv --reuid=landwaiter --regid=landwaiter --clear-groups "$@"
}
export LANDWAITER_ENCLAVE=/var/lib/landwaiter/enclave
as_owner landwaiter log export -o json >/tmp/book
as_owner landwaiter log verify /tmp/book && echo "BOOK VERIFIED"
as_owner landwaiter list
echo "LISTED"
sleep infinity
END
direct_boot "$run_script" disk.img script.img
says "the enclave after the power went in the middle of a load" "enclave $AUDIENCE"
says "its book is whole" 'BOOK VERIFIED'
says "the image is not there by half" 'LISTED'
ok "but not at all" never_said 'test/large'
plug again large.lwb
says "the load succeeds" ': ACCEPTED'
take_out again
done_testing
