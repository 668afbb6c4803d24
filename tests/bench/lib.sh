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
image=$work/disk.img
fresh=$work/fresh
mounted=

end() {
	local status=$?

	cd /
	[ -z "$mounted" ] || umount "$fresh" || true
	rm -rf "$work"
	exit $status
}
trap end EXIT
trap 'exit 1' INT TERM
cd "$work" || exit
export LC_ALL=C LANDWAITER_ENCLAVE=$fresh/enclave LANDWAITER_SENDER_DIR=$work/sender
mkdir "$fresh"

# fresh_disk: an empty file system at $fresh.
fresh_disk() {
	if [ "$(id -u)" -eq 0 ]; then
		[ -z "$mounted" ] || umount "$fresh"
		mounted=
		rm -f "$image"
		truncate -s 8G "$image"
		mkfs.ext4 -q -E lazy_itable_init=0,lazy_journal_init=0 "$image"
		mount -o loop "$image" "$fresh"
		mounted=yes
	else
		rm -rf "$fresh"
		mkdir "$fresh"
	fi
	sync
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

lw() {
	"$bin/landwaiter" "$@"
}

for who in alice bob; do
	lw keygen --no-passphrase "$who" >/dev/null 2>&1
done
