#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# flavours: release
#
# Genuine cosign signatures (tests/samples/cosign) are whole, and pack finds all that cosign made.
. "$(dirname "$0")/../lib/scenario.sh"

samples=$LW_TOP/tests/samples/cosign

whole() {
	local blob

	for blob in "$samples"/layout/blobs/sha256/*; do
		[ "$(sha256sum <"$blob" | cut -d ' ' -f 1)" = "${blob##*/}" ] || return
	done
}
ok "every blob is what its name says" whole
fails "no private key was kept" grep -rql PRIVATE "$samples"

mapfile -t sources < <(jq -r '.manifests[].annotations[] | select(test(":sha256-") | not)
	| . + "=oci:'"$samples"'/layout:" + .' "$samples/layout/index.json")
make_keys alice
make_enclave 1 alice
make_bundle all.lwb "${sources[@]}"
tar -xf all.lwb landwaiter/contents.json

found() { # NAME: how much there is of each mechanism
	jq -r --arg name "$1:1" '.images[] | select(.name == $name) | .evidence
		| group_by(.mechanism) | map("\(.[0].mechanism) \(length)") | join(", ")' \
		landwaiter/contents.json
}
checked=0
check() { # EXPECTED NAME...
	local name

	checked=$((checked + $# - 1))
	for name in "${@:2}"; do
		is "attached to $name: ${1:-nothing}" "$(found "$name")" "$1"
	done
}

acme=registry.acme.example evil=registry.evil.example
check "" $acme/{unsigned,bundle-ed25519,bundle-attested-ed25519} # cosign would not
check "cosign-sig 1" $acme/classic-{p256,p384,p521,ed25519,rsa2048,rsa4096} \
	$acme/classic-{two-signers,twice,index,renamed,other-digest} $acme/old-{p256,p384,ed25519} \
	$evil/classic-p256
check "cosign-sig 3" $acme/classic-recursive
check "cosign-att 1" $acme/classic-{attested,attested-p384,attested-ed25519,attested-rsa2048,sbom} \
	$acme/old-attested-{p256,p384,ed25519}
check "fallback-tag 1, referrers 1" $acme/bundle-{p256,p384,p521,rsa2048,rsa4096,index,sbom} \
	$acme/bundle-attested-{p384,rsa2048} $acme/early-attested-{p256,p384,ed25519,rsa2048} \
	$evil/bundle-p256
check "fallback-tag 1, referrers 2" $acme/bundle-{two-signers,twice}
check "fallback-tag 3, referrers 3" $acme/bundle-recursive
check "fallback-tag 1, referrers 7" $acme/bundle-attested
check "cosign-sig 1, fallback-tag 1, referrers 1" $acme/both
is "no image was left out" "$checked" "${#sources[@]}"
done_testing
