#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# flavours: release sweep-san
# A bundle in volumes: packed, approved here and there, loaded in every order, over sittings that
# die, with what the enclave has already.
. "$(dirname "$0")/../lib/scenario.sh"

make_keys alice bob carol
make_enclave 2 alice bob carol
"$LW_BIN/tools/mklayout" big layout 1 3MiB 300KiB
cp -a enclave empty
again() { # an enclave that knows nothing yet
	rm -rf enclave
	cp -a empty enclave
}
digest_of() { # FILE: of the bundle
	lw inspect "$1" -o json 2>/dev/null | jq -r .bundle
}
packs() { # make_bundle without its words
	lw pack --sender acme --audience "$AUDIENCE" --expires P20D --marking TEST "$@" oci:layout:b0
}
pending() { # what is staged, and what the state says of it
	find enclave/store/pending -type f | wc -l
	sql 'SELECT count(*) FROM pending; SELECT count(*) FROM pending_member;
		SELECT count(*) FROM pending_seal; SELECT count(*) FROM pending_volume'
}

# --- packing ----------------------------------------------------------------------------------

make_bundle app.lwb --volume-size 1800KiB oci:layout:b0 --key alice.key --key bob.key
is "three volumes" "$(echo app.*)" "app.1of3.lwb app.2of3.lwb app.3of3.lwb"
ok "none is too large" test "$(stat -c %s app.*.lwb | sort -n | tail -n 1)" -le 1843200
is "told" "$(grep -c '^volume . of 3: app' pack.log)" 3
is "their sizes add up" "$(cat app.*.lwb | wc -c)" \
	"$(lw inspect app.2of3.lwb -o json 2>/dev/null | jq .statement.predicate.bytes)"
is "any says which it is" "$(for v in app.*.lwb; do lw inspect "$v" 2>/dev/null; done |
	grep ^volume:)" "volume:      1 of 3
volume:      2 of 3
volume:      3 of 3"
lw approve app.3of3.lwb --extract -o app.lwa 2>/dev/null
like "a head is of all" "$(lw inspect app.lwa 2>/dev/null)" "volumes:     3"
LANDWAITER_SENDER_DIR=$T/other make_bundle other.lwb --volume-size 1800KiB oci:layout:b0
for v in 1 2 3; do
	ok "the same again: volume $v" cmp <(tail -c +262657 "app.${v}of3.lwb") \
		<(tail -c +262657 "other.${v}of3.lwb")
done
exits 2 "no volumes of two side by side" packs -o app.lwb --volume-size 2MiB
exits 2 "nor over one of them" packs -o app.2of3.lwb
is "nothing is left of it" "$(find . -maxdepth 1 -name '.*part' | wc -l)" 0
for size in 4GiB-1 cd; do
	make_bundle one-$size.lwb --volume-size $size oci:layout:b0
	is "what fits is one file: $size" "$(echo one-$size*)" one-$size.lwb
done
is "that bears no mark" "$(tar tf one-cd.lwb | grep -c landwaiter/volume)" 0
for size in 0 1 200KiB 4GiB- 4GiB-5GiB -1 blu 4GiB-4GiB; do
	exits 2 "no size for a volume: $size" packs -o no.lwb --volume-size $size
done
like "the least is told" "$(packs -o no.lwb --volume-size 200KiB 2>&1)" \
	'each volume begins with [0-9]+ bytes of lists'

# --- every order ------------------------------------------------------------------------------

blobs=$(cd layout/blobs/sha256 && sha256sum -- * | cut -d ' ' -f 1)
orders=("1 2 3" "2 3 1" "3 1 2" "1 3 2" "2 1 3" "3 2 1")
[ -z "${SAMPLE-}" ] || orders=("${orders[@]:0:3}") # each volume is the first, and the last
for order in "${orders[@]}"; do
	again
	read -r a b c <<<"$order"
	exits 5 "$order: the first" lw load "app.${a}of3.lwb" -o json
	is "$order: it names the others" "$(jq -r .volume.missing out.log)" \
		"$(printf '%s\n' "$b" "$c" | sort | paste -sd , | sed 's/,/, /')"
	exits 5 "$order: the second" lw load "app.${b}of3.lwb" -o json
	is "$order: it names the last" "$(jq -c .volume out.log)" \
		"{\"missing\":\"$c\",\"number\":$b,\"of\":3}"
	accepted lw load "app.${c}of3.lwb"
	is "$order: all is there" "$(cd enclave/store/blobs/sha256 && sha256sum -- * |
		cut -d ' ' -f 1)" "$blobs"
	is "$order: nothing is left" "$(pending | paste -sd ' ')" "0 0 0 0 0"
	is "$order: each sitting is a record" "$(lw log show -o json | jq -r '
		select(.event == "load") | "\(.result) \(.detail.volume.number)"' | paste -sd ,)" \
		"incomplete $a,incomplete $b,accepted $c"
done
exits 0 "what was put together holds" lw check --all
exits 3 "and is known" lw load app.1of3.lwb

# --- one after the other, from one folder -----------------------------------------------------

again
mkdir medium
cp app.*.lwb medium/
exits 0 "all of a folder" lw load --all-of medium -o json
is "they are one bundle" "$(tail -n 1 out.log)" \
	'{"accepted":1,"bundles":1,"exit":0,"format":"landwaiter-folder/1","ignored":0}'
again
for volume in 2 3; do
	exits 5 "volume $volume by itself" lw load app.${volume}of3.lwb
done
exits 0 "then all of a folder: the first completes it" lw load --all-of medium -o json
is "what comes after it is a replay each" "$(jq -rs 'map([.verdict, .findings[0].code] | join(" ")) | .[1:3] | unique[]' out.log)" \
	"refused freshness.replay"
is "and they are one bundle" "$(tail -n 1 out.log)" \
	'{"accepted":1,"bundles":1,"exit":0,"format":"landwaiter-folder/1","ignored":0}'
exits 3 "the folder once more is a replay" lw load --all-of medium -o json
again
rm medium/app.2of3.lwb
exits 5 "all but one" lw load --all-of medium -o json
is "are one that is incomplete" "$(tail -n 1 out.log)" \
	'{"accepted":0,"bundles":1,"exit":5,"format":"landwaiter-folder/1","ignored":0}'

# --- looking ----------------------------------------------------------------------------------

is "listed" "$(lw incoming list -o json | jq -c '.bundles[] | [.bundle, .sender, .volumes]')" \
	"[\"$(digest_of app.1of3.lwb)\",\"acme\",[{\"in\":4,\"members\":4},{\"in\":0,\"members\":1},{\"in\":1,\"members\":1}]]"
like "in words" "$(lw incoming list)" 'volumes   3, missing: 2'
refused 5 content.volume-missing lw verify app.2of3.lwb
like "verify: it would be the last" "$(cat out.log)" 'the others are in: load this one'
exits 5 "twice" lw load app.1of3.lwb -o json
is "nothing is read again" "$(jq '.bytesRead < 280000, any(.findings[];
	.code == "content.volume-twice")' out.log | paste -sd ' ')" "true true"
exits 0 "nothing that is staged is garbage" lw gc
accepted lw load app.2of3.lwb

# --- discarding -------------------------------------------------------------------------------

again
exits 5 "begun" lw load app.1of3.lwb
exits 2 "why?" lw incoming discard "$(digest_of app.1of3.lwb)"
exits 2 "which?" lw incoming discard app --reason lost
exits 2 "not that one" lw incoming discard "sha256:$(printf '%064d' 1)" --reason lost
exits 0 "discarded" lw incoming discard "$(digest_of app.1of3.lwb)" --reason 'disc 2 is lost' --by eve
is "it is gone" "$(pending | paste -sd ' ')" "0 0 0 0 0"
is "the book knows" "$(last_record | jq -c '[.event, .result, .detail.by, .detail.reason]')" \
	'["discard","done","eve","disc 2 is lost"]'
exits 0 "none" lw incoming list
exits 5 "begun again" lw load app.3of3.lwb
like "from nothing" "$(cat out.log)" 'missing: 1, 2'

# --- approvals --------------------------------------------------------------------------------

again
make_bundle two.lwb --volume-size 1800KiB oci:layout:b0
approve two.1of3.lwb alice
approve two.2of3.lwb carol
exits 5 "one approval" lw load two.1of3.lwb -o json
is "is too few, and only the seal was read" \
	"$(jq -c '[.findings[0].code, .bytesRead]' out.log)" '["seal.threshold",262656]'
is "it is kept" "$(lw incoming list -o json | jq -c '.bundles[] | [.sender, .volumes]')" '[null,[]]'
like "in words" "$(lw incoming list)" 'too few have approved it'
exits 5 "none here" lw load two.3of3.lwb -o json
is "it counts here, and does not suffice" "$(jq -r '.findings[0].code' out.log)" seal.threshold
exits 5 "another on another volume" lw load two.2of3.lwb -o json
is "counts for all" "$(jq -c '[(.findings[].code | select(. == "content.volume-missing")), [.bundle.approvals[] |
	select(.state == "good").signer]]' out.log)" '["content.volume-missing",["alice","carol"]]'
exits 5 "the unapproved one" lw load two.3of3.lwb
accepted lw load two.1of3.lwb
again
lw approve two.3of3.lwb --extract -o bob.lwa >/dev/null 2>&1
approve bob.lwa bob
exits 5 "beside it" lw load two.1of3.lwb --approval bob.lwa
exits 5 "kept, too" lw load two.3of3.lwb
accepted lw load two.2of3.lwb

# --- sittings that die ------------------------------------------------------------------------

faultat=$LW_BIN/tools/faultat
again
exits 5 "the first" lw load app.1of3.lwb
cp -a enclave first
calls=$("$faultat" --count "$LW_BIN/landwaiter" load app.2of3.lwb 2>/dev/null || true)
for at in $((calls / 3)) $((calls * 2 / 3)) $((calls - 3)); do
	rm -rf enclave
	cp -a first enclave
	fails "killed at call $at" "$faultat" --at "$at" --kill "$LW_BIN/landwaiter" \
		load app.2of3.lwb
	status=0
	lw load app.3of3.lwb -o json >out.log 2>err.log || status=$?
	if [ $status -eq 0 ]; then # its rows were committed
		pass "$at: it was in"
	else
		is "$at: it was not" "$status $(jq -r .volume.missing out.log)" "5 2"
		accepted lw load app.2of3.lwb
	fi
done

# --- with what is here already ----------------------------------------------------------------

again
make_bundle first.lwb --sequence 20 oci:layout:b0 --key alice.key --key bob.key
accepted lw load first.lwb
make_bundle new.lwb --sequence 21 --volume-size 1800KiB oci:layout:b0 --key alice.key --key bob.key
accepted lw load new.1of3.lwb
is "what is here need not come" "$(jq -c '[.volume, .bytesRead < 280000]' out.log)" \
	'[{"missing":null,"number":1,"of":3},true]'
done_testing
