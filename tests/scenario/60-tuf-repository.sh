#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# flavours: release
#
# A TUF repository whose key holders never meet: staged, signed at home, merged, published; and
# every way in which nothing may change.
. "$(dirname "$0")/../lib/scenario.sh"

tuf() {
	lw tuf "$@"
}

# What anybody can see of a repository.
seen() { # REPOSITORY
	(cd "$1" && find . -type f ! -name '*.lwc' -exec sha256sum {} + | sort -k 2 |
		sha256sum)
}

# refuses STATUS TEXT COMMAND...: so it ends, and repo/ is as it was, its staged change too.
refuses() {
	local before status=$1 text=$2

	shift 2
	before=$(seen repo; cat repo/*.lwc 2>/dev/null || true)
	exits "$status" "$text" "$@"
	[ "$before" = "$(seen repo; cat repo/*.lwc 2>/dev/null || true)" ] ||
		fail "$text: something changed"
}

# signs FILE WHO...
signs() {
	local file=$1 who

	shift
	for who in "$@"; do
		tuf sign "$file" --key "$who.key" --yes >/dev/null 2>sign.log || {
			cat sign.log >&2
			return 1
		}
	done
}

version_of() { # ROLE
	tuf show repo -o json | jq --arg role "$1" '.roles[] | select(.role == $role).version'
}

signed() { # FILE: its member "signed"
	jq .signed "repo/metadata/$1"
}

make_keys alice bob carol dave erin mallory alice-2 frank

# --- the ceremony --------------------------------------------------------------------------------

cp alice.pub again.pub
openssl genpkey -algorithm X25519 2>/dev/null | openssl pkey -pubout -out x25519.pub
openssl genrsa 2048 2>/dev/null | openssl rsa -pubout -out short.pub 2>/dev/null
head -c 100 /dev/urandom >noise.pub
exits 2 "nobody holds root" tuf init repo
exits 2 "a threshold of 0" tuf init repo --root alice.pub --root-threshold 0
exits 2 "a threshold of -1" tuf init repo --root alice.pub --root-threshold -1
exits 2 "a threshold that is no number" tuf init repo --root alice.pub --root-threshold two
exits 3 "a threshold of 2 with one key" tuf init repo --root alice.pub --root-threshold 2
exits 3 "one key under two names" tuf init repo --root alice.pub --root again.pub
exits 3 "one person with two keys" tuf init repo --root alice=alice.pub --root alice=bob.pub
exits 3 "one key that is two people in two roles" tuf init repo --root alice.pub \
	--targets zoe=alice.pub
exits 3 "a private key" tuf init repo --root alice.key
exits 3 "no key at all" tuf init repo --root noise.pub
exits 3 "a key that signs nothing" tuf init repo --root x25519.pub
exits 3 "a key too short" tuf init repo --root short.pub
exits 2 "a key that is not there" tuf init repo --root nobody.pub
exits 3 "a name with a blank" tuf init repo --root "al ice=alice.pub"
exits 2 "a period of a year" tuf init repo --root alice.pub --expires root=P1Y
exits 2 "a period of nothing" tuf init repo --root alice.pub --expires root=PT0S
exits 2 "a period for nobody" tuf init repo --root alice.pub --expires nobody=P1D
mkdir full && touch full/file
exits 2 "a folder with something in it" tuf init full --root alice.pub
exits 2 "nothing to show yet" tuf show repo
exits 2 "nor anything to edit" tuf renew repo
exits 0 "the ceremony is staged" tuf init repo --root alice.pub --root bob.pub \
	--root carol.pub --root-threshold 2 --timestamp-threshold 1 --expires timestamp=P60D
refuses 2 "it is staged once" tuf init repo --root alice.pub
fails "and nothing is published" test -e repo/metadata
digest=$(tuf show repo/change.lwc -o json | jq -r .change)
refuses 5 "nobody has signed" tuf publish repo
ok "... and they are named" grep -q 'root 1: 0 of 2 .* missing 2 of: alice, bob, carol' err.log
refuses 2 "nobody there to ask" tuf sign repo/change.lwc --key alice.key
refuses 3 "another digest than expected" tuf sign repo/change.lwc --key alice.key \
	--expect "sha256:$(printf '%064d' 0)"
refuses 3 "a stranger's key" tuf sign repo/change.lwc --key mallory.key --yes
refuses 2 "nothing to sign with" tuf sign repo/change.lwc --yes
cp repo/change.lwc alice.lwc
cp repo/change.lwc bob.lwc
exits 0 "alice signs at home" tuf sign alice.lwc --key alice.key --expect "$digest"
exits 2 "... once" tuf sign alice.lwc --key alice.key --yes
is "her signature leaves the digest as it is" "$(tuf show alice.lwc -o json | jq -r .change)" \
	"$digest"
refuses 5 "alice alone" tuf publish repo alice.lwc
ok "... names who is missing" grep -q 'targets 1: 1 of 2 .*: alice; missing 1 of: bob, carol' \
	err.log
is "... but not for the timestamp" "$(grep -c '^timestamp' err.log)" 0
refuses 5 "alice twice is one" tuf publish repo alice.lwc alice.lwc
exits 0 "bob signs at home" tuf sign bob.lwc --key bob.key --yes
exits 0 "both, merged" tuf publish repo alice.lwc bob.lwc
fails "what was staged is gone" test -e repo/change.lwc
is "the files" "$(find repo/metadata -type f -printf '%f\n' | sort |
	paste -sd ' ')" \
	"1.root.json 1.snapshot.json 1.targets.json timestamp.json"
exits 0 "publishing again: nothing to do" tuf publish repo alice.lwc bob.lwc
is "root says consistent snapshots" "$(signed 1.root.json | jq .consistent_snapshot)" true
is "the snapshot has versions alone" "$(signed 1.snapshot.json | jq -c .meta)" \
	'{"targets.json":{"version":1}}'
is "the period is kept" "$(signed timestamp.json | jq -r '.["x-landwaiter-period"]')" P60D
for role in root:365 targets:90 snapshot:30 timestamp:60; do
	is "${role%:*} lasts ${role#*:} days" "$(tuf show repo -o json |
		jq --arg role "${role%:*}" '.roles[] | select(.role == $role).expires |
		(fromdateiso8601 - now) / 86400 | ceil')" "${role#*:}"
done

# A key id is the SHA-256 of the key, a signature is over what jq prints.
check_by_hand() {
	local id
	id=$(jq -r '.signatures[0].keyid' repo/metadata/1.root.json)
	jq -cj .signed repo/metadata/1.root.json >message
	jq -r '.signatures[0].sig' repo/metadata/1.root.json | tr a-f A-F |
		basenc --base16 -d >sig
	openssl pkeyutl -verify -pubin -inkey alice.pub -rawin -in message -sigfile sig
	[ "$id" = "$(jq -cj --arg id "$id" '.signed.keys[$id]' repo/metadata/1.root.json |
		sha256sum | cut -d ' ' -f 1)" ]
}
ok "jq and openssl agree" check_by_hand

# --- target files --------------------------------------------------------------------------------

echo one >policy.json
mkdir -p dir
echo two >dir/two
long=$(printf 'x%.0s' {1..181})
longer=$(printf 'x/%.0s' {1..520})x
for path in ../up /absolute a//b a/ ./a a/../b .. '' 'a\b' $'a\nb' $'a\x1b[31m' "$long" \
	"$longer" $'a\xe2\x80\x8bb' $'a\xff' .lw-tmp-0 a/.lw-tmp-0; do
	refuses 3 "path $(printf %q "${path:0:20}")" tuf add repo "$path=policy.json"
done
refuses 2 "a file that is not there" tuf add repo nothing
refuses 3 "a folder" tuf add repo dir
refuses 2 "a role that is not there" tuf add repo policy.json --role nobody
refuses 2 "a role without targets" tuf add repo policy.json --role snapshot
refuses 2 "a digest without a length" tuf add repo policy.json \
	--digest "sha256:$(printf '%064d' 0)"
refuses 2 "a digest that is none" tuf add repo policy.json --digest sha256:12 --length 1
refuses 2 "no repository" tuf add dir policy.json
refuses 2 "a target that is not there" tuf remove repo policy.json
exits 3 "nothing for this key" tuf add repo policy.json --key mallory.key
fails "... and nothing is staged" test -e repo/change.lwc
exits 5 "two files, one signature" tuf add repo policy.json dir/two --key alice.key
hex=$(sha256sum <policy.json | cut -d ' ' -f 1)
ok "the bytes are there already" cmp policy.json "repo/targets/$hex.policy.json"
ok "those in a folder, too" test -e "repo/targets/dir/$(sha256sum <dir/two | cut -c -64).two"
is "nobody names them yet" "$(version_of targets)" 1
exits 0 "an image whose bytes are elsewhere" tuf add repo app:1 \
	--digest "sha256:$(printf 'a%.0s' {1..64})" --length 1234
ok "editing again drops what was signed" grep -q 'signatures dropped' err.log
signs repo/change.lwc bob carol
cp repo/change.lwc signed.lwc
rm "repo/targets/$hex.policy.json"
refuses 2 "the bytes are missing" tuf publish repo
echo eno >"repo/targets/$hex.policy.json"
refuses 4 "the bytes are others" tuf publish repo
echo one more >"repo/targets/$hex.policy.json"
refuses 4 "the bytes are more" tuf publish repo
cp policy.json "repo/targets/$hex.policy.json"
exits 0 "bob and carol" tuf publish repo
is "each is one higher" "$(version_of root) $(version_of targets) $(version_of snapshot) \
$(version_of timestamp)" "1 2 2 2"
is "names, lengths, digests" "$(signed 2.targets.json | jq -c '.targets |
	map_values([.length, .hashes.sha256[:4]])')" \
	"{\"app:1\":[1234,\"aaaa\"],\"dir/two\":[4,\"$(sha256sum <dir/two | cut -c -4)\"],\
\"policy.json\":[4,\"${hex:0:4}\"]}"
ok "the old versions stay" test -e repo/metadata/1.targets.json -a -e repo/metadata/1.snapshot.json

# --- changes that have been tampered with ---------------------------------------------------------

echo three >policy.json
tuf add repo policy.json >/dev/null 2>&1
mv repo/change.lwc good.lwc

# tampered STATUS TEXT JQ...: neither signed nor published.
tampered() {
	jq -c "$3" good.lwc >bad.lwc
	! cmp -s bad.lwc good.lwc || fail "$2: not altered"
	refuses "$1" "$2: not signed" tuf sign bad.lwc --key alice.key --yes
	refuses "$1" "$2: not published" tuf publish repo bad.lwc
}
tampered 3 "a version skipped" '.next.targets.signed.version = 4'
tampered 3 "a version repeated" '.next.targets.signed.version = 2'
tampered 3 "a version skipped, and listed so" '.next.targets.signed.version = 4
	| .next.snapshot.signed.meta["targets.json"].version = 4'
tampered 3 "a timestamp far ahead" '.next.timestamp.signed.version = 2147483647'
tampered 3 "a version of 0" '.next.targets.signed.version = 0'
tampered 3 "a version of text" '.next.targets.signed.version = "3"'
tampered 3 "another type" '.next.targets.signed._type = "root"'
tampered 3 "no expiry" 'del(.next.targets.signed.expires)'
tampered 3 "expired" '.next.targets.signed.expires = "2026-01-01T00:00:00Z"'
tampered 3 "an expiry with a fraction" '.next.targets.signed.expires = "2099-01-01T00:00:00.5Z"'
tampered 3 "a period that is none" '.next.targets.signed["x-landwaiter-period"] = "P1Y"'
tampered 3 "a snapshot that forgets" '.next.snapshot.signed.meta = {}'
tampered 3 "a snapshot of the old version" '.next.snapshot.signed.meta["targets.json"].version = 2'
tampered 3 "a snapshot of more" '.next.snapshot.signed.meta["more.json"] = {version: 1}'
tampered 3 "a snapshot with a length" '.next.snapshot.signed.meta["targets.json"].length = 1'
tampered 3 "a snapshot with a hash" '.next.snapshot.signed.meta["targets.json"].hashes = {sha256: "ab"}'
tampered 3 "no snapshot" 'del(.next.snapshot)'
tampered 3 "neither snapshot nor timestamp" 'del(.next.snapshot, .next.timestamp)'
tampered 3 "no timestamp" 'del(.next.timestamp)'
tampered 3 "a timestamp of the old snapshot" \
	'.next.timestamp.signed.meta["snapshot.json"].version = 2'
tampered 3 "a timestamp of nothing" '.next.timestamp.signed.meta = {}'
tampered 3 "a way out" '.next.targets.signed.targets["../../etc/passwd"] =
	.next.targets.signed.targets["policy.json"]'
tampered 3 "no digest" 'del(.next.targets.signed.targets["policy.json"].hashes)'
tampered 3 "a digest that is short" \
	'.next.targets.signed.targets["policy.json"].hashes.sha256 = "12"'
tampered 3 "a digest in upper case" \
	'.next.targets.signed.targets["policy.json"].hashes.sha256 |= ascii_upcase'
tampered 3 "a length below 0" '.next.targets.signed.targets["policy.json"].length = -1'
tampered 3 "a role that nobody delegates to" '.next.more = .next.targets
	| .next.more.signed.version = 1 | .next.more.signed.targets = {}
	| .next.snapshot.signed.meta["more.json"] = {version: 1}'
tampered 3 "an unknown member" '.more = 1'
tampered 3 "an unknown member beside signed" '.next.targets.more = 1'
tampered 3 "another format" '.format = "landwaiter-tuf-change/2"'
tampered 3 "nothing new" '.next = {}'
tampered 3 "another text of root" '.base.root.text |= sub("alice"; "malic")'
tampered 3 "a key id twice" '.next.targets.signatures = [{keyid: "ab", sig: "cd"},
	{keyid: "ab", sig: "ef"}]'
tampered 3 "a signature that is no object" '.next.targets.signatures = ["ab"]'
tampered 3 "a delegation to itself" '.next.targets.signed.delegations = {keys: {}, roles: [{
	name: "targets", keyids: [], threshold: 1, terminating: false, paths: ["*"]}]}'
# shellcheck disable=SC2016 # jq's own
tampered 3 "a delegation without a role" '.base.root.text as $root | ($root | fromjson) as $r
	| .next.targets.signed.delegations = {keys: $r.signed.keys, roles: [{name: "more",
	keyids: [$r.signed.keys | keys[0]], threshold: 1, terminating: false, paths: ["*"]}]}'
tampered 3 "paths that are numbers" '.next.targets.signed.delegations = {keys: {}, roles: [{
	name: "more", keyids: [], threshold: 1, terminating: false, paths: [1]}]}'
# Whoever has the repository has these, too; at home nobody has.
for role in root targets; do
	jq -c --arg role $role 'del(.base[$role].text)' good.lwc >bad.lwc
	refuses 3 "no text of $role to compare with" tuf sign bad.lwc --key alice.key --yes
done
# A timestamp that nobody at home can see may list any snapshot: a new one needs a new one.
jq -c 'del(.next.timestamp, .base.timestamp.text)' good.lwc >bad.lwc
refuses 3 "no timestamp, and none to compare with" tuf sign bad.lwc --key alice.key --yes
ok "... which is named" grep -q 'the snapshot is new, and the timestamp .* is not' err.log
head -c 1000 good.lwc >bad.lwc
refuses 3 "half a change" tuf publish repo bad.lwc
sed 's/"version":3/"version":3,"version":3/' good.lwc >bad.lwc
refuses 3 "a member twice" tuf publish repo bad.lwc
: >bad.lwc
refuses 3 "an empty file" tuf publish repo bad.lwc
refuses 2 "no file" tuf publish repo nothing.lwc

# What only the counting sees: the change itself is sound.
cp good.lwc bad.lwc
signs bad.lwc alice bob
jq -c '.next.targets.signatures[0].sig |= (.[1:] + .[:1])' bad.lwc >worse.lwc
refuses 3 "a bad signature beside a good one" tuf publish repo worse.lwc
jq -c '.next.targets.signatures[0].sig = ""' bad.lwc >worse.lwc
refuses 3 "an empty one" tuf publish repo worse.lwc
jq -c '.next.targets.signatures += [{keyid: "00", sig: "00"}]' bad.lwc >worse.lwc
refuses 3 "one of a key that nobody asks for" tuf publish repo worse.lwc
jq -c '.next.targets.signatures[1] = .next.snapshot.signatures[1]' bad.lwc >worse.lwc
refuses 3 "one for another document" tuf publish repo worse.lwc
jq -c '.next.targets.signatures |= .[:1]' bad.lwc >worse.lwc
refuses 5 "one too few" tuf publish repo worse.lwc
jq -c '.next.targets.signed.targets["policy.json"].length = 5' bad.lwc >worse.lwc
refuses 3 "altered after signing" tuf publish repo worse.lwc

# --- two changes ----------------------------------------------------------------------------------

signs good.lwc alice bob
echo four >other
tuf add repo other --change other.lwc >/dev/null 2>&1
signs other.lwc alice bob
refuses 3 "two changes are not one" tuf publish repo good.lwc other.lwc
cp repo/metadata/2.targets.json repo/metadata/3.targets.json
refuses 2 "a version is written once" tuf publish repo good.lwc
ok "... and which is named" grep -q 'metadata/3.targets.json: there already' err.log
rm repo/metadata/3.targets.json
exits 0 "the first" tuf publish repo good.lwc
refuses 3 "the second is stale" tuf publish repo other.lwc
ok "... and what changed is named" grep -q 'stale: .*targets: made on 2, is 3 now' err.log
refuses 3 "nor can it be edited on" tuf add repo other --change other.lwc
exits 3 "nor signed where somebody knows better" tuf sign other.lwc --key carol.key --yes \
	--repository repo
refuses 3 "what was published is not edited on" tuf add repo other --change good.lwc
exits 5 "a target named no longer" tuf remove repo dir/two --key alice.key
signs repo/change.lwc bob
exits 0 "published" tuf publish repo
is "it is gone" "$(signed 4.targets.json | jq '.targets | has("dir/two")')" false

# Another repository of the same people, at the same versions.
cp -r repo fork
echo fork >forked
tuf add fork forked --key alice.key --key bob.key >/dev/null 2>&1
tuf add repo other --key alice.key --key bob.key >/dev/null 2>&1
tuf renew fork --change fork.lwc >/dev/null 2>&1
signs fork.lwc alice bob
refuses 3 "a change to a fork" tuf publish repo fork.lwc
ok "... is told from a stale one" grep -q 'another of this version' err.log
done_testing
