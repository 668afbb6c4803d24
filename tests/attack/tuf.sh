#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# flavours: release
#
# A vendor's TUF repository as an attacker would have it travel: sealed by good approvers, with
# metadata that is old, mixed, cut, of other keys, larger, or forged by those who hold some of the
# keys. Whatever it is, the bundle is refused for that reason, and what is trusted stays as it was.

. "$(dirname "$0")/../lib/attack.sh"
. "$LW_TOP/tests/lib/vendors.sh"

tuf() {
	lw tuf "$@" >/dev/null 2>tuf.log || {
		cat tuf.log >&2
		return 1
	}
}
pubkey() { # KEY: its 32 bytes in hex
	openssl pkey -in "$1" -pubout -outform DER | tail -c 32 | od -An -v -tx1 | tr -d ' \n'
}
keyid() { # KEY: what the vendor's root calls it; of a stranger, what it calls its first
	jq -r --arg public "$(pubkey "$1")" '.signed.keys | to_entries |
		(map(select(.value.keyval.public == $public)) + .)[0].key' first.json
}

# sign FILE KEY...: what its "signed" is, signed by these keys (canonical: it is all ASCII).
sign() {
	local file=$1 key list=()

	shift
	jq -cj .signed "$file" >message
	for key in "$@"; do
		openssl pkeyutl -sign -rawin -in message -inkey "$key" -out signature
		list+=("{\"keyid\":\"$(keyid "$key")\",\"sig\":\"$(od -An -v -tx1 signature | tr -d ' \n')\"}")
	done
	printf '{"signatures":[%s],"signed":%s}' "$(IFS=,; echo "${list[*]}")" "$(cat message)" >"$file"
}
# edit FILE FILTER KEY...: its signed half changed, and signed again by these keys.
edit() {
	jq -c ".signed |= ($2)" "$1" >edited && mv edited "$1"
	sign "$1" "${@:3}"
}
# What follows when another snapshot or other targets are to be taken: timestamp and snapshot that
# name them, signed by the vendor: the attacker has the online keys.
online() { # VERSION
	local n=$1

	jq -c --argjson n "$n" --argjson t "$(find bad -name '*.targets.json' -printf '%f\n' | cut -d . -f 1)" \
		'.signed.version = $n | .signed.meta."targets.json" = {version: $t}' \
		bad/*.snapshot.json >new && rm bad/*.snapshot.json
	mv new "bad/$n.snapshot.json" && sign "bad/$n.snapshot.json" vendor.key
	edit bad/timestamp.json ".version = $n | .meta.\"snapshot.json\" = {version: $n}" vendor.key
}

app=registry.acme.example/prod/app
make_keys alice vendor mallory
tuf init repo --root vendor.pub --key vendor.key --expires timestamp=P7D
cp repo/metadata/1.root.json first.json
one=$(image layout 1 one)
two=$(image layout 2 one two)
tuf add repo "$app/1=layout/blobs/sha256/${one#sha256:}" --key vendor.key
cp -a repo old
tuf add repo "$app/2=layout/blobs/sha256/${two#sha256:}" --key vendor.key

printf '{"format":"landwaiter-policy/1","senders":{"acme":{"threshold":1,"signers":["alice"]}},
	"signers":{"alice":{"keys":[{"kind":"key","file":"alice.pub"}]}},
	"tuf":{"acme":{"root":"root.json"}},"images":[{"match":"**","tuf":"acme"}]}' >policy.json
# shellcheck disable=SC2034 # for make_bundle
AUDIENCE=$(lw init --policy policy.json --trust alice.pub=alice.pub --trust root.json=first.json 2>init.log)
make_bundle good.lwb --tuf acme=repo/metadata "$app:1=oci:layout:1"
approve good.lwb alice
mkdir files
(cd repo/metadata && cp 1.root.json 3.snapshot.json 3.targets.json timestamp.json ../../files)

# forged NAME CODE [NEWEST]: the files of bad/, in a bundle of their own.
forged() {
	"$LW_BIN/tools/forge" tuf "${3:-1}" bad good.lwb bad.lwb alice.key
	attack "$1" 3 "$2" lw load bad.lwb
}
fresh() {
	rm -rf bad && cp -a files bad
}

fresh
"$LW_BIN/tools/forge" tuf 1 bad good.lwb same.lwb alice.key
exits 0 "what is forged of the same files is good" lw verify same.lwb

# --- what the bundle lacks, and a box that lies --------------------------------------------------------

fresh
forged "a file that contents list, and that is not there" evidence.missing lost:timestamp.json
mkdir bin && cp "$LW_BIN/landwaiter" bin/ && cp "$LW_BIN/tools/liar" bin/landwaiter-judge
lie() { # HOW CODE
	echo "$1" >bin/lie
	attack "a box that $1" 3 "$2" bin/landwaiter load good.lwb
}
lie tuf-dies evidence.box
lie tuf-trails evidence.box
lie tuf-other-word evidence.box
lie tuf-hides tuf.threshold
lie tuf-alters tuf.other-root # the first that it hands out is the pinned root

# --- old, mixed, cut ---------------------------------------------------------------------------------

accepted lw load good.lwb # the enclave is at snapshot 3
make_bundle next.lwb --tuf acme=repo/metadata "$app:1=oci:layout:1" && approve next.lwb alice
cp next.lwb good.lwb
(cd old/metadata && mkdir ../../old-files && cp 1.root.json 2.snapshot.json 2.targets.json timestamp.json ../../old-files)
rm -rf bad && cp -a old-files bad
forged "an old repository, whole" tuf.rollback
fresh && cp old-files/timestamp.json bad/
forged "an old timestamp" tuf.rollback
fresh && rm bad/3.targets.json && cp old-files/2.targets.json bad/4.targets.json && online 4
forged "the new snapshot with old targets under the new name" tuf.version
fresh && mv bad/3.targets.json bad/2.targets.json && online 4
forged "a snapshot that names older targets" tuf.rollback
fresh && online 4 && rm bad/4.snapshot.json
forged "no snapshot" tuf.missing
fresh && edit bad/3.targets.json '.version = 4' vendor.key && mv bad/3.targets.json bad/4.targets.json && online 4
rm bad/4.targets.json
forged "no targets" tuf.missing
fresh && online 4 && truncate -s -10 bad/timestamp.json
forged "a timestamp cut short" tuf.format
fresh && rm bad/timestamp.json
forged "no timestamp" tuf.missing
fresh
forged "a root that the sender saw and did not bring" tuf.missing 2
fresh && edit bad/timestamp.json '.version = 9 | .expires = "2026-01-01T00:00:00Z"' vendor.key
forged "a freeze: an expired timestamp" tuf.expired
fresh && online 4 && edit bad/4.snapshot.json '.expires = "2026-01-01T00:00:00Z"' vendor.key
forged "an expired snapshot" tuf.expired
fresh && edit bad/3.targets.json '.version = 4 | .expires = "2026-01-01T00:00:00Z"' vendor.key &&
	mv bad/3.targets.json bad/4.targets.json && online 4
forged "expired targets" tuf.expired

# --- other keys, thresholds ----------------------------------------------------------------------------

root() { # FILTER KEY...: a next root
	fresh && cp files/1.root.json bad/2.root.json
	edit bad/2.root.json ".version = 2 | ($1)" "${@:2}"
}
root '.' mallory.key
forged "a root by somebody else" tuf.threshold 2
root '.' && jq -c '.signatures = []' bad/2.root.json >x && mv x bad/2.root.json
forged "a root by nobody" tuf.threshold 2
root '.roles.root.threshold = 2' vendor.key
forged "a root that does not meet its own threshold" tuf.threshold 2
for threshold in 0 -1 1.5 '"1"' true null 2147483648 9007199254740993; do
	root ".roles.timestamp.threshold = $threshold" vendor.key
	forged "a threshold of $threshold" "$(case $threshold in
		2147483648) echo tuf.threshold ;; 9007199254740993) echo tuf.limit ;;
		*) echo tuf.format ;; esac)" 2
done
root '.version = 3' vendor.key
forged "root 3 in the place of root 2" tuf.version 2
root '.version = 1' vendor.key
forged "root 1 in the place of root 2 (CVE-2020-15163 is its like)" tuf.version 2
root '._type = "targets"' vendor.key
forged "another type" tuf.format 2
root '.spec_version = "2.0.0"' vendor.key
forged "a specification of tomorrow" tuf.format 2
root '.expires = "2026-01-01T00:00:00Z"' vendor.key
forged "an expired root" tuf.expired 2
root '.expires = "9999-99-99T00:00:00Z"' vendor.key
forged "no date" tuf.format 2
# One key under two ids counts once.
root '.keys |= with_entries(., {key: ("ab" * 32), value: .value}) |
	.roles.root.keyids += ["ab" * 32] | .roles.root.threshold = 2' vendor.key
jq -c '.signatures += [.signatures[0] | .keyid = ("ab" * 32)]' bad/2.root.json >x && mv x bad/2.root.json
forged "a threshold of two, met by one key under two ids" tuf.threshold 2
root '.' vendor.key && jq -c '.signatures += .signatures' bad/2.root.json >x && mv x bad/2.root.json
forged "one key id twice" tuf.format 2
root '.' vendor.key && jq -c '.signatures += [range(2000) | {keyid: tostring, sig: "00"}]' bad/2.root.json >x &&
	mv x bad/2.root.json
forged "endless signatures" tuf.limit 2
fresh && edit bad/timestamp.json '.version = 9' mallory.key
forged "a timestamp by somebody else" tuf.threshold
fresh && jq -c '.signed.version = 9' bad/timestamp.json >x && mv x bad/timestamp.json
forged "a timestamp altered after it was signed" tuf.threshold
for version in 0 -1 1.5 '"9"' null; do
	fresh && edit bad/timestamp.json ".version = $version" vendor.key
	forged "version $version" tuf.format
done
for version in 9007199254740993 9223372036854775808 1e400; do # jq would round them
	fresh && sed "s/\"version\":3/\"version\":$version/" files/timestamp.json >bad/timestamp.json
	forged "version $version" "$([ $version = 1e400 ] && echo tuf.format || echo tuf.limit)"
done

# --- names, sizes, bytes ---------------------------------------------------------------------------------

fresh && online 4 && head -c 16400 /dev/zero | tr '\0' ' ' >>bad/timestamp.json
forged "a timestamp of more than its cap" tuf.limit
fresh && sed -i 's/"_type"/"_type":"timestamp","_type"/' bad/timestamp.json
forged "a key twice" tuf.format
fresh && printf '\0' >>bad/timestamp.json
forged "a NUL behind it" tuf.format
fresh && { printf '\xef\xbb\xbf'; cat files/timestamp.json; } >bad/timestamp.json
forged "a byte order mark" tuf.format
fresh && head -c 3000 /dev/zero | tr '\0' '[' >bad/timestamp.json
forged "depth" tuf.limit
fresh && cp bad/3.targets.json bad/timestamp.json
forged "targets in the place of the timestamp" tuf.format
fresh && edit bad/timestamp.json '.version = 9 | .meta = {}' vendor.key
forged "a timestamp that names no snapshot" tuf.format
fresh && online 4 && edit bad/timestamp.json ".version = 4 | .meta.\"snapshot.json\" = {version: 4,
	length: $(stat -c %s bad/4.snapshot.json), hashes: {sha256: \"$(printf %064d 0)\"}}" vendor.key
forged "another snapshot than the timestamp says" tuf.hash
fresh && online 4 && edit bad/timestamp.json \
	'.version = 4 | .meta."snapshot.json" = {version: 4, length: 10}' vendor.key
forged "a longer snapshot than the timestamp says" tuf.hash
fresh && edit bad/3.targets.json ".version = 4 | .targets = {}" vendor.key &&
	mv bad/3.targets.json bad/4.targets.json && online 4
forged "targets that do not list the image any more" tuf.target-unknown
fresh && edit bad/3.targets.json ".version = 4 | .targets.\"$app/1\".hashes.sha256 = \"$(printf %064d 0)\"" \
	vendor.key && mv bad/3.targets.json bad/4.targets.json && online 4
forged "a target of another digest" tuf.target-mismatch
fresh && edit bad/3.targets.json ".version = 4 | .targets.\"$app/1\".length += 1" vendor.key &&
	mv bad/3.targets.json bad/4.targets.json && online 4
forged "a target of another length" tuf.target-mismatch
fresh && edit bad/3.targets.json ".version = 4 | .targets.\"$app/1\".hashes.sha512 = \"$(printf %0128d 0)\"" \
	vendor.key && mv bad/3.targets.json bad/4.targets.json && online 4
forged "one good hash and one bad" tuf.target-mismatch
fresh && edit bad/3.targets.json ".version = 4 | .targets.\"$app/1\".hashes = {md5: \"00\"}" vendor.key &&
	mv bad/3.targets.json bad/4.targets.json && online 4
forged "no hash that is known" tuf.target-mismatch

vendor_id=$(keyid vendor.key)
# A chain of roots that does not end: more than are ever walked at once.
fresh
jq -cj '.signed' files/1.root.json >base
for ((i = 2; i <= 260; i++)); do
	sed "s/\"version\":1\([,}]\)/\"version\":$i\1/" base >message
	grep -q "\"version\":${i}[,}]" message
	openssl pkeyutl -sign -rawin -in message -inkey vendor.key -out signature
	printf '{"signatures":[{"keyid":"%s","sig":"%s"}],"signed":%s}' "$vendor_id" \
		"$(od -An -v -tx1 signature | tr -d ' \n')" "$(cat message)" >"bad/$i.root.json"
done
"$LW_BIN/tools/forge" tuf 260 bad good.lwb bad.lwb alice.key
attack "a chain of 260 roots" 3 tuf.missing lw load bad.lwb

# --- after all that the good one still loads ------------------------------------------------------------

accepted lw load good.lwb
is "trusted as before, and on" "$(jq -r '.tuf[0].snapshot.version' out.log)" 3
done_testing
