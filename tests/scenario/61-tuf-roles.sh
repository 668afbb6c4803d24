#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# flavours: release
#
# Who may sign what in a TUF repository: keys, thresholds, rotation of every role, delegations by
# path, by hash, over bins, for a time; and what must not be possible.
. "$(dirname "$0")/../lib/scenario.sh"

tuf() {
	lw tuf "$@"
}

seen() {
	(cd repo && find metadata -type f -exec sha256sum {} + | sort -k 2 | sha256sum)
}

# refuses STATUS TEXT COMMAND...: so it ends, and nothing was published or staged.
refuses() {
	local before status=$1 text=$2

	shift 2
	before=$(seen)
	exits "$status" "$text" "$@"
	[ "$before" = "$(seen)" ] || fail "$text: something was published"
	[ ! -e repo/change.lwc ] || fail "$text: something was staged"
	rm -f repo/change.lwc
}

signs() { # WHO...
	local who

	for who in "$@"; do
		tuf sign repo/change.lwc --key "$who.key" --yes >/dev/null 2>sign.log || {
			cat sign.log >&2
			return 1
		}
	done
}

# wants ROLE: "2 alice bob"
wants() {
	tuf show repo -o json | jq -r --arg role "$1" '[.roles[] | select(.role == $role)][0] |
		"\(.threshold) \([.holders[].name] | join(" "))"'
}

version_of() { # ROLE
	tuf show repo -o json | jq --arg role "$1" '[.roles[] | select(.role == $role)][0].version'
}

new_in_change() {
	jq -r '.next | keys | join(" ")' repo/change.lwc
}

make_keys alice bob carol dave erin mallory
for who in alice carol; do
	lw keygen --no-passphrase "$who-2" >/dev/null 2>&1
done
lw keygen --no-passphrase --type p256 t1 >/dev/null 2>&1
lw keygen --no-passphrase --type p384 t2 >/dev/null 2>&1
lw keygen --no-passphrase --type p521 t3 >/dev/null 2>&1
lw keygen --no-passphrase --type rsa3072 t4 >/dev/null 2>&1

exits 0 "one person, at once" tuf init repo --root alice.pub --key alice.key
exits 0 "staged first" tuf add repo alice.pub
exits 0 "then more of it, at once" tuf add repo bob.pub --key alice.key
fails "nothing is staged any more" test -e repo/change.lwc
is "both are published" "$(jq -c '.signed.targets | keys' repo/metadata/2.targets.json)" \
	'["alice.pub","bob.pub"]'
rm -r repo
tuf init repo --root alice.pub --root bob.pub --root-threshold 2 --targets carol.pub \
	--snapshot t1.pub --timestamp t2.pub >/dev/null 2>&1
exits 5 "alice and bob cannot sign for carol" tuf publish repo
signs alice bob carol t1 t2
exits 0 "published" tuf publish repo
echo one >one

# --- keys and thresholds --------------------------------------------------------------------------

refuses 3 "a threshold above the keys" tuf key repo root --threshold 3
refuses 2 "a threshold of 0" tuf key repo root --threshold 0
refuses 2 "a threshold that overflows" tuf key repo root --threshold 4294967297
refuses 3 "dropping below the threshold" tuf key repo root --drop bob
refuses 2 "dropping a stranger" tuf key repo root --drop mallory
refuses 2 "a key that is there" tuf key repo root --add alice.pub
refuses 3 "the same key under another name" tuf key repo root --add al=alice.pub
refuses 3 "the same person with another key" tuf key repo root --add alice=alice-2.pub
refuses 3 "one key, two names in two roles" tuf key repo targets --add zoe=alice.pub
refuses 2 "a role that is not there" tuf key repo nobody --add dave.pub
refuses 2 "nothing to do" tuf key repo root
refuses 3 "dropping everybody" tuf key repo targets --drop carol

exits 0 "dave joins root, which takes three now" tuf key repo root --add dave.pub --threshold 3
is "only root is new" "$(new_in_change)" root
signs alice dave
exits 5 "the old threshold is not met" tuf publish repo
ok "... which is said" grep -q 'root 2: 1 of 2 that root 1 wants: alice; missing 1 of: bob' err.log
ok "... and the new" grep -q 'root 2: 2 of 3 that root 2 wants' err.log
signs bob
exits 0 "old and new" tuf publish repo
is "three of three" "$(wants root)" "3 alice bob dave"
exits 0 "two of three again" tuf key repo root --threshold 2
signs alice dave
exits 5 "the new threshold is met, the old not" tuf publish repo
signs bob
exits 0 "both" tuf publish repo

# --- rotation of every role -----------------------------------------------------------------------

refuses 2 "a stranger's rotation" tuf rotate repo mallory.pub
refuses 2 "the same key" tuf rotate repo alice.pub
refuses 2 "not a holder of that role" tuf rotate repo alice=alice-2.pub --role targets
exits 0 "alice has a new key" tuf rotate repo alice=alice-2.pub
signs alice-2 dave
exits 5 "the old root wants two of its own" tuf publish repo
signs alice
exits 0 "alice with both keys, and dave" tuf publish repo
is "who holds root" "$(wants root)" "2 alice bob dave"
is "her old key is gone" "$(jq '[.signed.keys[]["x-landwaiter-name"]] | length' \
	repo/metadata/4.root.json)" 6
exits 0 "another root" tuf key repo root --drop bob
exits 3 "alice's old key signs no more" tuf sign repo/change.lwc --key alice.key --yes
signs alice-2 dave
exits 0 "published" tuf publish repo

exits 0 "carol has a new key" tuf rotate repo carol=carol-2.pub
is "what follows from it" "$(new_in_change)" "root snapshot targets timestamp"
exits 3 "carol's old key is asked for no more" tuf sign repo/change.lwc --key carol.key --yes
signs alice-2 dave carol-2 t1 t2
exits 0 "published" tuf publish repo
is "targets is signed anew" "$(version_of targets)" 2
exits 0 "another snapshot key" tuf rotate repo t1=t3.pub
is "what follows from it" "$(new_in_change)" "root snapshot timestamp"
signs alice-2 dave t3 t2
exits 0 "published" tuf publish repo
exits 0 "another timestamp key" tuf rotate repo t2=t4.pub
is "what follows from it" "$(new_in_change)" "root timestamp"
signs alice-2 dave t4
exits 0 "published" tuf publish repo
is "roots so far" "$(find repo/metadata -name '*.root.json' | wc -l)" 8
keys=(--key carol-2.key --key t3.key --key t4.key)
exits 0 "and all at once" tuf add repo one "${keys[@]}"

# --- delegations ------------------------------------------------------------------------------------

delegate() {
	tuf delegate repo "$@"
}
refuses 3 "to the name of a top-level role" delegate root --holder dave.pub --path 'a/*'
refuses 3 "to mirrors" delegate mirrors --holder dave.pub --path 'a/*'
refuses 3 "to a way out" delegate ../a --holder dave.pub --path 'a/*'
refuses 3 "to a name with a slash" delegate a/b --holder dave.pub --path 'a/*'
refuses 3 "to an empty name" delegate '' --holder dave.pub --path 'a/*'
refuses 2 "to nobody" delegate a --path 'a/*'
refuses 2 "of nothing" delegate a --holder dave.pub
refuses 2 "in two ways" delegate a --holder dave.pub --path 'a/*' --path-hash 0
refuses 3 "two of one" delegate a --holder dave.pub --threshold 2 --path 'a/*'
refuses 3 "of an absolute path" delegate a --holder dave.pub --path '/a/*'
refuses 3 "of a way out" delegate a --holder dave.pub --path '../*'
refuses 3 "of brackets" delegate a --holder dave.pub --path 'a/[bc]'
refuses 3 "of a hash in upper case" delegate a --holder dave.pub --path-hash AB
refuses 3 "of a hash that is none" delegate a --holder dave.pub --path-hash xy
refuses 3 "of more than a hash" delegate a --holder dave.pub --path-hash "$(printf 'a%.0s' {1..65})"
refuses 2 "over 3 bins" delegate a --holder dave.pub --bins 3
refuses 2 "over 1 bin" delegate a --holder dave.pub --bins 1
refuses 2 "over 2^31 bins" delegate a --holder dave.pub --bins 2147483648
refuses 2 "by a role that is not there" delegate a --by nobody --holder dave.pub --path 'a/*'
refuses 2 "by the snapshot" delegate a --by snapshot --holder dave.pub --path 'a/*'
refuses 2 "until a time that is none" delegate a --holder dave.pub --path 'a/*' --until tomorrow
refuses 3 "until yesterday" delegate a --holder dave.pub --path 'a/*' \
	--until "$(date -u -d yesterday +%FT%TZ)"
refuses 3 "one key, two names" delegate a --holder zoe=alice-2.pub --path 'a/*'
refuses 2 "ending what is not there" delegate a --end
refuses 2 "ending and beginning" delegate a --end --path 'a/*'

until=$(date -u -d '10 days' +%FT%TZ)
exits 0 "to two of whom one signs, for ten days" delegate release --holder dave.pub \
	--holder erin.pub --threshold 1 --path 'release/*' --path 'docs/?.txt' --terminating \
	--until "$until"
is "what follows from it" "$(new_in_change)" "release snapshot targets timestamp"
signs carol-2 t3 t4
exits 5 "its holders sign its first version" tuf publish repo
ok "... and are named" grep -q 'release 1: 0 of 1 that targets 4 wants; missing 1 of: dave, erin' \
	err.log
signs erin
exits 0 "published" tuf publish repo
is "it lasts as long as the delegation" "$(tuf show repo -o json |
	jq -r '.roles[] | select(.role == "release").expires')" "$until"
is "the delegation" "$(jq -c '.signed.delegations.roles[0] | [.name, .paths, .terminating,
	.threshold]' repo/metadata/4.targets.json)" '["release",["release/*","docs/?.txt"],true,1]'
refuses 2 "twice" delegate release --holder dave.pub --path 'x/*'
refuses 3 "a path it may not name" tuf add repo one --role release
refuses 3 "nor one below" tuf add repo release/a/b=one --role release
exits 5 "what it may" tuf add repo release/one=one docs/a.txt=one --role release --key dave.key
is "what follows from it" "$(new_in_change)" "release snapshot timestamp"
jq -c '.next.release.signed.expires = "2099-01-01T00:00:00Z"' repo/change.lwc >longer.lwc
exits 3 "a version that outlasts the delegation" tuf publish repo longer.lwc
exits 3 "... is not signed either" tuf sign longer.lwc --key erin.key --yes
signs t3 t4
exits 0 "published, without targets' holders" tuf publish repo

exits 0 "a role below it" tuf delegate repo nightly --by release --holder mallory.pub \
	--path 'release/n*'
signs dave mallory t3 t4
exits 0 "published" tuf publish repo
refuses 3 "of what release itself may not name" tuf add repo nightly=one --role nightly
exits 0 "what both may" tuf add repo release/n1=one --role nightly --key mallory.key \
	--key t3.key --key t4.key

exits 0 "by the hash of the path" tuf delegate repo spread --by targets --holder dave.pub \
	--path-hash 0 --path-hash 1f
signs carol-2 dave t3 t4
exits 0 "published" tuf publish repo
hashed() { # PREFIX: a name whose SHA-256 begins so
	local i

	for ((i = 0; ; i++)); do
		[[ $(printf 'h%d' $i | sha256sum) != $1* ]] || break
	done
	printf 'h%d\n' $i
}
refuses 3 "a path whose hash is another" tuf add repo "$(hashed 10)=one" --role spread
exits 0 "a path whose hash it is" tuf add repo "$(hashed 1f)=one" --role spread --key dave.key \
	--key t3.key --key t4.key

refuses 2 "bins beside roles" tuf delegate repo bin --holder dave.pub --bins 16
exits 0 "a role for bins" tuf delegate repo all --holder dave.pub --path '*'
exits 0 "and 16 bins below it" tuf delegate repo bin --by all --holder dave.pub --bins 16
signs carol-2 dave t3 t4
exits 0 "published" tuf publish repo
is "16 of them" "$(find repo/metadata -name '1.bin-?.json' | wc -l)" 16
path=$(hashed a)
exits 0 "a target finds its bin" tuf add repo "$path=one" --role bin --key dave.key --key t3.key \
	--key t4.key
is "the right one" "$(jq -r '.signed.targets | keys[0]' repo/metadata/2.bin-a.json)" "$path"
refuses 3 "another bin is the wrong one" tuf add repo "$path=one" --role bin-b
refuses 2 "there are no more than 16" tuf add repo "$path=one" --role bin-10
exits 0 "all bins have another key" tuf key repo bin --add erin.pub --drop dave
is "all are new" "$(jq '[.next | keys[] | select(startswith("bin-"))] | length' \
	repo/change.lwc)" 16
signs dave erin t3 t4
exits 0 "published" tuf publish repo
is "one line for all of them" "$(tuf show repo -o json | jq -c '.roles[] |
	select(.role == "bin") | [.bins, .depth, .targets, .by]')" '[16,2,1,"all"]'

refuses 3 "erin's new key is alice's" tuf rotate repo erin=alice-2.pub --role bin
lw keygen --no-passphrase erin-2 >/dev/null 2>&1
exits 0 "erin has a new key" tuf rotate repo erin=erin-2.pub
is "in both roles" "$(jq '.next.targets.signed.delegations.keys[],
	.next.all.signed.delegations.keys[] | select(.["x-landwaiter-name"] == "erin").keyval' \
	repo/change.lwc | jq -s 'unique | length')" 1
rm repo/change.lwc

exits 0 "release ends" tuf delegate repo release --end
is "it needs no new version" "$(new_in_change)" "snapshot targets timestamp"
signs carol-2 t3 t4
exits 0 "published" tuf publish repo
last=repo/metadata/$(version_of snapshot).snapshot.json
is "the snapshot lists it still" "$(jq '.signed.meta | has("release.json") and has("nightly.json")' \
	"$last")" true
is "nobody delegates to it" "$(tuf show repo -o json | jq '.roles[] |
	select(.role == "release").delegated')" false
refuses 3 "nothing can be named there" tuf add repo release/x=one --role release
exits 0 "delegated to again" tuf delegate repo release --holder dave.pub --path 'r/*'
signs carol-2 dave t3 t4
exits 0 "published" tuf publish repo
is "its versions go on" "$(version_of release)" 4

# --- time -------------------------------------------------------------------------------------------

exits 0 "what is short-lived is renewed" tuf renew repo timestamp --expires timestamp=P7D
is "alone" "$(new_in_change)" timestamp
exits 0 "signed" tuf sign repo/change.lwc --key t4.key --yes
exits 0 "published" tuf publish repo
is "it expires next" "$(tuf show repo -o json | jq -r .expiresNext.role)" timestamp
tuf show repo >tree
ok "the tree says so" grep -q '^next to expire: timestamp, until .* ([67] days)$' tree
exits 0 "all but root" tuf renew repo
is "... and what nobody delegates to" "$(jq '.next | has("root") or has("nightly")' \
	repo/change.lwc)" false
rm repo/change.lwc
refuses 2 "a role that is not there" tuf renew repo nobody
done_testing
