#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# flavours: release sweep-san
# An enclave asks, a bundle answers: once, in time, for that enclave, and nothing else counts.
. "$(dirname "$0")/../lib/scenario.sh"

make_keys alice bob
make_enclave 2 alice bob -- --name plant-7
lw request key >enclave.pub 2>key.log

asks() { # FILE [OPTION...]
	lw request -O "$@" 2>ask.log
}
nonces() { # STATE: the nonces of requests in it
	lw request list -o json | jq -r --arg state "$1" '.requests[] | select(.state == $state).nonce'
}
answers() { # REQUEST BUNDLE [OPTION...]
	make_bundle "$2" --request "$1" --request-key enclave.pub "${@:3}" --key alice.key --key bob.key
}
packs() { # as the sender does, with nothing made before
	lw pack --sender acme --expires P20D --marking TEST -o no.lwb "$@" \
		"registry.example/test/app:1=oci:layout:$(first_tag layout)"
}
last() { # FILTER: of the last verdict
	jq -r "$1" out.log
}
make_layout layout

# --- asked, answered, spent --------------------------------------------------------------------

records=$(record_count)
nonce=$(asks one.lwr --by eve)
is "a nonce to be typed" "${nonce//[0-9a-f]/x}" xxxx-xxxx-xxxx-xxxx-xxxx-xxxx-xxxx-xxxx-xxxx
is "it is in the book" "$(last_record | jq -c '[.event, .result, .detail.by, .detail.nonce]')" \
	"[\"request\",\"done\",\"eve\",\"$(cut -c 1-39 <<<"$nonce" | tr -d -)\"]"
is "once" "$(record_count)" $((records + 1))
is "the request has the head after it" "$(sed -n 4p one.lwr | jq -r .predicate.head)" \
	"$(sql 'SELECT count(*) FROM record'):$(last_record | tr -d '\n' | sha256sum | cut -d ' ' -f 1)"
is "and the floors" "$(sed -n 4p one.lwr | jq -c .predicate.floors)" '[{"sender":"acme","sequence":0}]'
sed -n 4p one.lwr | tr -d '\n' >statement
sed -n 3p one.lwr | base64 -d >sig
{ printf 'DSSEv1 28 application/vnd.in-toto+json %d ' "$(size_of statement)" && cat statement; } >pae
ok "OpenSSL verifies it" openssl pkeyutl -verify -pubin -inkey enclave.pub -rawin -in pae -sigfile sig
is "it is open" "$(nonces open)" "$nonce"
answers one.lwr one.lwb
like "who approves sees it" "$(lw inspect one.lwb 2>/dev/null)" "answers: +$nonce"
exits 0 "it would be accepted" lw verify one.lwb -o json
is "which spends nothing" "$(nonces open)" "$nonce"
accepted lw load one.lwb
is "it is proven to be new" "$(last '[.freshness.proven, .freshness.nonce] | join(" ")')" "true $nonce"
is "and nothing says otherwise" "$(last '[.findings[].code] | index("freshness.not-proven")')" null
is "the record of the load has it" "$(last_record | jq -r .detail.bundle.nonce)" \
	"$(cut -c 1-39 <<<"$nonce" | tr -d -)"
is "it is answered" "$(nonces answered)" "$nonce"
is "by that record" "$(lw request list -o json | jq '.requests[0].closed')" $(($(record_count) - 1))
like "people are told, too" "$(lw request list)" "$nonce +answered +asked .*closed by record"

refused 3 freshness.replay lw load one.lwb
answers one.lwr again.lwb
refused 3 freshness.nonce-spent lw load again.lwb
refused 3 freshness.nonce-spent lw verify again.lwb
exits 3 "what is answered cannot be cancelled" lw request cancel "$nonce" --reason late

# --- unasked -----------------------------------------------------------------------------------

make_bundle unasked.lwb --sequence 10 --key alice.key --key bob.key
accepted lw load unasked.lwb
is "not proven" "$(last '[.freshness.proven, .freshness.nonce, .freshness.asked] | tostring')" \
	'[false,null,null]'
like "that is a note" "$(last '.findings[] | select(.severity == "note").code')" freshness.not-proven

# --- refused loads spend nothing ---------------------------------------------------------------

asks two.lwr >two.nonce
answers two.lwr two.lwb
cp two.lwb damaged.lwb
flip damaged.lwb $(($(size_of damaged.lwb) - 5000))
refused 4 content.digest lw load damaged.lwb
is "still open" "$(nonces open)" "$(cat two.nonce)"
accepted lw load two.lwb

# In volumes the last one spends it; of two that are begun the first to be whole has it.
asks parts.lwr >parts.nonce
"$LW_BIN/tools/mklayout" big large 1 3MiB 300KiB
for name in parts rival; do
	answers parts.lwr $name.lwb --volume-size 1800KiB oci:large:b0
done
for part in parts.1of3 rival.2of3 parts.2of3 rival.1of3; do
	exits 5 "so far: $part" lw load $part.lwb
done
is "two are begun for one nonce" "$(nonces open) $(sql 'SELECT count(*) FROM pending')" "$(cat parts.nonce) 2"
accepted lw load parts.3of3.lwb
is "spent" "$(nonces open)" ""
exits 3 "too late for the other" lw load rival.3of3.lwb
like "and says so" "$(last_record | jq -r .reason)" freshness
exits 0 "it goes" lw incoming discard "$(lw incoming list -o json | jq -r '.bundles[].bundle')" --reason late

# --- cancelled, expired, unknown, of another enclave ---------------------------------------------

asks three.lwr >three.nonce
answers three.lwr three.lwb
exits 2 "why?" lw request cancel "$(cat three.nonce)"
exits 2 "which?" lw request cancel 0000 --reason x
exits 2 "not that one" lw request cancel 0000-0000-0000-0000-0000-0000-0000-0000-3747 --reason x
exits 0 "cancelled" lw request cancel "$(tr a-f- 'A-F ' <three.nonce)" --reason 'it was lost' --by eve
is "in the book" "$(last_record | jq -c '[.event, .detail.by, .detail.reason]')" \
	'["request-cancel","eve","it was lost"]'
refused 3 freshness.request-cancelled lw load three.lwb
exits 3 "once is enough" lw request cancel "$(cat three.nonce)" --reason again

asks four.lwr --expires P1D >four.nonce
answers four.lwr four.lwb
refused 3 freshness.request-expired faketime -f +2d "$LW_BIN/landwaiter" verify four.lwb
like "shown as expired" "$(faketime -f +2d "$LW_BIN/landwaiter" request list)" "$(cat four.nonce) +expired"
exits 3 "a sender answers none that has expired" faketime -f +2d "$LW_BIN/landwaiter" pack --sender acme \
	--expires P20D --marking TEST -o no.lwb --request four.lwr --request-key enclave.pub \
	"registry.example/test/app:1=oci:layout:$(first_tag layout)"
for days in P0D P367D; do
	exits 2 "not for that long: $days" lw request --expires $days
done

make_bundle made-up.lwb --nonce 0000-0000-0000-0000-0000-0000-0000-0000-3747 --key alice.key --key bob.key
refused 3 freshness.nonce-unknown lw load made-up.lwb
audience=$AUDIENCE
LANDWAITER_ENCLAVE=$T/elsewhere make_enclave 2 alice bob
AUDIENCE=$audience
answers four.lwr wrong.lwb # for the right enclave, taken to the other
LANDWAITER_ENCLAVE=$T/elsewhere refused 3 seal.audience lw load wrong.lwb
LANDWAITER_ENCLAVE=$T/elsewhere lw request -O other.lwr >/dev/null 2>&1
make_bundle crossed.lwb --nonce "$(LANDWAITER_ENCLAVE=$T/elsewhere nonces open)" --key alice.key --key bob.key
refused 3 freshness.nonce-unknown lw load crossed.lwb

# --- what the sender refuses -------------------------------------------------------------------

exits 3 "another enclave's request" packs --audience "$audience" --request other.lwr
exits 3 "by another key than the pinned one" packs --request other.lwr --request-key enclave.pub
exits 2 "an answer to all" packs --audience any --nonce "$(cat four.nonce)"
exits 3 "a request for all" packs --audience any --request four.lwr
exits 2 "without a key somebody must say for whom" packs --request four.lwr
like "is told" "$(cat err.log)" 'want --audience'
exits 2 "both" packs --audience "$audience" --request four.lwr --nonce "$(cat four.nonce)"
exits 2 "a key for nothing" packs --audience "$audience" --request-key enclave.pub
exits 2 "a nonce mistyped" packs --audience "$audience" --nonce 0000-0000-0000-0000-0000-0000-0000-0001-3747
exits 2 "no such file" packs --audience "$audience" --request none.lwr
asks six.lwr >/dev/null
is "floors rose" "$(sed -n 4p six.lwr | jq -r '.predicate.floors[0].sequence')" \
	"$(sql 'SELECT floor FROM sender')"
LANDWAITER_SENDER_DIR=$T/forgot exits 3 "a sequence below the floor" \
	packs --request six.lwr --request-key enclave.pub
like "tells what to say" "$(cat err.log)" 'plant-7 has accepted 12 of acme: want --sequence 13'
ok "and used up none" test ! -s "$T/forgot/acme.json"
exits 3 "a step too far" packs --request six.lwr --request-key enclave.pub --sequence 1000013
sed 's/"sequence":12/"sequence":10/' six.lwr >lower.lwr
{ cat six.lwr && head -c 70000 /dev/zero; } >huge.lwr
sed '4s/"format"/"format":"landwaiter-request\/1","format"/' six.lwr >twice.lwr
for bad in lower huge twice; do # others: tests/unit/test_request.c
	exits 3 "no request: $bad" packs --audience "$audience" --request $bad.lwr
done
exits 0 "without a pin it is said whose key it is" packs --audience "$audience" --request six.lwr
like "with its fingerprint" "$(cat err.log)" \
	"signed by key $(lw request key -o json | jq -r .fingerprint): nothing vouches"
ok "nothing was left over" test ! -e lower.lwb

# --- typed, drawn --------------------------------------------------------------------------------

lw request --nonce-only >five.nonce 2>/dev/null
is "one line" "$(wc -l <five.nonce)" 1
make_bundle five.lwb --nonce "$(tr a-f- 'A-F ' <five.nonce)" --sequence 20 --key alice.key --key bob.key
accepted lw load five.lwb
is "typed is as good" "$(last .freshness.proven)" true
lw request --nonce-only --qr >drawn 2>/dev/null
is "a code of 29 modules and its edge" "$(sed -n 2p drawn | LC_ALL=C.UTF-8 wc -m)" 38
is "without escapes where it is no terminal" "$(grep -c $'\033' drawn)" 0
is "no code where nobody asked" "$(lw request 2>/dev/null | wc -l)" 4
script -qec "stty cols 200; $LW_BIN/landwaiter request" /dev/null >tty.log
ok "on a terminal there is one" test "$(grep -c $'\033\\[0;30;107m' tty.log)" -gt 40
script -qec "stty cols 80; $LW_BIN/landwaiter request" /dev/null >tty.log
like "but not wider than that" "$(cat tty.log)" 'columns wide, this terminal has 80'
TERM=dumb script -qec "stty cols 200; $LW_BIN/landwaiter request" /dev/null >tty.log
is "nor on a dumb one" "$(grep -c $'\033' tty.log)" 0
is "-o json has all of it" "$(lw request -o json 2>/dev/null | jq -r '.request | split("\n")[0]')" landwaiter-request/1
exits 2 "over nothing" lw request -O six.lwr
exits 2 "of nobody" lw request --sender globex
is "of one" "$(lw request --sender acme 2>/dev/null | sed -n 4p | jq -c '[.predicate.floors[].sender]')" '["acme"]'

faketime '2000-01-01 00:00:00' "$LW_BIN/landwaiter" request -O behind.lwr >/dev/null 2>&1
is "a clock that is behind makes none that has expired" \
	"$(lw request list -o json | jq -r '.requests[-1].state')" open

# --- a key that signs none ------------------------------------------------------------------------

mv enclave/request.key kept.key
requests=$(sql 'SELECT count(*) FROM request') records=$(record_count)
for type in p256 rsa3072; do
	lw keygen --no-passphrase --type $type other-$type >/dev/null 2>&1
	cp other-$type.key enclave/request.key
	exits 1 "by a key of $type" lw request
	like "which says what is wanted" "$(cat err.log)" 'request.key: want an Ed25519 key, have (ECDSA|RSA)'
	exits 1 "nor is it shown" lw request key
	rm -f enclave/request.key
done
is "nothing was asked" "$(sql 'SELECT count(*) FROM request') $(record_count)" "$requests $records"
mv kept.key enclave/request.key

# --- at most 64 --------------------------------------------------------------------------------

open=$(nonces open | wc -l)
sqlite3 "$LANDWAITER_ENCLAVE/state.db" "WITH RECURSIVE n (i) AS (VALUES ($open) UNION SELECT i + 1 FROM n WHERE i < 63)
	INSERT INTO request SELECT randomblob(16), 0, 4000000000, 1, 0, 0 FROM n"
records=$(record_count)
exits 3 "no 65th" lw request
like "which says how to go on" "$(cat err.log)" 'request list'
is "and is in no book" "$(record_count)" "$records"
lw request cancel "$(nonces open | head -n 1)" --reason tidy >/dev/null 2>&1
exits 0 "but in place of another" lw request --nonce-only

# --- policy asks for it --------------------------------------------------------------------------

export LANDWAITER_ENCLAVE=$T/strict LANDWAITER_SENDER_DIR=$T/strict-sender
make_enclave 2 alice bob
cd strict/evaluation
jq '.senders.acme.challenge = "required"' files/policy.json >policy && mv policy files/policy.json
lw tuf add repository policy.json=files/policy.json --key owner.key >/dev/null 2>&1
lw trust update repository --enclave .. >/dev/null 2>&1
cd ../..
make_bundle uncalled.lwb --key alice.key --key bob.key
refused 3 freshness.unanswered lw load uncalled.lwb
lw request key >enclave.pub 2>/dev/null
asks strict.lwr >/dev/null
answers strict.lwr called.lwb --trust strict/evaluation/repository
exits 0 "trust alone" lw load --trust-only called.lwb
is "spends nothing" "$(nonces open | wc -l)" 1
accepted lw load called.lwb
is "all of it does" "$(nonces open | wc -l)" 0

# --- an enclave of before --------------------------------------------------------------------------

sqlite3 "$LANDWAITER_ENCLAVE/state.db" 'DROP TABLE request; PRAGMA user_version = 5'
is "nothing was asked there" "$(lw request list -o json | jq -c .requests)" '[]'
exits 3 "it is taken over" lw load called.lwb
like "and has its memory" "$(last_record | jq -r .reason)" freshness.replay
is "it is of now" "$(sql 'PRAGMA user_version')" 6
answers strict.lwr forgotten.lwb
refused 3 freshness.nonce-unknown lw load forgotten.lwb
done_testing
