#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# A bundle on a raw device: written, read back, loaded from it; and what is not written to. The devices are files
# behind loop devices, which belong to the machine as far as anybody can see (--fixed).

. "$(dirname "$0")/../lib/scenario.sh"
loops=()
trap '[ ${#loops[@]} -eq 0 ] || losetup -d "${loops[@]}" 2>/dev/null || true; scenario_end' EXIT

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
sender_is() { # TEXT NUMBER
	is "$1" "$(jq -r .sequence sender/acme.json 2>/dev/null || echo 0)" "$2"
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
truncate -s 32M parts.img
sfdisk -q parts.img <<<'start=1MiB, type=c'
disk parts.img 32M -P
part=${device}p1
if [ -b "$part" ]; then
	exits 2 "a partition" to --to "$part" --fixed
	like "says so" "$(cat err.log)" 'a partition: want the whole device'
else
	skip "a partition" "none is made of a loop device's here"
fi

# --- written, approved, loaded -------------------------------------------------------------------------------

head -c 16M /dev/urandom >stick.img # something was on it
mkfs.ext4 -q -F -b 1024 stick.img 16M 2>/dev/null
exits 0 "written" to --to "$stick" --fixed
is "nothing of a file system is seen" "$(blkid -p -o value -s TYPE "$stick" 2>/dev/null)" ""
is "nor at the end" "$(tail -c 1M stick.img | tr -d '\0' | wc -c)" 0
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
before=$(jq -r .sequence sender/acme.json)
struck() { # SYSCALL HOW TEXT
	exits 1 "$3" strace -qq -f -o strace.log -P "$stick" -e inject="$1:$2" \
		"$LW_BIN/landwaiter" pack --sender acme --audience "$AUDIENCE" --expires P20D --marking TEST "$image" \
		--to "$stick" --fixed
	exits 3 "$3: it is no bundle" lw inspect "$stick"
}
struck pwrite64 error=EIO:when=3 "an error in the middle"
struck pwrite64 error=EIO:when=1+ "errors everywhere"
struck fsync error=EIO:when=1 "an error at the end"
struck pread64 error=EIO:when=2 "an error when it is read back"
exits 4 "one byte that is another when it is read back" strace -qq -f -o strace.log -P "$stick" \
	-e inject=pread64:poke_exit=@arg2=00:when=2 "$LW_BIN/landwaiter" pack --sender acme --audience "$AUDIENCE" \
	--expires P20D --marking TEST "$image" --to "$stick" --fixed
like "is named" "$(cat err.log)" 'bytes 1048576 to 2097152 are not what was written there'
exits 3 "it is no bundle" lw inspect "$stick"
exits 137 "killed in the middle" strace -qq -f -o strace.log -P "$stick" -e inject=pwrite64:signal=KILL:when=3 \
	"$LW_BIN/landwaiter" pack --sender acme --audience "$AUDIENCE" --expires P20D --marking TEST "$image" \
	--to "$stick" --fixed
exits 3 "it is no bundle" lw inspect "$stick"
exits 0 "and it can be written again" to --to "$stick" --fixed --key alice.key --key bob.key
accepted lw load "$stick"
is "no number was used twice" "$(($(jq -r .sequence sender/acme.json) > before))" 1
done_testing
