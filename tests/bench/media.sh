#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# make bench, media: bundles in volumes, of many small blobs, of one that is huge, on a slow medium,
# and as increments. Medians and ratios are printed; nothing is asserted. What takes a minute each time
# has a number of runs of its own: BLOB_RUNS, GIANT_RUNS, SLOW_RUNS (whose time is not by chance).
#
#	RUNS=5 PARTS="volumes blobs giant slow increment" tests/bench/media.sh
#
# and smaller, to try it:
#
#	RUNS=1 SIZE=4MiB BASE=4MiB VOLUME=10MiB IMAGES="10 50" GIANT=99999999 SLOW_BYTES=2MiB \
#		tests/bench/media.sh
set -euo pipefail

. "$(dirname "$0")/lib.sh"
export bin
size=${SIZE:-120MiB}		 # of the layer that an image has for itself
base=${BASE:-64MiB}		 # of the one that all share
volume=${VOLUME:-256MiB}
images=${IMAGES:-100 2000}	 # of 98 layers each, which makes 100 blobs
blob_runs=${BLOB_RUNS:-2}
giant=${GIANT:-8589934591}	 # bytes
giant_runs=${GIANT_RUNS:-1}
slow_bytes=${SLOW_BYTES:-96MiB}	 # each of eight images
slow_rate=${SLOW_RATE:-30000000} # bytes a second
slow_runs=${SLOW_RUNS:-1}
keys=(--key alice.key --key bob.key)
quiet=(--no-progress -o json)

# load_volumes FILE...: one sitting each, of which the last brings the bundle in.
load_volumes() {
	local file status=0

	for file; do
		[ $status -eq 0 ] || [ $status -eq 5 ] || return $status
		status=0
		"$bin/landwaiter" load "$file" --no-progress -o json || status=$?
	done
	return $status
}
export -f load_volumes

# --- volumes ------------------------------------------------------------------------------------

part_volumes() {
	"$bin/tools/mklayout" big big 8 "$size" "$base"
	for ((i = 0; i <= runs; i++)); do
		fresh_disk
		pack "$fresh/whole.lwb" big pack-whole "${keys[@]}"
		fresh_disk
		pack "$fresh/parts.lwb" big pack-volumes "${keys[@]}" --volume-size "$volume"
	done
	pack whole.lwb big pack-again "${keys[@]}"
	pack parts.lwb big pack-again "${keys[@]}" --volume-size "$volume"
	rm -rf big
	volumes=(parts.*of*.lwb)
	cat whole.lwb "${volumes[@]}" >/dev/null
	for ((i = 0; i <= runs; i++)); do
		fresh_disk
		new_any_enclave
		timed load-whole "$bin/landwaiter" load whole.lwb "${quiet[@]}"
		fresh_disk
		new_any_enclave
		timed load-volumes bash -c 'load_volumes "$@"' - "${volumes[@]}"
	done
	report "pack, in ${#volumes[@]} volumes, against whole" pack-volumes pack-whole
	report "load, ${#volumes[@]} sittings, against whole" load-volumes load-whole
	number "bytes of all volumes, against whole" "%8.5f x" \
		"$(ratio "$(cat "${volumes[@]}" | wc -c)" "$(stat -c %s whole.lwb)")"
	rm -f -- *.lwb
}

# --- many small blobs -----------------------------------------------------------------------------

a_blob() { # NAME: what a blob costs of the larger number, against the smaller
	ratio "$(ratio "$(median "${seconds[$1-$large]}")" "$large")" \
		"$(ratio "$(median "${seconds[$1-$small]}")" "$small")"
}

part_blobs() {
	local count blobs small large memory_aim

	cc -O2 -D_GNU_SOURCE -pthread -o floor "$top/tests/bench/floor.c" -lcrypto
	read -r small large <<<"$images"
	for count in $small $large; do
		blobs=$((count * 100))
		disk layout 4G -N 1000000
		"$bin/tools/mklayout" layered layout/l "$count" 98
		find layout/l/blobs -type f -printf '%s %f\n' >list
		i=1
		pack many.lwb layout/l "pack-$blobs" "${keys[@]}"
		drop_disk layout
		cat many.lwb >/dev/null
		for ((i = 1; i <= blob_runs; i++)); do # packing them has touched all memory
			fresh_disk 8G -N 1000000
			new_any_enclave
			timed "verify-$blobs" "$bin/landwaiter" verify many.lwb "${quiet[@]}"
			timed "openssl-$blobs" openssl dgst -sha256 many.lwb
			timed "load-$blobs" "$bin/landwaiter" load many.lwb "${quiet[@]}"
			fresh_disk 8G -N 1000000
			timed "floor-$blobs" bash -c "./floor $fresh <list"
		done
		memory_aim=$(awk -v n="$blobs" 'BEGIN { printf "(aim <= %.1f)", 32 + 64 * n / 1048576 }')
		report "verify, $blobs blobs, against openssl dgst" "verify-$blobs" "openssl-$blobs" "<= 1.64"
		report "load, $blobs blobs, against the floor" "load-$blobs" "floor-$blobs" "<= 1.51"
		for what in verify load; do
			number "... the most memory of $what" "%8.1f MiB" \
				"$(ratio "$(tr ' ' '\n' <<<"${memory[$what-$blobs]}" | sort -n | tail -n 1)" 1024)" \
				"$memory_aim"
		done
		number "packing them" "%8.3f s" "${seconds[pack-$blobs]}"
		rm -f many.lwb
	done
	small=$((small * 100)) large=$((large * 100))
	for what in verify load floor; do
		number "$what, a blob of $large against one of $small" "%8.2f x" "$(a_blob $what)" \
			"$([ $what = floor ] || echo '(aim <= 1.3)')"
	done
	# The ratios above say what these come to beside openssl and the floor, where hashing is as fast.
	echo "(aims with 200,000 blobs: verify 1.5 s where openssl hashes 1.15 GB/s," \
		"load 8 s where as many files take 5.3 s)"
}

# --- one huge blob --------------------------------------------------------------------------------

part_giant() {
	"$bin/tools/forge" layout one 1
	i=1
	pack_words pack-plain plain.lwb oci:one:registry.example/app/multi:1 \
		oci:one:registry.example/app/plain:1
	"$bin/tools/forge" sparse "$giant" plain.lwb giant.lwb alice.key bob.key
	for ((i = 1; i <= giant_runs; i++)); do
		cat giant.lwb >/dev/null # nobody's time: memory that was not touched yet
		fresh_disk 20G -T largefile4
		new_any_enclave
		timed verify-giant "$bin/landwaiter" verify giant.lwb "${quiet[@]}"
		timed openssl-giant openssl dgst -sha256 giant.lwb
		timed load-giant "$bin/landwaiter" load giant.lwb "${quiet[@]}"
		fresh_disk 20G -T largefile4
		timed dd-giant dd if=giant.lwb of="$fresh/copy" bs=1M conv=fsync
	done
	report "verify, a blob of $giant, against openssl" verify-giant openssl-giant
	report "load, the same, against dd and fsync" load-giant dd-giant
	fresh_disk
	rm -rf one plain.lwb giant.lwb
}

# --- a slow medium --------------------------------------------------------------------------------

# on_medium FILE COMMAND...: FILE is on a disk that turns; what was read of it goes to a report.
on_medium() {
	SLOW_FILE=$1 SLOW_RATE=$slow_rate SLOW_ROTATING=1 SLOW_REPORT=$1.slow \
		LD_PRELOAD=$bin/tools/slow.so "${@:2}"
}

sittings_on_medium() { # FILE...
	local file status=0

	for file; do
		[ $status -eq 0 ] || [ $status -eq 5 ] || return $status
		status=0
		on_medium "$file" "$bin/landwaiter" load "$file" --no-progress -o json || status=$?
	done
	return $status
}
export -f on_medium sittings_on_medium
export slow_rate

timed_medium() { # NAME COMMAND...: with slow.lwb
	timed "slow-$1" bash -c 'on_medium "$@"' - slow.lwb "${@:2}"
	cp slow.lwb.slow "$1.slow"
}

tell_medium() { # TITLE NAME FILE...
	local reports=("${@:3}")

	reports=("${reports[@]/%/.slow}")
	cat "${reports[@]}" | tr ' =' '\n ' | awk -v t="$1" \
		-v s="$(median "${seconds[$2]}")" -v rate="$slow_rate" \
		-v size="$(cat "${@:3}" | wc -c)" '
		{ sum[$1] += $2 }
		END { printf "%-46s %8.3f s  %6.3f x the medium (aim 1.03)  back %d (aim 0), %d reads, " \
			"%d bytes twice, %.5f of all\n", t, s, s / (size / rate), sum["back"], sum["calls"],
			sum["twice"], sum["bytes"] / size }'
}

part_slow() {
	local bytes

	"$bin/tools/mklayout" big big 8 "$slow_bytes" "$slow_bytes"
	i=1
	pack slow.lwb big pack-slow "${keys[@]}"
	bytes=$(stat -c %s slow.lwb)
	pack slow-parts.lwb big pack-slow "${keys[@]}" --volume-size "$((bytes / 3 + bytes / 20))"
	volumes=(slow-parts.*of*.lwb)
	for ((i = 1; i <= slow_runs; i++)); do
		fresh_disk
		new_any_enclave
		timed_medium dd dd if=slow.lwb of=/dev/null bs=1M
		timed_medium verify "$bin/landwaiter" verify slow.lwb "${quiet[@]}"
		timed_medium load "$bin/landwaiter" load slow.lwb "${quiet[@]}"
		fresh_disk
		new_any_enclave
		timed slow-volumes bash -c 'sittings_on_medium "$@"' - "${volumes[@]}"
	done
	for what in dd verify load; do
		cp $what.slow slow.lwb.slow
		tell_medium "$what, from $slow_rate bytes a second" slow-$what slow.lwb
	done
	tell_medium "load, ${#volumes[@]} volumes, from the same" slow-volumes "${volumes[@]}"
	rm -rf big ./*.lwb ./*.slow
}

# --- an increment ---------------------------------------------------------------------------------

offset_of_blobs() { # FILE: where the first one's header is
	tar tRf "$1" | awk '$3 ~ /^blobs\// { sub(":", "", $2); print $2 * 512; exit }'
}

blobs_of() { # FILE: digest and bytes
	tar tvf "$1" | awk '$6 ~ /^blobs\// { print $6, $3 }' | sort
}

part_increment() {
	local kept absent carried name

	"$bin/tools/mklayout" big big 10 "$size" "$base"
	kept=(oci:big:b{0..5})
	i=1
	pack_words pack-first first.lwb "${kept[@]}" oci:big:b6 oci:big:b7 "${keys[@]}"
	# The next release: two images have another layer under the name that they had.
	kept+=(registry.example/images:b6=oci:big:b8 registry.example/images:b7=oci:big:b9)
	pack_words pack-next next.lwb "${kept[@]}" "${keys[@]}"
	pack_words pack-increment increment.lwb "${kept[@]}" "${keys[@]}" --since first.lwb
	rm -rf big
	for ((i = 0; i <= runs; i++)); do
		for name in next increment; do
			fresh_disk
			new_any_enclave
			lw load first.lwb "${quiet[@]}" >/dev/null
			sync
			timed "load-$name" "$bin/landwaiter" load "$name.lwb" "${quiet[@]}"
		done
	done
	absent=$(comm -13 <(blobs_of first.lwb) <(blobs_of next.lwb) | awk '{ n += $2 } END { print n }')
	carried=$(($(stat -c %s increment.lwb) - $(offset_of_blobs increment.lwb)))
	number "increment without its head, against new blobs" "%8.5f x" "$(ratio $carried "$absent")" \
		"of $absent bytes (aim <= 1.001)"
	number "increment, against the whole next release" "%8.5f x" \
		"$(ratio "$(stat -c %s increment.lwb)" "$(stat -c %s next.lwb)")"
	report "load, an increment, against the whole of it" load-increment load-next
	rm -f -- *.lwb
}

heading
for part in ${PARTS:-volumes blobs giant slow increment}; do
	"part_$part"
done
