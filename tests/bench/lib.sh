# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
#
# What the benches share: a folder that goes away ($work, where they run), fresh file systems for runs
# that write ($fresh), times and ratios.

top=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
bin=$top/build/release
# shellcheck disable=SC2034 # for the benches
runs=${RUNS:-5}
work=$(mktemp -d "${BENCH_DIR:-$top/build}/bench.XXXXXX")
fresh=$work/fresh
mounted=()

end() {
	local status=$?

	cd /
	[ ${#mounted[@]} -eq 0 ] || umount "${mounted[@]}" || true
	rm -rf "$work"
	exit $status
}
trap end EXIT
trap 'exit 1' INT TERM
cd "$work" || exit
export LC_ALL=C LANDWAITER_ENCLAVE=$fresh/enclave LANDWAITER_SENDER_DIR=$work/sender
mkdir "$fresh"

# drop_disk NAME: what is at $work/NAME goes, all at once where it is a file system of its own.
drop_disk() {
	local i

	for i in "${!mounted[@]}"; do
		[ "${mounted[i]}" != "$work/$1" ] || {
			umount "$work/$1"
			unset "mounted[i]"
		}
	done
	rm -rf "${work:?}/$1" "$work/$1.img"
}

# disk NAME SIZE MKFS-OPTION...: an empty file system of that size at $work/NAME, in place of the one
# that was there. It is sparse: it costs what is written. For an ordinary user, a folder.
disk() {
	local at=$work/$1 size=$2

	drop_disk "$1"
	shift 2
	mkdir "$at"
	if [ "$(id -u)" -eq 0 ]; then
		truncate -s "$size" "$at.img"
		mkfs.ext4 -q -E lazy_itable_init=0,lazy_journal_init=0 "$@" "$at.img"
		mount -o loop "$at.img" "$at"
		mounted+=("$at")
	fi
	sync
}

# fresh_disk [SIZE MKFS-OPTION...]: an empty file system at $fresh.
fresh_disk() {
	[ $# -gt 0 ] || set -- 8G
	disk fresh "$@"
}

declare -A seconds memory

# timed NAME COMMAND...: its wall time joins NAME's, its peak memory too. The first of several runs
# does not count: it also pays for memory that a virtual machine had not touched yet, which made a
# load take three times as long.
i=1
timed() {
	local name=$1 start end

	shift
	start=$EPOCHREALTIME
	/usr/bin/time -o time.log -f %M "$@" >out.log 2>err.log || {
		echo "failed: $*" >&2
		cat out.log err.log >&2
		exit 1
	}
	end=$EPOCHREALTIME
	((i > 0)) || return 0
	seconds[$name]+=" $(awk -v a="$start" -v b="$end" 'BEGIN { printf "%.4f", b - a }')"
	memory[$name]+=" $(tail -n 1 time.log)"
}

median() {
	tr ' ' '\n' <<<"$1" | sed '/^$/d' | sort -g |
		awk '{ v[NR] = $1 } END { print NR % 2 ? v[(NR + 1) / 2] : (v[NR / 2] + v[NR / 2 + 1]) / 2 }'
}

# report TITLE OURS PEER [AIM]
report() {
	local a b m

	a=$(median "${seconds[$2]}")
	b=$(median "${seconds[$3]}")
	m=$(median "${memory[$2]}")
	awk -v t="$1" -v a="$a" -v b="$b" -v m="$m" -v aim="${4:-}" 'BEGIN {
		printf "%-46s %8.3f s  %8.3f s  %6.2f%s  %6.1f MiB\n", t, a, b, a / b,
			aim == "" ? "          " : " (" aim ")", m / 1024 }'
}

# number TITLE FORMAT VALUE [REST]: a line that is no time.
number() {
	# shellcheck disable=SC2059 # a format
	printf "%-46s $2  %s\n" "$1" "$3" "${4:-}"
}

ratio() { # A B
	awk -v a="$1" -v b="$2" 'BEGIN { print a / b }'
}

heading() {
	printf 'on %s cores, %s; medians of %s alternating runs\n\n' "$(nproc)" \
		"$([ "$(id -u)" -eq 0 ] && echo 'a fresh ext4 for each run that writes' ||
			echo 'a fresh folder for each run that writes')" "$runs"
	printf '%-46s %10s  %10s  %6s %9s  %10s\n' what ours peer ratio aim memory
}

lw() {
	"$bin/landwaiter" "$@"
}

# names LAYOUT: the words for `pack`.
names() {
	jq -r --arg d "$1" '.manifests[].annotations["org.opencontainers.image.ref.name"] |
		"oci:\($d):\(.)"' "$1/index.json"
}

# Bundles are made for `any`, so that each fresh enclave takes the same one.
new_any_enclave() {
	lw init --any-audience --sender acme --threshold 2 --approver alice=alice.pub \
		--approver bob=bob.pub >/dev/null 2>&1
}

# pack_words NAME FILE OPTION-OR-SOURCE...
pack_words() {
	local name=$1 file=$2

	shift 2
	timed "$name" "$bin/landwaiter" pack "$@" --sender acme --audience any --expires P30D \
		--marking BENCH --no-progress -o "$file"
}

pack() { # FILE LAYOUT NAME [OPTION...]
	mapfile -t words < <(names "$2")
	pack_words "$3" "$1" "${words[@]}" "${@:4}"
}

seal() { # FILE
	for who in alice bob; do
		lw approve "$1" --key "$who.key" --yes >/dev/null 2>&1
	done
}

# With skopeo, or the program (and its first words) that is said.
skopeo_to_archives() { # LAYOUT DIR [PROGRAM...]
	local layout=$1 dir=$2 tag

	shift 2
	[ $# -gt 0 ] || set -- skopeo
	mkdir -p "$dir"
	for tag in $(jq -r '.manifests[].annotations["org.opencontainers.image.ref.name"]' \
		"$layout/index.json"); do
		"$@" copy -q --preserve-digests "oci:$layout:$tag" "oci-archive:$dir/$tag.tar:$tag"
	done
}

skopeo_from_bundle() { # FILE DIR [PROGRAM...]
	local file=$1 dir=$2 name

	shift 2
	[ $# -gt 0 ] || set -- skopeo
	for name in $(tar xOf "$file" index.json |
		jq -r '.manifests[].annotations["org.opencontainers.image.ref.name"]'); do
		"$@" copy -q --preserve-digests "oci-archive:$file:$name" "oci:$dir:$name"
	done
}
export -f skopeo_to_archives skopeo_from_bundle

for who in alice bob; do
	lw keygen --no-passphrase "$who" >/dev/null 2>&1
done
