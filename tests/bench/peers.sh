#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# make bench, peers: rauc, which signs bundles and verifies them, with the same blobs; and the skopeo
# of Debian's trixie. In alternating runs; medians and ratios.
#
#	RUNS=5 SIZE=30MiB BASE=32MiB tests/bench/peers.sh
set -euo pipefail

. "$(dirname "$0")/lib.sh"
. "$top/tests/lib/skopeo.sh"
size=${SIZE:-30MiB}
base=${BASE:-32MiB}
interop=$top/build/interop

heading
"$bin/tools/mklayout" big big 8 "$size" "$base"

# --- rauc -------------------------------------------------------------------------------------------

# Its bundle is a squashfs with a signature behind it: over all its bytes ("plain"), or over a tree of
# hashes that is looked at while the bundle is mounted ("verity"). Ours says of each image what it is,
# and is verified as plain is; a bad seal is known as early as verity's.
openssl req -x509 -newkey rsa:3072 -nodes -keyout rauc.key -out rauc.crt -days 2 -subj /CN=bench \
	2>/dev/null
mkdir rauc
cp -rl big/blobs rauc/blobs
rauc_bundle() { # FORMAT FILE [OPTION...]
	printf '[update]\ncompatible=bench\nversion=1\n\n[bundle]\nformat=%s\n' "$1" >rauc/manifest.raucm
	rauc bundle "${@:3}" --cert=rauc.crt --key=rauc.key rauc "$2"
	sync -f "$2"
}
export -f rauc_bundle
for ((i = 0; i <= runs; i++)); do
	fresh_disk
	pack "$fresh/big.lwb" big pack --key alice.key --key bob.key
	fresh_disk
	timed rauc-bundle bash -c "rauc_bundle plain $fresh/big.raucb"
	fresh_disk
	timed rauc-bundle-stored bash -c "rauc_bundle plain $fresh/big.raucb --mksquashfs-args=-noD"
done
report "pack and sign, against rauc bundle" pack rauc-bundle
report "... that does not compress" pack rauc-bundle-stored
pack big.lwb big pack-again --key alice.key --key bob.key
for format in plain verity; do
	rauc_bundle $format $format.raucb --mksquashfs-args=-noD >rauc.log 2>&1
done
cp big.lwb bad.lwb
printf '\001' | dd of=bad.lwb bs=1 seek=600 conv=notrunc status=none
fresh_disk
new_any_enclave
cat ./*.lwb ./*.raucb >/dev/null
for ((i = 0; i <= runs; i++)); do
	timed verify "$bin/landwaiter" verify big.lwb --no-progress -o json
	timed rauc-plain rauc info --keyring=rauc.crt plain.raucb
	timed bad bash -c "$bin/landwaiter verify bad.lwb --no-progress -o json; [ \$? -eq 3 ]"
	timed rauc-verity rauc info --keyring=rauc.crt verity.raucb
done
report "verify, against rauc info, plain" verify rauc-plain
report "a bad seal, against rauc info, verity" bad rauc-verity
rm -rf rauc ./*.raucb bad.lwb

# --- skopeo -----------------------------------------------------------------------------------------

if ! has_skopeo_trixie "$interop"; then
	echo "not compared with skopeo of trixie: make interop T=export-trust fetches it into build/interop"
	exit 0
fi
find_skopeo_trixie "$interop"
to_archives() { # PROGRAM...
	skopeo_to_archives big "$fresh/archives" "$@"
	sync -f "$fresh"
}
from_bundle() { # PROGRAM...
	skopeo_from_bundle big.lwb "$fresh/layout" "$@"
	sync -f "$fresh"
}
export -f to_archives from_bundle
export fresh
for ((i = 0; i <= runs; i++)); do
	fresh_disk
	timed skopeo-pack bash -c 'to_archives "$@"' - "${skopeo_trixie[@]}"
	fresh_disk
	new_any_enclave
	timed load "$bin/landwaiter" load big.lwb --no-progress -o json
	fresh_disk
	timed skopeo-load bash -c 'from_bundle "$@"' - "${skopeo_trixie[@]}"
done
title="skopeo $("${skopeo_trixie[@]}" --version | awk '{ print $3 }')"
report "pack, against $title" pack skopeo-pack "<= 0.45"
report "load, against $title" load skopeo-load "<= 0.45"
