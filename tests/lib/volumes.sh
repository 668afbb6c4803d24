# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
#
# What attacks on bundles in volumes share: two bundles of three volumes each, approved by alice and
# bob on every one, and an enclave that admits them.

. "$(dirname "${BASH_SOURCE[0]}")/attack.sh"

make_keys alice bob carol mallory
make_enclave 2 alice bob carol
"$LW_BIN/tools/mklayout" big layout 1 3MiB 300KiB
for i in 5 6; do
	make_bundle v$i.lwb --volume-size 1800KiB --sequence $i oci:layout:b0 \
		--key alice.key --key bob.key
done
cp -a enclave empty
staged() { # of the one bundle: its folder
	echo enclave/store/pending/*
}
again() { # [VOLUME...]: an enclave that has these of the first bundle, and nothing else
	local v

	rm -rf enclave
	cp -a empty enclave
	for v in "$@"; do
		expect 5 lw load "v5.${v}of3.lwb" || fail "loading volume $v" "$(cat out.log)"
	done
}
# sitting NAME STATUS CODE MISSING COMMAND...: the attempt ends so, with that finding, with these
# volumes missing, and with one record.
sitting() {
	local exit=0 records got

	records=$(record_count)
	"${@:5}" -o json >out.log 2>err.log || exit=$?
	got=$(jq -r --arg code "$3" '[.exit, any(.findings[]; .code == $code),
		.volume.missing // "none"] | join(" ")' out.log 2>&1)
	is "$1: $3" "$exit $got, $(($(record_count) - records)) record" "$2 $2 true $4, 1 record"
	! grep -qE 'ERROR: (Address|Leak|Undefined)|runtime error:' err.log ||
		fail "$1" "$(cat err.log)"
}
# finished NAME FILE: the bundle comes in with it, whole, and nothing of it is pending.
finished() {
	local exit=0

	lw load "$2" -o json >out.log 2>err.log || exit=$?
	is "$1: it is whole" "$exit, $(cd enclave/store/blobs/sha256 && sha256sum -- * |
		awk '$1 == $2 { n++ } END { print n + 0, NR }'), $(sql 'SELECT count(*) FROM pending
		'), $(find enclave/store/pending -mindepth 1 | wc -l)" "0, 4 4, 0, 0"
}
bytes_of() { # VOLUME: to be altered, as x.lwb
	cp "v5.${1}of3.lwb" x.lwb
}
mark() { # TEXT: of x.lwb
	poke x.lwb "$(entry_offset x.lwb landwaiter/volume)" "$1"
}
