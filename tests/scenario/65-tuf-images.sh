#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# flavours: release
#
# Images bound to a vendor's TUF repository: the repository travels with them, is followed across
# the gap from what the enclave trusts of it, and says which digest a name stands for.
. "$(dirname "$0")/../lib/vendors.sh"

tuf() {
	lw tuf "$@" >/dev/null 2>tuf.log || {
		cat tuf.log >&2
		return 1
	}
}
# The manifest of an image of the layout, and the name it has as a target.
manifest_of() { # DIGEST
	echo "layout/blobs/sha256/${1#sha256:}"
}
followed() { # what the verdict in out.log trusts of acme
	jq -r '.tuf[] | select(.repository == "acme") |
		[.root, .timestamp, .snapshot, .targets | .version] | join(" ")' out.log
}
binding() { # NAME: of the verdict in out.log
	jq -r --arg n "$1" '.images[] | select(.name == $n) | .judgement.tuf | [.met, .text] | join(" ")' out.log
}

app=registry.acme.example/prod/app
make_keys alice vendor vendor-2
tuf init repo --root vendor.pub --key vendor.key --expires timestamp=P7D
cp repo/metadata/1.root.json acme.pub # a trust file, whatever its name
printf '%s' '{"acme":{"root":"acme.pub"}}' >tuf.json

# shellcheck disable=SC2034 # for the library
policy() { # NAME RULES [TUF]
	LANDWAITER_ENCLAVE=$T/$1
	jq -n --argjson rules "$2" --argjson tuf "${3:-$(cat tuf.json)}" '{format: "landwaiter-policy/1",
		senders: {acme: {threshold: 1, signers: ["alice"]}},
		signers: {alice: {keys: [{kind: "key", file: "alice.pub"}]}},
		tuf: $tuf, images: $rules}' >policy.json
	AUDIENCE=$(lw init --policy policy.json --trust alice.pub=alice.pub \
		--trust acme.pub=acme.pub 2>init.log) || {
		cat init.log >&2
		return 1
	}
}
bundle() { # FILE [TAG...]: with the repository as it is
	local file=$1 tag words=()

	shift
	for tag in "$@"; do
		words+=("$app:$tag=oci:layout:$tag")
	done
	make_bundle "$file" --tuf acme=repo/metadata "${words[@]}" && approve "$file" alice
}

one=$(image layout 1 one)
two=$(image layout 2 one two)
three=$(image layout 3 one two three)
tuf add repo "$app/1=$(manifest_of "$one")" --key vendor.key

# --- accepted --------------------------------------------------------------------------------------

policy enclave '[{"match":"registry.acme.example/**","tuf":"acme"}]'
bundle one.lwb 1
exits 0 "what is carried is shown" lw inspect one.lwb
like "with the repository" "$(grep '^tuf:' out.log)" 'acme: files 4, roots up to 1, looked for at 2'
contents=$(tar xOf one.lwb landwaiter/contents.json)
is "contents list each file, once" "$(jq -r '.tuf[] | [.repository, .newestRoot, (.files[].name)] |
	join(" ")' <<<"$contents")" "acme 1 1.root.json 2.snapshot.json 2.targets.json timestamp.json"
accepted lw verify one.lwb
is "nothing is kept by looking" "$(sql "SELECT count(*) FROM tuf WHERE repository <> 'enclave'")" 0
accepted lw load one.lwb
is "what is trusted now" "$(followed)" "1 2 2 2"
like "and why" "$(binding $app:1)" "^true acme lists it as '$app/1' \\(role targets, snapshot 2, root 1\\)"
is "it is kept" "$(sql "SELECT group_concat(role, ' ') FROM (SELECT role FROM tuf WHERE repository <> 'enclave' ORDER BY role)")" \
	"snapshot targets timestamp"
is "the book tells" "$(last_record | jq -c '.detail.tuf[0] | [.repository, .root.version, .timestamp.version]')" \
	'["acme",1,2]'
is "metadata is no part of the store" "$(find enclave/store/blobs -type f -size -20k -exec \
	grep -l '"_type"' {} + | wc -l)" 0
exits 0 "explained from what is kept" lw policy explain $app:1
like "the same words" "$(grep '^  tuf' out.log)" "acme lists it as '$app/1'"
exits 0 "and shown" lw show $app:1
like "with its repository" "$(grep '^  tuf' out.log)" "acme lists it"

# --- what a name stands for --------------------------------------------------------------------------

bundle unlisted.lwb 1 2
like "pack says what nobody lists" "$(cat pack.log)" "no repository taken along lists $app:2"
refused 3 tuf.target-unknown lw load unlisted.lwb
make_bundle other.lwb --tuf acme=repo/metadata "$app:1=oci:layout:2"
approve other.lwb alice
refused 3 tuf.target-mismatch lw load other.lwb
like "which one it must be" "$(jq -r '.findings[] | select(.code == "tuf.target-mismatch") | .expected' out.log)" \
	"sha256:${one#sha256:}"
make_bundle elsewhere.lwb --tuf acme=repo/metadata "registry.acme.example/test/app:1=oci:layout:1"
approve elsewhere.lwb alice
refused 3 tuf.target-unknown lw load elsewhere.lwb

# --- the vendor goes on --------------------------------------------------------------------------------

cp -a repo repo-2
tuf add repo "$app/2=$(manifest_of "$two")" --key vendor.key
bundle two.lwb 2
accepted lw load two.lwb
is "newer metadata" "$(followed)" "1 3 3 3"
# The old repository once more: a replay, though the seal is new.
mv repo repo-3 && cp -a repo-2 repo
bundle replay.lwb 1
refused 3 tuf.rollback lw load replay.lwb
rm -r repo && mv repo-3 repo
# Nothing of it in the bundle: what is kept still counts.
make_bundle without.lwb "$app:1=oci:layout:1" "$app:2=oci:layout:2" && approve without.lwb alice
accepted lw load without.lwb
is "as it was" "$(followed)" "1 3 3 3"
# ... until it expires.
make_bundle late.lwb "$app:1=oci:layout:1" && approve late.lwb alice
refused 3 tuf.expired faketime -f +8d "$LW_BIN/landwaiter" load late.lwb

# Three roots behind: the enclave follows.
for step in "vendor-2.pub vendor.key" "vendor.pub vendor-2.key" "vendor-2.pub vendor.key"; do
	read -r new old <<<"$step"
	tuf rotate repo "vendor=$new" --key "$old" --key "${new%.pub}.key"
done
tuf add repo "$app/3=$(manifest_of "$three")" --key vendor-2.key
bundle three.lwb 3
is "all roots travel" "$(tar xOf three.lwb landwaiter/contents.json |
	jq -r '.tuf[0].files[].name | select(endswith("root.json"))' | paste -sd ' ')" \
	"1.root.json 2.root.json 3.root.json 4.root.json"
accepted lw load three.lwb
is "three roots on" "$(followed | cut -d ' ' -f 1)" 4
is "the newest is kept" "$(sql "SELECT json_extract(CAST(file AS TEXT), '\$.signed.version') FROM tuf WHERE role = 'root' AND repository <> 'enclave'")" 4
# A newcomer walks the same way from the first.
policy newcomer '[{"match":"registry.acme.example/**","tuf":"acme"}]'
make_bundle new.lwb --tuf acme=repo/metadata "$app:3=oci:layout:3" && approve new.lwb alice
accepted lw load new.lwb
is "from the first root" "$(followed | cut -d ' ' -f 1)" 4

# --- forms of the path -----------------------------------------------------------------------------------

tuf add repo "images/app:1=$(manifest_of "$one")" --key vendor-2.key
policy prefixed '[{"match":"registry.acme.example/**","tuf":"acme"}]' \
	'{"acme":{"root":"acme.pub","path":"repository:tag","strip":"registry.acme.example/prod/","prefix":"images/"}}'
make_bundle prefixed.lwb --tuf acme=repo/metadata --tuf-target images/app:1 "$app:1=oci:layout:1" &&
	approve prefixed.lwb alice
accepted lw load prefixed.lwb
like "by another form of its name" "$(binding $app:1)" "as 'images/app:1'"
make_bundle outside.lwb --tuf acme=repo/metadata "registry.acme.example/test/app:1=oci:layout:1" &&
	approve outside.lwb alice
refused 3 tuf.target-unknown lw load outside.lwb
tuf delegate repo nightly --holder vendor.pub --path "registry.acme.example/nightly/*/*" \
	--key vendor-2.key --key vendor.key
tuf add repo "registry.acme.example/nightly/app/1=$(manifest_of "$one")" --role nightly --key vendor.key \
	--key vendor-2.key
policy delegated '[{"match":"registry.acme.example/**","tuf":"acme"}]'
make_bundle nightly.lwb --tuf acme=repo/metadata "registry.acme.example/nightly/app:1=oci:layout:1" &&
	approve nightly.lwb alice
like "the delegated role travels" "$(tar xOf nightly.lwb landwaiter/contents.json)" 'nightly.json'
accepted lw load nightly.lwb
like "and lists it" "$(binding registry.acme.example/nightly/app:1)" "\\(role nightly,"
make_bundle plain.lwb --tuf acme=repo/metadata "$app:3=oci:layout:3" && approve plain.lwb alice
ok "it does where nothing asks for it, too" grep -q nightly.json \
	<(tar xOf plain.lwb landwaiter/contents.json)

# --- grace ---------------------------------------------------------------------------------------------

policy graceful '[{"match":"registry.acme.example/**","tuf":"acme"}]' \
	'{"acme":{"root":"acme.pub","grace":"P3D"}}'
make_bundle grace.lwb --tuf acme=repo/metadata "$app:3=oci:layout:3" && approve grace.lwb alice
exits 0 "expired, and within policy's grace" faketime -f +8d "$LW_BIN/landwaiter" load grace.lwb -o json
is "which every verdict tells" "$(jq -r '[.findings[] | .code] | join(" ")' out.log)" "freshness.not-proven tuf.grace"
policy graceful-2 '[{"match":"registry.acme.example/**","tuf":"acme"}]' \
	'{"acme":{"root":"acme.pub","grace":"P3D"}}'
make_bundle later.lwb --tuf acme=repo/metadata "$app:3=oci:layout:3" && approve later.lwb alice
refused 3 tuf.expired faketime -f +11d "$LW_BIN/landwaiter" load later.lwb

# --- metadata alone, and metadata that nobody asks for ----------------------------------------------------

policy alone '[{"match":"registry.acme.example/**","tuf":"acme"}]'
lw pack --tuf acme=repo/metadata --sender acme --audience "$AUDIENCE" --expires P9D --marking T \
	-o alone.lwb >/dev/null 2>&1
approve alone.lwb alice
accepted lw load alone.lwb
is "the repository is followed" "$(followed | cut -d ' ' -f 1)" 4
lw pack --tuf other=repo/metadata --sender acme --audience "$AUDIENCE" --expires P9D --marking T \
	-o unused.lwb >/dev/null 2>&1
approve unused.lwb alice
accepted lw load unused.lwb
is "one that policy does not know is told" "$(jq -r '[.findings[].code] | join(" ")' out.log)" \
	"freshness.not-proven tuf.unused"
exits 2 "neither images nor metadata" lw pack --sender acme --audience any --expires P9D --marking T -o x.lwb
exits 2 "no name" lw pack --tuf repo/metadata --sender acme --audience any --expires P9D --marking T -o x.lwb
exits 2 "one name twice" lw pack --tuf a=repo/metadata --tuf a=repo/metadata --sender acme --audience any \
	--expires P9D --marking T -o x.lwb

# --- repositories that are not the one that policy pins -----------------------------------------------------

# Two of one vendor, with the same keys.
tuf init nightly-repo --root vendor.pub --key vendor.key --expires root=P300D
tuf add nightly-repo "$app/2=$(manifest_of "$two")" --key vendor.key
policy swapped '[{"match":"registry.acme.example/**","tuf":"acme"}]'
make_bundle swapped.lwb --tuf acme=nightly-repo/metadata "$app:2=oci:layout:2" && approve swapped.lwb alice
refused 3 tuf.other-root lw load swapped.lwb
exits 0 "delegated roles travel unasked, where they are few" grep -q nightly.json \
	<(tar xOf alone.lwb landwaiter/contents.json)

# --- metadata that is also a layer, and roles that move on -----------------------------------------------------

# An image may hold the vendor's root as a layer: it is stored for the image's sake.
text=$(cat repo/metadata/1.root.json && printf x) # with its last newline
shared=$(image layout shared "${text%x}")
tuf add repo "$app/shared=$(manifest_of "$shared")" --key vendor-2.key
policy sharing '[{"match":"registry.acme.example/**","tuf":"acme"}]'
make_bundle shared.lwb --tuf acme=repo/metadata "$app:shared=oci:layout:shared" && approve shared.lwb alice
accepted lw load shared.lwb
root=$(sha256sum <repo/metadata/1.root.json | cut -d ' ' -f 1)
ok "the layer is there" cmp repo/metadata/1.root.json "$LANDWAITER_ENCLAVE/store/blobs/sha256/$root"
exits 0 "collected" lw gc
ok "and stays" [ -e "$LANDWAITER_ENCLAVE/store/blobs/sha256/$root" ]
is "with its row" "$(sql "SELECT count(*) FROM blob WHERE lower(hex(digest)) = '$root'")" 1
# What a delegated role listed can still be judged when that role has moved on, though nothing asked.
make_bundle before.lwb --tuf acme=repo/metadata "registry.acme.example/nightly/app:1=oci:layout:1" &&
	approve before.lwb alice
accepted lw load before.lwb
tuf add repo "registry.acme.example/nightly/app/2=$(manifest_of "$two")" --role nightly --key vendor.key \
	--key vendor-2.key
make_bundle after.lwb --tuf acme=repo/metadata "$app:3=oci:layout:3" && approve after.lwb alice
accepted lw load after.lwb
exits 0 "judged by the role as it is now" lw policy explain registry.acme.example/nightly/app:1

# --- what pack does not take along --------------------------------------------------------------------------

pack_refuses() { # TEXT REPOSITORY WORDS
	exits 3 "pack: $1" lw pack --tuf "acme=$2" --sender acme --audience any --expires P9D --marking T -o no.lwb
	like "pack: $1: $3" "$(cat err.log)" "$3"
	ok "pack: $1: and makes nothing" test ! -e no.lwb
}
cp -a repo bad && rm bad/metadata/1.root.json
exits 2 "pack: no first root" lw pack --tuf acme=bad/metadata --sender acme --audience any --expires P9D \
	--marking T -o no.lwb
like "pack: and says so" "$(cat err.log)" "1.root.json"
rm -r bad && cp -a repo bad && sed -i 's/"version":1,/"version":11,/' bad/metadata/timestamp.json
sed -i 's/"expires"/"expireS"/' bad/metadata/timestamp.json
pack_refuses "a broken timestamp" bad/metadata "tuf.threshold"
rm -r bad && cp -a repo bad && rm bad/metadata/*.snapshot.json
pack_refuses "no snapshot" bad/metadata "tuf.missing"
exits 3 "pack: expired" faketime -f +8d "$LW_BIN/landwaiter" pack --tuf acme=repo/metadata --sender acme \
	--audience any --expires P9D --marking T -o no.lwb
like "pack: and says which" "$(cat err.log)" "tuf.expired"
done_testing
