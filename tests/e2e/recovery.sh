#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# flavours: release
#
# docs/runbook/recovery.md on disks that were damaged for it: a sector that cannot be read, a file system without
# its head, a folder that is gone, a state that is broken, a copy that is older than the paper.

. "$(dirname "$0")/../lib/scenario.sh"
reader=
trap '[ -z "$reader" ] || kill $reader; scenario_end' EXIT

make_keys alice bob
make_enclave 2 alice bob
"$LW_BIN/tools/mklayout" big layout 2 3000000 1000000
mapfile -t tags < <(jq -r '.manifests[].annotations["org.opencontainers.image.ref.name"]' layout/index.json)
for number in 0 1; do
	make_bundle $number.lwb "registry.example/team/app:$number=oci:layout:${tags[number]}"
	approve $number.lwb alice bob
	[ $number -ne 1 ] || cp -r enclave older
	accepted lw load $number.lwb
	head=$(jq -r .record.head out.log)
	head=${head::-48} # as it stands on paper
done
mkdir root empty
cp -r enclave root/
mkfs.ext4 -q -b 4096 -L landwaiter-data -d root data.was 200M

blocks_of() { # FILE: on the disk
	debugfs -R "blocks $1" data.img 2>/dev/null
}
strike() { # BLOCK [COUNT]
	dd if=/dev/urandom of=data.img bs=4096 seek="$1" count="${2:-1}" conv=notrunc status=none
}
open_copy() { # FILE: as a mounted copy would be
	rm -rf opened
	mkdir opened
	debugfs -R "rdump /enclave opened" "$1" 2>/dev/null
	export LANDWAITER_ENCLAVE=$T/opened/enclave
}
book_is_whole() {
	lw log export >book.jsonl && lw log verify book.jsonl --head "$head"
}

# --- sectors that cannot be read -----------------------------------------------------------------------

cp --sparse=always data.was data.img
blob=$(comm -23 <(tar tf 0.lwb | sort) <(tar tf 1.lwb | sort) | while IFS= read -r name; do
	[ "$(size_of "enclave/store/$name")" -lt 2000000 ] || echo "${name##*/}"
done)
read -ra blocks < <(blocks_of "/enclave/store/blobs/sha256/$blob")
"$LW_BIN/tools/liarfs" empty data.img error $((blocks[9] * 4096 + 100)) 2>liarfs.log &
reader=$!
until [ -e empty/bundle.lwb ]; do
	kill -0 $reader 2>/dev/null || break
	sleep 0.02
done
if [ -e empty/bundle.lwb ]; then
	ok "what can be read is copied" ddrescue -q -n empty/bundle.lwb copy.img copy.map
	ok "and asked for again" ddrescue -q -d -r3 empty/bundle.lwb copy.img copy.map
	is "one sector is lost" "$(grep -c ' -$' copy.map)" 1
	umount empty 2>/dev/null || fusermount3 -u empty
else
	skip "a disk that cannot be read everywhere" "no FUSE here: $(tr '\n' ' ' <liarfs.log)"
	cp data.img copy.img
	dd if=/dev/zero of=copy.img bs=4096 seek="${blocks[9]}" count=1 conv=notrunc status=none
fi
kill $reader 2>/dev/null || true
reader=
ok "the file system has nothing to say" expect 0 e2fsck -f -p copy.img
open_copy copy.img
ok "the book is whole, up to the paper's head" book_is_whole
exits 4 "an image is damaged" lw check --all
ok "and named" grep -q DAMAGED out.log
exits 5 "a bundle that does not have it" lw repair 1.lwb
exits 0 "one that has" lw repair 0.lwb
exits 0 "all is well" lw check --all

# --- back onto a larger disk ---------------------------------------------------------------------------

cp --sparse=always copy.img larger.img
truncate -s 500M larger.img
exits 0 "it grows to the new partition's end" resize2fs larger.img
exits 0 "and is whole" e2fsck -f -n larger.img

# --- the head of the file system ------------------------------------------------------------------------

cp --sparse=always data.was data.img
dd if=/dev/zero of=data.img bs=4096 count=1 conv=notrunc status=none
ok "another superblock is tried" expect 1 e2fsck -f -y -b 32768 -B 4096 data.img
open_copy data.img
ok "the book is whole" book_is_whole
exits 0 "nothing is lost" lw check --all

# --- a folder ---------------------------------------------------------------------------------------------

cp --sparse=always data.was data.img
read -ra blocks < <(blocks_of /enclave/store/blobs/sha256)
strike "${blocks[0]}"
ok "the file system is mended" expect 1 e2fsck -f -y data.img
open_copy data.img
ok "the book is whole" book_is_whole
exits 4 "every image is damaged" lw check --all
exits 5 "one bundle brings its own" lw repair 0.lwb
exits 0 "the other the rest" lw repair 1.lwb
exits 0 "all is well" lw check --all

# --- the state ---------------------------------------------------------------------------------------------

cp --sparse=always data.was data.img
read -ra blocks < <(blocks_of /enclave/state.db)
strike "${blocks[8]}" 4
ok "the file system sees nothing" expect 0 e2fsck -f -p data.img
open_copy data.img
exits 1 "the enclave does: it takes nothing any more" lw load 1.lwb
ok "and says why" grep -q quick_check err.log

# --- an older copy, and a new beginning ------------------------------------------------------------------------

export LANDWAITER_ENCLAVE=$T/older
lw log export >older.jsonl
exits 0 "an older copy is whole in itself" lw log verify older.jsonl
exits 3 "the head on paper is not in it" lw log verify older.jsonl --head "$head"

export LANDWAITER_ENCLAVE=$T/anew
repository=enclave/evaluation/repository
exits 0 "a new enclave of the same root" lw init --root $repository/metadata/1.root.json \
	--repository $repository
ok "it is another" test "$(cat out.log)" != "$AUDIENCE"
refused 3 seal.audience lw load 1.lwb
AUDIENCE=$(jq -r '.findings[] | select(.code == "seal.audience") | .expected' out.log)
make_bundle again.lwb "registry.example/team/app:1=oci:layout:${tags[1]}"
approve again.lwb alice bob
accepted lw load again.lwb
done_testing
