#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# flavours: release sweep-san
#
# What two hands and a marker pen can do to a bundle in volumes, and what can become of an enclave
# between two sittings (security classes 73, 105, 106, 108 to 111, 114).

. "$(dirname "$0")/../lib/attack.sh"

make_keys alice bob carol mallory
make_enclave 2 alice bob carol
"$LW_BIN/tools/mklayout" big layout 1 3MiB 300KiB
for i in 5 6; do
	make_bundle v$i.lwb --volume-size 1800KiB --sequence $i oci:layout:b0 \
		--key alice.key --key bob.key
done
cp -a enclave empty
staged() { # of the one bundle: its folder
	echo enclave/store/pending/*
}
again() { # [VOLUME...]: an enclave that has these of the first bundle, and nothing else
	local v

	rm -rf enclave
	cp -a empty enclave
	for v in "$@"; do
		expect 5 lw load "v5.${v}of3.lwb" || fail "loading volume $v" "$(cat out.log)"
	done
}
# sitting NAME STATUS CODE MISSING COMMAND...: the attempt ends so, with that finding, with these
# volumes missing, and with one record.
sitting() {
	local exit=0 records got

	records=$(record_count)
	"${@:5}" -o json >out.log 2>err.log || exit=$?
	got=$(jq -r --arg code "$3" '[.exit, any(.findings[]; .code == $code),
		.volume.missing // "none"] | join(" ")' out.log 2>&1)
	is "$1: $3" "$exit $got, $(($(record_count) - records)) record" "$2 $2 true $4, 1 record"
	! grep -qE 'ERROR: (Address|Leak|Undefined)|runtime error:' err.log ||
		fail "$1" "$(cat err.log)"
}
# finished NAME FILE: the bundle comes in with it, whole, and nothing of it is pending.
finished() {
	local exit=0

	lw load "$2" -o json >out.log 2>err.log || exit=$?
	is "$1: it is whole" "$exit, $(cd enclave/store/blobs/sha256 && sha256sum -- * |
		awk '$1 == $2 { n++ } END { print n + 0, NR }'), $(sql 'SELECT count(*) FROM pending
		'), $(find enclave/store/pending -mindepth 1 | wc -l)" "0, 4 4, 0, 0"
}
bytes_of() { # VOLUME: to be altered, as x.lwb
	cp "v5.${1}of3.lwb" x.lwb
}
mark() { # TEXT: of x.lwb
	poke x.lwb "$(entry_offset x.lwb landwaiter/volume)" "$1"
}

# --- volumes mixed up -------------------------------------------------------------------------

again 1
sitting "a volume of another bundle is of that one" 5 content.volume-missing "1, 3" \
	lw load v6.2of3.lwb
is "each has its own" "$(sql 'SELECT sequence FROM pending ORDER BY 1' | paste -sd ' ')" "5 6"
sitting "twice" 5 content.volume-twice "2, 3" lw load v5.1of3.lwb
cp v5.2of3.lwb v5.9of9.lwb
sitting "called like another" 5 content.volume-missing "3" lw load v5.9of9.lwb
bytes_of 1
mark 0002
attack "a volume under another's number, and of its size" 4 content.header lw verify x.lwb
bytes_of 2
mark 0003
attack "a volume under another's number" 4 content.trailing lw load x.lwb
bytes_of 3
mark 0002
attack "the last under another's number" 4 content.truncated lw load x.lwb
for text in 0000 0004 '   3' '0003 of 0004' '0003-of-0003'; do
	bytes_of 3
	mark "$text"
	attack "a volume marked '$text'" 4 content.list lw load x.lwb
done
lw incoming discard "sha256:$(lw inspect v6.1of3.lwb -o json 2>/dev/null |
	jq -r '.bundle[7:]')" --reason mixed >/dev/null 2>&1
finished "after all that" v5.3of3.lwb
attack "one of them again" 3 freshness.replay lw load v5.2of3.lwb

# --- volumes damaged --------------------------------------------------------------------------

again
bytes_of 1
truncate -s -1 x.lwb
attack "a byte too short" 4 content.truncated lw load x.lwb
truncate -s 400000 x.lwb
attack "half a volume" 4 content.truncated lw load x.lwb
bytes_of 1
printf '\0' >>x.lwb
attack "a byte too long" 4 content.trailing lw load x.lwb
bytes_of 1
flip x.lwb $(($(entry_offset x.lwb landwaiter/entries) + 20))
attack "another entry list" 4 content.digest lw load x.lwb
piece=$(tar tf v5.1of3.lwb | grep /pieces/)
bytes_of 1
flip x.lwb $(($(entry_offset x.lwb "$piece") + 999999))
sitting "a flipped byte in a piece" 4 content.digest "1 to 3" lw load x.lwb
like "the piece is named" "$(jq -r '.findings[].object' out.log)" "$piece"
like "the rest of it is in" "$(jq -r '.findings[].found' out.log)" 'volume 1: 3 of 4 are in'
flip x.lwb $(($(entry_offset x.lwb "$piece") - 512 + 124))
sitting "another header, too" 4 content.header "1 to 3" lw load x.lwb
sitting "and a good one" 5 content.volume-missing "2, 3" lw load v5.1of3.lwb
is "of which only that piece was read" \
	"$(jq --argjson most $((1843200 - 300000)) '.bytesRead < $most' out.log)" true
lw load v5.2of3.lwb >/dev/null || true
finished "a supplement" v5.3of3.lwb
again
faultat() { # leaks cannot be looked for in what is traced
	ASAN_OPTIONS=${ASAN_OPTIONS:-}:detect_leaks=0 "$LW_BIN/tools/faultat" "$@"
}
reads=$(faultat --reads v5.1of3.lwb --count "$LW_BIN/landwaiter" verify v5.1of3.lwb \
	2>/dev/null || true)
sitting "a medium that cannot be read at one place" 4 content.read "1 to 3" \
	faultat --reads v5.1of3.lwb --at $((reads - 2)) --errno EIO "$LW_BIN/landwaiter" load v5.1of3.lwb
sitting "a medium pulled out" 4 content.read "1 to 3" \
	faultat --reads v5.2of3.lwb --at $((reads - 4)) --errno EIO --sticky "$LW_BIN/landwaiter" \
	load v5.2of3.lwb
lw load v5.2of3.lwb >/dev/null || true
lw load v5.1of3.lwb >/dev/null || true
finished "what could be read was kept" v5.3of3.lwb

# --- a sender who signs anything --------------------------------------------------------------

again
"$LW_BIN/tools/forge" layout forged 1
make_bundle f.lwb --sequence 9 oci:forged:registry.example/app/multi:1
for how in honest pieces-swapped pieces-swapped-listed a-volume-more a-volume-less a-block-more \
	a-piece-less no-marks one one-swapped-listed; do
	"$LW_BIN/tools/forge" volumes $how f.lwb $how alice.key bob.key
done
attack "a volume more than the list has" 4 content.list lw load a-volume-more.1of3.lwb
is "the list is told" "$(jq -r '.findings[] | select(.severity == "damage").object' out.log)" \
	landwaiter/entries
attack "a volume less than the list has" 4 content.list lw load a-volume-less.1of3.lwb
attack "a block more than there is" 4 content.size lw load a-block-more.1of3.lwb
attack "a cut into one piece" 4 content.list lw load a-piece-less.1of3.lwb
attack "volumes without a mark" 4 content.header lw load no-marks.1of3.lwb
sitting "pieces of equal size, swapped" 4 content.digest "1 to 3" lw load pieces-swapped.1of3.lwb
sitting "in the next volume, too" 4 content.digest "1 to 3" lw load pieces-swapped.2of3.lwb
sitting "the honest ones" 5 content.volume-missing "2, 3" lw load honest.1of3.lwb
sitting "are of the same bundle" 5 content.volume-missing "3" lw load honest.2of3.lwb
exits 0 "and come in" lw load honest.3of3.lwb
again
sitting "pieces swapped in the list" 5 content.volume-missing "2, 3" \
	lw load pieces-swapped-listed.1of3.lwb
sitting "each is what it says" 5 content.volume-missing "3" lw load pieces-swapped-listed.2of3.lwb
sitting "the wholes are not" 4 content.digest none lw load pieces-swapped-listed.3of3.lwb
is "nothing came in" "$(ls enclave/store/blobs/sha256)" ""
again
attack "pieces swapped in the list of one volume" 4 content.digest \
	lw load one-swapped-listed.1of1.lwb
attack "which verify sees, too" 4 content.digest lw verify one-swapped-listed.1of1.lwb
accepted lw load one.1of1.lwb
exits 0 "one volume with pieces holds" lw check --all
blob=$(find enclave/store/blobs -type f -size -600c -size +500c | head -n 1)
rm "$blob"
lw repair one.1of1.lwb >/dev/null 2>&1 || true
exits 0 "and mends" lw check --all
blob=$(tar tf honest.3of3.lwb | grep /pieces/ | cut -d / -f 3)
rm "enclave/store/blobs/sha256/$blob"
lw repair honest.3of3.lwb -o json >out.log 2>/dev/null || true
is "a part of it mends nothing" "$(jq -c '[.damaged, .repaired]' out.log)" '[1,0]'
exits 4 "a part of it in one volume mends nothing" lw check --all
lw repair one.1of1.lwb >/dev/null 2>&1 || true
rm "$(find enclave/store/blobs -type f -size -30c | head -n 1)"
lw repair honest.1of3.lwb >/dev/null 2>&1 || true
exits 0 "what a volume has whole it mends" lw check --all

# --- the state and the disk between sittings --------------------------------------------------

# damaged NAME COMMAND STATUS CODE: what is done to the staged volumes 1 and 2; then the third ends
# so, and asks for the first again.
damaged() {
	again 1 2
	eval "$2"
	sitting "$1" "$3" "$4" 1 lw load v5.3of3.lwb
	finished "$1, brought again" v5.1of3.lwb
}
# shellcheck disable=SC2016 # they are meant to
damaged "a staged document is altered" 'flip $(staged)/1 40' 4 content.staged
# shellcheck disable=SC2016
damaged "a staged layer is altered" 'flip $(staged)/2 200000' 4 content.staged
# shellcheck disable=SC2016
damaged "a staged file is gone" 'rm $(staged)/2' 5 content.volume-missing
# shellcheck disable=SC2016
damaged "a staged file is short" 'truncate -s 1000 $(staged)/2' 5 content.volume-missing
# shellcheck disable=SC2016
damaged "a link in its place" 'cp layout/blobs/sha256/* . ; rm $(staged)/1
	ln -s /etc/passwd $(staged)/1' 5 content.volume-missing
damaged "a row that was taken away" 'sqlite3 enclave/state.db \
	"DELETE FROM pending_member WHERE entry = 1"' 5 content.volume-missing
again 1 2
flip "$(staged)/3" 100
sitting "a staged piece is altered" 4 content.staged "1" lw load v5.3of3.lwb
again 1 2
cp -a enclave/store/pending kept
rm -rf enclave
cp -a empty enclave
rm -rf enclave/store/pending
cp -a kept enclave/store/pending
mkdir -p enclave/store/pending/junk
echo x >enclave/store/pending/file
sitting "files without rows" 5 content.volume-missing "1, 2" lw load v5.3of3.lwb
is "are removed" "$(cd enclave/store/pending && find . -type f | grep -cv '/3$')" 0
again 1 2
echo x >"$(staged)/77"
echo x >"$(staged)/.x"
finished "a file that no row has" v5.3of3.lwb
again 1
sqlite3 enclave/state.db "INSERT INTO pending_member SELECT id, 3, 2, 2, 1569280, 0 FROM pending"
attack "a row that is none" 1 system.error lw load v5.3of3.lwb

# --- trust, policy and time between sittings --------------------------------------------------

again 1 2
own=enclave/evaluation
sqlite3 enclave/state.db "SELECT bytes FROM trust WHERE name = 'policy.json'" >policy.json
jq -c '.senders.acme.threshold = 3' policy.json >x && mv x policy.json
expect 0 lw tuf add $own/repository policy.json=policy.json --key $own/owner.key || cat out.log err.log
expect 0 lw trust update $own/repository || cat out.log err.log
sitting "one approval more is asked for" 5 seal.threshold none lw load v5.3of3.lwb
cp v5.1of3.lwb c.lwb
approve c.lwb carol
sitting "it is found on a volume that is in" 5 content.volume-missing 3 lw load c.lwb
finished "and counts for all" v5.3of3.lwb
again 1 2
jq -c '.senders.acme.threshold = 2 | .senders.acme.signers = ["bob", "carol"]' policy.json >x
mv x policy.json
lw tuf add $own/repository policy.json=policy.json --key $own/owner.key >/dev/null 2>&1
lw trust update $own/repository >/dev/null 2>&1
sitting "one of its approvers may no more" 5 seal.threshold none lw load v5.3of3.lwb
again 1 2
jq -c '.senders.acme.signers = ["alice", "bob"] | .images[0].match = "elsewhere.example/**"' \
	policy.json >x
mv x policy.json
lw tuf add $own/repository policy.json=policy.json --key $own/owner.key >/dev/null 2>&1
lw trust update $own/repository >/dev/null 2>&1
sitting "no rule covers it any more" 3 policy.no-match none lw load v5.3of3.lwb
jq -c '.images[0].match = "**"' policy.json >x && mv x policy.json
lw tuf add $own/repository policy.json=policy.json --key $own/owner.key >/dev/null 2>&1
lw trust update $own/repository >/dev/null 2>&1
finished "and now one does" v5.2of3.lwb

at() { # TIME COMMAND...
	NO_FAKE_STAT=1 FAKETIME_DONT_RESET=1 faketime -f "$1" "$LW_BIN/landwaiter" "${@:2}"
}
export ASAN_OPTIONS=${ASAN_OPTIONS:-}:verify_asan_link_order=0
again
at '+2d' load v5.1of3.lwb >/dev/null || true
attack "the clock went back since the last sitting" 6 time.behind-floor lw load v5.2of3.lwb
again 1
records=$(record_count)
at '+25d' load v6.1of3.lwb >/dev/null 2>&1 || true
is "its seal expired meanwhile" "$(sql 'SELECT count(*) FROM pending'), $(lw log show -o json |
	jq -r 'select(.event == "discard").detail.reason'), $(($(record_count) - records))" \
	"0, its seal has expired, 2"
is "its files went with it" "$(find enclave/store/pending -mindepth 1 | wc -l)" 0

# --- other bundles meanwhile ------------------------------------------------------------------

again 1 2
for v in 1 2 3; do
	lw load v6.${v}of3.lwb >/dev/null || true
done
attack "a later bundle came in meanwhile" 3 freshness.sequence lw load v5.3of3.lwb
like "it is still listed" "$(lw incoming list)" 'sequence 5'
exits 0 "and can be discarded" lw incoming discard \
	"$(lw incoming list -o json | jq -r '.bundles[0].bundle')" --reason superseded
again 1
LANDWAITER_SENDER_DIR=$T/other make_bundle single.lwb --sequence 4 oci:layout:b0 --key alice.key --key bob.key
lw load single.lwb >/dev/null
finished "its blobs came in one file meanwhile: nothing is missing" v5.2of3.lwb
again 1
lw load v5.2of3.lwb >/dev/null &
one=$! a=0 b=0
lw load v5.3of3.lwb >/dev/null 2>two.log || b=$?
wait $one || a=$?
case "$a $b" in
"5 0" | "0 5" | "5 1" | "1 5") pass "two loads at once: one after the other, or one is told" ;;
*) fail "two loads at once" "exit $a and $b" "$(cat two.log)" ;;
esac
lw load v5.2of3.lwb >/dev/null 2>&1 || true
lw load v5.3of3.lwb >/dev/null 2>&1 || true
is "and in the end all of it is there" "$(sql 'SELECT count(*) FROM image')" 1

# --- more than is ever begun ------------------------------------------------------------------

again
sqlite3 enclave/state.db "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 16)
	INSERT INTO pending (digest, sender, sequence, bytes, expires, begun, last)
	SELECT randomblob(32), 'acme', i, 1, 4000000000, $(date +%s), $(date +%s) FROM n"
attack "a seventeenth bundle" 1 incoming.full lw load v5.1of3.lwb
again 1
sqlite3 enclave/state.db "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 15)
	INSERT INTO pending (digest, sender, sequence, bytes, expires, begun, last)
	SELECT randomblob(32), 'acme', i, 1, 4000000000, $(date +%s), $(date +%s) FROM n"
sitting "one of the sixteen goes on" 5 content.volume-missing 3 lw load v5.2of3.lwb

# --- approvals --------------------------------------------------------------------------------

again
make_bundle mallory.lwb --volume-size 1800KiB --sequence 12 oci:layout:b0 --key mallory.key
attack "nobody known approved it: nothing is kept" 3 seal.unapproved lw load mallory.1of3.lwb
approve mallory.1of3.lwb alice
sitting "one did" 5 seal.threshold none lw load mallory.1of3.lwb
cp mallory.1of3.lwb x.lwb
at=$(grep -aob '"sig":"' x.lwb | tail -n 1 | cut -d : -f 1)
if [ "$(byte_at x.lwb $((at + 20)))" = 65 ]; then
	poke x.lwb $((at + 20)) B
else
	poke x.lwb $((at + 20)) A
fi
attack "her signature altered" 3 seal.signature-bad lw load x.lwb
attack "verify keeps nothing" 5 seal.threshold lw verify mallory.2of3.lwb
approve mallory.3of3.lwb bob
sitting "another, on another volume" 5 content.volume-missing "1, 2" lw load mallory.3of3.lwb
attack "verify stages nothing" 5 content.volume-missing lw verify mallory.2of3.lwb
done_testing
