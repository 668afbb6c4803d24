#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# make bench, cost: verify and load of more and more artifacts, and of larger and larger images,
# beside openssl dgst and cp; as tables and drawn, in build/bench/.
#
#	RUNS=5 NUMBERS="250 1000 4000 16000" SIZES="16 64 256 1024" tests/bench/cost.sh
#
# SIZES are in MiB.
set -euo pipefail

. "$(dirname "$0")/lib.sh"
numbers=${NUMBERS:-250 1000 4000 16000}
sizes=${SIZES:-16 64 256 1024}
out=$top/build/bench
mkdir -p "$out"

copy_tree() { # FROM TO
	cp -r "$1" "$2"
	sync -f "$2"
}
export -f copy_tree

# cost X COPIED: one more line of $table, with the images in `layout`, which goes. COPIED is what cp
# copies: the layout, whose files a store has too, or the bundle.
cost() {
	pack cost.lwb layout pack --key alice.key --key bob.key
	cat cost.lwb >/dev/null
	for ((i = 0; i <= runs; i++)); do
		fresh_disk
		new_any_enclave
		timed "verify-$1" "$bin/landwaiter" verify cost.lwb --no-progress -o json
		timed "openssl-$1" openssl dgst -sha256 cost.lwb
		timed "load-$1" "$bin/landwaiter" load cost.lwb --no-progress -o json
		fresh_disk
		timed "cp-$1" bash -c 'copy_tree "$@"' - "$2" "$fresh/copy"
	done
	printf '%s' "$1" >>"$table"
	for what in verify openssl load cp; do
		printf '\t%s' "$(median "${seconds[$what-$1]}")" >>"$table"
	done
	printf '\n' >>"$table"
	report "verify, $1 $unit, against openssl dgst" "verify-$1" "openssl-$1"
	report "load, $1 $unit, against cp and sync" "load-$1" "cp-$1"
	rm -rf layout cost.lwb
}

begin() { # NAME UNIT
	table=$out/$1.tsv unit=$2
	printf '# %s\tverify\topenssl dgst\tload\tcp and sync\n' "$2" >"$table"
	seconds=() memory=()
}

draw() { # NAME TITLE XLABEL PEER
	gnuplot -e "DATA='$table'; OUT='$out/$1.svg'; TITLE='$2'; XLABEL='$3'; PEER='$4'" \
		"$top/tests/bench/cost.gp"
	echo "drawn: build/bench/$1.svg"
}

heading
begin cost-number artifacts
for count in $numbers; do
	"$bin/tools/mklayout" small layout "$count"
	cost "$count" layout
done
draw cost-number "Many artifacts" "artifacts in the bundle, each of 300 B to 64 KiB" "cp -r, sync"

begin cost-size MiB
for size in $sizes; do
	"$bin/tools/mklayout" big layout 1 "${size}MiB" 0
	cost "$size" cost.lwb
done
draw cost-size "One image" "MiB of the image" "cp, sync"
