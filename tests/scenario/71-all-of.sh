#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# flavours: release sweep-san
# Every bundle at a medium's root: one verdict each, whatever lies beside it.
. "$(dirname "$0")/../lib/scenario.sh"

make_keys alice
make_enclave 1 alice
for i in 1 2 3; do
	make_bundle $i.lwb --sequence $i
done
approve 1.lwb alice
approve 3.lwb alice
mkdir -p medium/sub.lwb medium/sub
mv 1.lwb medium/b.lwb # before c, which nobody approved
mv 2.lwb medium/c.lwb
ln 3.lwb medium/d.lwb
ln -s "$T/3.lwb" medium/link.lwb
ln -s /dev/zero medium/zero.lwb
mkfifo medium/pipe.lwb medium/pipe
cp 3.lwb medium/sub/x.lwb
cp 3.lwb medium/.hidden.lwb
cp 3.lwb medium/._d.lwb
cp 3.lwb medium/d.LWB # as old FAT has names
truncate -s 1T medium/sparse.lwb
: >medium/empty.lwb
: >"medium/$(printf 'e\033[2J\n\377.lwb')"
echo hello >medium/README
mkdir many && (cd many && seq -f '%g.txt' 3000 | xargs touch)

names() { # of the verdicts in out.log, by what they were refused for
	jq -r 'select(.format == "landwaiter-verdict/1") | [.verdict, (.findings[0].code // "-")] | join(" ")' out.log
}
records=$(record_count)
exits 3 "a medium of all sorts" timeout 60 "$LW_BIN/landwaiter" load --all-of medium -o json
is "each in its turn" "$(names)" "accepted freshness.not-proven
refused seal.unapproved
accepted freshness.sequence-gap
refused freshness.replay
damaged seal.unreadable
damaged seal.unreadable
damaged seal.unreadable
damaged seal.unreadable
refused seal.format
damaged seal.unreadable
damaged seal.unreadable"
is "summed up" "$(jq -c 'select(.format == "landwaiter-folder/1")' out.log)" \
	'{"accepted":2,"bundles":11,"exit":3,"format":"landwaiter-folder/1","ignored":5}'
is "a record each" $(($(record_count) - records)) 11
fails "a name is text" grep -q "$(printf '[\001-\011\013-\037]')" out.log err.log
exits 3 "in words" timeout 60 "$LW_BIN/landwaiter" load --all-of medium
like "a name is shown" "$(cat out.log)" 'e\\x1b\[2J\\x0a\\xff\.lwb'
like "and the sum" "$(cat out.log)" "bundles 11: accepted 0, not 11; other entries 5, ignored"

mkdir good && cp medium/b.lwb good/
exits 3 "again: a replay" lw load --all-of good
exits 2 "no bundle" lw load --all-of many
like "says what there is" "$(cat err.log)" "other entries: 3000"
# --- while somebody else writes -------------------------------------------------------------------------

make_bundle last.lwb --sequence 9
approve last.lwb alice
exits 1 "somebody else writes" flock enclave/lock "$LW_BIN/landwaiter" load last.lwb
exits 1 "and goes on" flock enclave/lock "$LW_BIN/landwaiter" load --wait 1 last.lwb
(
	exec 9<enclave/lock
	flock 9
	: >held
	sleep 1
) &
until [ -e held ]; do sleep 0.02; done
exits 0 "and ends" lw load --wait 60 last.lwb
wait
exits 2 "no number" lw load --wait soon last.lwb
exits 2 "more than a day" lw load --wait 86401 last.lwb
exits 2 "both" lw load --all-of good good/b.lwb
exits 2 "neither" lw load
exits 2 "an approval for all" lw load --all-of good --approval x.lwa
exits 1 "no such folder" lw load --all-of nowhere
(cd many && seq -f '%g.lwb' 10001 | xargs touch)
records=$(record_count)
exits 3 "more than are ever read" lw load --all-of many
is "and none was" "$(record_count)" "$records"
done_testing
