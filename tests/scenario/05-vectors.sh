#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# The test vectors of the bundle's format come out as they are in the tree, and programs that are
# not ours read the same in them.
. "$(dirname "$0")/../lib/scenario.sh"

vectors=$LW_TOP/tests/vectors/bundle
value() { # a path in VECTORS.json
	jq -r "$1" "$vectors/VECTORS.json"
}

# --- the same again ---------------------------------------------------------------------------

mkdir out
"$LW_BIN/tools/mkvectors" out
for file in out/VECTORS.json out/VOLUMES.json out/INCREMENT.json; do
	jq . $file >sorted && mv sorted $file
done
is "the same files" "$(ls out)" "$(ls "$vectors")"
for file in "$vectors"/*; do
	ok "the same ${file##*/}" cmp "$file" "out/${file##*/}"
done

# --- by jq, sha256sum, openssl and tar --------------------------------------------------------

is "the bundle's digest" "$(sha256sum <"$vectors/bundle.lwb" | cut -d ' ' -f 1)" \
	"$(value '.bundle.fileDigest' | cut -d : -f 2)"
for what in statement pae contents entries index; do
	value ".$what.text" | head -c -1 >"$what"
	is "$what: digest" "sha256:$(sha256sum <$what | cut -d ' ' -f 1)" "$(value .$what.digest)"
	is "$what: size" "$(size_of $what)" "$(value .$what.bytes)"
done
type=application/vnd.in-toto+json
{ printf 'DSSEv1 %d %s %d ' ${#type} $type "$(size_of statement)" && cat statement; } >expected
ok "the PAE" cmp pae expected

tar xf "$vectors/bundle.lwb" landwaiter/seal.json
is "the seal is one JSON value" "$(jq -r .payloadType landwaiter/seal.json)" $type
jq -r .payload landwaiter/seal.json | base64 -d >payload
ok "its payload is the statement" cmp payload statement
jq -cj . landwaiter/seal.json >canonical
is "its envelope" "$(size_of canonical)" "$(value .seal.envelopeBytes)"
for i in 0 1; do
	jq -r ".signatures[$i].sig" landwaiter/seal.json | base64 -d >sig
	key=$vectors/$(value ".keys[$i].public")
	ok "openssl verifies signature $i" openssl pkeyutl -verify -pubin -inkey "$key" -rawin \
		-in pae -sigfile sig
	is "key id $i" "$(openssl pkey -pubin -in "$key" -outform DER | sha256sum |
		cut -d ' ' -f 1)" "$(jq -r ".signatures[$i].keyid" landwaiter/seal.json)"
done
while read -r name data size; do
	is "$name: offset" "$(entry_offset "$vectors/bundle.lwb" "$name")" "$data"
	is "$name: size" "$(tar xOf "$vectors/bundle.lwb" "$name" | wc -c)" "$size"
done < <(value '.members[] | "\(.name) \(.data) \(.size)"')

# --- in volumes -------------------------------------------------------------------------------

value() { # a path in VOLUMES.json
	jq -r "$1" "$vectors/VOLUMES.json"
}
for what in statement contents entries; do
	value ".$what.text" | head -c -1 >"$what"
	is "volumes: $what: digest" "sha256:$(sha256sum <$what | cut -d ' ' -f 1)" \
		"$(value ".$what.digest")"
done
bytes=0
for i in 0 1; do
	file=$vectors/$(value ".volumes[$i].file")
	bytes=$((bytes + $(size_of "$file")))
	is "volume $((i + 1)): its members" "$(tar tf "$file")" \
		"$(value ".volumes[$i].members[].name")"
	is "its mark" "$(tar xOf "$file" landwaiter/volume)" "000$((i + 1)) of 0002"
	is "its entries" "$(tar xOf "$file" landwaiter/entries)" "$(cat entries)"
	while read -r name data size; do
		is "$name: offset" "$(entry_offset "$file" "$name")" "$data"
		is "$name: size" "$(tar xOf "$file" "$name" | wc -c)" "$size"
		tar xOf "$file" "$name" >>"pieces.$i"
	done < <(value ".volumes[$i].members[] | select(.name | test(\"/pieces/\")) |
		\"\(.name) \(.data) \(.size)\"")
	is "its piece" "sha256:$(sha256sum <pieces.$i | cut -d ' ' -f 1)" \
		"$(grep ^piece entries | sed -n $((i + 1))p | cut -d ' ' -f 2)"
done
is "the sum" $bytes "$(jq .predicate.bytes statement)"
is "the blob" "sha256:$(cat pieces.0 pieces.1 | sha256sum | cut -d ' ' -f 1)" \
	"$(grep ^sha256 entries | tail -n 1 | cut -d ' ' -f 1)"

# --- as an increment, with its supplement --------------------------------------------------------

value() { # a path in INCREMENT.json
	jq -r "$1" "$vectors/INCREMENT.json"
}
for what in statement contents entries; do
	value ".$what.text" | head -c -1 >"$what"
	is "increment: $what: digest" "sha256:$(sha256sum <"$what" | cut -d ' ' -f 1)" \
		"$(value ".$what.digest")"
done
for i in 0 1; do
	file=$vectors/$(value ".files[$i].file")
	is "${file##*/}: its members" "$(tar tf "$file")" "$(value ".files[$i].members[].name")"
	while read -r name data size; do
		is "$name: offset" "$(entry_offset "$file" "$name")" "$data"
		is "$name: size" "$(tar xOf "$file" "$name" | wc -c)" "$size"
	done < <(value ".files[$i].members[] | \"\(.name) \(.data) \(.size)\"")
	is "its entries" "$(tar xOf "$file" landwaiter/entries)" "$(cat entries)"
	bytes[i]=$(size_of "$file")
done
is "what travels" "${bytes[0]}" "$(jq .predicate.bytes statement)"
is "the marks" "$(for i in 0 1; do
	tar xOf "$vectors/$(value ".files[$i].file")" landwaiter/volume
done)" "0001 of 0001
0000 of 0001"
is "the map" "$(tar xOf "$vectors/increment.supplement.lwb" landwaiter/supplement)" 1
left_out=$(sed -n 's/^have sha256:\([0-9a-f]*\) .*/\1/p' entries)
is "what is left out" "$(tar xOf "$vectors/increment.supplement.lwb" "blobs/sha256/$left_out" | sha256sum | cut -d ' ' -f 1)" \
	"$left_out"
is "builds on the whole" "$(jq -c .prerequisites contents)" "$(jq -c --argjson size "$(jq '.members[-1].size' "$vectors/VECTORS.json")" \
	'{blobs: 1, bytes: $size, since: [.statement.digest]}' "$vectors/VECTORS.json")"

# --- by our programs --------------------------------------------------------------------------

cp "$vectors/alice.pub" "$vectors/bob.pub" .
lw init --sender vectors --threshold 2 --approver alice=alice.pub --approver bob=bob.pub \
	--any-audience --max-age P90D >identity 2>init.log
lw inspect "$vectors/bundle.lwb" -o json >inspected 2>/dev/null
is "inspect: the bundle" "$(jq -r .bundle inspected)" \
	"$(jq -r .statement.digest "$vectors/VECTORS.json")"
jq -cj .statement inspected >shown
ok "inspect: the statement" cmp shown payload
cp "$vectors"/volume.*.lwb .
lw inspect volume.2of2.lwb -o json >inspected 2>/dev/null
is "inspect: a volume" "$(jq -c '[.bundle, .volume]' inspected)" \
	"[\"$(jq -r .statement.digest "$vectors/VOLUMES.json")\",2]"
lw inspect "$vectors/increment.lwb" -o json >inspected 2>/dev/null
is "inspect: an increment" "$(jq -r .bundle inspected)" "$(jq -r .statement.digest "$vectors/INCREMENT.json")"
cp -a enclave empty
then=2026-11-25T12:00:00Z
exits 0 "the whole is accepted" faketime "$then" "$LW_BIN/landwaiter" load "$vectors/bundle.lwb"
exits 0 "and what builds on it" faketime "$then" "$LW_BIN/landwaiter" load "$vectors/increment.lwb"
rm -rf enclave && mv empty enclave
exits 5 "which by itself lacks something" faketime "$then" "$LW_BIN/landwaiter" load "$vectors/increment.lwb"
exits 0 "that the supplement has" faketime "$then" "$LW_BIN/landwaiter" load "$vectors/increment.supplement.lwb"
done_testing
