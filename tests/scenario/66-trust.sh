#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# flavours: release
#
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
is "each role until when" "$(jq -c '[.tuf[] | .repository, (.root, .timestamp, .snapshot, .targets | .version)]' out.log)" \
	'["enclave",1,2,2,2]'
is "of which the first is the end" "$(jq -c '.until == ([.tuf[0][] | .expires?] | min)' out.log)" true

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
is "and how many images would be withheld" "$(jq -c '[.images, .withheld]' out.log)" '[2,1]'
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
is "and who brought it" "$(lw log export | tail -n 2 | head -n 1 | jq -r .detail.claimed.by)" op
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

# --- what is withheld stays out ---------------------------------------------------------------------------

policy '{"match":"registry.acme.example/**","zone":"staging","require":[{"threshold":1,"of":["acme"]}]},
	{"match":"registry.acme.example/**","zone":"production","evidence":"not-required"}' \
	',"acme":{"keys":[{"kind":"cosign-key","file":"acme.pub"}]}'
jq -c '.zones = ["staging", "production"]' policy.json >x && mv x policy.json
put policy.json
exits 0 "a policy with zones" lw trust update trust -o json
is "one that is signed holds; the zone it had is none of them" "$(jq -c '[.images, .withheld]' out.log)" '[2,2]'
exits 0 "shown" lw show "$app:1"
like "as withheld" "$(cat out.log)" 'WITHHELD'
is "for programs" "$(lw show "$app:1" -o json | jq .pending)" true
exits 3 "it is not promoted past it" lw promote "$app:1" production -o json
like "for that reason" "$(codes)" trust.withheld
# Without zones a rule's zone is a mere label: all rules compete, the stricter is not escaped.
policy '{"match":"**","evidence":"not-required"}'
put policy.json
exits 0 "back" lw trust update trust -o json
is "all hold" "$(jq -c '[.images, .withheld]' out.log)" '[2,0]'
policy '{"match":"**","evidence":"not-required"},
	{"match":"registry.acme.example/**","zone":"strict","require":[{"threshold":1,"of":["alice"]}]}'
put policy.json
exits 0 "a stricter rule under another label" lw trust update trust -o json
is "none escapes it" "$(jq -c '[.images, .withheld]' out.log)" '[2,2]'
# What cannot be judged keeps nobody else from being judged.
policy '{"match":"registry.acme.example/**","require":[{"threshold":1,"of":["acme"]}]}' \
	',"acme":{"keys":[{"kind":"cosign-key","file":"acme.pub"}]}'
put policy.json
signature=$(tar xOf three.lwb landwaiter/contents.json |
	jq -r '[.images[].evidence[] | select(.mechanism == "cosign-sig").digest[7:]][0]')
signature=$(jq -r '.layers[0].digest[7:]' "layout/blobs/sha256/$signature")
cp -a enclave whole && chmod u+w "enclave/store/blobs/sha256/$signature"
flip "enclave/store/blobs/sha256/$signature" 5
exits 4 "it cannot be read" lw policy explain "$app:2"
exits 0 "with a signature of app:2 rotten in the store" lw trust update trust -o json
is "a verdict all the same" "$(jq -c '[.verdict, .images, .withheld]' out.log)" '["accepted",2,2]'
rm -rf enclave && cp -a whole enclave
exits 0 "and whole" lw trust update trust -o json
is "it holds" "$(jq -c '[.images, .withheld]' out.log)" '[2,1]'
rm -rf enclave && mv whole enclave
# The time is not believed any more: that is said before and after.
policy '{"match":"**","evidence":"not-required"}' ',"bob":{"keys":[{"kind":"key","file":"bob.pub"}]}'
jq -c '.time = {clock: "attested", threshold: 2, signers: ["alice", "bob"]}' policy.json >x && mv x policy.json
put policy.json bob.pub
exits 0 "people's clock" lw trust diff trust -o json
like "will need them" "$(codes)" trust.time
policy '{"match":"**","evidence":"not-required"}'
put policy.json
exits 0 "never mind" lw trust update trust

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
# One for evaluation has a repository of the same kind, of one person.
policy '{"match":"**","evidence":"not-required"}'
lw init --enclave evaluation --policy policy.json --trust alice.pub=alice.pub >/dev/null 2>init.log
like "for evaluation" "$(cat init.log)" "EVALUATION.*"
like "whose key is said to be there" "$(cat init.log)" "evaluation/evaluation/owner.key"
own=evaluation/evaluation
mkdir sub
is "it is for its owner alone" "$(stat -c %a $own/owner.key $own | paste -sd ' ')" "600 700"
exits 3 "somebody else's repository" lw trust update trust --enclave evaluation -o json
like "is not its own" "$(codes)" tuf.threshold
jq -c '.senders.acme.max_age = "P1D"' $own/files/policy.json >x && cat x >$own/files/policy.json
tuf add $own/repository policy.json=$own/files/policy.json --key $own/owner.key
exits 0 "its owner changes it" lw trust update $own/repository --enclave evaluation -o json
is "as its README says" "$(jq -r '[.changes[].name] | join(" ")' out.log)" policy.json
exits 0 "it lasts" faketime -f +3600d "$LW_BIN/landwaiter" trust show --enclave evaluation
exits 3 "a trust file that climbs" lw init --enclave sub/x --policy policy.json --trust alice.pub=alice.pub --trust ../../../evil/x=bob.pub
ok "writes nothing there" [ ! -e evil ]
ok "on a machine whose clock nobody has set" faketime '1999-01-01' "$LW_BIN/landwaiter" init --enclave early \
	--policy policy.json --trust alice.pub=alice.pub
fails "trust lasts all the same" [ "$(lw trust show --enclave early -o json | jq -r .until)" \< 2035 ]
for i in 1 2 3 4 5 6 7 8 9 10 11 12; do # at once, in one folder: each is made, and nothing else left
	lw init --enclave "sub/$i" --policy policy.json --trust alice.pub=alice.pub >"init.$i" 2>&1 &
done
wait
is "twelve at once" "$(grep -lE '^sha256:' init.[0-9]* | wc -l) $(find sub -maxdepth 1 -name '.landwaiter-*')" "12 "
exits 2 "a trust file twice" lw init --enclave twice --policy policy.json --trust a=alice.pub --trust a=alice.pub
exits 2 "a trust file that policy names and nobody gives" lw init --enclave twice --policy policy.json
ok "nothing is left of those" [ ! -e twice ]
is "nor beside them" "$(find . -maxdepth 1 -name '.landwaiter-new-*')" ""
exits 2 "an enclave is there" lw init --enclave evaluation --policy policy.json --trust alice.pub=alice.pub
is "and nothing is left of that" "$(find . -maxdepth 1 -name '.landwaiter-new-*')" ""
sqlite3 evaluation/state.db "DELETE FROM value WHERE name = 'trust.root'"
exits 2 "an enclave without a repository" lw trust update trust --enclave evaluation
exits 0 "shows that" lw trust show --enclave evaluation
like "in words" "$(cat out.log)" "root      none"

# --- a vendor's floors, whatever policy calls it and however its root is spelled -----------------------------

bound() { # NAME ROOT.json
	policy '{"match":"**","tuf":"'"$1"'"}'
	jq -c --arg n "$1" '.tuf = {($n): {root: "v.json"}}' policy.json >x && mv x policy.json
	cp "$2" v.json
	put policy.json v.json
}
make_keys vendor vendor-2
tuf init vendor --root vendor.pub --key vendor.key --expires timestamp=P5D
tuf add vendor "$app/1=layout/blobs/sha256/$(jq -r '.manifests[0].digest[7:]' layout/index.json)" --key vendor.key
bound acme vendor/metadata/1.root.json
exits 0 "bound to a vendor's repository" lw trust update trust
cp -a vendor vendor-old
tuf rotate vendor vendor=vendor-2.pub --key vendor.key --key vendor-2.key
tuf add vendor other=policy.json --key vendor-2.key
make_bundle bound.lwb --tuf acme=vendor/metadata "$app:1=oci:layout:1" && approve bound.lwb alice
accepted lw load bound.lwb
jq . vendor/metadata/1.root.json >spelled.json
bound other spelled.json
exits 0 "another name, another spelling" lw trust update trust -o json
is "what was accepted holds" "$(jq .withheld out.log)" 1 # app:2 is not listed
make_bundle old.lwb --tuf other=vendor-old/metadata "$app:1=oci:layout:1" && approve old.lwb alice
exits 3 "the floors stand" lw load old.lwb -o json
like "of a vendor that is called otherwise" "$(codes)" "tuf.threshold|tuf.rollback"
bound acme vendor/metadata/2.root.json
exits 0 "the root it has come to" lw trust update trust -o json
fails "is no other" grep -q trust.anew out.log
is "and all holds" "$(jq .withheld out.log)" 1
# Expired since: nothing new by it, but what was accepted while it had not is not withheld.
policy '{"match":"**","tuf":"acme"}' ',"bob":{"keys":[{"kind":"key","file":"bob.pub"}]}'
jq -c '.tuf = {acme: {root: "v.json"}}' policy.json >x && mv x policy.json
put policy.json
exits 0 "after the vendor's metadata has expired" faketime -f +6d "$LW_BIN/landwaiter" trust update trust -o json
is "the same holds" "$(jq .withheld out.log)" 1
make_bundle stale.lwb "$app:1=oci:layout:1" && approve stale.lwb alice
exits 3 "and comes in no more" faketime -f +6d "$LW_BIN/landwaiter" verify stale.lwb -o json
like "for it has expired" "$(codes)" tuf.expired
tuf init again --root vendor.pub --key vendor.key
bound acme again/metadata/1.root.json
exits 0 "another root begins anew" lw trust diff trust -o json
like "which is said" "$(codes)" trust.anew
policy '{"match":"**:*","evidence":"not-required"}'
put policy.json
exits 0 "unbound" lw trust update trust

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
