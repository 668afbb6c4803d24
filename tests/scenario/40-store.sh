#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# The store over its life: load, share, supersede, lose, repair, remove, collect; and the book of it.
. "$(dirname "$0")/../lib/scenario.sh"

make_keys alice bob
make_enclave 2 alice bob
"$LW_BIN/tools/mklayout" big layout 3 300000 100000
mapfile -t tags < <(jq -r '.manifests[].annotations["org.opencontainers.image.ref.name"]' \
	layout/index.json)
image=registry.example/team/app
make_bundle one.lwb "$image:1=oci:layout:${tags[0]}" "$image:2=oci:layout:${tags[1]}"
approve one.lwb alice bob
accepted lw load one.lwb --medium 17 --courier "Ann O'Nym" --ticket T-1 --by op
is "the claims are in the book" "$(last_record | jq -c .detail.claimed)" \
	'{"by":"op","courier":"Ann O'"'"'Nym","medium":"17","ticket":"T-1"}'

# --- read back by others -----------------------------------------------------------------------

for i in 0 1; do
	want=$(jq -r --arg t "${tags[i]}" '.manifests[] |
		select(.annotations["org.opencontainers.image.ref.name"] == $t).digest' layout/index.json)
	is "skopeo reads $image:$((i + 1)) from the store" "$(skopeo inspect --raw \
		"oci:$LANDWAITER_ENCLAVE/store:$image:$((i + 1))" | sha256sum | cut -d ' ' -f 1)" \
		"${want#sha256:}"
	is "and from the bundle" "$(skopeo inspect --raw "oci-archive:one.lwb:$image:$((i + 1))" |
		sha256sum | cut -d ' ' -f 1)" "${want#sha256:}"
done

# --- the same name, another image --------------------------------------------------------------

make_bundle two.lwb "$image:1=oci:layout:${tags[2]}"
approve two.lwb alice bob
# Somebody clears away what no row names yet, behind the last gate.
cp -a enclave before
load_until syncfs "$T/enclave/store/blobs/sha256" two.lwb
mv "enclave/store/blobs/sha256/$(tar tf two.lwb | grep ^blobs/ | cut -d / -f 3 | tail -n 1)" gone
let_it_go_on error
is "no row without its file" "$(jq -r '.findings[] | select(.severity != "note").code' load.log)" system.error
is "and no file" "$(ls enclave/store/blobs/sha256)" "$(ls before/store/blobs/sha256)"
accepted lw load two.lwb
ok "the move is told" jq -e '.findings[] | select(.code == "image.moved")' out.log
is "one current image of that name" "$(lw list -o json |
	jq --arg n "$image:1" '[.images[] | select(.name == $n and (.superseded | not))] | length')" 1
is "the older one is kept" "$(lw list --all -o json |
	jq --arg n "$image:1" '[.images[] | select(.name == $n)] | length')" 2

digest_of() { # N: of the layout's image
	jq -r --arg t "${tags[$1]}" '.manifests[] |
		select(.annotations["org.opencontainers.image.ref.name"] == $t).digest' layout/index.json
}
# One that is cut short in the store is replaced by what a bundle brings, not written to.
blob=enclave/store/blobs/sha256/$(digest_of 2 | cut -d : -f 2)
make_bundle more.lwb "$image:7=oci:layout:${tags[2]}"
approve more.lwb alice bob
chmod u+w "$blob"
truncate -s -1 "$blob"
ln "$blob" cut
size=$(stat -c %s cut)
exits 0 "a load of what is damaged" lw load more.lwb
is "it is whole again" "sha256:$(sha256sum "$blob" | cut -d ' ' -f 1)" "$(digest_of 2)"
is "in a file of its own" "$(stat -c '%s %h' cut)" "$size 1"
is "ghsa-qv35-3gw6-8q4j: a name with a digest is that image, wherever the name has gone" \
	"$(lw show "$image:1@$(digest_of 0)" -o json | jq -r .image.digest)" "$(digest_of 0)"
exits 2 "ghsa-qv35-3gw6-8q4j: and no other, where the name never had it" \
	lw show "$image:1@$(digest_of 1)"

# --- losing and mending ------------------------------------------------------------------------

blobs=$LANDWAITER_ENCLAVE/store/blobs/sha256
layer=$(find "$blobs" -size +200k -printf '%f\n' | sort | head -n 1)
other=$(find "$blobs" -size +200k -printf '%f\n' | sort | tail -n 1)
chmod u+w "$blobs/$layer"
flip "$blobs/$layer" 1000
rm -f "$blobs/$other"
make_bundle unapproved.lwb "$image:1=oci:layout:${tags[0]}"
exits 3 "a repair needs the approvals too" lw repair unapproved.lwb
cp one.lwb forged.lwb
flip forged.lwb 700
exits 3 "and a sound seal" lw repair forged.lwb
exits 0 "repaired from both bundles" sh -c "'$LW_BIN/landwaiter' repair one.lwb || '$LW_BIN/landwaiter' repair two.lwb"
whole() {
	local file

	for file in "$blobs"/*; do
		[ "$(sha256sum <"$file" | cut -d ' ' -f 1)" = "${file##*/}" ] || return 1
	done
}
ok "every blob is its digest again" whole
exits 0 "nothing left to repair" lw repair two.lwb -o json
is "says so" "$(jq -c '[.damaged, .repaired]' out.log)" '[0,0]'

# --- removing and collecting -------------------------------------------------------------------

exits 2 "no removing without a reason" lw remove "$image:2"
exits 2 "no removing of what is not there" lw remove "$image:9" --reason x
exits 0 "removed" lw remove "$image:2" --reason 'no longer needed'
is "by nobody in particular" "$(last_record | jq -c '[.event, .detail.reason, .detail.by]')" '["remove","no longer needed",null]'
count=$(find "$blobs" -type f | wc -l)
exits 0 "collected" lw gc -o json
ok "some went" test "$(find "$blobs" -type f | wc -l)" -lt "$count"
is "as many as it says" "$(jq .blobs out.log)" $((count - $(find "$blobs" -type f | wc -l)))
is "the rest is still readable" "$(skopeo inspect --raw "oci:$LANDWAITER_ENCLAVE/store:$image:1" |
	jq .schemaVersion)" 2
fails "the removed one is gone" skopeo inspect --raw "oci:$LANDWAITER_ENCLAVE/store:$image:2"

# CVE-2026-35172: what was deleted came back from a list that still had it.
gone=$(digest_of 1)
fails "cve-2026-35172: the removed image's manifest is no file" test -e "$blobs/${gone#sha256:}"
fails "nor named by index.json" grep -q "$gone" "$LANDWAITER_ENCLAVE/store/index.json"
exits 2 "nor shown" lw show "$image:2"
make_bundle three.lwb "$image:3=oci:layout:${tags[0]}"
approve three.lwb alice bob
accepted lw load three.lwb
fails "cve-2026-35172: nor is it there after the next load" test -e "$blobs/${gone#sha256:}"
fails "nor named" grep -q "$gone" "$LANDWAITER_ENCLAVE/store/index.json"
exits 2 "nor shown then" lw show "$image:1@$gone"
exits 0 "nor mended, as if it were missed" lw repair three.lwb -o json
is "nothing was amiss" "$(jq -c '[.damaged, .repaired]' out.log)" '[0,0]'

# --- the book ----------------------------------------------------------------------------------

lw log export >book
head=$(lw log verify book -o json 2>/dev/null | jq -r .head)
exits 0 "the book holds" lw log verify book --head "$head"
short=${head::$((${#head} - 48))}
exits 0 "and 16 digits on paper are enough" lw log verify book --head "$short"
exits 2 "15 are not" lw log verify book --head "${short%?}"
exits 3 "nor others" lw log verify book --head "${head%%:*}:$(tr 0-9a-f 1-9a-f0 <<<"${short#*:}")"
exits 0 "without an enclave" env LANDWAITER_ENCLAVE=/nonexistent "$LW_BIN/landwaiter" log verify book \
	--head "$head"
sed '2d' book >missing
exits 3 "a record taken out" lw log verify missing --head "$head"
sed 's/no longer needed/nobody asked/' book >changed
exits 3 "a word changed" lw log verify changed --head "$head"
head -n -1 book >short
exits 3 "the end cut off" lw log verify short --head "$head"
zeros=$(printf '0%.0s' {1..64})
exits 0 "a head of nothing" lw log verify book --head "0:$zeros"
like "vouches for nothing" "$(lw log verify book --head "0:$zeros" 2>&1 >/dev/null)" 'nothing vouches'
is "and a head of something does" "$(lw log verify book --head "$head" 2>&1 >/dev/null)" ""
# An empty folder, which many a backup leaves out.
rm -rf enclave/store/incoming
exits 0 "the book of an enclave brought back" lw log export
is "with its folder made again" "$(stat -c %a enclave/store/incoming)" 700
rm -rf enclave/store/incoming && ln -s /tmp enclave/store/incoming
exits 1 "which a link does not stand in for" lw list
rm enclave/store/incoming
mv enclave/store elsewhere
exits 1 "nothing is loaded without a store" lw load one.lwb
ln -s ../elsewhere enclave/store
exits 1 "nor through a link" lw load one.lwb
rm enclave/store && mv elsewhere enclave/store
is "and each attempt is in the book" "$(lw log export | tail -n 2 |
	jq -r '[.event, .result, .reason, .detail.found[:5]] | join(" ")' | uniq -c | tr -s ' ')" \
	" 2 alarm alarm store.unusable store"
cp -a enclave holed
sqlite3 -batch holed/state.db 'DELETE FROM record WHERE idx = (SELECT max(idx) - 1 FROM record)'
exits 1 "a book with a hole is not shown as a whole one" lw log show --enclave holed
exits 2 "the enclave is not made twice" lw init --sender acme --threshold 1 --approver alice=alice.pub
exits 2 "no enclave there" env LANDWAITER_ENCLAVE=/nonexistent "$LW_BIN/landwaiter" list
done_testing
