#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# flavours: release sweep-san
# Bundles without what the enclave has: by the sender's own bundles, by the enclave's list; what
# turns out to be missing, and the supplements that bring it.
. "$(dirname "$0")/../lib/increments.sh"

# --- packing ----------------------------------------------------------------------------------

is "told" "$(grep -c '^left out: blobs 1, ' two.log)" 1
ok "smaller" test "$(stat -c %s two.lwb)" -lt "$(($(stat -c %s one.lwb) - 290000))"
is "it is marked" "$(tar xOf two.lwb landwaiter/volume)" "0001 of 0001"
is "the list has all blobs" "$(tar xOf two.lwb landwaiter/entries | cut -d ' ' -f 1 | sort | uniq -c |
	awk '{ print $2, $1 }')" "$(printf 'have 1\n%s' "$(tar tf two.lwb | sed -n 's,blobs/sha256/,sha256:,p' |
	sort | sed 's/$/ 1/')")"
is "contents say so" "$(lw inspect two.lwb -o json 2>/dev/null | jq -c .contents.prerequisites)" \
	"{\"blobs\":1,\"bytes\":307200,\"since\":[\"$(digest_of one.lwb)\"]}"
like "in words" "$(lw inspect two.lwb 2>/dev/null)" 'increment:   1 of the blobs .* do not travel; it follows:'
like "on the slip" "$(lw inspect two.lwb --slip 2>/dev/null)" 'increment:   1 of the blobs'
LANDWAITER_SENDER_DIR=$T/other make_bundle same.lwb --since one.lwb --sequence 2 oci:layout:b1
ok "the same again" cmp <(tail -c +262657 same.lwb) <(tail -c +262657 two.lwb)
lw approve one.lwb --extract -o one.lwa 2>/dev/null
exits 3 "a head has no list" packs no.lwb --since one.lwa oci:layout:b1
like "that is told" "$(cat err.log)" 'approve --extract --entries'
lw approve one.lwb --extract --entries -o lists.lwa 2>/dev/null
LANDWAITER_SENDER_DIR=$T/other2 make_bundle fromlists.lwb --since lists.lwa --sequence 2 oci:layout:b1
ok "seal and lists suffice" cmp <(tail -c +262657 fromlists.lwb) <(tail -c +262657 two.lwb)
ok "and are approved as a head is" approve lists.lwa carol
exits 2 "of another enclave" packs no.lwb --audience any --since one.lwb oci:layout:b1
exits 2 "not there" packs no.lwb --since none.lwb oci:layout:b1

# --- loading ----------------------------------------------------------------------------------

again one
refused 5 content.prerequisite-missing lw verify orphan.lwb
accepted lw verify two.lwb
is "verify says what it rests on" "$(jq -c .prerequisites out.log)" \
	"{\"blobs\":1,\"bytes\":307200,\"missing\":[],\"since\":[\"$(digest_of one.lwb)\"],\"supplement\":false}"
accepted lw load two.lwb
is "nothing is left" "$(pending)" "0 0 0 0"
accepted lw load three.lwb
accepted lw load both.lwb
pass "an increment of an increment"
exits 0 "all of it holds" lw check --all
is "all is there" "$(blobs)" "$(cd layout/blobs/sha256 && sha256sum -- * | cut -d ' ' -f 1 | sort)"
again one two three
accepted lw load nothing.lwb
pass "one that brings nothing but a name"

# --- the base is missing ------------------------------------------------------------------------

again
exits 5 "without its base" lw load two.lwb -o json
cp out.log missing.json
is "what is missing is named" "$(jq -c '[.prerequisites.missing, (.findings[] |
	select(.code == "content.prerequisite-missing").object)]' out.log)" \
	"[[{\"digest\":\"sha256:$shared\",\"size\":307200}],\"blobs/sha256/$shared\"]"
is "in the book, too" "$(last_record | jq -r '[.result, .reason] | join(" ")')" \
	"incomplete content.prerequisite-missing"
is "the rest is staged" "$(pending)" "3 1 3 1"
is "listed" "$(lw incoming list -o json | jq -c '.bundles[].prerequisites')" \
	"[{\"digest\":\"sha256:$shared\",\"in\":false,\"size\":307200}]"
like "in words" "$(lw incoming list)" 'needs     1 blobs of earlier bundles, missing: 1'
accepted lw load one.lwb
is "now it is here" "$(lw incoming list -o json | jq -c '.bundles[].prerequisites[].in')" true
accepted lw load two.lwb
is "only its head was read again" "$(jq '.bytesRead < 280000' out.log)" true
is "nothing is left of it" "$(pending)" "0 0 0 0"

# --- a supplement -------------------------------------------------------------------------------

exits 0 "packed" supplement extra.lwb missing.json two.lwb oci:layout:b1
is "it is of that bundle" "$(digest_of extra.lwb)" "$(digest_of two.lwb)"
is "and has that blob" "$(tar tf extra.lwb | grep -v ^landwaiter | tail -n +3)" "blobs/sha256/$shared"
like "it says so" "$(lw inspect extra.lwb 2>/dev/null)" 'supplement: +it brings'
is "for machines" "$(lw inspect extra.lwb -o json 2>/dev/null | jq .supplement)" true
is "its marks" "$(tar xOf extra.lwb landwaiter/volume landwaiter/supplement)" "0000 of 0001
1"
echo "sha256:$shared 307200" >lines
exits 0 "from lines" supplement lines.lwb lines two.lwb oci:layout:b1
ok "the same" cmp lines.lwb extra.lwb
exits 2 "of another bundle's verdict" supplement no.lwb missing.json three.lwb oci:layout:b1
exits 2 "to no increment" supplement no.lwb lines one.lwb oci:layout:b0
jq -c .entries <<<'{"entries":1}' >bad
exits 3 "by no list" supplement no.lwb bad two.lwb oci:layout:b1
echo "sha256:$(printf '%064d' 1)" >bad
exits 2 "of what it does not need" supplement no.lwb bad two.lwb oci:layout:b1
exits 2 "with a sender" lw pack --only lines --of two.lwb -o no.lwb --sender acme oci:layout:b1
exits 2 "with another counter" lw pack --only lines --of two.lwb -o no.lwb --sender-dir sender oci:layout:b1
exits 2 "with a target" lw pack --only lines --of two.lwb -o no.lwb --tuf-target x oci:layout:b1
exits 2 "with an authority" lw pack --only lines --of two.lwb -o no.lwb --ca-file x oci:layout:b1
exits 2 "for two devices" lw pack --only lines --of two.lwb --to one --to two oci:layout:b1
exits 2 "for a file and a device" lw pack --only lines --of two.lwb -o no.lwb --to one oci:layout:b1
exits 2 "without an image" lw pack --only lines --of two.lwb -o no.lwb

again
exits 5 "the increment" lw load two.lwb
accepted lw load extra.lwb
is "it completes it" "$(pending) $(blobs | wc -l)" "0 0 0 0 4"
is "of no sequence of its own" "$(sql 'SELECT name, floor FROM sender')" "acme|2"
exits 3 "again" lw load extra.lwb
again
exits 5 "the supplement first" lw load extra.lwb -o json
is "it says what it is" "$(jq -c '[.prerequisites.missing, .prerequisites.supplement, .volume]' out.log)" \
	'[[],true,null]'
exits 5 "verify knows what is in already" lw verify two.lwb -o json
is "so that nothing is missing but loading it" "$(jq -c '[.prerequisites.missing, [.findings[] |
	select(.severity == "incomplete") | .code, .found]]' out.log)" \
	'[[],["content.volume-missing","the others are in: load this one"]]'
like "and what is missing" "$(lw incoming list)" 'volumes   1, missing: 1'
refused 5 content.volume-missing lw verify extra.lwb
accepted lw load two.lwb
exits 0 "holds, too" lw check --all
rm enclave/store/blobs/sha256/"$shared"
exits 0 "it mends, too" lw repair extra.lwb
exits 0 "and is right" lw check --all
again
mkdir -p medium
cp two.lwb extra.lwb medium/
exits 0 "both in one folder" lw load --all-of medium
is "are one bundle" "$(lw list -o json | jq '.images | length')" 1

# --- in volumes ---------------------------------------------------------------------------------

again one
exits 5 "the second" lw load vol.2of3.lwb
exits 5 "the third" lw load vol.3of3.lwb
accepted lw load vol.1of3.lwb
again
exits 5 "without the base" lw load vol.1of3.lwb
exits 5 "two of them" lw load vol.3of3.lwb
exits 5 "all" lw load vol.2of3.lwb -o json
cp out.log all.json
is "only that is missing" "$(jq -c '[.volume.missing, (.prerequisites.missing | length)]' out.log)" '[null,1]'
exits 0 "a supplement to volumes" supplement volextra.lwb all.json vol.1of3.lwb oci:layout:b1
accepted lw load volextra.lwb

# --- what the enclave says it has ---------------------------------------------------------------

again one
lw have >had
is "all its blobs" "$(sed -n '2,$p' had | grep -c ^sha256:)" 4
is "its name" "$(head -n 1 had)" "landwaiter-have/1 $AUDIENCE"
is "its end" "$(tail -n 1 had)" "end 4 sha256:$(head -n -1 had | sha256sum | cut -d ' ' -f 1)"
is "of nobody else" "$(lw have --sender other | sed -n 2p)" "end 0 sha256:$(head -n 1 had | sha256sum | cut -d ' ' -f 1)"
ok "of that sender" cmp had <(lw have --sender acme)
make_bundle byhave.lwb --have had --sequence 7 oci:layout:b1 --key alice.key --key bob.key
like "left out by it" "$(cat pack.log)" 'left out: blobs 1, '
accepted lw load byhave.lwb
head -n -1 had >short
exits 4 "cut" packs no.lwb --have short oci:layout:b1
sed 's/^\(sha256:.*\) 307200/\1 307201/' had >altered
exits 4 "altered" packs no.lwb --have altered oci:layout:b1
sed '2{p}' had >twice
exits 3 "a line twice" packs no.lwb --have twice oci:layout:b1
(cat had && echo more) >longer
exits 3 "more behind it" packs no.lwb --have longer oci:layout:b1
sed "1s/sha256:.*/sha256:$(printf '%064d' 0)/" had >theirs
sed -i "\$s/sha256:.*/sha256:$(head -n -1 theirs | sha256sum | cut -d ' ' -f 1)/" theirs
exits 2 "another enclave's" packs no.lwb --have theirs oci:layout:b1
{
	echo "landwaiter-have/1 $AUDIENCE"
	{
		sed -n 2,5p had
		echo "sha256:$lost_layer $lost_size"
	} | sort -t ' ' -k 2n -k 1
} >lie
truncate -s 600MiB huge
exits 3 "huge" packs no.lwb --have huge oci:layout:b1
echo "end 5 sha256:$(sha256sum lie | cut -d ' ' -f 1)" >>lie
make_bundle lie.lwb --have lie --sequence 8 oci:layout:b2 --key alice.key --key bob.key
lacks lie.lwb sha256:"$lost_layer"

# --- many ---------------------------------------------------------------------------------------

small() { # MIB COMMAND...: what it prints is out.log
	local most=$1 rss_kib

	shift
	"$LW_BIN/tools/usage" used "$LW_BIN/landwaiter" "$@" >out.log 2>err.log || return
	# shellcheck disable=SC1091 # it says rss_kib=N cpu_ms=N
	. ./used
	echo "$rss_kib KiB"
	[[ $LW_BIN == */san ]] || ((rss_kib < most * 1024))
}
again
exits 5 "one is begun" lw load two.lwb
sqlite3 enclave/state.db "WITH RECURSIVE n (i) AS (VALUES (1000) UNION ALL SELECT i + 1 FROM n WHERE i < 250999)
	INSERT INTO pending_need SELECT pending, i, randomblob(32), i FROM n, pending_need"
ok "a list of a quarter of a million needs little" small 20 incoming list -o json
is "and is whole" "$(jq -c '[.format, (.bundles[0] | .sender, (.prerequisites | length, .[0].size, .[250000].size),
	(.volumes | length))]' out.log)" '["landwaiter-incoming/1","acme",250001,307200,250999,1]'

# --- collecting ---------------------------------------------------------------------------------

again one
exits 5 "it needs what two has" lw load both.lwb
exits 0 "one goes" lw remove registry.example/images:b0 --reason old
is "what is awaited is no waste" "$(lw gc -o json 2>/dev/null | jq .blobs)" 3
is "it is still here" "$(blobs)" "$shared"
exits 0 "discarded" lw incoming discard "$(digest_of both.lwb)" --reason late
is "then it is" "$(lw gc -o json 2>/dev/null | jq .blobs) $(blobs | wc -l)" "1 0"

# What the store had when a volume came is collected before the next one comes.
in_full() { # volumes of the one that is begun
	lw incoming list -o json | jq -c '[.bundles[].volumes | to_entries[] | select(.value.in == .value.members).key + 1]'
}
LANDWAITER_SENDER_DIR=$T/elsewhere sealed parts.lwb --sequence 6 --volume-size 330KiB oci:layout:b2
again one
exits 5 "one of eight" lw load parts.8of8.lwb
is "brings all of it, and some are here" "$(in_full | jq -c '[length > 2, .[-1]]')" '[true,8]'
exits 0 "they go" lw remove registry.example/images:b0 --reason old
exits 0 "for good" lw gc
is "and do not count as in" "$(in_full)" '[]'
is "nor for verify" "$(lw verify parts.7of8.lwb -o json | jq -r .volume.missing)" "1 to 6, 8"
for v in 1 2 3 4 5 6 7; do
	exits 5 "what is missing: $v" lw load parts.${v}of8.lwb
done
accepted lw load parts.8of8.lwb

# --- evidence, bases and zones ------------------------------------------------------------------

export LANDWAITER_ENCLAVE=$T/strict
cat >policy.json <<-'END'
	{"format": "landwaiter-policy/1", "zones": ["staging", "production"],
	 "senders": {"acme": {"threshold": 1, "signers": ["alice"], "audience": "any"}},
	 "signers": {"alice": {"keys": [{"kind": "key", "file": "alice.pub"}]},
	             "carol": {"keys": [{"kind": "key", "file": "carol.pub"}]}},
	 "images": [{"match": "registry.example/images:b0", "zone": "production",
	             "require": [{"threshold": 1, "of": ["carol"]}]},
	            {"match": "registry.example/images:b1", "zone": "staging",
	             "require": [{"threshold": 1, "of": ["carol"]}]}]}
END
lw init --policy policy.json --trust alice.pub=alice.pub --trust carol.pub=carol.pub >/dev/null 2>&1
lw endorse oci:layout:b0 --key carol.key >/dev/null 2>&1
lw endorse oci:layout:b1 --key carol.key >/dev/null 2>&1
make_bundle s1.lwb --sequence 20 --audience any oci:layout:b0 --key alice.key
make_bundle s2.lwb --since s1.lwb --audience any oci:layout:b0 oci:layout:b1 --key alice.key
accepted lw load s1.lwb
accepted lw verify s2.lwb
signatures=$(jq -c '[.images[].judgement | .met, (.signatures | length)]' out.log)
is "signatures are read from the store, too" "$signatures" '[true,1,true,1]'
accepted lw load s2.lwb
is "by load as by verify" "$(jq -c '[.images[].judgement | .met, (.signatures | length)]' out.log)" "$signatures"
is "each is in its zone, on one layer" "$(lw list -o json | jq -c '[.images[].zone]')" '["production","staging"]'
exits 0 "and holds" lw check --all

# --- the enclave's own trust, in an increment whose base is lost ----------------------------------

export LANDWAITER_ENCLAVE=$T/enclave
rm -rf enclave
cp -a empty enclave
cp -a enclave/evaluation evaluation
jq -c '.images[0].match = "registry.example/**"' <(sqlite3 enclave/state.db \
	"SELECT bytes FROM trust WHERE name = 'policy.json'") >policy.json
lw tuf add evaluation/repository policy.json=policy.json --key evaluation/owner.key >/dev/null 2>&1
make_bundle trusted.lwb --since one.lwb --sequence 30 --trust evaluation/repository oci:layout:b1 \
	--key alice.key --key bob.key
is "metadata travels" "$(tar xOf trusted.lwb landwaiter/entries | grep -c ^have)" 1
exits 5 "its images wait" lw load trusted.lwb
exits 0 "but its trust" lw load --trust-only trusted.lwb -o json
is "is taken" "$(jq -c '[.trust.new, [.trust.changes[].name]]' out.log)" '[true,["policy.json"]]'
exits 0 "from the bundle, too" lw trust update trusted.lwb
accepted lw load one.lwb
accepted lw load trusted.lwb
done_testing
