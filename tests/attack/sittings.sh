#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# flavours: release sweep-san
#
# What can become of an enclave between two sittings of a bundle in volumes: its disk, its state, its
# trust, its clock, other bundles, other loads (security classes 73, 104, 106, 108, 114).

. "$(dirname "$0")/../lib/volumes.sh"

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
# under FILE INJECTION VOLUME: its load, with that fault wherever the staged file is met.
under() {
	ASAN_OPTIONS=${ASAN_OPTIONS:-}:detect_leaks=0 strace -f -qq -o strace.log -P "$1" -P "$T/$(staged)/$1" \
		-e inject="$2" "$LW_BIN/landwaiter" load "${@:3}"
}
again 1 2
sitting "a sector of a staged piece" 4 content.staged 1 under 3 pread64:error=EIO:when=1 v5.3of3.lwb
finished "that volume, brought again" v5.1of3.lwb
again 1 2
sitting "no more files may be open" 1 system.error none under 2 openat,openat2:error=EMFILE v5.3of3.lwb
finished "that was nobody's loss" v5.3of3.lwb
again 1 2
flip "$(staged)/1" 40
load_until pread64 "$T/$(staged)/3" v5.3of3.lwb
# shellcheck disable=SC2154 # load_until sets it
kill -TERM "$stopped"
let_it_go_on damaged
is "told to stop when damage was found" "$(jq -r '.volume.missing,
	(.findings[] | select(.severity == "error").found)' load.log)" $'1\nstopped'
finished "that volume, after the stop" v5.1of3.lwb
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

# --- and what the store has of it by another bundle ---------------------------------------------

LANDWAITER_SENDER_DIR=$T/elsewhere make_bundle whole.lwb --sequence 4 oci:layout:b0 \
	--key alice.key --key bob.key
cut=$(find layout/blobs/sha256 -type f -size +1M -printf '%f\n')
meanwhile() { # COMMAND: done after volumes 1 and 2 were staged and the bundle came in whole
	again 1 2
	expect 0 lw load whole.lwb || fail "the whole bundle" "$(cat out.log)"
	eval "$1"
}
meanwhile "flip enclave/store/blobs/sha256/$cut 2000000"
finished "accepted meanwhile, then damaged in the store" v5.3of3.lwb
meanwhile 'lw remove registry.example/images:b0 --reason test >out.log 2>&1 && lw gc >out.log 2>&1'
finished "accepted meanwhile, then removed and collected" v5.3of3.lwb
# shellcheck disable=SC2016
meanwhile 'flip enclave/store/blobs/sha256/$cut 2000000; flip "$(staged)/3" 2000000'
sitting "damaged there and here" 4 content.staged 2 lw load v5.3of3.lwb
finished "the piece of it, brought again" v5.2of3.lwb

# Of two images another bundle brings one, and then comes a sitting: what volume 1 had staged of that
# one is as good as it was.
"$LW_BIN/tools/mklayout" big pair 2 1MiB 300KiB
make_bundle pair.lwb --volume-size 800KiB --sequence 10 oci:pair:b0 oci:pair:b1 --key alice.key --key bob.key
LANDWAITER_SENDER_DIR=$T/elsewhere make_bundle half.lwb --sequence 5 oci:pair:b0 --key alice.key --key bob.key
shared=$(find pair/blobs/sha256 -type f -size +200k -size -700k -printf '%f\n')
between() { # COMMAND: done after volume 1, the other bundle, and volume 2; the third then has the rest
	again
	expect 5 lw load pair.1of5.lwb || fail "volume 1" "$(cat out.log)"
	expect 0 lw load half.lwb || fail "the other bundle" "$(cat out.log)"
	expect 5 lw load pair.2of5.lwb || fail "volume 2" "$(cat out.log)"
	eval "$1"
}
between "flip enclave/store/blobs/sha256/$shared 1000"
exits 0 "a sitting between, then damaged in the store" lw load pair.3of5.lwb
exits 0 "and all is right" lw check --all
between 'lw remove registry.example/images:b0 --reason test >out.log 2>&1 && lw gc >out.log 2>&1'
sitting "a sitting between, then removed and collected" 5 content.volume-missing "4, 5" lw load pair.3of5.lwb
is "as the list of what is pending says" "$(lw incoming list | grep -o 'missing: .*')" "missing: 4, 5"
exits 5 "and one of these" lw load pair.4of5.lwb
exits 0 "and the other" lw load pair.5of5.lwb
exits 0 "and all is right" lw check --all

again
first=$(jq -r '.manifests[] | select(.annotations["org.opencontainers.image.ref.name"] == "b0").digest[7:]' \
	pair/index.json)
own=$(jq -r '.layers[1].digest[7:]' "pair/blobs/sha256/$first")
expect 5 lw load pair.4of5.lwb || fail "volume 4" "$(cat out.log)"
expect 0 lw load half.lwb || fail "the other bundle" "$(cat out.log)"
expect 5 lw load pair.5of5.lwb || fail "volume 5" "$(cat out.log)"
flip "enclave/store/blobs/sha256/$own" 1000
sitting "a piece that came in vain" 5 content.volume-missing "2, 3, 5" lw load pair.1of5.lwb
is "is missing in the list, too" "$(lw incoming list | grep -o 'missing: .*')" "missing: 2, 3, 5"
for volume in 2 3; do
	expect 5 lw load pair.${volume}of5.lwb || fail "volume $volume" "$(cat out.log)"
done
exits 0 "until it comes again" lw load pair.5of5.lwb
exits 0 "and all is right" lw check --all

again
expect 0 lw load whole.lwb || fail "the whole bundle" "$(cat out.log)"
flip "enclave/store/blobs/sha256/$cut" 2000000
for volume in 3 2; do
	expect 5 lw load v5.${volume}of3.lwb || fail "loading volume $volume" "$(cat out.log)"
done
finished "damaged in the store before any volume came" v5.1of3.lwb

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

again 1
at '+25d' gc >/dev/null 2>&1
is "gc takes it, too" "$(sql 'SELECT count(*) FROM pending') $(find enclave/store/pending -mindepth 1 | wc -l)" "0 0"
is "each with its record" "$(lw log show -o json | jq -r .event | tail -n 2 | paste -sd ' ')" "discard gc"

# --- other bundles meanwhile ------------------------------------------------------------------

again 1 2
for v in 1 2 3; do
	lw load v6.${v}of3.lwb >/dev/null || true
done
attack "a later bundle came in meanwhile" 3 freshness.sequence lw load v5.3of3.lwb
is "what was overtaken is not kept" "$(sql 'SELECT count(*) FROM pending') $(lw log show -o json |
	jq -r 'select(.event == "discard") | .detail | "\(.sequence) \(.reason)"') $(find enclave/store/pending -mindepth 1 |
	wc -l)" "0 5 a later bundle of its sender was accepted 0"
lw log export >book 2>/dev/null
ok "the book holds" lw log verify book
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
	SELECT randomblob(32), '', 0, 0, 0, $(date +%s), $(date +%s) FROM n"
cp -a enclave crowded
sqlite3 enclave/state.db "INSERT INTO pending_volume (pending, volume, members) SELECT id, 1, 1 FROM pending"
attack "a seventeenth bundle" 5 content.incoming-full lw load v5.1of3.lwb
mkdir stick
cp v5.1of3.lwb stick/a.lwb
make_bundle stick/b.lwb --sequence 20 oci:layout:b0 --key alice.key --key bob.key
exits 5 "what else is on the medium" lw load --all-of stick
is "is loaded" "$(sql 'SELECT count(*) FROM bundle')" 1
rm -rf enclave && mv crowded enclave
sitting "sixteen that lack approvals keep nobody out" 5 content.volume-missing "2, 3" lw load v5.1of3.lwb
make_bundle seventeenth.lwb --volume-size 1800KiB --sequence 21 oci:layout:b0 --key alice.key
exits 5 "one approval more" lw load seventeenth.1of3.lwb -o json
is "all that are begun are listed" "$(lw incoming list -o json | jq '.bundles | length')" 17
is "is not kept, and that is said" "$(jq -r '[.findings[].code] | join(" ")' out.log)" \
	"seal.threshold seal.approval-not-kept"
again 1
sqlite3 enclave/state.db "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 15)
	INSERT INTO pending (digest, sender, sequence, bytes, expires, begun, last)
	SELECT randomblob(32), 'acme', i, 1, 4000000000, $(date +%s), $(date +%s) FROM n;
	INSERT INTO pending_volume (pending, volume, members) SELECT id, 1, 1 FROM pending WHERE expires = 4000000000"
sitting "one of the sixteen goes on" 5 content.volume-missing 3 lw load v5.2of3.lwb

# --- approvals --------------------------------------------------------------------------------

again
make_bundle mallory.lwb --volume-size 1800KiB --sequence 22 oci:layout:b0 --key mallory.key
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
# Taken away behind the reading of it, while the last volume is loaded: by the enclave's owner alone.
again 1 2
load_until pread64 "$T/$(staged)/3" v5.3of3.lwb
rm "$(staged)/3"
mkfifo "$(staged)/3"
let_it_go_on error
is "no row without a file" \
	"$(jq -r '.findings[] | select(.severity != "note").code' load.log)" system.error
is "no image, no floor" "$(sql 'SELECT count(*) FROM image'), $(sql 'SELECT count(*) FROM sender')" "0, 0"
sitting "what lies there is not waited for" 5 content.volume-missing "1, 2" lw load v5.3of3.lwb
# Signatures that nobody was known for when they were kept count when somebody is, and only if they are good.
cp mallory.2of3.lwb y.lwb
approve y.lwb alice
python3 - y.lwb <<'PY'
import base64, json, sys
data = bytearray(open(sys.argv[1], "rb").read())
seal = json.loads(data[512:512 + 262144])
for entry in seal["signatures"]:
    if entry is not seal["signatures"][-1]:  # mallory's came first
        sig = bytearray(base64.b64decode(entry["sig"]))
        sig[5] ^= 1
        entry["sig"] = base64.b64encode(sig).decode()
text = json.dumps(seal, sort_keys=True, separators=(",", ":")).encode()
data[512:512 + 262144] = text.ljust(262144)
open(sys.argv[1], "wb").write(data)
PY
again
sitting "a broken one beside it is kept" 5 seal.threshold none lw load y.lwb
own=enclave/evaluation
sql "SELECT bytes FROM trust WHERE name = 'policy.json'" | jq -c '.signers.mallory =
	{keys: [{kind: "key", file: "keys/mallory.pub"}]} | .senders.acme.signers += ["mallory"]' >policy.json
ok "and then she is known" lw tuf add $own/repository policy.json=policy.json keys/mallory.pub=mallory.pub \
	--key $own/owner.key
ok "to the enclave" lw trust update $own/repository
approve mallory.3of3.lwb bob
sitting "another, on another volume" 5 content.volume-missing "1, 2" lw load mallory.3of3.lwb
attack "verify stages nothing" 5 content.volume-missing lw verify mallory.2of3.lwb
done_testing
