#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# What other programs make of a bundle and of the store: tar lists it, skopeo and umoci open both,
# and everywhere the digests are the ones that went in.

. "$(dirname "$0")/../lib/scenario.sh"

raw_digest() { # SKOPEO-SOURCE
	printf 'sha256:%s\n' "$(skopeo inspect --raw "$1" | sha256sum | cut -d ' ' -f 1)"
}
# Every blob of the first layout, the same bytes in the second.
same_blobs() {
	local blob

	for blob in "$1"/blobs/sha256/*; do
		cmp "$blob" "$2/blobs/sha256/${blob##*/}" || return
	done
}

make_keys alice bob
make_enclave 2 alice bob
name=registry.example/test/app:1
"$LW_BIN/tools/mklayout" big layout 1 64KiB
make_bundle one.lwb "$name=oci:layout:$(first_tag layout)"
approve one.lwb alice bob
digest=$(jq -r '.manifests[0].digest' layout/index.json)

ok "tar lists a bundle" tar -tf one.lwb
is "seal, contents and entries come first" \
	"$(tar -tf one.lwb | head -n 3 | tr '\n' ' ')" \
	"landwaiter/seal.json landwaiter/contents.json landwaiter/entries "
mkdir unpacked
ok "tar unpacks it" tar -C unpacked -xf one.lwb
ok "what it unpacks is a layout with the same blobs" same_blobs layout unpacked
is "skopeo reads that layout" "$(raw_digest "oci:unpacked:$name")" "$digest"
is "skopeo reads the bundle as an oci-archive" "$(raw_digest "oci-archive:one.lwb:$name")" \
	"$digest"
ok "skopeo copies from it" skopeo copy --preserve-digests --all "oci-archive:one.lwb:$name" "oci:copied:$name"
ok "... the same blobs" same_blobs layout copied

accepted lw load one.lwb
is "skopeo reads the store" "$(raw_digest "oci:enclave/store:$name")" "$digest"
ok "skopeo copies from it" skopeo copy --preserve-digests --all "oci:enclave/store:$name" "oci:loaded:$name"
ok "... the same blobs" same_blobs layout loaded
ok "skopeo makes a docker-archive of it" \
	skopeo copy "oci:enclave/store:$name" "docker-archive:image.tar:$name"
cp -r enclave/store umoci # umoci locks what it opens
like "umoci lists it" "$(umoci list --layout umoci)" 'test/app:1'
ok "umoci reads its history" umoci stat --image "umoci:$name" --json
done_testing
