#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# flavours: release
#
# Gate 5 by somebody who has the rules before him: words moved from where they were said to where
# they help, names that are nearly others, zones and bases played against each other. And beside
# each what it resembles and is good, which must not be refused for it.

. "$(dirname "$0")/../lib/vendors.sh"

make_keys alice security
vendor_keys acme globex
app=registry.acme.example/app
signers="$(signer acme cosign-key),$(signer globex cosign-key),$(signer security key)"
acme='"require":[{"threshold":1,"of":["acme"]}]'
slsa=https://slsa.dev/provenance/v1
cosign3=https://sigstore.dev/cosign/sign/v1

n=0
# In a layout of its own each; $digest is the image's.
begin() { # [-b BASE] LAYER...
	n=$((n + 1))
	work=work-$n
	digest=$(image $work 1 "$@")
}
good() { # TEXT NAME...
	local text=$1 words=()

	for name in "${@:2}"; do
		words+=("$name=oci:$work:1")
	done
	n=$((n + 1))
	sealed "$n.lwb" "${words[@]}"
	exits 0 "$text" lw verify "$n.lwb" -o json
}
bad() { # TEXT CODE NAME
	n=$((n + 1))
	sealed "$n.lwb" "$3=oci:$work:1"
	attack "$1" 3 "$2" lw load "$n.lwb"
}
# Signatures that travel with the image under whatever name it is packed.
signed_for() { # REFERENCE
	simple "$1" "$digest" >payload
	openssl dgst -sha256 -sign acme.key -out sig payload
	attach_cosign $work "$digest" payload sig >/dev/null
}
says() { # KEY TYPE: a statement about the image, attached to it
	statement "$2" "$digest" '{}' | dsse "$1.key" >envelope
	attach $work "$digest" envelope $dsse_type
}

# --- names -------------------------------------------------------------------------------------------

enclave names '{"match":"registry.acme.example/app:*",'"$acme"'},
	{"match":"docker.io/library/**",'"$acme"'},
	{"match":"mirror.example/**",'"$acme"',"signedIdentity":{"type":"remapIdentity","prefix":"mirror.example/acme","signedPrefix":"registry.acme.example"}},
	{"match":"exact.example/**",'"$acme"',"signedIdentity":{"type":"matchExact"}},
	{"match":"**","evidence":"not-required"}'
begin one
signed_for $app
good "signed for the repository: any tag of it" $app:1 $app:2
good "the mirror's name for it" mirror.example/acme/app:1
bad "a mirror's folder that only begins alike" evidence.name mirror.example/acmeapp:1
bad "another folder of the mirror" evidence.name mirror.example/app:1
begin one
for alias in index.docker.io/library/nginx:1 docker.io/nginx:1; do
	fails "no second spelling of a name that has a rule: $alias" \
		make_bundle "alias-${alias%%/*}.lwb" "$alias=oci:$work:1"
done
bad "nor its own without a signature" policy.signer-missing docker.io/library/nginx:1
for reference in '*' ' ' "$app " "$app/" "$app:" "$app:-" "$app@" "$app@sha256:" "${app}2" "${app%p}" \
	"${app^^}" "/$app" "https://$app" "x/$app" "$app/x" "registry.acme.example"; do
	begin one
	signed_for "$reference"
	bad "signed for '$reference'" evidence.name $app:1
done
begin one
signed_for ""
bad "signed for no name" evidence.malformed $app:1
begin one
signed_for exact.example/app:1
good "signed for that tag" exact.example/app:1
bad "and not for another" evidence.name exact.example/app:2

# --- what is said about what -----------------------------------------------------------------------------

enclave about '{"match":"registry.acme.example/app:*",'"$acme"',"signatures":["simple-signing","'$cosign3'"],"unnamed":"seal"},
	{"match":"registry.acme.example/slsa:*","attestations":[{"type":"'$slsa'","threshold":1,"of":["acme"]}]}'
attested=registry.acme.example/slsa
two_platforms() {
	n=$((n + 1))
	work=work-$n
	new_layout $work
	amd=$(manifest $work "" a1)
	arm=$(manifest $work "" b1)
	digest=$(index $work 1 "$(on amd64 "$amd")" "$(on arm64 "$arm")")
	amd=$(jq -r .digest <<<"$amd")
	arm=$(jq -r .digest <<<"$arm")
}
attest() { # DIGEST [ATTACHED-TO]
	statement $slsa "$1" '{}' | dsse acme.key >envelope
	attach $work "${2:-$1}" envelope $dsse_type >/dev/null
}
two_platforms
cosign_sign acme.key $work $app "$amd"
cosign_sign acme.key $work $app "$arm"
bad "each part is signed, the whole is not" policy.signer-missing $app:1
two_platforms
attest "$amd"
bad "one platform of two is attested" policy.attestation-missing $attested:1
attest "$arm"
good "both are" $attested:1
two_platforms
attest "$digest"
good "the index is" $attested:1
two_platforms
attest "$amd" "$arm"
bad "one platform's attestation on the other" evidence.subject $attested:1

# Several subjects: the one it is attached to, and not the first that comes.
subjects() { # SUBJECTS
	printf '{"_type":"https://in-toto.io/Statement/v1","predicateType":"%s","predicate":{},"subject":[%s]}' \
		$cosign3 "$1" | dsse acme.key >envelope
	attach $work "$digest" envelope $dsse_type >/dev/null
}
begin one
subjects "{\"digest\":{\"sha256\":\"$(printf %064d 0)\"}},{\"digest\":{\"sha256\":\"${digest#sha256:}\"}}"
good "the second of two subjects" $app:1
begin one
subjects ""
bad "about nothing" evidence.malformed $app:1
begin one
hex=${digest#sha256:}
subjects "{\"digest\":{\"sha256\":\"${hex^^}\"}}"
bad "the digest in capitals" evidence.malformed $app:1
begin one
subjects "{\"name\":\"$digest\"}"
bad "the digest where a name belongs" evidence.malformed $app:1

# A signature about a signature is none about the image.
begin one
other=$(says globex https://spdx.dev/Document)
statement $cosign3 "$other" '{}' | dsse acme.key >envelope
attach $work "$other" envelope $dsse_type >/dev/null
bad "what is signed is the evidence" policy.signer-missing $app:1

# Types that are nearly those of signatures are none: neither counted, nor in the way.
for type in "$dsse_type;version=1" "${dsse_type}x" "${dsse_type%.json}.v2+json"; do
	begin one
	statement $cosign3 "$digest" '{}' | dsse acme.key >envelope
	attach $work "$digest" envelope "$type" >/dev/null
	bad "of type $type" policy.signer-missing $app:1
	says acme $cosign3 >/dev/null
	good "beside one of its own type" $app:1
done

# --- zones -----------------------------------------------------------------------------------------------

zones='["staging","production"]'
enclave zones '{"match":"registry.acme.example/**","zone":"staging",'"$acme"'},
	{"match":"registry.acme.example/**","zone":"production","require":[{"threshold":1,"of":["acme"]},{"threshold":1,"of":["security"]}]},
	{"match":"registry.globex.example/**","zone":"production","require":[{"threshold":1,"of":["globex"]}]},
	{"match":"mirror.example/**","zone":"staging","evidence":"not-required"},
	{"match":"derived.example/**","zone":"production",'"$acme"',"base":"accepted"}'
zone_of() {
	lw list -o json | jq -r --arg name "$1" '[.images[] | select(.name == $name and
		(.superseded | not)) | .zone] | join(" ")'
}
load() { # NAME
	n=$((n + 1))
	sealed $n.lwb "$1=oci:$work:1"
	accepted lw load $n.lwb
}
endorse() { # ZONE
	lw endorse "$app:1=oci:$work:1" --key security.key --zone "$1" >/dev/null 2>&1
}
begin one
signed_for $app
endorse staging
load $app:1
exits 3 "an endorsement for staging, in production" lw promote $app:1 production -o json
is "does not count" "$(jq -r '.judgement.groups[1].text' out.log)" "0 of 1: security does not count"
endorse production
load $app:1
exits 0 "with one for production" lw promote $app:1 production -o json
old=$work
is "it is there" "$(zone_of $app:1)" production
bad "endorsed under another tag" evidence.name $app:5

# Its name goes to another image, and then back: nobody promoted the old one again.
begin two
signed_for $app
load $app:1
is "what replaces it enters where images enter" "$(zone_of $app:1)" staging
work=$old
load $app:1
is "so does the old one, brought back" "$(zone_of $app:1)" staging
exits 0 "until it is promoted" lw promote $app:1 production -o json

# --- bases ---------------------------------------------------------------------------------------------------

# One base under names of two zones: the name of the laxer zone comes first.
base=$(image bases base l1 l2)
cosign_sign globex.key bases registry.globex.example/base "$base"
derived=$(image bases derived -b "$base" l1 l2 l3)
cosign_sign acme.key bases derived.example/app "$derived"
words=("derived.example/app:1=oci:bases:derived" "mirror.example/base:1=oci:bases:base")
sealed lax.lwb "${words[@]}"
attack "a base in a laxer zone than what stands on it" 3 base.not-accepted lw load lax.lwb
sealed both.lwb "${words[@]}" "registry.globex.example/base:1=oci:bases:base"
exits 0 "and under a second name, whose zone is its own" lw verify both.lwb -o json
is "it stands on that" "$(jq -r '.images[0].judgement.base.text' out.log)" \
	"registry.globex.example/base:1: 2 of 3 layers (layers)"
done_testing
