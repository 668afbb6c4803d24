#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# flavours: release
#
# Evidence that says more than was signed, or less, or by somebody else: one test a class, named
# after the advisory it replays where there is one. Every bundle here is sealed as it should be;
# gate 5 refuses it with a code of its own.

. "$(dirname "$0")/../lib/vendors.sh"

make_keys alice security laptop
vendor_keys acme stranger
openssl genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:2048 -out rsa.key 2>/dev/null
openssl pkey -in rsa.key -pubout -out rsa.pub
slsa=https://slsa.dev/provenance/v1
cosign3=https://sigstore.dev/cosign/sign/v1

# --- keys that are none -------------------------------------------------------------------------

# refused_policy TEXT WHY SIGNERS [IMAGES]: init refuses it, for that reason, and makes nothing.
refused_policy() {
	signers=$3
	fails "init refuses: $1" enclave refused "${4:-$unasked}"
	ok "init refuses: $1: because" grep -qF -- "$2" init.log
	fails "and makes nothing" test -e refused
}
unasked='{"match":"**","evidence":"not-required"}'
one='{"kind":"cosign-key","file":"acme.pub"}'
: >empty.pub
openssl pkey -pubin -in acme.pub -outform DER -out der.pub
{ cat acme.pub && printf 'x\n'; } >more.pub
tr -d '\n' <acme.pub >one-line.pub
openssl pkey -in acme.key -out private.pub
refused_policy "an empty key file" "public key: 0 bytes" '"a":{"keys":[{"kind":"cosign-key","file":"empty.pub"}]}'
refused_policy "a missing key file" "'none.pub': no such trust file" '"a":{"keys":[{"kind":"cosign-key","file":"none.pub"}]}'
refused_policy "no key at all" "'keys': want at least 1" '"a":{"keys":[]}'
refused_policy "a key and more" "want one PUBLIC KEY block" '"a":{"keys":[{"kind":"cosign-key","file":"more.pub"}]}'
refused_policy "a key on one line" "want one PUBLIC KEY block" '"a":{"keys":[{"kind":"cosign-key","file":"one-line.pub"}]}'
refused_policy "a private key" "want one PUBLIC KEY block" '"a":{"keys":[{"kind":"cosign-key","file":"private.pub"}]}'
refused_policy "one key under two names" "this key is already signer 'a''s" '"a":{"keys":['"$one"']},"b":{"keys":['"$one"']}'
refused_policy "and in two spellings" "this key is already signer 'a''s" \
	'"a":{"keys":['"$one"']},"b":{"keys":[{"kind":"cosign-key","file":"der.pub"}]}'
refused_policy "and of two kinds" "this key is already signer 'a''s" \
	'"a":{"keys":['"$one"']},"b":{"keys":[{"kind":"key","file":"acme.pub"}]}'
refused_policy "one key twice under one name" "this key is already signer 'a''s" '"a":{"keys":['"$one,$one"']}'
refused_policy "more people than there are" "threshold 2, but only 1 people" '"a":{"keys":['"$one"']}' \
	'{"match":"**","require":[{"threshold":2,"of":["a"]}]}'

# Keys that nobody should trust: parameters of their own, one that fits every message, a short one.
openssl ecparam -name prime256v1 -param_enc explicit -genkey -noout -out explicit.key
openssl pkey -in explicit.key -pubout -out explicit.pub 2>/dev/null ||
	openssl ec -in explicit.key -pubout -param_enc explicit -out explicit.pub 2>/dev/null
{ printf '\x30\x2a\x30\x05\x06\x03\x2b\x65\x70\x03\x21\x00' && printf '\x01' &&
	head -c 31 /dev/zero; } >small-order.pub
openssl genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:1024 -out short.key 2>/dev/null
openssl pkey -in short.key -pubout -out short.pub
for who in explicit small-order short; do
	[ -s $who.pub ]
	refused_policy "cve-2020-0601: a key that is $who" "a key of an unsupported kind" "$(signer $who cosign-key)"
done

# --- the enclave of all that follows ---------------------------------------------------------------

signers="$(signer acme cosign-key),$(signer laptop key acme),$(signer security key),$(signer rsa cosign-key)"
acme='"require":[{"threshold":1,"of":["acme"]}]'
enclave enclave '{"match":"registry.acme.example/one:*",'"$acme"'},
	{"match":"registry.acme.example/two:*","require":[{"threshold":2,"of":["acme","laptop","security","rsa"]}]},
	{"match":"registry.acme.example/slsa:*","attestations":[{"type":"'$slsa'","threshold":1,"of":["acme"],"builder":["https://b/1"]}]},
	{"match":"registry.acme.example/bundle:*","unnamed":"seal","signatures":["'$cosign3'"],'"$acme"'},
	{"match":"registry.acme.example/report:*","bad_signatures":"report",'"$acme"'}'

digest=$(image plain 1 one)

# begin RULE: that image under that rule, with nothing attached; $name is its.
begin() {
	name=registry.acme.example/$1
	rm -rf work
	cp -a plain work
}
# try CASE CODE: sealed, and refused.
try() {
	sealed "$1.lwb" "$name:1=oci:work:1"
	attack "$1" 3 "$2" lw load "$1.lwb"
	rm -f "$1.lwb"
}
let_in() { # CASE
	sealed "$1.lwb" "$name:1=oci:work:1"
	accepted lw verify "$1.lwb"
	rm -f "$1.lwb"
}
# signed FILE: by acme, in ./sig
signed() {
	openssl dgst -sha256 -sign acme.key -out sig "$1"
}
provenance() { # DIGEST [BUILDER]
	statement $slsa "$1" '{"runDetails":{"builder":{"id":"'"${2:-https://b/1}"'"}}}'
}

# That it is refused for its reason: without the one thing, it is not.
begin one
simple "$name" "$digest" >payload
signed payload
attach_cosign work "$digest" payload sig >/dev/null
let_in good
begin slsa
provenance "$digest" | dsse acme.key >envelope
attach work "$digest" envelope $dsse_type >/dev/null
let_in good
begin bundle
statement $cosign3 "$digest" '{}' | dsse acme.key >envelope
printf '{"mediaType":"%s","verificationMaterial":{"publicKey":{"hint":"x"}},"dsseEnvelope":%s}' \
	$bundle_type "$(<envelope)" >bundle
attach work "$digest" bundle $bundle_type >/dev/null
let_in good

# --- who signed, and how often -----------------------------------------------------------------------

begin two
simple "$name" "$digest" >payload
signed payload
attach_cosign work "$digest" payload sig >/dev/null
for time in one two; do
	attach work "$digest" payload $simple_type \
		"{\"$signature_annotation\":\"$(base64 -w 0 sig)\",\"time\":\"$time\"}" >/dev/null
done
try cve-2020-6174-same-signature-three-times policy.signer-missing
begin two
cosign_sign acme.key work "$name" "$digest"
cosign_sign acme.key work "$name" "$digest"
statement $endorsement "$digest" '{"created":"2026-11-01T00:00:00Z"}' "$name:1" >payload
for who in laptop acme; do
	dsse $who.key <payload >envelope
	attach work "$digest" envelope $dsse_type >/dev/null
done
try rustsec-2020-0024-one-person-four-signatures policy.signer-missing
begin two
pae payload $in_toto | sign laptop.key >sig
make_envelope payload $in_toto sig sig sig sig >envelope
attach work "$digest" envelope $dsse_type >/dev/null
try one-envelope-the-same-four-times policy.signer-missing
begin two
try cve-2020-10759-no-signature-at-all policy.signer-missing

# --- what was signed ---------------------------------------------------------------------------------

begin one
other=$(image work 2 two)
cosign_sign acme.key work "$name" "$other"
moved=$(jq -r --arg o "${other#sha256:}" '.manifests[] | select(.annotations[
	"org.opencontainers.image.ref.name"] // "" | endswith($o + ".sig")) | .digest' work/index.json)
sed -i "s/sha256-${other#sha256:}.sig/sha256-${digest#sha256:}.sig/" work/index.json
like "a signature to move" "$moved" '^sha256:'
try cve-2023-33959-signature-of-another-digest evidence.subject
begin one
cosign_sign acme.key work registry.acme.example/two "$digest"
sed -i "s/registry.acme.example.two:sha256-/registry.acme.example\/one:sha256-/" work/index.json
try signature-of-another-repository evidence.name
begin slsa
statement https://cyclonedx.org/bom "$digest" '{}' | dsse acme.key >envelope
attach work "$digest" envelope $dsse_type >/dev/null
try cve-2022-35929-wrong-predicate-type policy.attestation-missing
begin one
statement https://cyclonedx.org/bom "$digest" '{}' | dsse acme.key >envelope
attach work "$digest" envelope $dsse_type >/dev/null
try an-attestation-is-no-signature policy.signer-missing
begin slsa
provenance "$digest" https://b/2 | dsse acme.key >envelope
attach work "$digest" envelope $dsse_type >/dev/null
try another-builder policy.attestation-field
begin slsa
provenance sha256:0000000000000000000000000000000000000000000000000000000000000000 |
	dsse acme.key >envelope
attach work "$digest" envelope $dsse_type >/dev/null
try cve-2022-36056-wrong-subject evidence.subject
begin slsa
provenance "$digest" | sed 's/"sha256"/"sha512"/' | dsse acme.key >envelope
attach work "$digest" envelope $dsse_type >/dev/null
try ghsa-r2xv-vpr2-42m9-subject-by-another-algorithm evidence.subject
begin slsa
provenance "$digest" | sed 's/"sha256":"/"sha256":"0/' | dsse acme.key >envelope
attach work "$digest" envelope $dsse_type >/dev/null
try subject-of-65-digits evidence.malformed
begin one
simple "$name" "${digest/sha256/sha1}" >payload
signed payload
attach_cosign work "$digest" payload sig >/dev/null
try cve-2022-39237-weak-digest evidence.malformed
begin slsa
provenance "$digest" | dsse acme.key application/json >envelope
attach work "$digest" envelope $dsse_type >/dev/null
try wrong-payload-type policy.attestation-unchecked
begin slsa
printf 'no JSON' | dsse acme.key >envelope
attach work "$digest" envelope $dsse_type >/dev/null
try cve-2026-39395-payload-no-json evidence.malformed
begin slsa
provenance "$digest" | sed 's/$/,/' | dsse acme.key >envelope
attach work "$digest" envelope $dsse_type >/dev/null
try payload-and-more evidence.malformed
begin slsa
provenance "$digest" | sed 's/"predicateType"/"predicateType":"https:\/\/x\/","predicateType"/' |
	dsse acme.key >envelope
attach work "$digest" envelope $dsse_type >/dev/null
try two-predicate-types evidence.malformed

# --- other bytes under the same signature --------------------------------------------------------------

begin slsa
provenance "$digest" >payload
pae payload $in_toto | sign acme.key >sig
jq -cj . payload >again
make_envelope again $in_toto sig >envelope
attach work "$digest" envelope $dsse_type >/dev/null
try payload-re-encoded evidence.signature-bad
begin slsa
make_envelope payload application/json sig >envelope
attach work "$digest" envelope $dsse_type >/dev/null
try payload-type-changed evidence.signature-bad
begin slsa
sign acme.key <payload >sig
make_envelope payload $in_toto sig >envelope
attach work "$digest" envelope $dsse_type >/dev/null
try signed-without-pae evidence.signature-bad
begin one
simple "$name" "$digest" >payload
signed payload
{ cat payload && echo; } >again
attach_cosign work "$digest" again sig >/dev/null
try payload-and-a-line-feed evidence.signature-bad
begin one
head -c -1 payload >again
attach_cosign work "$digest" again sig >/dev/null
try truncated-layer evidence.signature-bad
begin one
: >again
attach_cosign work "$digest" again sig >/dev/null
try empty-layer evidence.signature-bad
begin slsa
provenance "$digest" | dsse acme.key | head -c -2 >envelope
attach work "$digest" envelope $dsse_type >/dev/null
try truncated-envelope evidence.malformed
begin slsa
provenance "$digest" | dsse acme.key | sed 's/=*","payloadType/!","payloadType/' >envelope
attach work "$digest" envelope $dsse_type >/dev/null
try cve-2026-39395-payload-no-base64 evidence.malformed
begin slsa
provenance "$digest" | dsse acme.key | gzip -n >envelope
attach work "$digest" envelope $dsse_type >/dev/null
try cve-2023-30551-compressed-envelope evidence.malformed
begin slsa
head -c 100000000 /dev/zero | gzip -n | gzip -n >bomb
attach work "$digest" bomb $dsse_type >/dev/null
try cve-2026-48702-compressed-twice evidence.malformed
begin slsa
provenance "$digest" | dsse acme.key | sed 's/"signatures":.*/"signatures":[]}/' >envelope
attach work "$digest" envelope $dsse_type >/dev/null
try envelope-without-signatures evidence.malformed

# --- which signature, by which key -----------------------------------------------------------------------

# forged CASE CODE: the simple signing payload with ./sig
forged() {
	begin one
	simple "$name" "$digest" >payload
	attach_cosign work "$digest" payload sig >/dev/null
	try "$@"
}
begin one
simple "$name" "$digest" >payload
openssl dgst -sha256 -mac HMAC -macopt "hexkey:$(od -An -tx1 -v acme.pub | tr -d ' \n')" \
	-binary payload >sig
forged cve-2022-29217-public-key-as-hmac-key evidence.signature-bad
openssl rsa -pubin -in rsa.pub -RSAPublicKey_out -out rsa.pkcs1 2>/dev/null
openssl dgst -sha256 -mac HMAC -macopt "hexkey:$(od -An -tx1 -v rsa.pkcs1 | tr -d ' \n')" \
	-binary payload >sig
forged cve-2017-11424-another-spelling-of-the-key-as-hmac-key evidence.signature-bad
openssl dgst -sha256 -binary payload >sig
forged no-algorithm evidence.signature-bad
openssl dgst -sha512 -sign acme.key -out sig payload
forged another-digest-algorithm evidence.signature-bad
openssl dgst -sha256 -sign stranger.key -out sig payload
forged cve-2025-24976-a-stranger evidence.signature-bad
openssl dgst -sha256 -sign rsa.key -sigopt rsa_padding_mode:pss -out sig payload
forged another-padding evidence.signature-bad
signed payload
openssl asn1parse -inform DER -in sig | sed -n 's/.*INTEGER *://p' |
	awk '{ while (length < 64) $0 = "0" $0; printf "%s", $0 }' >hex
sed 's/../\\x&/g' hex | xargs -0 printf >sig
forged raw-instead-of-der evidence.signature-bad
{ openssl dgst -sha256 -sign acme.key payload && printf x; } >sig
forged der-and-more evidence.signature-bad

# der R S, in hex, as they are: a signature of these numbers
der() {
	local r=$1 s=$2 body

	body=$(printf '02%02x%s02%02x%s' $((${#r} / 2)) "$r" $((${#s} / 2)) "$s")
	printf '30%02x%s' $((${#body} / 2)) "$body" | sed 's/../\\x&/g' | xargs -0 printf >sig
}
n=00ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551
while read -r what r s; do
	der "$r" "$s"
	forged "cve-2022-21449-$what" evidence.signature-bad
done <<NUMBERS
zero-and-zero 00 00
zero-and-one 00 01
one-and-zero 01 00
one-and-one 01 01
order-and-order $n $n
order-and-one $n 01
negative ff ff
no-number  01
huge 00ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff 01
NUMBERS

# What an envelope says of its key selects nothing.
begin slsa
provenance "$digest" >payload
pae payload $in_toto | sign stranger.key >sig
key=$(openssl pkey -in acme.key -pubout -outform DER | sha256sum | cut -d ' ' -f 1)
make_envelope payload $in_toto sig | sed 's/"sig"/"keyid":"'"$key"'","sig"/' >envelope
attach work "$digest" envelope $dsse_type >/dev/null
try a-stranger-under-a-known-key-id evidence.signature-bad
begin bundle
statement $cosign3 "$digest" '{}' | dsse stranger.key >envelope
printf '{"mediaType":"%s","verificationMaterial":{"publicKey":{"hint":"%s","rawBytes":"%s"}},"dsseEnvelope":%s}' \
	$bundle_type "$(openssl pkey -in acme.key -pubout -outform DER | openssl dgst -sha256 -binary |
		base64)" "$(openssl pkey -in stranger.key -pubout -outform DER | base64 -w 0)" \
	"$(<envelope)" >bundle
attach work "$digest" bundle $bundle_type >/dev/null
try cve-2025-24976-key-in-the-bundle evidence.signature-bad
begin bundle
printf '{"mediaType":"%s","verificationMaterial":{"certificate":{"rawBytes":"AAAA"}},"dsseEnvelope":%s}' \
	$bundle_type "$(statement $cosign3 "$digest" '{}' | dsse acme.key)" >bundle
attach work "$digest" bundle $bundle_type >/dev/null
try certificate-in-the-bundle policy.signer-missing
begin bundle
printf '{"mediaType":"%s","verificationMaterial":{"publicKey":{}},"messageSignature":{"signature":"AAAA"}}' \
	$bundle_type >bundle
attach work "$digest" bundle $bundle_type >/dev/null
try message-signature policy.signer-missing

# Log entries prove nothing here, whomever they are about: they neither help nor are claimed.
log='{\"SignedEntryTimestamp\":\"MEUCIQ==\",\"Payload\":{\"body\":\"e30=\",\"integratedTime\":1,\"logIndex\":1,\"logID\":\"00\"}}'
entry='{"logIndex":"1","integratedTime":"1","canonicalizedBody":"e30=","inclusionPromise":{"signedEntryTimestamp":"AA=="}}'
logged() { # KEY ENTRIES
	statement $cosign3 "$digest" '{}' | dsse "$1.key" >envelope
	printf '{"mediaType":"%s","verificationMaterial":{"publicKey":{},"tlogEntries":[%s]},"dsseEnvelope":%s}' \
		$bundle_type "$2" "$(<envelope)" >bundle
	attach work "$digest" bundle $bundle_type >/dev/null
}
checked() {
	jq -c '[.images[0].judgement.signatures[] | [.state, (.checked | join(" "))]]' out.log
}
for who in stranger acme; do
	begin one
	simple "$name" "$digest" >payload
	openssl dgst -sha256 -sign $who.key -out sig payload
	attach work "$digest" payload $simple_type \
		"{\"$signature_annotation\":\"$(base64 -w 0 sig)\",\"dev.sigstore.cosign/bundle\":\"$log\"}" >/dev/null
	[ $who = acme ] || try cve-2022-23649-log-entry-of-another evidence.signature-bad
done
let_in log-entry-of-another
is "of which nothing is claimed" "$(checked)" '[["counts","signature digest name"]]'
begin bundle
logged stranger "$entry"
try cve-2026-22703-log-entry-of-another evidence.signature-bad
begin bundle
logged stranger "$entry,${entry/e30=/e30K}"
try cve-2024-51746-the-second-of-two-log-entries evidence.signature-bad
begin bundle
logged acme "$entry,${entry/e30=/e30K}"
let_in log-entries-of-another
is "of which nothing is claimed" "$(checked)" '[["counts","signature digest"]]'

# Of several signatures each is told, and the bad one is not hidden by the good.
begin slsa
provenance "$digest" >payload
pae payload $in_toto | sign acme.key >good.sig
pae payload $in_toto | sign stranger.key >bad.sig
make_envelope payload $in_toto good.sig bad.sig >envelope
attach work "$digest" envelope $dsse_type >/dev/null
try cve-2016-9122-good-and-bad evidence.signature-bad
is "each was told" "$(jq -c '[.images[0].judgement.signatures[].state]' out.log)" '["counts","bad"]'
begin report
cosign_sign acme.key work "$name" "$digest"
cosign_sign stranger.key work "$name" "$digest"
let_in reported
is "and where policy says report, it is" \
	"$(jq -c '[.findings[] | select(.gate == "evidence") | .code]' out.log)" '["evidence.reported"]'

# Permissive is not accepting: what is reported counts for nobody.
begin report
cosign_sign stranger.key work "$name" "$digest"
try cve-2024-23332-reported-only policy.signer-missing

# --- annotations of cosign -----------------------------------------------------------------------------------

begin one
simple "$name" "$digest" >payload
signed payload
good=$(base64 -w 0 sig)
spaced=${good:0:8}' '${good:8}
lines=${good:0:8}'\n'${good:8}
while IFS='|' read -r what code annotation; do
	begin one
	attach work "$digest" payload $simple_type "$annotation" >/dev/null
	try "$what" "$code"
done <<ANNOTATIONS
base64-with-a-space|evidence.malformed|{"$signature_annotation":"$spaced"}
base64-with-a-line-feed|evidence.malformed|{"$signature_annotation":"$lines"}
base64-without-padding|evidence.malformed|{"$signature_annotation":"${good}A"}
base64-and-more|evidence.malformed|{"$signature_annotation":"$good$good="}
base64-padded-inside|evidence.malformed|{"$signature_annotation":"QQ==$good"}
base64-bits-left-over|evidence.malformed|{"$signature_annotation":"QR=="}
base64-of-nothing|evidence.malformed|{"$signature_annotation":""}
no-annotation|evidence.malformed|{"x":"y"}
certificate-present|policy.signer-missing|{"$signature_annotation":"$good","dev.sigstore.cosign/certificate":"x"}
ANNOTATIONS

# Said twice, it is not one thing: no sender of ours packs it (in a bundle: tests/attack/forged.sh).
begin one
attach work "$digest" payload $simple_type \
	"{\"$signature_annotation\":\"$good\",\"$signature_annotation\":\"$good\"}" >/dev/null
fails "annotations-duplicated" make_bundle twice.lwb "$name:1=oci:work:1"
begin one
cosign_sign acme.key work "$name" "$digest"
sealed good.lwb "$name:1=oci:work:1"
for forgery in cve-2017-12635-evidence-annotations-twice evidence-annotations-of-another-case; do
	"$LW_BIN/tools/forge" make $forgery good.lwb forged.lwb alice.key
	attack "$forgery, of a genuine signature" 4 content.document lw load forged.lwb
done
begin slsa
provenance "$digest" | dsse acme.key | sed 's/"payload":/"payload":"AAAA","payload":/' >envelope
attach work "$digest" envelope $dsse_type >/dev/null
try payload-twice evidence.malformed

# --- words of ours ---------------------------------------------------------------------------------------------

# An old verdict, an acceptance, our own receipts: nothing of it is read.
begin one
printf '{"format":"landwaiter-verdict/1","verdict":"accepted","images":[{"digest":"%s"}]}' \
	"$digest" >verdict
attach work "$digest" verdict application/vnd.landwaiter.verdict+json >/dev/null
statement https://slsa.dev/verification_summary/v1 "$digest" \
	'{"verificationResult":"PASSED","verifier":{"id":"landwaiter"}}' "$name" >vsa
attach work "$digest" vsa $in_toto '{"landwaiter.verified":"true"}' >/dev/null
try kyverno-16336-our-own-verdict policy.signer-missing
begin one
dsse alice.key <vsa >envelope # an approver is no vendor
attach work "$digest" envelope $dsse_type >/dev/null
try verdict-signed-by-an-approver policy.signer-missing
begin one
statement $endorsement "$digest" '{"created":"2026-11-01T00:00:00Z"}' "$name:1" | dsse alice.key >envelope
attach work "$digest" envelope $dsse_type >/dev/null
try endorsed-by-an-approver policy.signer-missing
begin one
simple "$name" "$digest" >payload
sed 's/cosign container image signature/atomic container signature/' payload >again
signed again
attach_cosign work "$digest" again sig >/dev/null
try signature-of-another-type evidence.malformed

# --- too much ----------------------------------------------------------------------------------------------------

# flood COUNT: layers with one payload, and as many signatures, in manifests of 12,500
flood() {
	local left=$1 descriptor

	simple "$name" "$digest" >payload
	signed payload
	good=$(base64 -w 0 sig)
	descriptor=$(blob work payload $simple_type)
	while [ "$left" -gt 0 ]; do
		printf '{"schemaVersion":2,"mediaType":"%s","artifactType":"%s","config":%s,"subject":{"mediaType":"%s","size":%s,"digest":"%s"},"annotations":{"n":"%s"},"layers":[' \
			$manifest_type $simple_type "$(blob work empty $oci.empty.v1+json)" $manifest_type \
			"$(stat -c %s "work/blobs/sha256/${digest#sha256:}")" "$digest" "$left" >manifest
		awk -v n=$((left < 12500 ? left : 12500)) -v layer="${descriptor%\}},\"annotations\":{\"$signature_annotation\":\"$good\"}}" \
			'BEGIN { while (n-- > 0) printf "%s%s", layer, (n > 0 ? "," : "") }' >>manifest
		printf ']}' >>manifest
		list work "$(blob work manifest $manifest_type)"
		left=$((left - 12500))
	done
}
printf '{}' >empty
begin one
flood 1000
let_in a-thousand-signatures
begin one
flood 1001
try cve-2024-29903-a-thousand-and-one evidence.limit
# What is too large to be judged counts for nothing; it is not absent.
begin one
head -c 9000000 /dev/zero | tr '\0' ' ' >payload
attach_cosign work "$digest" payload sig >/dev/null
try cve-2024-29902-evidence-larger-than-is-judged policy.signer-missing
is "and it is said" "$(jq -r '[.findings[] | select(.code == "evidence.unchecked")] | length' out.log)" 1

# Few layers, each with as many signatures as an envelope may have.
begin slsa
provenance "$digest" >payload
pae payload $in_toto | sign acme.key >sig
# shellcheck disable=SC2046 # a list
make_envelope payload $in_toto $(yes sig | head -16) >envelope
layer=$(blob work envelope $dsse_type)
printf '{"schemaVersion":2,"mediaType":"%s","artifactType":"%s","config":%s,"subject":{"mediaType":"%s","size":%s,"digest":"%s"},"layers":[%s]}' \
	$manifest_type $dsse_type "$(blob work empty $oci.empty.v1+json)" $manifest_type \
	"$(stat -c %s "work/blobs/sha256/${digest#sha256:}")" "$digest" \
	"$(yes "$layer" | head -63 | paste -s -d ,)" >manifest
list work "$(blob work manifest $manifest_type)"
try cve-2024-29903-envelopes-of-sixteen evidence.limit

begin bundle
logged acme "$(yes "$entry" | head -20000 | paste -s -d ,)"
try cve-2024-45395-endless-log-entries evidence.malformed

# As many manifests, each with an attestation of its own.
begin slsa
mkdir rows
layer=$(blob work envelope $dsse_type)
empty=$(blob work empty $oci.empty.v1+json)
size=$(stat -c %s "work/blobs/sha256/${digest#sha256:}")
for ((i = 0; i <= 1000; i++)); do
	printf '{"schemaVersion":2,"mediaType":"%s","artifactType":"%s","annotations":{"n":"%d"},"config":%s,"layers":[%s],"subject":{"mediaType":"%s","size":%s,"digest":"%s"}}' \
		$manifest_type $dsse_type $i "$empty" "$layer" $manifest_type "$size" "$digest" >rows/$i
done
(cd rows && sha256sum -- *) | while read -r hex file; do
	printf '{"mediaType":"%s","size":%s,"digest":"sha256:%s"}\n' $manifest_type \
		"$(wc -c <"rows/$file")" "$hex"
	mv "rows/$file" "work/blobs/sha256/$hex"
done | jq -cs --slurpfile index work/index.json '. as $more | $index[0] | .manifests += $more' >index.new
mv index.new work/index.json
try cve-2023-46737-endless-attestations evidence.limit

begin one
flood 100000
sealed flood.lwb "$name:1=oci:work:1"
attack cve-2023-33958-a-hundred-thousand-signatures 3 evidence.limit \
	"$LW_BIN/tools/usage" taken "$LW_BIN/landwaiter" load flood.lwb
read -r memory time <taken
ok "in bounded memory: ${memory#*=} KiB" [ "${memory#*=}" -lt 600000 ]
ok "and time: ${time#*=} ms" [ "${time#*=}" -lt 5000 ]

# A pattern knows stars and nothing else: no classes, no negation, no braces, no question mark.
enclave patterns '{"match":"registry.acme.example/[o]ne:*","evidence":"not-required"},
	{"match":"registry.acme.example/o?e:*","evidence":"not-required"},
	{"match":"registry.acme.example/{one,two}:*","evidence":"not-required"},
	{"match":"!registry.acme.example/two:*","evidence":"not-required"},
	{"match":"registry.acme.example/\\*:*","evidence":"not-required"},
	{"match":"registry.acme.example/*","evidence":"not-required"},
	{"match":"registry.acme.example/one","evidence":"not-required"},
	{"match":"registry.acme.example/one:2*","evidence":"not-required"}'
begin one
sealed patterns.lwb "$name:1=oci:work:1"
accepted lw verify patterns.lwb
is "by the one that has only a star" "$(jq -r '.images[0].judgement.match' out.log)" \
	"registry.acme.example/*"
begin one/more
sealed more.lwb "$name:1=oci:work:1"
attack cve-2021-41087-patterns-of-others 3 policy.no-match lw load more.lwb

# Many keys and many signatures: each must be tried with each, and no more than so often.
signers="$(signer acme cosign-key)"
for ((i = 1; i < 20; i++)); do
	vendor_keys "k$i"
	signers+=",$(signer "k$i" cosign-key)"
done
enclave many '{"match":"**",'"$acme"'}'
digest=$(image manywork 1 one)
rm -rf work
cp -a manywork work
flood 390
sealed fewer.lwb "$name:1=oci:work:1"
accepted lw load fewer.lwb
rm -rf work
cp -a manywork work
flood 400
sealed keys.lwb "$name:1=oci:work:1"
attack cve-2024-29903-signatures-times-keys 3 evidence.limit \
	"$LW_BIN/tools/usage" taken "$LW_BIN/landwaiter" load keys.lwb
is "of what was not all heard nothing is met" "$(jq '[.images[0].judgement.met] | any' out.log)" false
read -r memory time <taken
ok "in bounded time: ${time#*=} ms" [ "${time#*=}" -lt 5000 ]
done_testing
