#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# An enclave whose trust is a TUF repository of its own: made from a ceremony, brought up to date
# across the gap, and what was accepted before judged again.
. "$(dirname "$0")/../lib/vendors.sh"

tuf() {
	lw tuf "$@" >/dev/null 2>tuf.log || {
		cat tuf.log >&2
		return 1
	}
}
put() { # PATH...: published, signed by two of three
	local words=() path

	for path in "$@"; do
		words+=("$path=$path")
	done
	tuf add trust "${words[@]}" --key root-a.key --key root-b.key
}
policy() { # IMAGES [SIGNERS]
	printf '{"format":"landwaiter-policy/1","senders":{"acme":{"threshold":1,"signers":["alice"],"max_age":"P90D"}},
		"signers":{"alice":{"keys":[{"kind":"key","file":"alice.pub"}]}%s},"images":[%s]}' \
		"${2:-}" "$1" >policy.json
}
codes() {
	jq -r '[.findings[].code] | join(" ")' out.log
}
last_event() {
	last_record | jq -r '[.event, .result, .reason] | join(" ")'
}

make_keys alice bob root-a root-b root-c
vendor_keys acme
tuf init trust --root root-a.pub --root root-b.pub --root root-c.pub --root-threshold 2 \
	--key root-a.key --key root-b.key
cp trust/metadata/1.root.json root.json
policy '{"match":"**","evidence":"not-required"}'
put policy.json alice.pub

# --- made ------------------------------------------------------------------------------------------

init() {
	lw init --root root.json --repository trust --name plant "$@"
}
exits 2 "a root alone" lw init --root root.json
exits 2 "a root and a policy" lw init --root root.json --repository trust --policy policy.json
exits 2 "a repository in the network" lw init --root root.json --repository https://example.org/trust
exits 2 "no such root" lw init --root nosuch.json --repository trust
cp -a trust other && tuf init stranger --root bob.pub --key bob.key
exits 3 "another repository than the root's" lw init --root stranger/metadata/1.root.json --repository trust
like "says why" "$(cat err.log)" 'tuf.threshold'
f=$(echo other/targets/*.alice.pub) && chmod u+w "$f" && cat bob.pub >"$f"
exits 3 "a target that is not what was signed" lw init --root root.json --repository other
like "says which" "$(cat err.log)" 'tuf.target-mismatch: .*target alice.pub'
rm "$f"
exits 3 "a target that is missing" lw init --root root.json --repository other
rm -rf other
exits 3 "expired" faketime -f +400d "$LW_BIN/landwaiter" init --root root.json --repository trust
ok "nothing was made" [ ! -e "$LANDWAITER_ENCLAVE" ]
exits 0 "made from the ceremony's root" init
# shellcheck disable=SC2034 # for make_bundle
AUDIENCE=$(tail -n 1 out.log)
like "it says what to compare" "$(cat err.log)" "sha256:$(sha256sum <root.json | cut -c 1-64)"
is "the record has the root" "$(last_record | jq -r .detail.root)" "sha256:$(sha256sum <root.json | cut -c 1-64)"
exits 0 "what it believes" lw trust show
like "by its root" "$(cat out.log)" "root      sha256:$(sha256sum <root.json | cut -c 1-64)"
exits 0 "the same for programs" lw trust show -o json
is "its files" "$(jq -r '[.files[].name] | join(" ")' out.log)" "alice.pub policy.json"
is "since the first record" "$(jq .since out.log)" 0

image layout 1 one >/dev/null
image layout 2 one two >/dev/null
app=registry.acme.example/app
make_bundle one.lwb "$app:1=oci:layout:1" "$app:2=oci:layout:2" && approve one.lwb alice
accepted lw load one.lwb

# --- brought up to date --------------------------------------------------------------------------------

exits 0 "nothing new" lw trust update trust
like "is said" "$(cat out.log)" "no file is another than before"
is "and recorded" "$(last_event)" "trust-update done "
policy '{"match":"registry.acme.example/app:1","evidence":"not-required"},
	{"match":"registry.acme.example/**","require":[{"threshold":1,"of":["acme"]}]}' \
	',"acme":{"keys":[{"kind":"cosign-key","file":"acme.pub"}]}'
put policy.json acme.pub
records=$(record_count) state=$(trust_state)
exits 0 "what would change" lw trust diff trust -o json
is "each file" "$(jq -r '[.changes[] | .name, .change] | join(" ")' out.log)" "acme.pub added policy.json changed"
is "and nothing did" "$(record_count) $(trust_state)" "$records $state"
exits 0 "the update" lw trust update trust --by op -o json
is "what was accepted is judged again" "$(jq -c '[.images, .withheld]' out.log)" '[2,1]'
is "and one is withheld" "$(lw list -o json | jq -c '[.images[] | [.name, .pending]]')" \
	"[[\"$app:1\",false],[\"$app:2\",true]]"
like "for people" "$(lw list)" "$app:2 .WITHHELD"
is "the store's index does not offer it" "$(jq -r '[.manifests[].annotations["org.opencontainers.image.ref.name"]] | join(" ")' \
	enclave/store/index.json)" "$app:1"
is "the book has both" "$(lw log export | tail -n 2 | jq -r '[.event, .result] | join(" ")' | paste -sd ,)" \
	"trust-update done,rejudge incomplete"
is "and who brought it" "$(lw log export | tail -n 2 | head -n 1 | jq -r .detail.by)" op
is "since that record" "$(lw trust show -o json | jq .since)" "$(($(record_count) - 2))"
make_bundle two.lwb "$app:2=oci:layout:2" && approve two.lwb alice
refused 3 policy.signer-missing lw load two.lwb
# The vendor signs; the evidence comes with the next bundle, and it holds again.
cosign_sign acme.key layout $app "$(jq -r '.manifests[] | select(.annotations["org.opencontainers.image.ref.name"] == "2").digest' layout/index.json)"
make_bundle three.lwb "$app:2=oci:layout:2" && approve three.lwb alice
accepted lw load three.lwb
is "none is withheld" "$(lw list -o json | jq '[.images[] | select(.pending)] | length')" 0
# A laxer policy lets what was withheld in again, by itself.
policy '{"match":"registry.acme.example/**","require":[{"threshold":1,"of":["alice"]}]}'
put policy.json
exits 0 "nobody signed that" lw trust update trust -o json
is "all are withheld" "$(jq -c '[.images, .withheld]' out.log)" '[2,2]'
exits 3 "judged again, to no avail" lw trust rejudge
policy '{"match":"**","evidence":"not-required"}'
put policy.json
exits 0 "asked for no more" lw trust update trust -o json
is "all hold again" "$(jq -c '[.images, .withheld]' out.log)" '[2,0]'
exits 0 "nothing is left to judge" lw trust rejudge

# --- what an update may not be -------------------------------------------------------------------------

trust_refuses() { # TEXT CODE FOLDER
	local before

	before=$(trust_state) records=$(record_count)
	exits 3 "$1" lw trust update "$3" -o json
	like "$1: $2" "$(codes)" "$2"
	is "$1: trust is as it was" "$(trust_state)" "$before"
	is "$1: one record" "$(record_count) $(last_event)" "$((records + 1)) trust-update refused $2"
}
trust_refuses "somebody else's repository" tuf.threshold stranger
cp -a trust newer
policy '{"match":"**"}'
put policy.json
trust_refuses "a policy that is none" trust.policy trust
rm -rf trust && cp -a newer trust
policy '{"match":"**","require":[{"threshold":1,"of":["alice"]}]}' ',"x":{"keys":[{"kind":"key","file":"nosuch.pub"}]}'
put policy.json
trust_refuses "a key file that is no target" tuf.target-unknown trust
rm -rf trust && cp -a newer trust
cp -a trust older && policy '{"match":"**:*","evidence":"not-required"}' && put policy.json
exits 0 "one more" lw trust update trust
trust_refuses "an older one" tuf.rollback older
cp -a trust broken && rm -f broken/targets/*.policy.json
trust_refuses "without its policy" tuf.missing broken
exits 1 "not a folder" lw trust update nosuch
exits 2 "a URL" lw trust update https://example.org/trust
exits 2 "no such part" lw trust nosuch
policy '{"match":"**","evidence":"not-required"}' && lw init --enclave hand --policy policy.json \
	--trust alice.pub=alice.pub >/dev/null 2>&1
exits 2 "an enclave whose trust was set by hand" lw trust update trust --enclave hand
exits 0 "shows that" lw trust show --enclave hand
like "in words" "$(cat out.log)" "set by hand"

# --- expiry -------------------------------------------------------------------------------------------------

make_bundle four.lwb "$app:1=oci:layout:1" && approve four.lwb alice
until=$(lw trust show -o json | jq -r .until)
days=$((($(date -d "$until" +%s) - $(date +%s)) / 86400))
exits 0 "thirty days ahead" faketime -f "+$((days - 29 > 0 ? days - 29 : 0))d" "$LW_BIN/landwaiter" verify four.lwb -o json
like "every verdict tells" "$(codes)" "trust.expiring"
late="+$((days + 1))d"
make_bundle five.lwb --expires P80D "$app:1=oci:layout:1" && approve five.lwb alice
exits 3 "expired: nothing is judged by it" faketime -f "$late" "$LW_BIN/landwaiter" load five.lwb -o json
like "and says so" "$(codes)" "trust.expired"
exits 0 "its holders renew it" faketime -f "$late" "$LW_BIN/landwaiter" tuf renew trust --key root-a.key --key root-b.key
exits 0 "the old trust still takes its successor" faketime -f "$late" "$LW_BIN/landwaiter" trust update trust
exits 0 "and bundles are judged again" faketime -f "$late" "$LW_BIN/landwaiter" load five.lwb
done_testing
