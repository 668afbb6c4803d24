#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# flavours: release
#
# What a bundle may cost: packing, verifying and loading one of many entries stays within 32 MiB
# and 64 bytes an entry; refusing what a hostile sender claims takes at most two seconds of
# processor time and 48 MiB, and so much is left to repair, which reads the store as well.

. "$(dirname "$0")/../lib/scenario.sh"

images=6000 room=32
[ -z "${SAMPLE-}" ] || images=2000

# within NAME ENTRIES CPU-MS STATUS COMMAND...
within() {
	local name=$1 most=$((room * 1024 + $2 * 64 / 1024)) cpu_most=$3 expected=$4 status=0
	local rss_kib cpu_ms

	shift 4
	"$LW_BIN/tools/usage" used "$LW_BIN/landwaiter" "$@" >out.log 2>err.log || status=$?
	# shellcheck disable=SC1091 # it says rss_kib=N cpu_ms=N
	. ./used
	if [ "$status" -ne "$expected" ]; then
		fail "$name" "exit $status, expected $expected" "$(cat out.log err.log)"
	elif ((rss_kib > most)); then
		fail "$name" "$rss_kib KiB, at most $most"
	elif ((cpu_ms > cpu_most)); then
		fail "$name" "$cpu_ms ms of processor time, at most $cpu_most"
	else
		pass "$name: $rss_kib of $most KiB, $cpu_ms ms"
	fi
}

make_keys alice bob carol
make_enclave 2 alice bob carol
fresh=$LANDWAITER_ENCLAVE.fresh
cp -a enclave "$fresh"

# --- many entries -----------------------------------------------------------------------------

make_layout many "$images"
entries=$(find many/blobs -type f | wc -l)
sources=()
for ((i = 0; i < images; i++)); do
	sources+=("oci:many:a$i")
done
within "pack $images artifacts" "$entries" 60000 0 \
	pack "${sources[@]}" --sender acme --audience "$AUDIENCE" --expires P20D --marking TEST \
	-o many.lwb
rm -rf many
within "inspect them" "$entries" 60000 0 inspect many.lwb
within "approve them" "$entries" 60000 0 approve many.lwb --key alice.key --yes
approve many.lwb bob
within "verify them" "$entries" 60000 0 verify many.lwb
within "load them" "$entries" 60000 0 load many.lwb
within "verify them again: a replay" "$entries" 2000 3 verify many.lwb
within "list them" "$entries" 60000 0 list
within "export the book" "$entries" 60000 0 log export
room=48
within "repair nothing" "$entries" 60000 0 repair many.lwb

# --- long lists -------------------------------------------------------------------------------

rows=4000000 room=16 # as an enclave may have
[ -z "${SAMPLE-}" ] || rows=400000
rm -f many.lwb
make_layout few
{
	echo "landwaiter-have/1 $AUDIENCE"
	awk -v n="$rows" 'BEGIN { for (i = 0; i < n; i++) printf "sha256:%064x %d\n", i, i }'
} >list
echo "end $rows sha256:$(sha256sum list | cut -d ' ' -f 1)" >>list
within "leave out what $rows lines say" "$rows" 60000 0 pack "oci:few:$(first_tag few)" --sender acme \
	--audience "$AUDIENCE" --expires P20D --marking TEST --have list --have list -o many.lwb
sed '1d;$d' list | sort -r >lines
within "look for so many" "$rows" 60000 2 pack --only lines --of many.lwb -o none.lwb "oci:few:$(first_tag few)"
rm -f list lines many.lwb
room=48

# --- hostile claims ---------------------------------------------------------------------------

# CVE-2023-2253, CVE-2017-11468: room for as much as a stranger says there is.

export LANDWAITER_ENCLAVE=$fresh
"$LW_BIN/tools/forge" layout hostile 1
make_bundle good.lwb --sequence 7 oci:hostile:registry.example/app/multi:1 \
	oci:hostile:registry.example/app/plain:1
while read -r name status _; do
	[ -z "${SAMPLE-}" ] || [[ $name =~ most|thousand|33-|brackets|deep|nested|many ]] || continue
	"$LW_BIN/tools/forge" make "$name" good.lwb bad.lwb alice.key bob.key
	within "refuse $name" 0 2000 "$status" verify bad.lwb
done < <("$LW_BIN/tools/forge" list)
done_testing
