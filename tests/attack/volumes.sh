#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# flavours: release sweep-san
#
# What two hands and a marker pen can do to a bundle in volumes, and a sender whose approvers sign
# anything (security classes 73, 105, 106, 110, 111). What can become of an enclave between two
# sittings: tests/attack/sittings.sh.

. "$(dirname "$0")/../lib/volumes.sh"

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
# What is cut is known to be of its digest only when all of it was written.
exits 4 "again, looked at" env ASAN_OPTIONS="${ASAN_OPTIONS:-}:detect_leaks=0" strace -f -qq -y -e trace=pwrite64 -o strace.log \
	"$LW_BIN/landwaiter" load one-swapped-listed.1of1.lwb
blobs=$(grep -c '/store/blobs/sha256/' strace.log)
cut=$(tar tf one-swapped-listed.1of1.lwb | grep /pieces/ | cut -d / -f 3 | sort -u)
ok "small blobs are written where they stay" [ "$blobs" -gt 0 ]
is "none of those is cut" "$(grep -c "/store/blobs/sha256/\(${cut//$'\n'/\\|}\)" strace.log)" 0
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
done_testing
