#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# flavours: release
#
# Vendors' signatures, end to end: endorsed and signed on the connected side, judged at the gate,
# repeated by `show`, judged again on the way through the zones, and base images.
. "$(dirname "$0")/../lib/vendors.sh"

make_keys alice security qa laptop
vendor_keys acme globex
app=registry.acme.example/app
slsa=https://slsa.dev/provenance/v1
signers="$(signer acme cosign-key),$(signer laptop key acme),$(signer globex cosign-key),"
signers+="$(signer security key),$(signer qa key)"

# what COMMAND... says, with -o json, whatever its status
said() {
	"$@" -o json 2>err.log || true
}
codes() { # what it found that is more than a note
	jq -r '[.findings[] | select(.severity != "note") | .code] | unique | join(" ")'
}
judgement() { # NAME <verdict
	jq -c --arg name "$1" '.images[] | select(.name == $name) | .judgement'
}
zone_of() {
	lw list -o json | jq -r --arg name "$1" '.images[] | select(.name == $name) | .zone'
}

# --- signed, endorsed, attested -----------------------------------------------------------------

zones='["staging","testing","production"]'
acme='{"threshold":1,"of":["acme","laptop"]}'
enclave zones '{"match":"registry.acme.example/**","zone":"staging","require":['"$acme"']},
	{"match":"registry.acme.example/**","zone":"testing","require":['"$acme"',
		{"threshold":1,"of":["security","qa"]}]},
	{"match":"registry.acme.example/**","zone":"production","require":['"$acme"',
		{"threshold":2,"of":["security","qa"]}],
	 "attestations":[{"type":"'$slsa'","threshold":1,"of":["acme"],"builder":["https://b/1"]}]}'

one=$(image layout 1 one two)
cosign_sign acme.key layout $app "$one"
statement $slsa "$one" '{"runDetails":{"builder":{"id":"https://b/1"}}}' | dsse acme.key >slsa.json
attach layout "$one" slsa.json $dsse_type >/dev/null
exits 0 "security endorses" lw endorse "$app:1=oci:layout:1" --key security.key -o json
is "what endorse says" "$(jq -r '[.format, .image, .name] | join(" ")' out.log)" \
	"landwaiter-endorse/1 $one $app:1"
endorsed=$(jq -r .endorsement out.log)
exits 0 "qa endorses, for production" lw endorse "$app:1=oci:layout:1" --key qa.key \
	--zone production --expires P90D

sealed one.lwb "$app:1=oci:layout:1"
accepted lw load one.lwb
cp out.log verdict.json
judgement $app:1 <verdict.json >first
is "by the rule of the first zone" "$(jq -c '[.zone, .match, .met, .groups[0].text]' first)" \
	'["staging","registry.acme.example/**",true,"1 of 1: acme ✓ laptop absent"]'
is "all that came was heard" "$(jq -c '[.signatures[] | [.kind, .signer, .state]] | sort' first)" \
	'[["cosign","acme","counts"],["dsse","acme","counts"],["dsse","qa","aside"],["dsse","security","counts"]]'
is "what was checked, and no more" "$(jq -c '[.signatures[] | [.type, (.checked | join(" "))]] |
	sort' first)" "[[\"$slsa\",\"signature digest\"],[\"simple-signing\",\"signature digest name\"],[\"$endorsement\",\"signature digest\"],[\"$endorsement\",\"signature digest name\"]]"

# --- the members that docs/format/output.md names, and no others ----------------------------------

documented() { # HEADING: the names in its table's first column
	awk -v heading="## \`$1\`" 'index($0, heading) == 1 { on = 1; next } /^## / { on = 0 }
		on && /^\| `/ { sub(/^\| `/, ""); sub(/`.*/, ""); print }' \
		"$LW_TOP/docs/format/output.md" | sort | tr '\n' ' '
}
members() { # FILE [FILTER]
	jq -r "${2:-.} | keys[]" "$1" | sort | tr '\n' ' '
}
is "a verdict's members" "$(members verdict.json)" "$(documented landwaiter-verdict/1)"
is "a judgement's members" "$(members first)" "$(documented landwaiter-judgement/1)"
is "a group's members" "$(members first '.groups[0]')" "met people signers text threshold "
is "a signature's members" "$(members first '[.signatures[] | keys[]] | unique |
	INDEX(.)')" "algorithm checked claimedTime evidence key kind owner signer state subject type why "

# --- said again, and written down ------------------------------------------------------------------

is "show repeats the judgement" "$(said lw show $app:1 | jq -c .judgement)" "$(cat first)"
ok "for people, too" grep -qF "1 of 1: acme ✓ laptop absent" <(lw show $app:1)
is "the record has it" "$(jq -c '.detail.images[0].judgement' <<<"$(last_record)")" "$(cat first)"
is "explain judges anew, and alike" "$(said lw policy explain $app:1 | jq -c .judgement)" \
	"$(cat first)"

# --- openssl alone, with the commands of docs/format/endorsement.md --------------------------------

layer=$(jq -r '.layers[0].digest' "layout/blobs/sha256/${endorsed#sha256:}")
mkdir alone
cp "layout/blobs/sha256/${layer#sha256:}" alone/e.json
cp security.pub alone/sec.pub
awk '/^```sh/ { on = 1; next } /^```/ { on = 0 } on' "$LW_TOP/docs/format/endorsement.md" \
	>alone/commands
ok "the page has commands" grep -q 'openssl pkeyutl -verify' alone/commands
exits 0 "openssl verifies the endorsement" bash -c 'cd alone && set -e && . ./commands'
is "it says what it is about" "$(jq -r '.subject[0] | .name + " sha256:" + .digest.sha256' \
	alone/payload)" "$app:1 $one"
cp qa.pub alone/sec.pub
exits 1 "and not with another key" bash -c 'cd alone && set -e && . ./commands'

# --- through the zones ---------------------------------------------------------------------------------

promoted() { # STATUS CODE IMAGE ZONE [OPTION...]
	local status=$1 code=$2 records objects before after result=refused

	shift 2
	[ "$status" -ne 0 ] || result=accepted
	records=$(record_count)
	objects=$(stored_objects)
	before=$(zone_of "$1")
	exits "$status" "promote $1 to $2: exit $status ${code:-}" lw promote "$@" -o json
	after=$(zone_of "$1")
	is "it is in the zone it should be" "$after" \
		"$([ "$status" -eq 0 ] && echo "$2" || echo "$before")"
	is "no blob was moved" "$(stored_objects)" "$objects"
	[ "$status" -ne 2 ] || return 0
	is "what was found" "$(codes <out.log)" "$code"
	is "one record" "$(record_count)" $((records + 1))
	is "which says so" "$(jq -r '[.event, .result, .reason, .detail.from, .detail.to,
		.detail.name] | join(" ")' <<<"$(last_record)")" \
		"promote $result $(jq -r '[.findings[] | select(.severity != "note")
			| .code][0] // ""' out.log) $before $2 $1"
	is "with the judgement" "$(jq -c .detail.judgement <<<"$(last_record)")" \
		"$(jq -c .judgement out.log)"
}

promoted 3 policy.zone-order $app:1 production
promoted 2 "" $app:1 elsewhere
promoted 0 "" $app:1 testing --by dave --reason tested
is "who and why, as claimed" "$(jq -r '.detail.by + " " + .detail.reason' <<<"$(last_record)")" \
	"dave tested"
promoted 3 policy.zone-order $app:1 testing
promoted 3 policy.zone-order $app:1 staging
promoted 0 "" $app:1 production
is "show has the last judgement" "$(said lw show $app:1 | jq -c '[.zone, .judgement.zone,
	.judgement.groups[1].text, .judgement.attestations[0].met]')" \
	'["production","production","2 of 2: security ✓ qa ✓",true]'
is "promote's members" "$(members out.log)" \
	"exit findings format image judgement record verdict zone "

# The same image again. It is judged for the zone it is in, by what comes: with less evidence it
# does not hold there, although it would where images enter; with more, that is what counts.
again() { # LAYOUT: a copy with only the evidence of the artifact types that follow
	local layout=$1 types

	shift
	types=$(printf '%s\n' "$@" | jq -R . | jq -s .)
	rm -rf "$layout"
	mkdir -p "$layout"
	cp -a layout/. "$layout/"
	jq -c --argjson types "$types" '.manifests |= map(select(.artifactType == null
		or (.artifactType | IN($types[]))))' "$layout/index.json" >index.new
	mv index.new "$layout/index.json"
	for gone in $(jq -r '.manifests[].digest[7:]' layout/index.json); do
		grep -q "$gone" "$layout/index.json" || rm "$layout/blobs/sha256/$gone"
	done
}
kept() {
	said lw show $app:1 | jq -c '[.zone, .image.evidence, .judgement]'
}
was=$(kept)
again less
sealed less.lwb "$app:1=oci:less:1"
attack "a promoted image again, with less evidence" 3 policy.signer-missing lw load less.lwb
is "by the rule of the zone it is in" "$(jq -r '.images[0].judgement.zone' out.log)" production
is "what is here stays as it was judged" "$(kept)" "$was"
enclave=$LANDWAITER_ENCLAVE
LANDWAITER_ENCLAVE=$T/fresh
cp -a "$enclave" fresh
lw remove $app:1 --reason "to come again" --by me 2>/dev/null
accepted lw load less.lwb
is "where it is not, the same bundle enters" "$(zone_of $app:1)" staging
LANDWAITER_ENCLAVE=$enclave

statement https://spdx.dev/Document "$one" '{}' | dsse acme.key >sbom.json
attach layout "$one" sbom.json $dsse_type >/dev/null
sealed more.lwb "$app:1=oci:layout:1"
accepted lw load more.lwb
is "with more it stays, judged anew" "$(kept | jq -c '[.[0], .[2].zone, .[2].met]')" \
	'["production","production",true]'
is "by that" "$(kept | jq '.[2].signatures | length')" \
	$(($(jq '.[2].signatures | length' <<<"$was") + 1))
is "of which the evidence is told" "$(kept | jq '.[1] | length')" $(($(jq '.[1] | length' <<<"$was") + 1))
is "explain judges alike" "$(said lw policy explain $app:1 | jq -c .judgement)" \
	"$(said lw show $app:1 | jq -c .judgement)"

# Two signatures of one owner; security alone; nobody but acme; a builder that policy does not take.
two=$(image layout 2 one three)
cosign_sign acme.key layout $app "$two"
lw endorse "$app:2=oci:layout:2" --key laptop.key 2>/dev/null >/dev/null
lw endorse "$app:2=oci:layout:2" --key security.key 2>/dev/null >/dev/null
statement $slsa "$two" '{"runDetails":{"builder":{"id":"https://b/2"}}}' | dsse acme.key >slsa.json
attach layout "$two" slsa.json $dsse_type >/dev/null
three=$(image layout 3 one four)
cosign_sign acme.key layout $app "$three"
sealed two.lwb "$app:2=oci:layout:2" "$app:3=oci:layout:3"
accepted lw load two.lwb
promoted 0 "" $app:2 testing
promoted 3 "policy.attestation-field policy.signer-missing" $app:2 production
is "show has the judgement by which it is there" \
	"$(said lw show $app:2 | jq -r .judgement.zone)" testing
promoted 3 policy.signer-missing $app:3 testing
lw policy explain $app:3 --zone testing >explained 2>&1 || true
ok "explain names the zone's rule" grep -qF "0 of 2: security absent qa absent" explained

# --- base images ---------------------------------------------------------------------------------------

zones=
rules='{"match":"registry.globex.example/**","require":[{"threshold":1,"of":["globex"]}]},
	{"match":"registry.acme.example/**","require":['"$acme"'],"base":"accepted"}'
enclave bases "$rules"
base=registry.globex.example/base
signed_image() { # KEY NAME:TAG [-b BASE] TEXT...: in a layout of its own; prints the digest
	local key=$1 name=$2 digest layout

	shift 2
	layout=$(tr '/:' '--' <<<"$name")
	digest=$(image "$layout" x "$@")
	cosign_sign "$key.key" "$layout" "${name%:*}" "$digest"
	sources[$name]="$name=oci:$layout:x"
	printf '%s' "$digest" >digest
}
declare -A sources=()
try() { # FILE NAME...
	local file=$1 list=()

	shift
	for name in "$@"; do
		list+=("${sources[$name]}")
	done
	sealed "$file" "${list[@]}"
}
based() { # TEXT EXPECTED: what the last verdict's judgement of it says
	is "$1" "$(judgement "$2" <out.log | jq -r '.base.text')" "$3"
}

signed_image globex $base:1 l1 l2
b=$(<digest)
signed_image acme $app:1 -b "$b" l1 l2 l3
a=$(<digest)
signed_image acme $app:squashed -b "$b" l1l2 l3
signed_image acme $app:same -b "$b" l1 l2
signed_image acme $app:swapped -b "$b" l2 l1 l3
signed_image acme $app:unnamed l1 l2 l3
signed_image acme $app:packed -b "$b" z:l1 z:l2 l3
signed_image acme $app:half -b "$b" z:l1 z:lX l3
signed_image acme $app:derived -b "$a" l1 l2 l3 l4

try derived.lwb $app:1
refused 3 base.not-accepted lw verify derived.lwb
try squashed.lwb $app:squashed $base:1
refused 3 base.layers lw verify squashed.lwb
try same.lwb $app:same $base:1
refused 3 base.layers lw verify same.lwb
try swapped.lwb $app:swapped $base:1
refused 3 base.layers lw verify swapped.lwb
try unnamed.lwb $app:unnamed $base:1
refused 3 base.unnamed lw verify unnamed.lwb
try half.lwb $app:half $base:1
refused 3 base.layers lw verify half.lwb
try both.lwb $app:1 $base:1
accepted lw verify both.lwb
based "on the base in the bundle" $app:1 "$base:1: 2 of 3 layers (layers)"
try packed.lwb $app:packed $base:1
accepted lw verify packed.lwb
based "compressed anew" $app:packed "$base:1: 2 of 3 layers (diff_ids only)"

# The base's own rule is not met: it is refused itself, and what stands on it.
image registry.globex.example-base-bad x l1 l2 l9 >digest
sources[$base:bad]="$base:bad=oci:registry.globex.example-base-bad:x"
signed_image acme $app:on-bad -b "$(<digest)" l1 l2 l9 l3
try bad.lwb $app:on-bad $base:bad
refused 3 policy.signer-missing lw verify bad.lwb
ok "and so is what stands on it" grep -q base.not-accepted out.log

try base.lwb $base:1
accepted lw load base.lwb
try on-it.lwb $app:1
accepted lw load on-it.lwb
based "on the base in the store" $app:1 "$base:1: 2 of 3 layers (layers)"
try second.lwb $app:derived
accepted lw load second.lwb
is "explain finds it there" "$(said lw policy explain $app:derived | jq -r .judgement.base.text)" \
	"$app:1: 3 of 4 layers (layers)"
lw remove $base:1 --reason old --by me 2>/dev/null
is "a base that was removed is none" "$(said lw policy explain $app:1 | codes)" base.not-accepted

# An index as base, and an index that stands on it: each of its manifests must.
new_layout many
amd=$(manifest many "" m1)
arm=$(manifest many "" n1)
i=$(index many base "$(on amd64 "$amd")" "$(on arm64 "$arm")")
cosign_sign globex.key many $base "$i"
d_amd=$(manifest many "$i" m1 m2)
d_arm=$(manifest many "$i" n1 n2)
bare=$(manifest many "" m1 m2)
good=$(index many good "$(on amd64 "$d_amd")" "$(on arm64 "$d_arm")")
partly=$(index many partly "$(on amd64 "$d_amd")" "$(on arm64 "$bare")")
hidden=$(index many hidden "$(on amd64 "$d_amd")" "$bare") # for whom its configuration fits
for digest in "$good" "$partly" "$hidden"; do
	cosign_sign acme.key many $app "$digest"
done
sealed many.lwb "$base:many=oci:many:base" "$app:many=oci:many:good"
accepted lw verify many.lwb
based "on a part of an index" $app:many "$base:many: 1 of 2 layers (layers)"
for name in partly hidden; do
	sealed $name.lwb "$base:many=oci:many:base" "$app:$name=oci:many:$name"
	refused 3 base.unnamed lw verify $name.lwb
done

# Eight bases upon each other, and nine; whichever is judged first (the order is that of names).
signed_image globex $base:chain c0
layers=(c0)
for n in 1 2 3 4 5 6 7 8 9; do
	layers+=("c$n")
	signed_image acme $app:link-$n -b "$(<digest)" "${layers[@]}"
done
for order in up down; do
	chain=("${sources[$base:chain]}")
	for n in 1 2 3 4 5 6 7 8 9; do
		place=$n
		[ $order = up ] || place=$((9 - n))
		chain+=("$app:chain-$place=${sources[$app:link-$n]#*=}")
	done
	sealed $order-nine.lwb "${chain[@]}"
	refused 3 base.depth lw verify $order-nine.lwb
	sealed $order-eight.lwb "${chain[@]:0:9}"
	accepted lw verify $order-eight.lwb
done

# A base counts in the zone of who stands on it, or in a stricter one.
zones='["staging","production"]'
enclave strict '{"match":"registry.globex.example/**","zone":"staging","require":[{"threshold":1,"of":["globex"]}]},
	{"match":"registry.globex.example/**","zone":"production","require":[{"threshold":1,"of":["globex"]}]},
	{"match":"registry.acme.example/**","zone":"production","require":['"$acme"'],"base":"accepted"}'
try together.lwb $app:1 $base:1
refused 3 base.not-accepted lw load together.lwb
try alone.lwb $base:1
accepted lw load alone.lwb
try later.lwb $app:1
refused 3 base.not-accepted lw load later.lwb
promoted 0 "" $base:1 production
accepted lw load later.lwb
done_testing
