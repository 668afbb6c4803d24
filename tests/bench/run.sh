#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# make bench: our work beside that of tools people know, in alternating runs, so that whatever else
# the machine does falls on both. Medians and ratios are printed; nothing is asserted. Every run that
# writes starts on a fresh file system (removing a large tree first makes ext4 five to ten times
# slower); as an ordinary user, who cannot mount, in a fresh folder.
#
#	RUNS=5 SIZE=120MiB ARTIFACTS=6000 tests/bench/run.sh
set -euo pipefail

. "$(dirname "$0")/lib.sh"
size=${SIZE:-120MiB}
artifacts=${ARTIFACTS:-6000}

tar_and_sign() { # LAYOUT FILE
	tar cf "$2" "$1"
	openssl dgst -sha256 -sign bob-rsa.key -out "$2.sig" "$2"
	sync -f "$2"
}
export -f tar_and_sign
openssl genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:3072 -out bob-rsa.key 2>/dev/null

bytes_read() {
	jq .bytesRead out.log
}

heading

# --- pack, verify, load: 8 images, a shared layer ----------------------------------------------

"$bin/tools/mklayout" big big 8 "$size" 64MiB
for ((i = 0; i <= runs; i++)); do
	fresh_disk
	pack "$fresh/one.lwb" big pack
	fresh_disk
	timed skopeo-pack bash -c "skopeo_to_archives big $fresh/archives && sync -f $fresh"
	fresh_disk
	timed tar-sign bash -c "tar_and_sign big $fresh/big.tar"
done
report "pack, against skopeo oci: to oci-archive:" pack skopeo-pack "<= 0.45"
report "pack, against tar c and openssl sign" pack tar-sign

pack one.lwb big pack-again
seal one.lwb
bundle_bytes=$(stat -c %s one.lwb)
fresh_disk
new_any_enclave
cat one.lwb >/dev/null
for ((i = 0; i <= runs; i++)); do
	timed verify "$bin/landwaiter" verify one.lwb --no-progress -o json
	read_verify=$(bytes_read)
	timed openssl openssl dgst -sha256 one.lwb
done
timed sha256sum sha256sum one.lwb
report "verify, against openssl dgst -sha256" verify openssl "<= 0.45"
report "verify, against sha256sum" verify sha256sum
for ((i = 0; i <= runs; i++)); do
	fresh_disk
	new_any_enclave
	timed load "$bin/landwaiter" load one.lwb --no-progress -o json
	read_load=$(bytes_read)
	fresh_disk
	timed dd dd if=one.lwb of="$fresh/copy" bs=1M conv=fsync
	fresh_disk
	timed skopeo-load bash -c "skopeo_from_bundle one.lwb $fresh/layout && sync -f $fresh"
done
report "load, against dd and fsync" load dd "<= 1.30"
report "load, against skopeo oci-archive: to oci:" load skopeo-load "<= 0.45"
printf '%-46s %8s x of %s bytes (aim <= 1.01)\n' "bytes read from the medium by verify" \
	"$(awk -v a="$read_verify" -v b="$bundle_bytes" 'BEGIN { printf "%.5f", a / b }')" "$bundle_bytes"
printf '%-46s %8s x\n' "bytes read from the medium by load" \
	"$(awk -v a="$read_load" -v b="$bundle_bytes" 'BEGIN { printf "%.5f", a / b }')"
rm -rf big one.lwb

# --- one blob dominates -------------------------------------------------------------------------

"$bin/tools/mklayout" big dominated 1 1GiB 16MiB
pack dominated.lwb dominated pack-dominated
seal dominated.lwb
fresh_disk
new_any_enclave
cat dominated.lwb >/dev/null
for ((i = 0; i <= runs; i++)); do
	timed verify-one "$bin/landwaiter" verify dominated.lwb --no-progress -o json
	timed openssl-one openssl dgst -sha256 dominated.lwb
done
report "verify, one blob of 1 GiB, against openssl dgst" verify-one openssl-one "<= 0.80"
for ((i = 0; i <= runs; i++)); do
	fresh_disk
	new_any_enclave
	timed load-one "$bin/landwaiter" load dominated.lwb --no-progress -o json
	fresh_disk
	timed dd-one dd if=dominated.lwb of="$fresh/copy" bs=1M conv=fsync
done
report "load, one blob of 1 GiB, against dd and fsync" load-one dd-one "<= 1.30"

# --- a bad seal ---------------------------------------------------------------------------------

cp dominated.lwb bad.lwb
printf '\001' | dd of=bad.lwb bs=1 seek=600 conv=notrunc status=none
fresh_disk
new_any_enclave
for ((i = 0; i <= runs; i++)); do
	timed bad bash -c "$bin/landwaiter load bad.lwb --no-progress -o json; [ \$? -eq 3 ]"
	read_bad=$(bytes_read)
	timed nothing "$bin/landwaiter" version
done
report "refusing a bad seal, against starting up" bad nothing
printf '%-46s %8.1f ms (aim <= 50), %s bytes read of %s\n' "refusing a bad seal" \
	"$(awk -v s="$(median "${seconds[bad]}")" 'BEGIN { print s * 1000 }')" "$read_bad" \
	"$(stat -c %s bad.lwb)"
rm -rf dominated dominated.lwb bad.lwb

# --- many small artifacts -----------------------------------------------------------------------

"$bin/tools/mklayout" small small "$artifacts"
for ((i = 0; i <= runs; i++)); do
	fresh_disk
	pack "$fresh/small.lwb" small pack-small
	timed tar-small tar cf "$fresh/small.tar" small
done
pack small.lwb small pack-small-again
seal small.lwb
for ((i = 0; i <= runs; i++)); do
	fresh_disk
	new_any_enclave
	timed load-small "$bin/landwaiter" load small.lwb --no-progress -o json
	timed cp-small cp -r small "$fresh/copy"
done
report "pack, $artifacts artifacts, against tar c (aim 1 s)" pack-small tar-small
report "load, $artifacts artifacts, against cp -r (aim 2 s)" load-small cp-small

# --- signatures ---------------------------------------------------------------------------------

# A thousand images, three cosign signatures each, and a quarter of that: the time grows with the
# images. Beside it, the same signatures checked one by one with openssl.
for who in acme globex security; do
	lw keygen --no-passphrase --type p256 "$who" >/dev/null 2>&1
done
jq -n '{format: "landwaiter-policy/1",
	senders: {acme: {threshold: 2, signers: ["alice", "bob"], audience: "any", max_age: "P90D"}},
	signers: (reduce ("alice", "bob") as $w ({}; .[$w] = {keys: [{kind: "key", file: "\($w).pub"}]}) +
		reduce ("acme", "globex", "security") as $w ({};
			.[$w] = {keys: [{kind: "cosign-key", file: "\($w).pub"}]})),
	images: [{match: "**", require: [{threshold: 3, of: ["acme", "globex", "security"]}]}]}' \
	>policy.json
trust=()
for who in alice bob acme globex security; do
	trust+=(--trust "$who.pub=$who.pub")
done
fresh_disk
lw init --policy policy.json "${trust[@]}" >/dev/null 2>&1
for count in 250 1000; do
	"$bin/tools/mklayout" signed signed $count acme.key globex.key security.key
	mapfile -t words < <(jq -r '.manifests[].annotations["io.containerd.image.name"] // empty |
		"oci:signed:\(.)"' signed/index.json)
	lw pack "${words[@]}" --sender acme --audience any --expires P30D --marking BENCH \
		--no-progress -o signed.lwb >/dev/null 2>&1
	seal signed.lwb
	for ((i = 0; i <= runs; i++)); do
		timed "signed-$count" "$bin/landwaiter" verify signed.lwb --no-progress -o json
	done
	[ "$count" = 1000 ] || rm -rf signed signed.lwb
done
jq -j '.manifests[1].digest' signed/index.json >payload # any bytes will do
openssl dgst -sha256 -sign acme.key -out payload.sig payload
openssl_three_thousand() {
	local i

	for ((i = 0; i < 3000; i++)); do
		openssl dgst -sha256 -verify acme.pub -signature payload.sig payload
	done >/dev/null
}
export -f openssl_three_thousand
timed openssl-3000 bash -c openssl_three_thousand
report "verify, 1,000 images of 3 signatures, openssl each" signed-1000 openssl-3000
report "the same, against 250 images (aim 4)" signed-1000 signed-250

# Beside `cosign verify`, which takes one image and one key: of the 3,000 runs that it would take a
# tenth is timed. cosign is $COSIGN, or what `make interop` has fetched from Debian.
cosign=${COSIGN:-$top/build/interop/cosign-trixie/usr/bin/cosign}
layout_of_one() { # DIGEST FOLDER: that image and its signatures, as cosign saves them
	mkdir -p "$2"
	ln -s "$work/signed/blobs" "$2/blobs"
	cp signed/oci-layout "$2/"
	jq -c --arg digest "$1" '.manifests = [.manifests[] |
		if .digest == $digest then .annotations = {kind: "dev.cosignproject.cosign/image"}
		elif .annotations["org.opencontainers.image.ref.name"] // "" |
			endswith("sha256-\($digest[7:]).sig")
		then .annotations = {kind: "dev.cosignproject.cosign/sigs"} else empty end]' \
		signed/index.json >"$2/index.json"
}
cosign_three_hundred() {
	local i who

	for ((i = 0; i < 100; i++)); do
		for who in acme globex security; do
			"$1" verify --key $who.pub --insecure-ignore-tlog=true --local-image one/$i
		done
	done
}
export -f cosign_three_hundred
if [ -x "$cosign" ]; then
	mapfile -t digests < <(jq -r '[.manifests[] |
		select(.annotations["io.containerd.image.name"])][:100][].digest' signed/index.json)
	for i in "${!digests[@]}"; do
		layout_of_one "${digests[i]}" "one/$i"
	done
	apart=(unshare --net)
	[ "$(id -u)" -eq 0 ] || apart+=(--map-root-user)
	timed cosign-300 env HOME="$work" "${apart[@]}" bash -c "cosign_three_hundred '$cosign'"
	seconds[cosign-3000]=$(awk -v s="${seconds[cosign-300]}" 'BEGIN { print 10 * s }')
	report "verify, 1,000 images of 3, cosign verify (300 x 10)" signed-1000 cosign-3000
else
	echo "not compared with cosign verify: no $cosign (make interop fetches it; or set COSIGN)"
fi
rm -rf signed signed.lwb

# --- TUF ------------------------------------------------------------------------------------------

# A repository followed from its first root, and a target fetched: all targets in one file, and in
# succinct hashed bins; each also of a quarter of the size, for both grow with it. Beside python-tuf's
# client, which `make interop` has fetched from Debian.
. "$top/tests/lib/python-tuf.sh"
lw keygen --no-passphrase tuf >/dev/null 2>&1
follow() { # NAME REPOSITORY
	timed "$1" "$bin/landwaiter" tuf download --trust "$(mktemp -d)" \
		--root "$2/metadata/1.root.json" "$2/metadata" n/000000 --to "$(mktemp -d)"
}
python_follow() { # NAME REPOSITORY
	timed "$1" env PYTHONPATH="$tuf_path" PYTHONPYCACHEPREFIX="$work/pycache" /usr/bin/python3 \
		"$top/tests/bench/tuf-client.py" "$2" "$(mktemp -d)/state" n/000000
}
python=
if [ -d "$top/build/interop/python3-tuf-sid" ]; then
	python_tuf "$top/build/interop"
	python=yes
else
	echo "not compared with python-tuf: make interop fetches it"
fi
export TMPDIR=$work
for what in targets:100000:25000 bins:14:12; do
	IFS=: read -r kind large small <<<"$what"
	for size in "$large" "$small"; do
		"$bin/tools/mktuf" "$kind" tuf.key "tuf-$size" "$size"
	done
	for ((i = 0; i <= runs; i++)); do
		for size in "$large" "$small"; do
			follow "$kind-$size" "tuf-$size"
		done
		[ -z "$python" ] || python_follow "python-$kind-$large" "tuf-$large"
	done
	rm -rf "tuf-$large" "tuf-$small"
	if [ "$kind" = targets ]; then
		title="TUF, 100,000 targets" quarter=25,000
	else
		title="TUF, 16,384 bins" quarter=4,096
	fi
	[ -z "$python" ] || {
		report "$title, against python-tuf" "$kind-$large" "python-$kind-$large"
		printf '%-46s %48.1f MiB\n' "... the memory of python-tuf" \
			"$(median "${memory[python-$kind-$large]}" | awk '{ print $1 / 1024 }')"
	}
	report "$title, against $quarter (aim 4)" "$kind-$large" "$kind-$small"
	printf '%-46s %48.1f MiB\n' "... the memory with $quarter" \
		"$(median "${memory[$kind-$small]}" | awk '{ print $1 / 1024 }')"
done
