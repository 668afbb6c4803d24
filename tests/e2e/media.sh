#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# The appliance's image in QEMU, and media plugged into it: what is let in, what is taken in, what is
# refused, and what is survived; each with its verdict on the serial line and its record in the book.

. "$(dirname "$0")/../lib/scenario.sh"
. "$LW_TOP/tests/lib/machine.sh"
needs landwaiter.img

take_out() { # NAME
	pull "$1"
	says "$1: pulled out" "port .*serial $1.*: noted"
}

# --- media ----------------------------------------------------------------------------------------

copy_disk disk.img
KEEP=disk.img
direct_boot "" disk.img
says_who_it_is "the enclave says who it is"
says "the machine is ready, and its door closed" 'ready;'

cp "$LW_TOP"/build/appliance/evaluation/keys/* .
bundle() { # FILE: approved
	make_bundle "$1"
	approve "$1" alice bob
}
iso() { # IMAGE FILE...
	xorriso -as mkisofs -quiet -J -R -o "$@" 2>xorriso.log || {
		cat xorriso.log >&2
		return 1
	}
}
bundle one.lwb
fat raw.img one.lwb # which is on it before the next bundle is
if stick=$(losetup -f --show raw.img 2>losetup.log); then
	ok "written raw" expect 0 lw pack --sender acme --audience "$AUDIENCE" --expires P20D --marking TEST \
		"registry.example/test/app:1=oci:layout:$(first_tag layout)" --to "$stick" --fixed
	approve "$stick" alice bob
	losetup -d "$stick"
else
	skip "written raw" "$(cat losetup.log): it is a file that was copied"
	bundle two.lwb
	cp two.lwb raw.img
	truncate -s 8M raw.img
fi
for name in three four five six seven eight nine; do
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
plug raw raw.img
says "raw: accepted" ': ACCEPTED'
take_out raw
iso disc.iso three.lwb
plug disc disc.iso
says "a stick with ISO 9660: accepted" ': ACCEPTED'
take_out disc
genisoimage -quiet -udf -J -R -o bridge.iso four.lwb 2>genisoimage.log || cat genisoimage.log >&2
plug bridge bridge.iso
says "one with ISO 9660 and UDF: accepted" ': ACCEPTED'
take_out bridge

# --- a disc, and another ---------------------------------------------------------------------------

iso first.iso five.lwb
iso second.iso six.lwb
machine_do blockdev-add "{\"driver\": \"raw\", \"node-name\": \"tray\", \"read-only\": true,
	\"file\": {\"driver\": \"file\", \"filename\": \"$T/first.iso\"}}"
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
	\"file\": {\"driver\": \"file\", \"filename\": \"$T/second.iso\"}}"
machine_do blockdev-insert-medium '{"id": "drive", "node-name": "tray-2"}'
machine_do blockdev-close-tray '{"id": "drive"}'
says "the next disc, too" ': ACCEPTED'
take_out drive

# --- what is refused -------------------------------------------------------------------------------

truncate -s 16M table.img
sfdisk -q table.img <<<'label: dos'
plug table table.img
says "a table without partitions: refused, and named" 'found: +sd[a-z]: a table of partitions \(dos\) without one'
take_out table
truncate -s 16M ext4.img
mkfs.ext4 -q ext4.img
plug blue ext4.img
says "ext4: refused" 'port .*REFUSED, door.file-system'
says "and named" 'found: +sd[a-z]: ext4'
take_out blue
cp seven.lwb flipped.lwb
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
fat round.img
python3 - <<'END' # the root's chain of clusters bites its tail
with open("round.img", "r+b") as f:
    f.seek(2048 * 512 + 14)
    reserved = int.from_bytes(f.read(2), "little")
    f.seek(2048 * 512 + 16)
    copies = f.read(1)[0]
    f.seek(2048 * 512 + 36)
    sectors = int.from_bytes(f.read(4), "little")
    for copy in range(copies):
        f.seek((2048 + reserved + copy * sectors) * 512 + 8)
        f.write((2).to_bytes(4, "little"))
END
plug round round.img
says "a FAT that goes round: cannot be mounted" 'cannot be mounted as vfat'
says "and that is all" 'no bundle \(\*.lwb\) there'
take_out round
truncate -s 600M million.img
sfdisk -q million.img <<<'start=1MiB, type=c'
mkfs.vfat --offset 2048 -F 32 -s 16 million.img $((599 * 1024)) >/dev/null
python3 - <<'END' # the root: 2^20 entries, in clusters one after the other
ENTRIES = 1 << 20
with open("million.img", "r+b") as f:
    def number(at, width):
        f.seek(2048 * 512 + at)
        return int.from_bytes(f.read(width), "little")
    cluster = 512 * number(13, 1)
    first_fat, copies, fat = number(14, 2), number(16, 1), number(36, 4)
    data = (2048 + first_fat + copies * fat) * 512
    count = ENTRIES * 32 // cluster
    chain = [*range(3, count + 2), 0x0FFFFFFF]
    for copy in range(copies):
        f.seek((2048 + first_fat + copy * fat) * 512 + 8)
        f.write(b"".join(n.to_bytes(4, "little") for n in chain))
    f.seek(data)
    f.write(b"".join(b"%08dTXT\x20" % n + bytes(20) for n in range(ENTRIES)))
END
plug million million.img
says "more than a million files: said" "more than 1000000 entries" 600
take_out million
machine_do blockdev-add '{"driver": "raw", "node-name": "inert", "read-only": true,
	"file": {"driver": "file", "filename": "'"$T"'/empty.img", "read-only": true, "auto-read-only": false}}'
# shellcheck disable=SC2016 # as it is
machine_do device_add '{"driver": "usb-storage", "id": "usb-inert", "bus": "usb.0", "drive": "inert",
	"serial": "\u001b[2J\u001b]0;owned\u0007\n$(reboot)"}'
says "a serial number full of commands: shown as text" 'serial \\x1b\[2J\\x1b\]0;owned\\x07.*LET IN'
says "and taken as text" 'no bundle \(\*.lwb\) there'
pull inert
says "inert: pulled out" 'owned.*: noted'
fat yellow.img seven.lwb
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
# As each gate begins, and late in the last one that reads.
for bytes in 512 1024 4096 $((64 << 10)) $((1 << 20)) $((40 << 20)); do
	slow torn-$bytes
	says "a medium to be pulled out after $bytes bytes: let in" "serial torn-$bytes.*LET IN"
	ok "read" was_read torn-$bytes "$bytes" $boot_limit
	pull torn-$bytes
	says "pulled out: said" "serial torn-$bytes.*noted"
done
# A reader stays plugged in while its cards change; each has another size.
machine_do blockdev-add '{"driver": "raw", "node-name": "card-1", "read-only": true,
	"file": {"driver": "file", "filename": "'"$T"'/empty.img"}}'
cp eight.lwb card.img
truncate -s 40M card.img
machine_do blockdev-add '{"driver": "raw", "node-name": "card-2", "read-only": true,
	"file": {"driver": "file", "filename": "'"$T"'/card.img"}}'
machine_do device_add '{"driver": "usb-bot", "id": "usb-reader", "bus": "usb.0", "serial": "reader"}'
machine_do device_add '{"driver": "scsi-hd", "removable": true, "id": "reader", "bus": "usb-reader.0", "drive": "card-1"}'
machine_do qom-set '{"path": "/machine/peripheral/usb-reader", "property": "attached", "value": true}'
says "a reader with a card: nothing on it" 'no bundle \(\*.lwb\) there'
machine_do blockdev-open-tray '{"id": "reader", "force": true}'
machine_do blockdev-remove-medium '{"id": "reader"}'
machine_do blockdev-insert-medium '{"id": "reader", "node-name": "card-2"}'
machine_do blockdev-close-tray '{"id": "reader"}'
says "the next card, which is smaller: taken in" ': ACCEPTED'
take_out reader
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

# Devices that QEMU has none of are made inside, of Debian's own drivers: a tape of those, and a bundle.
kernel=$APPLIANCE/scratch/kernel
for name in dummy_hcd usb_f_hid usb_f_mass_storage; do
	modprobe -d "$kernel" -S "$(ls "$kernel/lib/modules")" --show-depends $name
done | sed -n 's/^insmod //p' | awk '!seen[$1]++ { print $1 }' >drivers
tar -cf tape.img --transform 's|.*/||' --absolute-names -T drivers "$T/nine.lwb"
truncate -s 16M exfat.img
mkfs.exfat exfat.img >/dev/null
truncate -s 16M udf.img
mkudffs -b 512 udf.img >/dev/null
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

cd /tmp && tar -xf /dev/vdc
mkdir exfat && mount -t exfat /dev/vdd exfat && cp nine.lwb exfat/ && umount exfat
mkdir udf && mount -t udf /dev/vde udf && cp nine.lwb udf/ && umount udf
truncate -s 8M nine.lwb
for driver in usb-common usbcore udc-core dummy_hcd configfs libcomposite usb_f_hid usb_f_mass_storage; do
	insmod $driver.ko 2>/dev/null || true # some are there
done
mount -t configfs none /sys/kernel/config
mkdir /sys/kernel/config/usb_gadget/one && cd /sys/kernel/config/usb_gadget/one
echo 0x1234 >idVendor && echo 0x5678 >idProduct
mkdir -p strings/0x409 configs/c.1 functions/mass_storage.0 functions/hid.0
echo Stick >strings/0x409/product
echo 1 >functions/mass_storage.0/lun.0/ro && echo /tmp/nine.lwb >functions/mass_storage.0/lun.0/file
echo 1 >functions/hid.0/protocol && echo 1 >functions/hid.0/subclass && echo 8 >functions/hid.0/report_length
printf '\005\001\011\006\241\001\005\007\031\340\051\347\025\000\045\001\165\001\225\010\201\002\300' \
	>functions/hid.0/report_desc
show() { # SERIAL FUNCTION...: plugs it in
	echo "$1" >strings/0x409/serialnumber
	for function in "${@:2}"; do
		ln -s functions/$function configs/c.1/
	done
	echo dummy_udc.0 >UDC
}
hide() {
	echo >UDC
	rm configs/c.1/*.0
}
until_said() { # PROGRAM PATTERN
	grep -m 1 "$2" < <(journalctl -o cat -b -f -n all -t "$1") >/dev/null
}
may() { # SERIAL
	device=$(dirname "$(grep -lx "$1" /sys/bus/usb/devices/*/serial)")
	echo "$1: authorized $(cat "$device/authorized"), interfaces $(ls -d "$device"/*:* 2>/dev/null | wc -l)"
}
show BOTH hid.0 mass_storage.0
until_said landwaiter-door 'serial BOTH.*REFUSED, door.composite'
may BOTH
hide
until_said landwaiter-door 'serial BOTH' && sleep 4 # longer than hands take
show PLAIN mass_storage.0
until_said landwaiter '^ACCEPTED'
may PLAIN
hide
show PLAIN hid.0 mass_storage.0
until_said landwaiter-door 'serial PLAIN.*REFUSED, door.changed'
may PLAIN
hide
echo "END OF SCRIPT"
sleep infinity
END
KEEP="disk.img exfat.img udf.img"
direct_boot "$run_script" disk.img script.img tape.img exfat.img udf.img
says "the enclave after the power went in the middle of a load" "enclave $AUDIENCE"
says "its book is whole" 'BOOK VERIFIED'
says "the image is not there by half" 'LISTED'
ok "but not at all" never_said 'test/large'
says "a stick that is a keyboard too: refused, and no driver has it" 'BOTH: authorized 0, interfaces 0'
says "one that is none: taken in" 'PLAIN: authorized 1, interfaces 1'
says "the same with another face: refused" 'PLAIN: authorized 0, interfaces 0'
says "the script ends" 'END OF SCRIPT'
machine_off
direct_boot "" disk.img
says "started once more" 'ready;'
plug exfat exfat.img
says "exFAT: its bundle is read, and was taken in before" ': REFUSED at gate freshness: freshness.replay'
take_out exfat
plug udf udf.img
says "UDF: the same" ': REFUSED at gate freshness: freshness.replay'
take_out udf
plug again large.lwb
says "the load succeeds" ': ACCEPTED'
take_out again
done_testing
