#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# flavours: release sweep-san
#
# A bundle on a raw device: written, read back, loaded from it; and what is not written to. The devices are files
# behind loop devices, which belong to the machine as far as anybody can see (--fixed). Where the kernel has no
# partitions or no device mapper, the rest is skipped; tests/sweep/raw.sh brings a kernel that has both.

. "$(dirname "$0")/../lib/scenario.sh"
loops=() mapped=()
put_away() {
	local status=$?

	umount mounted 2>/dev/null || true
	[ ${#mapped[@]} -eq 0 ] || DM_DISABLE_UDEV=1 dmsetup remove "${mapped[@]}" >/dev/null 2>&1 || true
	[ ${#loops[@]} -eq 0 ] || losetup -d "${loops[@]}" 2>/dev/null || true
	scenario_end "$status"
}
trap put_away EXIT

# --- what is no device -----------------------------------------------------------------------------------

make_keys alice bob
make_enclave 2 alice bob
"$LW_BIN/tools/mklayout" big layout 2 3000000 1000000
mapfile -t tags < <(jq -r '.manifests[].annotations["org.opencontainers.image.ref.name"]' layout/index.json)
image=registry.example/team/app:1=oci:layout:${tags[0]}
to() { # OPTION...: packs it
	lw pack --sender acme --audience "$AUDIENCE" --expires P20D --marking TEST "$image" "$@"
}
exits 2 "a file is none" to --to policy.json
exits 2 "nor is what is not there" to --to nowhere
exits 2 "a folder" to --to layout
exits 2 "a character device" to --to /dev/null
like "is named, with what is" "$(cat err.log)" "/dev/null: no block device: files are written with -o"
exits 2 "a file and a device" to --to /dev/null -o one.lwb
exits 2 "nor --fixed alone" to --fixed -o one.lwb
is "no number was used up" "$(find sender -name acme.json 2>/dev/null | wc -l)" 0

# --- devices -----------------------------------------------------------------------------------------------

disk() { # NAME SIZE [OPTION...]: sets $device
	[ -e "$1" ] || truncate -s "$2" "$1"
	device=$(losetup -f --show "${@:3}" "$1" 2>losetup.log) || return
	loops+=("$device")
}
disk stick.img 16M || {
	skip "raw devices" "no loop device here: $(tr '\n' ' ' <losetup.log)"
	done_testing
}
stick=$device
sequence() {
	jq -r .sequence sender/acme.json 2>/dev/null || echo 0
}
exits 2 "one that belongs to the machine" to --to "$stick"
like "says how" "$(cat err.log)" '--fixed'
is "and is as it was" "$(sha256sum <stick.img)" "$(head -c 16M /dev/zero | sha256sum)"
disk small.img 1M
exits 1 "one that is too small" to --to "$device" --fixed
like "says by how much" "$(cat err.log)" 'want [0-9]+ bytes, have 1048576, [0-9]+ too few'
is "and is as it was" "$(sha256sum <small.img)" "$(head -c 1M /dev/zero | sha256sum)"
disk protected.img 16M -r
exits 2 "one that is write-protected" to --to "$device" --fixed
truncate -s 16M mounted.img
mkfs.ext4 -q -F mounted.img
disk mounted.img 16M
mkdir mounted
if mount "$device" mounted 2>mount.log; then
	exits 1 "one that is mounted" to --to "$device" --fixed
	like "says so" "$(cat err.log)" 'in use: it is mounted'
	umount mounted
else
	skip "one that is mounted" "$(cat mount.log)"
fi
fallocate -l 16M swapped.img
mkswap -q swapped.img 2>/dev/null
disk swapped.img 16M
if swapon "$device" 2>swap.log; then
	exits 1 "one that is swapped to" to --to "$device" --fixed
	like "says so" "$(cat err.log)" 'in use: '
	swapoff "$device"
else
	skip "one that is swapped to" "$(cat swap.log)"
fi
truncate -s 32M parts.img
sfdisk -q parts.img <<<'start=1MiB, type=c'
disk parts.img 32M -P
part=${device}p1
if [ -b "$part" ]; then
	exits 2 "a partition" to --to "$part" --fixed
	like "says so" "$(cat err.log)" 'a partition: want the whole device'
	mkfs.ext4 -q -F "$part"
	mount "$part" mounted
	exits 1 "the whole one, while a part is mounted" to --to "$device" --fixed
	like "says so" "$(cat err.log)" 'in use: .* a partition of it is'
	umount mounted
	exits 0 "and afterwards" to --to "$device" --fixed
	ok "the partition is gone" test ! -e "/sys/class/block/${part#/dev/}"
else
	skip "a partition" "none is made of a loop device's here"
fi

# --- written, approved, loaded -------------------------------------------------------------------------------

seen() { # what stands on it, in the eyes of who looks for a file system, tables, RAID, and the like
	wipefs -n -i -O TYPE "$stick" | sort -u | tr '\n' ' '
}
at() { # FILE BYTE: what comes in is written there
	dd of="$1" bs=1 seek="$2" conv=notrunc status=none
}
head -c 16M /dev/urandom >stick.img # something was on it
sfdisk -q stick.img <<<'label: gpt' >/dev/null
printf 'Promise Technology, Inc.' | at stick.img $((16 * 1024 * 1024 - 3087 * 512))
printf '\x5e\xf1\xab\x2f' | at stick.img $((2048 * 1024))
printf 'SKUL\xba\xbe\0\2\0\0\0\0\0\0@\0' | at stick.img $((4096 * 1024))
dd if=/dev/zero of=stick.img bs=1 seek=$((4096 * 1024 + 256)) count=8 conv=notrunc status=none
printf '\0\0\0\0\0@\0\0' | at stick.img $((4096 * 1024 + 256))
is "much is seen there" "$(seen)" "PMBR VMFS crypto_LUKS gpt promise_fasttrack_raid_member "
all=$image
make_layout small # within the first mebibyte
image=registry.example/team/app:1=oci:small:$(first_tag small)
exits 0 "written" to --to "$stick" --fixed
image=$all
is "nothing of it is seen now" "$(seen)" ""
is "nor at the end" "$(tail -c 2M stick.img | tr -d '\0' | wc -c)" 0
mkfs.ext4 -q -F -b 1024 stick.img 16M 2>/dev/null
exits 0 "written over a file system" to --to "$stick" --fixed
is "no more is seen of that" "$(seen)" ""
exits 0 "approved there" lw approve "$stick" --key alice.key --yes
exits 0 "by both" lw approve "$stick" --key bob.key --yes
lw pack --sender acme --audience "$AUDIENCE" --expires P20D --marking TEST "$image" -o file.lwb >/dev/null 2>&1
is "as the file is, behind the seal" "$(tail -c +262657 file.lwb | sha256sum)" \
	"$(tail -c +262657 stick.img | head -c $(($(size_of file.lwb) - 262656)) | sha256sum)"
rm file.lwb
accepted lw load "$stick"
exits 0 "inspected" lw inspect "$stick"
disk other.img 32M
exits 0 "written and approved at once" to --to "$device" --fixed --key alice.key --key bob.key
accepted lw verify "$device"

# --- several -----------------------------------------------------------------------------------------------------

image=registry.example/team/app:2=oci:layout:${tags[1]} # of which nothing is there yet
disk first.img 2M
first=$device
disk second.img 3M
second=$device
exits 2 "two for what needs more" to --to "$first" --to "$second" --fixed
like "says how many" "$(cat err.log)" '[3-9] volumes for 2 devices'
disk third.img 2M
third=$device
exits 1 "one of them twice" to --to "$first" --to "$first" --fixed
exits 0 "as many as are needed" to --to "$first" --to "$second" --to "$third" --fixed --key alice.key --key bob.key
exits 5 "the second" lw load "$second"
exits 5 "the third" lw load "$third"
accepted lw load "$first"

# --- what does not keep it -----------------------------------------------------------------------------------------

export ASAN_OPTIONS=$ASAN_OPTIONS:detect_leaks=0 # which does not go with strace
before=$(sequence)
pack_struck() { # INJECTION
	strace -qq -f -o strace.log -P "$stick" -e inject="$1" "$LW_BIN/landwaiter" pack --sender acme \
		--audience "$AUDIENCE" --expires P20D --marking TEST "$image" --to "$stick" --fixed
}
struck() { # INJECTION EXIT TEXT [SAYS]
	exits "$2" "$3" pack_struck "$1"
	[ -z "${4-}" ] || like "$3: says so" "$(cat err.log)" "written over, and no bundle now: .*$stick: $4"
	exits 3 "$3: it is no bundle" lw inspect "$stick"
}
# 8 mebibytes are wiped first, 2 last; 5 hold the bundle.
struck pwrite64:error=EIO:when=1 1 "the first write fails" 'writing at offset 0: Input/output error'
struck pwrite64:error=ENOSPC:when=12 1 "no room in the middle" 'writing at offset 2097152: No space left'
struck pwrite64:error=EIO:when=1+ 1 "all fail"
struck fsync:error=EIO:when=1 1 "what was kept back is not written" 'its end: .*Input/output error'
struck pread64:error=EIO:when=2 1 "not all can be read" 'reading it back: reading at offset 1048576: '
struck pread64:retval=0:when=2 4 "it ends early" 'reading it back: ends at offset 1048576'
struck pread64:poke_exit=@arg2=00:when=2 4 "a byte has changed" \
	'bytes 1048576 to 2097152 are not what was written there'
struck pwrite64:signal=INT:when=12 1 "broken off" 'stopped at byte 3145728'
struck pread64:signal=TERM:when=1 1 "broken off while it is read back" 'stopped at byte 1048576, reading it back'
struck pwrite64:signal=KILL:when=12 137 "killed while it is written"
struck pread64:signal=KILL:when=2 137 "killed while it is read back"
is "no number was used up" "$(sequence)" "$before"
struck pread64:poke_exit=@arg2=00:when=6 4 "the beginning has changed" 'bytes 0 to 1048576 are not what'
is "one was" "$(sequence)" $((before + 1))
unsure() { # INJECTION TEXT [EXIT]
	exits "${3-1}" "$2" pack_struck "$1"
	like "$2: says what it may be" "$(cat err.log)" \
		"it may still be a bundle: destroy or overwrite it \($stick: .*\): $stick: "
}
unsure pwrite64:error=EIO:when=15+ "its beginning is not written, nor zeros"
unsure fsync:error=EIO:when=2+ "its beginning is not kept, nor zeros"
unsure pread64:error=EIO:when=6+ "its beginning is not read back, nor zeros"
unsure pread64:poke_exit=@arg2=01:when=6+ "zeros are not kept" 4
exits 0 "an earlier one" lw pack --sender acme --audience "$AUDIENCE" --expires P20D --marking TEST \
	"registry.example/team/app:1=oci:layout:${tags[0]}" -o earlier.lwb
exits 0 "an increment" lw pack --sender acme --audience "$AUDIENCE" --expires P20D --marking TEST \
	--since earlier.lwb "$image" -o later.lwb
tar xOf later.lwb landwaiter/entries | sed -n 's/^have //p' >lacking
pack_only() { # INJECTION
	strace -qq -f -o strace.log -P "$stick" -e inject="$1" "$LW_BIN/landwaiter" pack --only lacking \
		--of later.lwb "$image" --to "$stick" --fixed
}
for point in pwrite64:signal=TERM:when=11 pread64:signal=TERM:when=1; do
	exits 1 "a supplement is broken off, too: $point" pack_only $point
	like "and says so" "$(cat err.log)" "written over, and no bundle now: $stick: stopped at byte [0-9]+"
done
exits 0 "a supplement" lw pack --only lacking --of later.lwb "$image" --to "$stick" --fixed
like "is there" "$(lw inspect "$stick" 2>/dev/null)" 'supplement: '
opened() { # OPTION...: how the stick is
	strace -qq -f -o strace.log -e trace=openat -P "$stick" "$LW_BIN/landwaiter" pack --sender acme \
		--audience "$AUDIENCE" --expires P20D --marking TEST "$image" --to "$stick" "$@" >/dev/null 2>&1 || true
	grep -oE 'O_[A-Z|_]+' strace.log || echo "not at all"
}
is "one that belongs to the machine is opened" "$(opened)" "not at all"
is "else, past all caches, and for nobody else" "$(opened --fixed)" "O_RDWR|O_EXCL|O_NOCTTY|O_DIRECT|O_CLOEXEC"
exits 0 "and it can be written again" to --to "$stick" --fixed --key alice.key --key bob.key
accepted lw load "$stick"

# --- what is not what it says --------------------------------------------------------------------------------------

map() { # NAME, its table on standard input: sets $device
	DM_DISABLE_UDEV=1 dmsetup create "landwaiter-$1-$$" 2>map.log || return
	mapped+=("landwaiter-$1-$$")
	device=/dev/mapper/landwaiter-$1-$$
}
if map one <<<"0 32768 linear $stick 0"; then
	exits 1 "one that another stands on" to --to "$stick" --fixed
	like "says so" "$(cat err.log)" 'in use: '
	exits 0 "that one" to --to "$device" --fixed
	# Some that begin anew where they end: five mebibytes do not fit into two, nor into four.
	map two <<<"0 4096 linear $first 0
4096 4096 linear $first 0
8192 4096 linear $first 0"
	exits 4 "one of two mebibytes that says six" to --to "$device" --fixed
	like "is known for it" "$(cat err.log)" \
		'bytes 0 to 1048576 are what was written at byte 4194304: it holds less than it says'
	exits 3 "it is no bundle" lw inspect "$device"
	disk four.img 4M
	map four <<<"0 8192 linear $device 0
8192 8192 linear $device 0"
	exits 4 "one of four mebibytes that says eight" to --to "$device" --fixed
	like "as well" "$(cat err.log)" 'it holds less than it says'
	disk lost.img 16M
	map lost <<<"0 32768 flakey $device 0 0 600 1 drop_writes"
	exits 4 "one that forgets what it took" to --to "$device" --fixed
	disk half.img 2M
	map half <<<"0 4096 linear $device 0
4096 28672 error"
	exits 1 "one of which the half is broken" to --to "$device" --fixed
	like "says where" "$(cat err.log)" 'writing at offset 2097152: Input/output error'
else
	skip "what is not what it says" "$(head -n 1 map.log)"
fi
done_testing
