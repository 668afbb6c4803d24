# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
#
# What tests of vendors' signatures share, beyond tests/lib/attack.sh: images and evidence made
# by hand with openssl and jq, none of our own code in it.
#
#	digest=$(image LAYOUT NAME:TAG [-b BASE] TEXT...)	an image with these layers
#	cosign_sign KEY LAYOUT REPOSITORY DIGEST		as cosign does (tests/tools/cosign-sign)
#	attach LAYOUT DIGEST FILE TYPE [ANNOTATIONS]		FILE as evidence about DIGEST
#	dsse KEY TYPE <payload >envelope
#	enclave NAME 'IMAGES'					alice seals, $signers sign
#	sealed FILE SOURCE...

. "$(dirname "${BASH_SOURCE[0]}")/attack.sh"

# shellcheck disable=SC2034 # for the tests
{
	oci=application/vnd.oci
	manifest_type=$oci.image.manifest.v1+json
	index_type=$oci.image.index.v1+json
	simple_type=application/vnd.dev.cosign.simplesigning.v1+json
	dsse_type=application/vnd.dsse.envelope.v1+json
	bundle_type=application/vnd.dev.sigstore.bundle.v0.3+json
	in_toto=application/vnd.in-toto+json
	endorsement=urn:landwaiter:endorsement:1
	signature_annotation=dev.cosignproject.cosign/signature
	signers='' zones=''
}

hex_of() { # FILE
	sha256sum <"$1" | cut -d ' ' -f 1
}

blob() { # LAYOUT FILE TYPE: into the layout; prints its descriptor
	local hex

	hex=$(hex_of "$2")
	[ -e "$1/blobs/sha256/$hex" ] || cp "$2" "$1/blobs/sha256/$hex"
	printf '{"mediaType":"%s","size":%s,"digest":"sha256:%s"}' "$3" "$(stat -c %s "$2")" "$hex"
}

new_layout() { # LAYOUT
	mkdir -p "$1/blobs/sha256"
	printf '{"imageLayoutVersion":"1.0.0"}' >"$1/oci-layout"
	printf '{"schemaVersion":2,"manifests":[]}' >"$1/index.json"
}

list() { # LAYOUT DESCRIPTOR [NAME]: in index.json; a name moves
	jq -c --argjson d "$2" --arg name "${3:-}" '.manifests = [.manifests[] | select($name == ""
		or .annotations["org.opencontainers.image.ref.name"] != $name)] + [$d + (if $name == ""
		then {} else {annotations: {"org.opencontainers.image.ref.name": $name}} end)]' \
		"$1/index.json" >index.new
	mv index.new "$1/index.json"
}

# A layer TEXT is stored as it is; z:TEXT compressed, so that only its diff_id is that of TEXT.
manifest() { # LAYOUT BASE TEXT...: of an image; prints its descriptor. BASE may be empty.
	local layout=$1 base=$2 layers=() ids=() text

	shift 2
	for text in "$@"; do
		printf '%s' "${text#z:}" >layer
		ids+=("\"sha256:$(hex_of layer)\"")
		[[ $text != z:* ]] || gzip -nf <layer >layer.gz
		[[ $text != z:* ]] || mv layer.gz layer
		layers+=("$(blob "$layout" layer $oci.image.layer.v1.tar)")
	done
	printf '{"architecture":"amd64","os":"linux","rootfs":{"type":"layers","diff_ids":[%s]}}' \
		"$(IFS=,; echo "${ids[*]}")" >config
	printf '{"schemaVersion":2,"mediaType":"%s","config":%s,"layers":[%s]%s}' $manifest_type \
		"$(blob "$layout" config $oci.image.config.v1+json)" "$(IFS=,; echo "${layers[*]}")" \
		"${base:+,\"annotations\":{\"org.opencontainers.image.base.digest\":\"$base\"\}}" \
		>manifest
	blob "$layout" manifest $manifest_type
}

image() { # LAYOUT NAME [-b BASE] TEXT...
	local layout=$1 name=$2 base='' descriptor

	shift 2
	[ -e "$layout" ] || new_layout "$layout"
	[ "$1" != -b ] || base=$2
	[ "$1" != -b ] || shift 2
	descriptor=$(manifest "$layout" "$base" "$@")
	list "$layout" "$descriptor" "$name"
	jq -r .digest <<<"$descriptor"
}

index() { # LAYOUT NAME DESCRIPTOR...: each with its platform
	local layout=$1 name=$2 descriptor

	shift 2
	printf '{"schemaVersion":2,"mediaType":"%s","manifests":[%s]}' $index_type \
		"$(IFS=,; echo "$*")" >index
	descriptor=$(blob "$layout" index $index_type)
	list "$layout" "$descriptor" "$name"
	jq -r .digest <<<"$descriptor"
}

on() { # PLATFORM DESCRIPTOR
	jq -c --arg p "$1" '. + {platform: {os: "linux", architecture: $p}}' <<<"$2"
}

cosign_sign() { # KEY LAYOUT REPOSITORY DIGEST
	"$LW_TOP/tests/tools/cosign-sign" "$@"
}

simple() { # REPOSITORY DIGEST: a payload
	printf '{"critical":{"identity":{"docker-reference":"%s"},"image":{"docker-manifest-digest":"%s"},"type":"cosign container image signature"},"optional":null}' "$1" "$2"
}

statement() { # TYPE DIGEST PREDICATE [NAME]
	printf '{"_type":"https://in-toto.io/Statement/v1","predicateType":"%s","predicate":%s,"subject":[{"digest":{"sha256":"%s"}%s}]}' \
		"$1" "$3" "${2#sha256:}" "${4:+,\"name\":\"$4\"}"
}

sign() { # KEY <message >signature: as the key is
	cat >sign.message
	if [[ $(openssl pkey -in "$1" -noout -text) == ED25519* ]]; then
		openssl pkeyutl -sign -inkey "$1" -rawin -in sign.message -out sign.out
	else
		openssl dgst -sha256 -sign "$1" -out sign.out sign.message
	fi
	cat sign.out
}

make_envelope() { # PAYLOAD-FILE TYPE SIGNATURE-FILE...
	local file signatures=()

	for file in "${@:3}"; do
		signatures+=("{\"sig\":\"$(base64 -w 0 "$file")\"}")
	done
	printf '{"payload":"%s","payloadType":"%s","signatures":[%s]}' "$(base64 -w 0 "$1")" "$2" \
		"$(IFS=,; echo "${signatures[*]}")"
}

pae() { # FILE TYPE
	printf 'DSSEv1 %d %s %d ' ${#2} "$2" "$(stat -c %s "$1")"
	cat "$1"
}

dsse() { # KEY [TYPE] <payload >envelope
	local type=${2:-$in_toto}

	cat >dsse.payload
	pae dsse.payload "$type" | sign "$1" >dsse.sig
	make_envelope dsse.payload "$type" dsse.sig
}

attach() { # LAYOUT DIGEST FILE TYPE [ANNOTATIONS]: prints the digest of what was attached
	local subject=$1/blobs/sha256/${2#sha256:} layer kind descriptor

	kind=$(jq -r .mediaType "$subject")
	layer=$(blob "$1" "$3" "$4")
	[ -z "${5:-}" ] || layer="${layer%\}},\"annotations\":$5}"
	printf '{}' >config
	printf '{"schemaVersion":2,"mediaType":"%s","artifactType":"%s","config":%s,"layers":[%s],"subject":{"mediaType":"%s","size":%s,"digest":"%s"}}' \
		$manifest_type "$4" "$(blob "$1" config $oci.empty.v1+json)" "$layer" "$kind" \
		"$(stat -c %s "$subject")" "$2" >manifest
	descriptor=$(blob "$1" manifest $manifest_type)
	list "$1" "$descriptor"
	jq -r .digest <<<"$descriptor"
}

attach_cosign() { # LAYOUT DIGEST PAYLOAD-FILE SIGNATURE-FILE
	attach "$1" "$2" "$3" $simple_type "{\"$signature_annotation\":\"$(base64 -w 0 "$4")\"}"
}

vendor_keys() { # WHO...: P-256, as cosign's are
	local who

	for who in "$@"; do
		openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out "$who.key" 2>/dev/null
		openssl pkey -in "$who.key" -pubout -out "$who.pub"
	done
}

signer() { # NAME KIND [OWNER]: a member of signers
	printf '"%s":{%s"keys":[{"kind":"%s","file":"%s.pub"}]}' "$1" "${3:+\"owner\":\"$3\",}" "$2" "$1"
}

# In a folder of its own, with every *.pub here as a trust file. $signers are members of signers
# beside alice, who seals; $zones is a list. Sets $AUDIENCE.
write_policy() { # IMAGES
	printf '{"format":"landwaiter-policy/1",%s"senders":{"acme":{"threshold":1,"signers":["alice"]}},"signers":{%s,%s},"images":[%s]}' \
		"${zones:+\"zones\":$zones,}" "$(signer alice key)" "$signers" "$1" >policy.json
}

enclave() { # NAME IMAGES
	local trust=() pub

	LANDWAITER_ENCLAVE=$T/$1
	write_policy "$2"
	for pub in *.pub; do
		! grep -qF "\"$pub\"" policy.json || trust+=(--trust "$pub=$pub")
	done
	AUDIENCE=$(lw init --policy policy.json "${trust[@]}" 2>init.log) || {
		cat init.log >&2
		return 1
	}
}

sealed() { # FILE SOURCE...
	make_bundle "$@" || return
	approve "$1" alice
}
