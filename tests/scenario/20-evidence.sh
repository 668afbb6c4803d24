#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Everything attached to an image comes along, unchanged, and nothing else does.
. "$(dirname "$0")/../lib/scenario.sh"

# --- a layout with every kind of attachment ----------------------------------------------------

mkdir -p layout/blobs/sha256
printf '{"imageLayoutVersion":"1.0.0"}' >layout/oci-layout
rows=()

blob() { # FILE: into the layout; prints the digest's hex
	local hex

	hex=$(sha256sum <"$1" | cut -d ' ' -f 1)
	cp "$1" "layout/blobs/sha256/$hex"
	printf '%s' "$hex"
}

descriptor() { # FILE MEDIA-TYPE
	printf '{"mediaType":"%s","digest":"sha256:%s","size":%s}' "$2" "$(blob "$1")" "$(stat -c %s "$1")"
}

manifest_type=application/vnd.oci.image.manifest.v1+json
index_type=application/vnd.oci.image.index.v1+json

manifest() { # OUT WORD [SUBJECT-FILE SUBJECT-TYPE]: an image or artifact with one layer
	printf '{}' >config
	printf 'layer %s' "$2" >layer
	printf '{"schemaVersion":2,"mediaType":"%s"%s,"config":%s,"layers":[%s]%s}' "$manifest_type" \
		"${3:+,\"artifactType\":\"application/vnd.test.$2\"}" \
		"$(descriptor config application/vnd.oci.empty.v1+json | sed 's/empty.v1/image.config.v1/')" \
		"$(descriptor layer application/vnd.oci.image.layer.v1.tar)" \
		"${3:+,\"subject\":$(descriptor "$3" "$4")}" >"$1"
	blob "$1" >/dev/null
}

index() { # OUT DESCRIPTOR...
	local out=$1

	shift
	printf '{"schemaVersion":2,"mediaType":"%s","manifests":[%s]}' "$index_type" \
		"$(IFS=,; echo "$*")" >"$out"
	blob "$out" >/dev/null
}

platform() { # DESCRIPTOR ARCH
	printf '%s' "${1%\}},\"platform\":{\"os\":\"linux\",\"architecture\":\"$2\"}}"
}

row() { # DESCRIPTOR [TAG]
	if [ $# -eq 2 ]; then
		rows+=("${1%\}},\"annotations\":{\"org.opencontainers.image.ref.name\":\"$2\"}}")
	else
		rows+=("$1")
	fi
}

manifest amd64.json amd64
manifest arm64.json arm64
index image.json "$(platform "$(descriptor amd64.json $manifest_type)" amd64)" \
	"$(platform "$(descriptor arm64.json $manifest_type)" arm64)"
hex=$(blob image.json)
manifest listed.json listed image.json $index_type
manifest orphan.json orphan amd64.json $manifest_type
manifest second.json second listed.json $manifest_type
manifest fallback-child.json fallback image.json $index_type
index fallback.json "$(descriptor fallback-child.json $manifest_type)"
manifest sig.json signature
manifest att.json attestation
manifest other.json other
manifest stranger.json stranger other.json $manifest_type
row "$(descriptor image.json $index_type)" 1.0
row "$(descriptor listed.json $manifest_type)"
row "$(descriptor fallback.json $index_type)" "sha256-$hex"
row "$(descriptor sig.json $manifest_type)" "sha256-$hex.sig"
row "$(descriptor att.json $manifest_type)" "sha256-$(blob amd64.json).att"
row "$(descriptor other.json $manifest_type)" other
row "$(descriptor stranger.json $manifest_type)"
printf '{"schemaVersion":2,"manifests":[%s]}' "$(IFS=,; echo "${rows[*]}")" >layout/index.json

# --- through the gap ---------------------------------------------------------------------------

make_keys alice bob
make_enclave 2 alice bob
make_bundle one.lwb registry.example/team/app:1.0=oci:layout:1.0
approve one.lwb alice bob
exits 0 "it loads" lw load one.lwb -o json
approvals=$(jq -c '.bundle | [.threshold, (.approvals[] | .owner, .signer, .state)]' out.log)
is "the verdict says who approved" "$approvals" '[2,"alice","alice","good","bob","bob","good"]'

carried() { # FILE
	local h

	h=$(sha256sum <"$1" | cut -d ' ' -f 1)
	cmp "$1" "$LANDWAITER_ENCLAVE/store/blobs/sha256/$h"
}

for f in image amd64 arm64 listed orphan second fallback fallback-child sig att; do
	ok "$f came along, byte for byte" carried $f.json
done
for f in other stranger; do
	fails "$f stayed where it was" carried $f.json
done

lw show registry.example/team/app:1.0 -o json >show.json
rows_of() { # MECHANISM
	jq -r --arg m "$1" '[.image.evidence[] | select(.mechanism == $m) | .digest] | length' show.json
}
is "referrers: listed, orphan, second order, fallback's child" "$(rows_of referrers)" 4
is "the fallback index" "$(jq -r --arg d "sha256:$(blob fallback.json)" \
	'[.image.evidence[] | select(.mechanism == "fallback-tag" and .digest == $d)] | length' \
	show.json)" 1
is "cosign's signature tag" "$(rows_of cosign-sig)" 1
is "cosign's attestation tag, of one platform" "$(rows_of cosign-att)" 1
is "three manifests in the ledger" "$(jq '.image.ledger | length' show.json)" 3
is "what was looked for and absent is said so" \
	"$(jq -r '[.image.ledger[].absent[]] | unique | index("cosign-sbom") != null' show.json)" true
is "the store's index names the signature by its tag" "$(jq -r \
	'[.manifests[].annotations["org.opencontainers.image.ref.name"] // empty] | join("\n")' \
	"$LANDWAITER_ENCLAVE/store/index.json" | grep -c "^registry.example/team/app:sha256-$hex.sig$")" 1

# --- one platform ------------------------------------------------------------------------------

make_bundle two.lwb registry.example/team/app:1.0-amd64=oci:layout:1.0 --platform linux/amd64
approve two.lwb alice bob
exits 0 "a narrowed index loads" lw load two.lwb -o json
lw show registry.example/team/app:1.0-amd64 -o json >narrow.json
is "the index keeps its digest" "$(jq -r .image.digest narrow.json)" "sha256:$hex"
is "the other platform is named as left out" "$(jq -r '.image.omitted[0]' narrow.json)" \
	"sha256:$(blob arm64.json)"

# What is left out by platform may still travel as evidence: here an attached index that lists both.
cp -r layout both
printf '{"schemaVersion":2,"mediaType":"%s","artifactType":"application/vnd.test.both","subject":%s,"manifests":[%s,%s]}' \
	$index_type "$(descriptor image.json $index_type)" \
	"$(platform "$(descriptor amd64.json $manifest_type)" amd64)" \
	"$(platform "$(descriptor arm64.json $manifest_type)" arm64)" >attached.json
cp attached.json "both/blobs/sha256/$(sha256sum <attached.json | cut -d ' ' -f 1)"
make_bundle three.lwb registry.example/team/app:both=oci:both:1.0 --platform linux/amd64
approve three.lwb alice bob
exits 0 "a platform left out that is also evidence" lw load three.lwb -o json
done_testing
