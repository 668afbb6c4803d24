#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# flavours: release sweep-san
#
# `policy check` and `policy import`; and the JSON Schema of a policy: what the documents show fits
# it, what it refuses the program refuses too, and it has the members that policy.md has.

. "$(dirname "$0")/../lib/scenario.sh"

schema=$LW_TOP/docs/format/policy.schema.json
page=$LW_TOP/docs/format/policy.md

fitting() { # POLICY...: which of them are as the schema says
	python3 - "$schema" "$@" <<-'END'
		import json, sys
		from jsonschema import Draft202012Validator as Validator
		schema = json.load(open(sys.argv[1]))
		Validator.check_schema(schema)
		validator = Validator(schema)
		for name in sys.argv[2:]:
		    if validator.is_valid(json.load(open(name))):
		        print(name)
	END
}

fits() { # POLICY...
	[ "$(fitting "$@")" = "$(printf '%s\n' "$@")" ]
}

codes() { # of the last check in out.log
	jq -r '[.remarks[].code] | join(" ")' out.log
}

# --- the policies of the documents ---------------------------------------------------------------

for who in acme alice bob bob-2 carol; do
	make_keys "$who"
done
awk '/^```json/ { n++; inside = 1; next } /^```/ { inside = 0 } inside && n == 1' "$page" >policy.json
awk '/^```json/ { n++; inside = 1; next } /^```/ { inside = 0 } inside && n == 2' "$page" >cases.json
sed -n '/^\.Bd/,/^\.Ed/p' "$LW_TOP/docs/man/landwaiter-policy.5" | sed '/^\./d' |
	awk '/^[$ ]*\$/ { exit } { print }' >manual.json
ok "the examples fit the schema" fits policy.json manual.json
exits 0 "policy.md: its policy has no errors" lw policy check policy.json --within P1D -o json
is "and nothing odd" "$(codes)" ""
exits 0 "landwaiter-policy(5): its policy has no errors" lw policy check manual.json -o json
ok "the table of cases is one" jq -e '.cases | length == 2' cases.json

# --- members ---------------------------------------------------------------------------------------

# Each table's first column from Signers to Time, and what stands at the top; without the words that
# are values (kinds of keys, types of identity).
# shellcheck disable=SC2016 # backticks as such
documented() {
	echo "format images senders signers time zones file kind of prefix signedPrefix dockerReference dockerRepository type" |
		tr ' ' '\n'
	sed -n '/^## Signers/,/^## Reserved/p' "$page" | grep -E '^\| `' | cut -d '|' -f 2 |
		grep -oE '`[A-Za-z_]+`' | tr -d '`' |
		grep -vxE 'key|match(Repository|Exact)|exact(Reference|Repository)|remapIdentity'
}
in_schema() {
	jq -r '.. | objects | select(.additionalProperties == false) | .properties | keys[]' "$schema"
}
is "policy.md and the schema have the same members" \
	"$(diff <(documented | sort -u) <(in_schema | sort -u))" ""
ok "there are some" test "$(in_schema | sort -u | wc -l)" -gt 30

# --- what neither takes ----------------------------------------------------------------------------

both_refuse() { # NAME JQ-FILTER
	jq "$2" policy.json >"refused $1.json"
	exits 3 "check: $1" lw policy check "refused $1.json" -o json
	is "check says so: $1" "$(codes)" policy.refused
}
both_refuse "another format" '.format = "landwaiter-policy/2"'
both_refuse "no signers" 'del(.signers)'
both_refuse "a member nobody knows" '.waivers = []'
both_refuse "zones without a zone" '.zones = []'
both_refuse "a zone that is no label" '.zones[2] = "Production"'
both_refuse "a signer that is no label" '.signers["A b"] = .signers.acme'
both_refuse "a signer without keys" '.signers.acme.keys = []'
both_refuse "another kind of key" '.signers.acme.keys[0].kind = "gpg"'
both_refuse "validity with one end" '.signers.acme.valid = ["2026-01-01T00:00:00Z"]'
both_refuse "validity in words" '.signers.acme.valid[0] = "yesterday"'
both_refuse "a threshold of nothing" '.senders["acme-release"].threshold = 0'
both_refuse "an age in months" '.senders["acme-release"].max_age = "P1M"'
both_refuse "a rule that asks for nothing" '.images[0] |= {match, zone}'
both_refuse "a rule that asks and does not" '.images[0].evidence = "not-required"'
both_refuse "nothing to be met" '.images[0].require = []'
both_refuse "a group of nobody" '.images[0].require[0].of = []'
both_refuse "somebody twice" '.images[0].require[0].of = ["acme", "acme"]'
both_refuse "a type that is no URI" '.images[1].attestations[0].type = "provenance"'
both_refuse "a pointer out of the predicate" '.images[1].attestations[0].where = {"/subject": ["a"]}'
both_refuse "a condition that nothing meets" '.images[1].attestations[0].builder = []'
both_refuse "no type counts" '.images[0].signatures = []'
both_refuse "types of nothing" '.images[0] |= (.attestations = [{type: "a:b", of: ["acme"], threshold: 1}] | del(.require) | .signatures = ["simple-signing"])'
both_refuse "an identity that is looser than ours" '.images[0].signedIdentity = {type: "matchRepoDigestOrExact"}'
both_refuse "an identity without its name" '.images[0].signedIdentity = {type: "exactReference"}'
both_refuse "a reference without a tag" '.images[0].signedIdentity = {type: "exactReference", dockerReference: "h/p"}'
both_refuse "a word nobody knows" '.images[0].bad_signatures = "ignore"'
both_refuse "one person's word about the time" '.time.threshold = 1'
both_refuse "a TUF repository without a root" '.tuf = {acme: {}}'
both_refuse "one whose name is no label" '.images[0].tuf = "A b"'
both_refuse "another form of its paths" '.tuf = {acme: {root: "r.json", path: "tag"}}'

is "the schema refuses them, too" "$(fitting refused*.json)" ""

# --- policy check ----------------------------------------------------------------------------------

check() { # CODES JQ-FILTER EXIT
	jq "$2" policy.json >other.json
	exits "$3" "$1: exit $3" lw policy check other.json -o json
	is "$1" "$(codes)" "$1"
	is "$1: counted" "$(jq -r '.errors' out.log)" "$(jq '[.remarks[] | select(.severity == "error")] | length' out.log)"
}
check "rule.not-required" '.images[0] |= {match, zone, evidence: "not-required"}' 0
check "zone.weaker" '.images[1].bad_signatures = "report"' 3
check "signer.ended group.unmeetable group.unmeetable group.unmeetable" '.signers.acme.valid[1] = "2026-01-02T00:00:00Z"' 3
soon=$(date -u -d '+10 days' +%Y-%m-%dT%H:%M:%SZ)
check "signer.ending" ".signers.acme.valid[1] = \"$soon\"" 0
exits 0 "not within five days" lw policy check other.json --within P5D -o json
is "nothing to say" "$(codes)" ""
jq '.signers.bob.keys[0].file = "elsewhere"' policy.json >other.json
exits 3 "a key file that is not there is no key to skip" lw policy check other.json -o json
is "it is said" "$(codes)" policy.refused
exits 0 "it may be elsewhere" lw policy check other.json --trust elsewhere=bob.pub -o json
: >empty.pub
exits 3 "an empty one is none" lw policy check other.json --trust elsewhere=empty.pub -o json
exits 3 "nor is another's" lw policy check other.json --trust elsewhere=alice.pub -o json
mkdir sub && cp ./*.pub policy.json sub
exits 0 "key files lie beside the policy" lw policy check sub/policy.json -o json

exits 2 "no such file" lw policy check none.json
exits 2 "no such verb" lw policy lint policy.json
exits 2 "nothing to import" lw policy import
exits 2 "nothing to explain" lw policy explain
exits 2 "an option of another" lw policy check policy.json --keys .
exits 2 "an option of another" lw policy import policy.json --within P1D
exits 2 "an option of another" lw policy check policy.json --zone staging
exits 2 "no duration" lw policy check policy.json --within 5
exits 2 "the enclave has its key files" lw policy check --trust a=alice.pub
printf '{"format":"\033[31m"' >other.json
exits 3 "what it says of hostile bytes is safe" lw policy check other.json
fails "no escape" grep -q $'\033' out.log

make_enclave 2 alice bob carol
exits 0 "the enclave's own" lw policy check -o json
is "it is for evaluation" "$(codes)" rule.not-required
exits 2 "no enclave, no policy" lw policy check --enclave nowhere

# --- policy import -----------------------------------------------------------------------------------

cat >containers.json <<-END
	{"default": [{"type": "reject"}],
	 "transports": {
	  "docker": {
	   "registry.acme.example/prod": [
	    {"type": "sigstoreSigned", "keyPath": "$T/acme.pub",
	     "signedIdentity": {"type": "matchRepository"}}],
	   "registry.example": [
	    {"type": "sigstoreSigned", "keyData": "$(base64 -w 0 bob.pub)"}]},
	  "dir": {"": [{"type": "insecureAcceptAnything"}]}}}
END
mkdir registries.d ours
printf 'default-docker:\n  use-sigstore-attachments: true\n' >registries.d/a.yaml
printf 'docker: [\n' >registries.d/not-yaml.conf
exits 0 "all that can be said is said" \
	lw policy import containers.json --registries registries.d --keys ours
lw policy import containers.json >ours/policy.json 2>import.log
ok "indented" grep -qx '      "match": "registry.acme.example/prod:\*",' ours/policy.json
ok "what is left to do is listed" grep -q 'import.senders' import.log
ok "it fits the schema" fits ours/policy.json
ok "the key's file" cmp ours/acme.pub acme.pub
ok "the key inside" cmp ours/key.pub bob.pub
exits 0 "and is a policy of ours" lw policy check ours/policy.json -o json
is "without oddities" "$(codes)" ""
exits 2 "no key is written over" lw policy import containers.json --keys ours
exits 0 "as JSON" lw policy import containers.json -o json
is "the same" "$(jq .policy out.log)" "$(jq . ours/policy.json)"

jq '.transports.docker["registry.example/x"] = [{type: "signedBy", keyType: "GPGKeys", keyPath: "/k"}]' \
	containers.json >other.json
exits 3 "what cannot be said is left out" lw policy import other.json -o json
is "and what is around it" "$(jq -r '[.remarks[] | select(.severity == "error") | "\(.code) \(.where)"] | join(", ")' out.log)" \
	"import.wider registry.example, import.left-out registry.example/x"
is "no rule is left for it" "$(jq '[.policy.images[] | select(.match | startswith("registry.example"))] | length' out.log)" 0
printf 'docker: [\n' >registries.d/b.yaml
exits 3 "a file that is no YAML" lw policy import containers.json --registries registries.d
exits 2 "no such folder" lw policy import containers.json --registries nowhere
exits 2 "no such policy" lw policy import nowhere.json
rm acme.pub
exits 2 "no such key" lw policy import containers.json --keys "$(mktemp -d -p "$T")"
echo '{}' >other.json
exits 3 "no policy of theirs" lw policy import other.json
done_testing
