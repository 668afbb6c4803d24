#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# flavours: release sweep-san
# What people see of a bundle: all of it, what changed since the last one, and the slip, which is
# one page whatever is in the bundle.
. "$(dirname "$0")/../lib/scenario.sh"

make_keys alice bob
make_enclave 2 alice bob
"$LW_BIN/tools/forge" layout first 1
multi=registry.example/app/multi:1
plain=registry.example/app/plain:1
make_bundle one.lwb oci:first:$multi oci:first:$plain
approve one.lwb alice

# --- all of it ---------------------------------------------------------------------------------

lw inspect one.lwb >text 2>words
lw inspect one.lwb -o json >all 2>words
is "the digest is that of the statement" "$(jq -r .bundle all)" "sha256:$(
	tar xOf one.lwb landwaiter/seal.json | jq -r .payload | base64 -d | sha256sum | cut -c 1-64)"
for value in "$(jq -r .bundle all)" "$(jq -r .approvals[0] all)" acme TEST "$AUDIENCE" $multi \
	$plain "$(jq -r '.contents.images[0].digest' all)" "$(size_of one.lwb) bytes"; do
	ok "it shows $value" grep -qF "$value" text
done
exits 0 "it needs no enclave" env LANDWAITER_ENCLAVE=/nonexistent "$LW_BIN/landwaiter" inspect one.lwb
ok "and says that it judged nothing" grep -q 'no signature was judged' err.log
head -c $((512 + 262144 + 512)) one.lwb >short
exits 4 "a bundle that is cut short" lw inspect short

# --- what changed ------------------------------------------------------------------------------

changes() { # FILE SINCE: the lines that say so
	lw inspect "$1" --since "$2" 2>words | sed -n '/^change since/,$p' | tail -n +2
}

make_bundle same.lwb oci:first:$multi oci:first:$plain
is "the same again: nothing" "$(changes same.lwb one.lwb)" "  none"
cp -r first moved
make_bundle elsewhere.lwb oci:moved:$multi oci:moved:$plain
is "from another folder: nothing" "$(changes elsewhere.lwb one.lwb)" "  none"
make_bundle less.lwb oci:first:$multi
is "one that is gone" "$(changes less.lwb one.lwb)" "  - $plain"
is "one that is new" "$(changes one.lwb less.lwb)" "  + $plain"
make_bundle other.lwb oci:first:$multi $plain=oci:first:$multi
is "another under the same name" "$(changes other.lwb one.lwb)" "  ~ $plain"

# The same image, with other evidence: as much of it, or with a platform left out.
platform=$(jq -r '[.contents.images[] | select(.platforms | length > 1).platforms[0]][0]' all)
make_bundle narrow.lwb oci:first:$multi oci:first:$plain --platform "$platform"
is "a platform that was left out" "$(changes narrow.lwb one.lwb)" "  ~ $multi"
make_layout small
subject=$(jq -c '.manifests[0] | {mediaType, digest, size}' small/index.json)
attach() { # LAYOUT WORD: an artifact about the first image, in a copy of small
	local config hex

	cp -r small "$1"
	printf '{}' >config
	config=$(sha256sum <config | cut -c 1-64)
	cp config "$1/blobs/sha256/$config"
	printf '{"schemaVersion":2,"mediaType":"application/vnd.oci.image.manifest.v1+json","artifactType":"application/vnd.test","config":{"mediaType":"application/vnd.oci.empty.v1+json","digest":"sha256:%s","size":2},"layers":[{"mediaType":"application/vnd.oci.empty.v1+json","digest":"sha256:%s","size":2}],"subject":%s,"annotations":{"word":"%s"}}' \
		"$config" "$config" "$subject" "$2" >artifact
	hex=$(sha256sum <artifact | cut -c 1-64)
	cp artifact "$1/blobs/sha256/$hex"
}
attach with-a a
attach with-b b
for layout in small with-a with-b; do
	make_bundle $layout.lwb "$plain=oci:$layout:$(first_tag small)"
done
is "evidence that was added" "$(changes with-a.lwb small.lwb)" "  ~ $plain"
is "evidence that was exchanged for other" "$(changes with-b.lwb with-a.lwb)" "  ~ $plain"
exits 0 "an approver is shown it too" lw approve with-b.lwb --key alice.key --yes --since with-a.lwb
ok "before signing" grep -qxF "  ~ $plain" err.log
exits 2 "since what is not there" lw inspect one.lwb --since nowhere

# --- the slip ----------------------------------------------------------------------------------

lw inspect --slip one.lwb >slip
for value in "$(jq -r .bundle all)" acme "$AUDIENCE" $multi $plain "$(size_of one.lwb) bytes" \
	"$(jq -r .approvals[0] all)"; do
	ok "the slip has $value" grep -qF "$value" slip
done
is "its marking is at the top and at the end" "$(sed -n '1p;$p' slip | tr -d ' ' | tr '\n' ' ')" \
	"TEST TEST "
page() { # FILE: lines of 72 columns it takes
	lw inspect --slip "$1" | fold -w 72 | wc -l
}
ok "it is a page" test "$(page one.lwb)" -le 60
long=registry.example/$(printf 'a%.0s' {1..200})
names=()
for i in {1..40}; do
	names+=("$long/x$i:1=oci:small:$(first_tag small)")
done
make_bundle full.lwb "${names[@]}" --marking "$(printf 'M%.0s' {1..128})"
for i in {1..32}; do
	rm -f k.key k.pub
	make_keys k
	approve full.lwb k
done
ok "with forty long names and 32 approvals, too: $(page full.lwb) lines" \
	test "$(page full.lwb)" -le 60
is "it says how much it leaves out" "$(lw inspect --slip full.lwb | grep -c 'and [0-9]* more$')" 2
is "no digest is folded" "$(lw inspect --slip full.lwb | fold -w 72 | grep -c 'sha256:[0-9a-f]\{64\}$')" 9
done_testing
