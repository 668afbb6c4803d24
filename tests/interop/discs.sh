#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# flavours: release
#
# docs/runbook/discs.md, with a file in the place of a drive: a bundle burnt as a file of ISO 9660 and as raw
# sectors, read back, and taken in; and what a session that is left open lets somebody add.

. "$(dirname "$0")/../lib/scenario.sh"

make_keys alice bob
make_enclave 2 alice bob
make_layout layout
make_bundle next.lwb
approve next.lwb alice bob
make_bundle later.lwb
approve later.lwb alice bob
drive=stdio:$T/drive

burn() { # FILE OPTION...: onto a blank medium
	rm -f drive
	expect 0 xorriso -as cdrecord -v "dev=$drive" -dao "${@:2}" "$1"
}

# --- what --volume-size leaves on a disc ------------------------------------------------------------

promised() { # NAME: bytes, by the manual
	man -l "$LW_TOP/docs/man/landwaiter-pack.1" | tr -d '\n,' | tr -s ' ' |
		grep -oE "\b$1 \([0-9]+ bytes" | grep -oE '[0-9]+'
}
"$LW_BIN/tools/mklayout" big large 1 720MiB 1MiB
make_bundle full.lwb --volume-size cd oci:large:b0
is "cd: a volume is as large as the manual says" "$(size_of full.1of2.lwb)" "$(promised cd)"
rm -rf large full.*
while read -r name sectors; do
	size=$(promised "$name")
	mkdir "$name"
	truncate -s "$size" "$name/next.1of2.lwb"
	ok "$name: as a file it fits" [ "$(xorriso -as mkisofs -iso-level 3 -r -V DISC-0007 -print-size \
		"$name/next.1of2.lwb" 2>xorriso.log)" -le "$sectors" ]
	ok "$name: raw, with what pads it, too" [ $((size / 2048 + 150)) -le "$sectors" ]
done <<'END'
cd 359844
dvd 2295104
END

# --- as a file in ISO 9660 ---------------------------------------------------------------------------

exits 0 "a file system with the bundle in it" \
	xorriso -as mkisofs -iso-level 3 -r -V DISC-0007 -o disc.iso next.lwb
ok "is burnt" burn disc.iso
ok "reads back the same" cmp -n "$(size_of disc.iso)" disc.iso drive
exits 0 "every block can be read" xorriso -indev "$drive" -check_media --
ok "and is good" grep -q '+ good' out.log
fails "no block is bad" grep -qE '^Media region.* - ' out.log
exits 0 "the bundle comes off it" xorriso -osirrox on -indev "$drive" -extract /next.lwb taken.lwb
ok "byte for byte" cmp next.lwb taken.lwb
accepted lw load taken.lwb

# --- a second session ----------------------------------------------------------------------------------

rm -f drive
exits 0 "a session that is left open" xorriso -outdev "$drive" -volid DISC-0008 -map next.lwb /next.lwb
exits 0 "takes another behind it" xorriso -dev "$drive" -overwrite on -rm /next.lwb -- \
	-map later.lwb /next.lwb
exits 0 "under the same name" xorriso -osirrox on -indev "$drive" -extract /next.lwb second.lwb
fails "what is read is no more what was burnt" cmp next.lwb second.lwb

# --- as raw sectors --------------------------------------------------------------------------------------

ok "the bundle as it is" burn later.lwb padsize=150s
ok "reads back the same" cmp -n "$(size_of later.lwb)" later.lwb drive
ok "with zeros behind it" test "$(size_of drive)" -ge $(($(size_of later.lwb) + 150 * 2048))
exits 0 "it is looked at where it is" lw inspect drive
if device=$(losetup --find --show --read-only drive 2>losetup.log); then
	accepted lw load "$device" --medium DISC-0009
	losetup --detach "$device"
else
	skip "and loaded from the device" "no loop device: $(tr '\n' ' ' <losetup.log)"
fi
done_testing
