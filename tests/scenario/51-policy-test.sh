#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# `policy test`: a table of what is expected is held against a policy, case by case, and a slip in
# the table does not pass for a case that holds.
. "$(dirname "$0")/../lib/scenario.sh"

page=$LW_TOP/docs/format/policy.md
make_keys acme alice bob bob-2 carol
awk '/^```json/ { n++; inside = 1; next } /^```/ { inside = 0 } inside && n == 1' "$page" >policy.json
awk '/^```json/ { n++; inside = 1; next } /^```/ { inside = 0 } inside && n == 2' "$page" >cases.json

tested() { # the cases of out.log: "refused policy.signer-missing true, ..."
	jq -r '[.cases[] | "\(.verdict) \(.reason) \(.holds)"] | join(", ")' out.log
}

exits 0 "the page's own table holds" lw policy test cases.json --policy policy.json -o json
is "each case" "$(tested)" "refused policy.signer-missing true, accepted  true"
lw policy test cases.json --policy policy.json >tap.log
is "as TAP" "$(sed 's/ - .*//' tap.log | tr '\n' ,)" "ok 1,ok 2,1..2,"

# Each of these edits to the table must make a case fail, with the reason it then has.
fails_for() { # NAME EDIT WANT
	jq "$2" cases.json >other.json
	exits 3 "$1" lw policy test other.json --policy policy.json -o json
	is "$1: why" "$(tested)" "$3"
}
good="accepted  true"
short="refused policy.signer-missing true"
fails_for "one person too few" '.cases[1].signed_by = ["acme", "alice"]' \
	"$short, refused policy.signer-missing false"
fails_for "the same person twice over" '.cases[1].signed_by = ["alice", "bob"]' \
	"$short, refused policy.signer-missing false"
fails_for "nobody" '.cases[1].signed_by = []' "$short, refused policy.signer-missing false"
fails_for "no attestation" 'del(.cases[1].attestations)' \
	"$short, refused policy.attestation-missing false"
fails_for "by another" '.cases[1].attestations[0].by = ["bob"]' \
	"$short, refused policy.attestation-missing false"
fails_for "of another type" '.cases[1].attestations[0].type = "https://example.com/other"' \
	"$short, refused policy.attestation-missing false"
fails_for "another builder" '.cases[1].attestations[0].fields.builder = "https://evil.example"' \
	"$short, refused policy.attestation-field false"
fails_for "another field" '.cases[1].attestations[0].fields |= with_entries(
	if .key | startswith("/") then .value = "refs/heads/other" else . end)' \
	"$short, refused policy.attestation-field false"
fails_for "after a signer's time" '.cases[1].at = "2036-11-23T00:00:00Z"' \
	"$short, refused policy.signer-missing false"
fails_for "an image of nobody" '.cases[1].image = "elsewhere.example/x:1"' \
	"$short, refused policy.no-match false"
fails_for "expected to be refused" '.cases[1].expect = "refused"' "$short, accepted  false"
fails_for "for another reason" '.cases[0].because = "policy.no-match"' \
	"refused policy.signer-missing false, $good"

# What is no table says nothing about the policy.
slips() { # STATUS NAME EDIT
	jq "$3" cases.json >other.json
	exits "$1" "no table: $2" lw policy test other.json --policy policy.json
}
slips 3 "another format" '.format = "landwaiter-policy-test/2"'
slips 3 "no cases" 'del(.cases)'
slips 3 "a member of nobody's" '.cases[0].signd_by = []'
slips 2 "a signer of nobody's" '.cases[0].signed_by = ["mallory"]'
slips 2 "a zone of nobody's" '.cases[0].zone = "moon"'
slips 2 "a code of nobody's" '.cases[0].because = "policy.no-such"'
slips 3 "a reason to accept" '.cases[1].because = "policy.no-match"'
slips 3 "somebody twice" '.cases[0].signed_by = ["acme", "acme"]'
exits 2 "no such table" lw policy test nowhere.json --policy policy.json
exits 2 "no such policy" lw policy test cases.json --policy nowhere.json
exits 2 "no enclave" lw policy test cases.json
exits 2 "another's option" lw policy test cases.json --policy policy.json --zone production

# The enclave's own policy, and its key files.
trust=()
for who in acme alice bob bob-2 carol; do
	trust+=(--trust "$who.pub=$who.pub")
done
lw init --policy policy.json "${trust[@]}" >/dev/null 2>&1
records=$(record_count)
exits 0 "the enclave's own policy" lw policy test cases.json -o json
is "leaves no record" "$(record_count)" "$records"
done_testing
