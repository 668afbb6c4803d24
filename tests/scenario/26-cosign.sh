#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# flavours: release
#
# Genuine cosign signatures (tests/samples/cosign) at the gate, beside what cosign said of each with
# the same key (answers.tsv). What we accept, cosign accepted. Where cosign is laxer it is listed
# below, image by image.
. "$(dirname "$0")/../lib/vendors.sh"

samples=$LW_TOP/tests/samples/cosign
make_keys alice
cp "$samples"/keys/*.pub .
declare -A predicate=(
	[slsaprovenance]=https://slsa.dev/provenance/v0.2
	[slsaprovenance1]=https://slsa.dev/provenance/v1
	[spdxjson]=https://spdx.dev/Document
	[cyclonedx]=https://cyclonedx.org/bom
	[vuln]=https://cosign.sigstore.dev/attestation/vuln/v1
	[openvex]=https://openvex.dev/ns
	[custom]=https://cosign.sigstore.dev/attestation/v1
)

# One enclave a key and question. Signatures of others are no reason to refuse here, as for cosign;
# what names no repository counts, for the seal names one.
enclave_for() { # KEY COMMAND
	local rule

	signers=$(signer "$1" cosign-key)
	if [ "$2" = verify ]; then
		rule='"require":[{"threshold":1,"of":["'$1'"]}],"unnamed":"seal",
			"signatures":["simple-signing","https://sigstore.dev/cosign/sign/v1"]'
	else
		rule='"attestations":[{"threshold":1,"of":["'$1'"],"type":"'${predicate[${2##* }]}'"}]'
	fi
	enclave "$1-${2##* }" '{"match":"**","bad_signatures":"report",'"$rule"'}'
}

# The seal is for any enclave.
write_policy() {
	printf '{"format":"landwaiter-policy/1","senders":{"acme":{"threshold":1,"signers":["alice"],"audience":"any"}},"signers":{%s,%s},"images":[%s]}' \
		"$(signer alice key)" "$signers" "$1" >policy.json
}

ours() { # IMAGE KEY COMMAND: the codes that decide, in $answer; nothing where it is accepted
	local file=${1//\//-}.lwb

	LANDWAITER_ENCLAVE=$T/$2-${3##* }
	[ -e "$LANDWAITER_ENCLAVE" ] || enclave_for "$2" "$3"
	if [ ! -e "$file" ]; then
		make_bundle "$file" --audience any "$1:1=oci:$samples/layout:$1:1"
		approve "$file" alice
	fi
	lw verify "$file" -o json >out.log 2>err.log || true
	answer=$(jq -r '[.findings[] | select(.severity != "note") | .code] | unique | join(" ")' out.log)
	[ "$(jq -r .verdict out.log)" = accepted ] || [ -n "$answer" ]
}

declare -A theirs=() # by "IMAGE KEY COMMAND": whether a cosign of the two accepted it
order=()
while IFS=$'\t' read -r name key _ command status _; do
	case $command in
	verify) ;;
	verify-attestation*) command="verify-attestation --type ${command##* }" ;;
	*) continue ;; # what policy has no word for
	esac
	[ -n "${theirs["$name $key $command"]+there}" ] || order+=("$name $key $command")
	[ "$status" = 0 ] || [ -n "${theirs["$name $key $command"]:-}" ] || theirs["$name $key $command"]=''
	[ "$status" != 0 ] || theirs["$name $key $command"]=yes
done <"$samples/answers.tsv"

accepted=0 laxer=()
for question in "${order[@]}"; do
	read -r name key command <<<"$question"
	ours "$name" "$key" "$command" || fail "a verdict with a reason: $question" "$(<out.log)"
	if [ -z "$answer" ]; then
		accepted=$((accepted + 1))
		is "accepted, and by cosign: $question" "${theirs[$question]}" yes
	elif [ -n "${theirs[$question]}" ]; then
		laxer+=("${question#registry.}: $answer")
	fi
done
ok "$accepted of ${#order[@]} questions: accepted" [ "$accepted" -ge 40 ]

# An attestation is no signature; a signature under another name is not for this one.
is "where cosign alone accepts" "$(printf '%s\n' "${laxer[@]}")" "$(
	cat <<-'LAXER'
		acme.example/bundle-attested p256 verify: policy.signer-missing
		acme.example/bundle-attested-rsa2048 rsa2048 verify: policy.signer-missing
		acme.example/bundle-sbom p256 verify: policy.signer-missing
		acme.example/early-attested-p256 p256 verify: policy.signer-missing
		acme.example/early-attested-p384 p384 verify: policy.signer-missing
		acme.example/early-attested-ed25519 ed25519 verify: policy.signer-missing
		acme.example/early-attested-rsa2048 rsa2048 verify: policy.signer-missing
		acme.example/classic-renamed p256 verify: policy.signer-missing
		evil.example/classic-p256 p256 verify: policy.signer-missing
	LAXER
)"

# By the defaults: a moved signature is bad, and one that names nothing does not count.
signers=$(signer p256 cosign-key)
enclave strict '{"match":"**","require":[{"threshold":1,"of":["p256"]}],
	"signatures":["simple-signing","https://sigstore.dev/cosign/sign/v1"]}'
file_of() {
	printf 'registry.%s.lwb' "${1//\//-}"
}
refused 3 evidence.name lw verify "$(file_of acme.example/classic-renamed)"
refused 3 evidence.name lw verify "$(file_of evil.example/classic-p256)"
refused 3 evidence.subject lw verify "$(file_of acme.example/classic-other-digest)"
refused 3 policy.signer-missing lw verify "$(file_of acme.example/bundle-p256)"
refused 3 policy.signer-missing lw verify "$(file_of evil.example/bundle-p256)"
accepted lw verify "$(file_of acme.example/classic-p256)"
done_testing
