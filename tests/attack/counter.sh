#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# The sender's counter: numbers at the ends of their range (security class 102, fast-forward), files
# that are damaged or something else. No number is used twice, and none is burnt by a slip.

. "$(dirname "$0")/../lib/attack.sh"

make_keys alice
make_enclave 1 alice
make_layout layout
image=registry.example/test/app:1=oci:layout:$(first_tag layout)
# shellcheck disable=SC2120,SC2153 # by `exits` with some
pack() { # OPTION...
	rm -f p.lwb
	lw pack "$image" --sender acme --audience "$AUDIENCE" --expires P9D --marking T -o p.lwb "$@"
}
counter() { # what it holds
	jq .sequence sender/acme.json
}

# --- numbers --------------------------------------------------------------------------------------

for sequence in 0 -1 9007199254740992 9007199254740993 18446744073709551617 01 +1 1e3 1.0 ' 1' ''; do
	exits 2 "sequence '$sequence'" pack --sequence "$sequence"
	fails "and nothing is there" test -e p.lwb
done
exits 0 "the first" pack
is "is 1" "$(counter)" 1
exits 2 "none twice" pack --sequence 1
exits 2 "none further ahead than any enclave would take" pack --sequence 1000002
is "which uses up nothing" "$(counter)" 1
exits 0 "one as far ahead as that" pack --sequence 1000001
exits 0 "and the next" pack
is "goes on from there" "$(counter)" 1000002

# A folder that was lost goes on where its owner says; at the end of all numbers it says so.
rm -r sender
exits 0 "the last number there is" pack --sequence 9007199254740991
exits 1 "and none after it" pack
ok "which is told" grep -q 'no number is left' err.log
exits 2 "nor before it" pack --sequence 7
is "the counter is as it was" "$(counter)" 9007199254740991
rm -r sender
exits 0 "one of a fast-forwarded sender" pack --sequence 9007199254740991
approve p.lwb alice
attack "row-102 a sequence that would lock out all others" 3 freshness.sequence-jump lw load p.lwb

# --- a file that is something else -----------------------------------------------------------------

rm -r sender
# shellcheck disable=SC2119
pack >/dev/null 2>&1
cp sender/acme.json good.json
bundle=$(jq -r .bundle good.json)
while IFS= read -r text; do
	printf '%s\n' "$text" >sender/acme.json
	exits 1 "a counter that says: ${text:0:60}" pack
	ok "its name is told" grep -q 'acme\.json: ' err.log
	fails "nothing is packed" test -e p.lwb
	is "it is left as it is" "$(cat sender/acme.json)" "$text"
done <<END

{}
nonsense
{"bundle":"$bundle","sender":"other","sequence":5}
{"bundle":"$bundle","sender":"acme","sequence":-5}
{"bundle":"$bundle","sender":"acme","sequence":0}
{"bundle":"$bundle","sender":"acme","sequence":9007199254740993}
{"bundle":"$bundle","sender":"acme","sequence":1e3}
{"bundle":"$bundle","sender":"acme","sequence":5,"sequence":1}
{"bundle":"sha256:0","sender":"acme","sequence":5}
END
for kind in link fifo folder; do
	rm -rf sender/acme.json
	case $kind in
	link) ln -s "$T/good.json" sender/acme.json ;;
	fifo) mkfifo sender/acme.json ;;
	folder) mkdir sender/acme.json ;;
	esac
	fails "a counter that is a $kind" timeout 20 "$LW_BIN/landwaiter" pack "$image" --sender acme \
		--audience any --expires P9D --marking T -o p.lwb
	fails "nothing is packed" test -e p.lwb
done
rm -rf sender/acme.json
cp good.json sender/acme.json
exec 9>sender/lock
flock 9
exits 1 "another pack at work" pack
exec 9>&-
exits 0 "and then" pack
is "the next number" "$(counter)" 2

# --- what no enclave could take --------------------------------------------------------------------

for expires in P0D PT0S P-1D P999999D P1Y P90 90 '' 'P90D ' p90d P00090D P99999999999999999999D; do
	exits 2 "expires '$expires'" lw pack "$image" --sender acme --audience any --marking T -o q.lwb \
		--expires "$expires"
done
for audience in ANY "${AUDIENCE^^}" "${AUDIENCE#sha256:}" "$AUDIENCE " '' sha256: 'any '; do
	exits 2 "audience '${audience:0:20}'" lw pack "$image" --sender acme --expires P9D --marking T \
		-o q.lwb --audience "$audience"
done
for marking in ' ' ' T' 'T ' "$(printf ' %.0s' {1..128})"; do
	exits 2 "marking '${marking:0:20}'" lw pack "$image" --sender acme --expires P9D -o q.lwb \
		--audience any --marking "$marking"
done
is "none of it used a number" "$(counter)" 2
done_testing
