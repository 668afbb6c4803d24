#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# flavours: release sweep-san
#
# What becomes of a prerequisite before it is needed: gone, altered, withheld; what hands can do to a
# supplement; and a sender whose approvers sign any list (security classes 73, 105, 106, 110, 111).

. "$(dirname "$0")/../lib/increments.sh"

lw load orphan.lwb -o json >orphan.json 2>/dev/null || true
again
lw load two.lwb -o json >two.json 2>/dev/null || true
supplement extra.lwb two.json two.lwb oci:layout:b1 >/dev/null 2>&1
supplement orphanextra.lwb orphan.json orphan.lwb oci:layout:b2 >/dev/null 2>&1
store=enclave/store/blobs/sha256

# short NAME STATUS CODE FILE DIGEST: loading FILE ends so, names what is missing, accepts nothing,
# and keeps the rest.
short() {
	local exit=0 images got

	images=$(sql 'SELECT count(*) FROM image')
	lw load "$4" -o json >out.log 2>err.log || exit=$?
	got=$(jq -r --arg code "$3" '[.exit, any(.findings[]; .code == $code),
		.prerequisites.missing[].digest] | join(" ")' out.log)
	is "$1: $3" "$exit $got, $(($(sql 'SELECT count(*) FROM image') - images)), $(sql \
		'SELECT count(*) > 0 FROM pending_member')" "$2 $2 true sha256:$5, 0, 1"
	! grep -qE 'ERROR: (Address|Leak|Undefined)|runtime error:' err.log || fail "$1" "$(cat err.log)"
}
mended() { # NAME FILE: loading that completes what was begun, and all is right
	accepted lw load "$2"
	exits 0 "$1: all holds" lw check --all
	is "$1: nothing is left" "$(pending)" "0 0 0 0"
}

# --- the store ----------------------------------------------------------------------------------

again one
flip $store/"$shared" 200000
short "a byte flipped in the store" 4 content.prerequisite-damaged two.lwb "$shared"
short "the same again" 4 content.prerequisite-damaged two.lwb "$shared"
mended "a supplement mends it" extra.lwb
again one
flip $store/"$shared" 200000
attack "verify sees it, too" 4 content.prerequisite-damaged lw verify two.lwb
exits 0 "or repair" lw repair one.lwb
accepted lw load two.lwb
again one two
manifest=$(jq -r '.manifests[] | select(.annotations["org.opencontainers.image.ref.name"] == "b1").digest[7:]' \
	layout/index.json)
flip $store/"$manifest" 10
short "a manifest altered in the store" 4 content.prerequisite-damaged both.lwb "$manifest"
exits 0 "repaired" lw repair two.lwb
mended "with the earlier bundle" both.lwb
again one two
flip $store/"$manifest" 10
attack "which verify sees, too" 4 content.prerequisite-damaged lw verify both.lwb
again one
rm $store/"$shared"
short "a file that is gone" 5 content.prerequisite-missing two.lwb "$shared"
mended "brought by a supplement" extra.lwb
again one
truncate -s 1000 $store/"$shared"
short "a file that is short" 5 content.prerequisite-missing two.lwb "$shared"
again
cp layout/blobs/sha256/"$shared" $store/
short "a file without a row" 5 content.prerequisite-missing two.lwb "$shared"
again one
exits 0 "removed" lw remove registry.example/images:b0 --reason old
accepted lw verify two.lwb
exits 0 "and collected" lw gc
short "is missing" 5 content.prerequisite-missing two.lwb "$shared"
accepted lw load extra.lwb
again one
exits 5 "what waits" lw load both.lwb
rm $store/"$shared"
is "is listed as missing" "$(lw load both.lwb -o json 2>/dev/null | jq '.prerequisites.missing | length')" 4

# --- carried, and here already -----------------------------------------------------------------

# What travels, and is in the store as well, is good in one of the two places, or it is not accepted.
LANDWAITER_SENDER_DIR=$T/elsewhere sealed carry.lwb --since one.lwb --sequence 30 oci:layout:b2
at=$(entry_offset carry.lwb blobs/sha256/"$lost_layer")
cp carry.lwb x.lwb
flip x.lwb $((at + 500))
again one lost
accepted lw load x.lwb
again one lost
flip $store/"$lost_layer" 1000
exits 4 "altered on the medium and in the store" lw load x.lwb -o json
is "is not accepted" "$(jq -r '[.findings[] | select(.severity == "damage").code] | join(" ")' out.log) $(sql \
	'SELECT count(*) FROM image')" "content.digest 2"
mended "altered in the store" carry.lwb
again one lost
flip $store/"$(jq -r '.manifests[] | select(.annotations["org.opencontainers.image.ref.name"] == "b2").digest[7:]' \
	layout/index.json)" 10
mended "a manifest altered in the store" carry.lwb
# In volumes: those that bring the layer need not come, unless the store's is none.
LANDWAITER_SENDER_DIR=$T/fourth sealed cut.lwb --sequence 40 --volume-size 330KiB oci:layout:b2
needless=() needed=()
for file in cut.*of*.lwb; do
	if tar tf "$file" | grep -q "/$shared"; then needless+=("$file"); else needed+=("$file"); fi
done
again one
for file in "${needed[@]:0:${#needed[@]}-1}"; do expect 5 lw load "$file"; done
cp -a enclave begun
accepted lw load "${needed[-1]}"
rm -rf enclave && mv begun enclave
flip $store/"$shared" 200000
exits 4 "the store's is altered" lw load "${needed[-1]}" -o json
is "is found" "$(jq -r '[.findings[] | select(.severity == "damage").code] | join(" ")' out.log)" content.staged
for file in "${needless[@]:0:${#needless[@]}-1}"; do expect 5 lw load "$file"; done
mended "brought after all" "${needless[-1]}"

# --- approvals ------------------------------------------------------------------------------------

# A supplement needs none where the increment's are here; what was cut from a copy without them, too.
LANDWAITER_SENDER_DIR=$T/fifth make_bundle raw.lwb --since one.lwb --sequence 9 oci:layout:b1
cp raw.lwb both-of.lwb
approve both-of.lwb alice bob
again
expect 5 lw load raw.lwb --approval both-of.lwb -o json
cp out.log raw.json
supplement rawextra.lwb raw.json raw.lwb oci:layout:b1 >/dev/null 2>&1
mended "a supplement without approvals" rawextra.lwb
again
attack "nor of what was never approved" 3 seal.unapproved lw load rawextra.lwb

# An increment and its supplement on one stick, beside what it needs.
again one
mkdir stick
cp two.lwb stick/a.lwb
cp extra.lwb stick/a.supplement.lwb
exits 0 "a supplement that was not needed" lw load --all-of stick
# What it builds on may come after it.
rm stick/*
cp three.lwb stick/a.lwb
cp two.lwb stick/b.lwb
cp one.lwb stick/c.lwb
again
exits 0 "one that builds on the next, and that on the third" lw load --all-of stick -o json
is "all are accepted" "$(tail -n 1 out.log | jq -c '[.bundles, .accepted]')" '[3,3]'
rm stick/*
cp one.lwb stick/b.lwb
cp one.lwb stick/c.lwb
again
exits 3 "a copy of a whole bundle is a replay" lw load --all-of stick

# --- trust, zones -------------------------------------------------------------------------------

# What is judged is the image at hand; its parts are their digests.
policy_is() { # JQ: over the policy as it is
	local own=enclave/evaluation

	sqlite3 enclave/state.db "SELECT bytes FROM trust WHERE name = 'policy.json'" | jq -c "$1" >policy.json
	lw tuf add $own/repository policy.json=policy.json --key $own/owner.key >/dev/null 2>&1 &&
		lw trust update $own/repository >/dev/null 2>&1
}
again one
policy_is '.images[0].match = "registry.example/images:b1"' || fail "another policy"
is "the base is withheld" "$(lw list -o json | jq -c '[.images[] | .pending]')" '[true]'
accepted lw load two.lwb
is "and stays so" "$(lw list -o json | jq -c '[.images[] | .pending]')" '[true,false]'
again one
policy_is '.images[0].match = "registry.example/images:b0"' || fail "another policy"
attack "an image that no rule covers, on a base that one does" 3 policy.no-match lw verify two.lwb
exits 3 "is refused" lw load two.lwb
is "and not accepted" "$(lw list -o json | jq -c '[.images[] | .name]')" '["registry.example/images:b0"]'

# --- supplements by hand ------------------------------------------------------------------------

again
exits 5 "the increment" lw load two.lwb
for map in 0 2 ' '; do
	cp extra.lwb x.lwb
	poke x.lwb "$(entry_offset x.lwb landwaiter/supplement)" "$map"
	attack "a map of '$map'" 4 content.list lw load x.lwb
done
cp extra.lwb x.lwb
poke x.lwb "$(($(entry_offset x.lwb landwaiter/supplement) + 1))" 1
attack "a map that does not end" 4 content.list lw load x.lwb
for text in 0001 0002 '   0' '0000 of 0002'; do
	cp extra.lwb x.lwb
	poke x.lwb "$(entry_offset x.lwb landwaiter/volume)" "$text"
	exits 4 "a supplement marked '$text'" lw verify x.lwb
done
cp two.lwb x.lwb
poke x.lwb "$(entry_offset x.lwb landwaiter/volume)" 0000
attack "a volume marked as one" 4 content.header lw load x.lwb
cp extra.lwb x.lwb
truncate -s -1 x.lwb
attack "a byte too short" 4 content.truncated lw load x.lwb
cp extra.lwb x.lwb
printf '\0' >>x.lwb
attack "a byte too long" 4 content.trailing lw load x.lwb
cp extra.lwb x.lwb
flip x.lwb $(($(entry_offset x.lwb "blobs/sha256/$shared") + 777))
short "a flipped byte" 4 content.digest x.lwb "$shared"
tail_from() { # FILE: what follows the lists
	tail -c "+$(($(entry_offset "$1" landwaiter/volume) - 511))" "$1"
}
head_of() { # FILE: the lists
	head -c "$(($(entry_offset "$1" landwaiter/volume) - 512))" "$1"
}
{
	head_of two.lwb
	tail_from orphanextra.lwb
} >x.lwb
exits 4 "another's prerequisites under its lists" lw load x.lwb
{
	head_of orphan.lwb
	tail_from extra.lwb
} >x.lwb
exits 4 "the other way round" lw verify x.lwb
is "nothing came in by all that" "$(ls $store)" ""
mended "and the good one" extra.lwb
attack "again" 3 freshness.replay lw load extra.lwb

# --- a sender who signs anything ----------------------------------------------------------------

again
"$LW_BIN/tools/forge" layout forged 1
sealed f.lwb --sequence 50 oci:forged:registry.example/app/multi:1
make_layout small
LANDWAITER_SENDER_DIR=$T/elsewhere sealed small.lwb --sequence 40 oci:small:a0
forge() { # HOW [BUNDLE]
	"$LW_BIN/tools/forge" increment "$1" "${2:-f.lwb}" "$1.lwb" alice.key bob.key
}
for how in twice another-count another-sum not-said said-of-none in-pieces begins-a-volume; do
	forge $how
	attack "prerequisites $how" 4 content.list lw load $how.lwb
done
forge no-mark
attack "an increment without a mark" 4 content.header lw load no-mark.lwb
sealed meta.lwb --sequence 51 --trust enclave/evaluation/repository oci:forged:registry.example/app/multi:1
forge metadata meta.lwb
attack "metadata that does not travel" 4 content.list lw load metadata.lwb
LANDWAITER_SENDER_DIR=$T/elsewhere sealed full.lwb --sequence 45 oci:forged:registry.example/app/multi:1
accepted lw load small.lwb
accepted lw load full.lwb
big=$(tar xOf f.lwb landwaiter/entries | tail -n 1 | cut -c 8-71)
forge honest
accepted lw verify honest.lwb
"$LW_BIN/tools/forge" increment "$(tar xOf small.lwb landwaiter/entries | tail -n 1)" f.lwb unnamed.lwb \
	alice.key bob.key
exits 4 "what no image names" lw load unnamed.lwb -o json
is "is told" "$(jq -r '[.findings[] | select(.severity == "damage").code] | join(" ")' out.log)" \
	content.unreferenced
forge other-size
short "of another size than it has here" 4 content.prerequisite-damaged other-size.lwb "$big"
forge twice-other-size
short "there, and needed in another size" 4 content.prerequisite-damaged twice-other-size.lwb "$big"
done_testing
