#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# flavours: release
#
# A box that is in the attacker's hands can refuse, and nothing else: with every lie of
# tests/tools/liar.c, a bundle with one approval of two is not accepted, and none is by words
# that are not a seal's.

. "$(dirname "$0")/../lib/attack.sh"

make_keys alice bob carol
make_enclave 2 alice bob carol
make_bundle one.lwb
approve one.lwb alice
cp one.lwb two.lwb
approve two.lwb bob

mkdir bin
cp "$LW_BIN/landwaiter" "$LW_BIN/landwaiter-pack" bin/
cp "$LW_BIN/tools/liar" bin/landwaiter-judge
liar() { # HOW COMMAND...
	printf '%s\n' "$1" >bin/lie
	shift
	bin/landwaiter "$@"
}

# One that says nothing for ever, meanwhile, and one that never ends its first word.
for how in stalls drips; do
	cp -r bin "bin.$how"
	cp -a enclave "enclave.$how"
	printf '%s\n' $how >"bin.$how/lie"
	{
		status=0
		LANDWAITER_ENCLAVE=$T/enclave.$how "bin.$how/landwaiter" load two.lwb -o json \
			>"$how.log" 2>/dev/null || status=$?
		printf '%s\n' $status >"$how.status"
	} &
done

# What the words of a sound box would be, told by an unsound one.
while read -r how status code file; do
	attack "$how" "$status" "$code" liar "$how" load "$file.lwb"
done <<'EOF'
honest 5 seal.threshold one
fits-everybody 5 seal.threshold one
fits-the-next 3 seal.unapproved one
fits-no-key 3 seal.unapproved two
fits-nobody 3 seal.unapproved two
one-signature-twice 3 seal.box one
one-signature-by-two 3 seal.box one
unnamed 3 seal.box one
sender-of-others 5 seal.threshold one
sender-escape 5 seal.threshold one
another-signature 3 seal.box two
another-payload 3 seal.box two
another-payload-unnamed 3 seal.box two
two-payloads 3 seal.box two
no-payload 3 seal.box two
empty-payload 3 seal.box two
payload-too-long 3 seal.box two
payload-and-more 3 seal.box two
sender-with-nul 3 seal.box two
fits-too-many 3 seal.box two
counts-wrong 3 seal.box two
short-key-id 3 seal.box two
signature-and-more 3 seal.box two
too-many-signatures 3 seal.box two
never-done 3 seal.box two
done-and-more 3 seal.box two
not-ready 3 seal.box two
ready-without-walls 3 seal.box two
ready-with-99 3 seal.box two
ready-and-more 3 seal.box two
ready-twice 3 seal.box two
exits-at-once 3 seal.box two
exits 3 seal.box two
fails 3 seal.box two
crashes 3 seal.box two
huge-frame 3 seal.box two
frame-over-cap 3 seal.box two
cut-frame 3 seal.box two
garbage 3 seal.box two
descriptor 3 seal.box two
secret-descriptor 3 seal.box two
type-zero 3 seal.box two
sends-a-job 3 seal.box two
only-done 3 seal.box two
text 3 seal.box two
EOF

# Only errors that are about the seal may come back as that.
for code in $(seq 0 20) 255 65536 4294967295; do
	expected=seal.box
	case $code in 3 | 4 | 5 | 11) expected=seal.format ;; esac
	attack "error $code" 3 $expected liar "error-$code" load two.lwb
	fails "nothing of its text reaches the terminal raw" grep -q $'\033' out.log err.log
done

# What a person is shown: a liar can show what it likes, but only printable; it cannot have
# another statement signed than the one in the file.
cp one.lwb shown.lwb
liar honest inspect one.lwb >shown 2>&1 || true
fails "what is shown is safe for a terminal" grep -q $'[\033\a]\|\xe2\x80\xae' shown
digest=$(lw inspect one.lwb -o json | jq -r .bundle)
like "the digest to expect" "$digest" '^sha256:[0-9a-f]{64}$'
fails "another payload is not signed when the digest is expected" \
	liar another-payload approve shown.lwb --key bob.key --expect "$digest"
ok "and the file is as it was" cmp one.lwb shown.lwb
fails "nor when it is not" liar another-payload approve shown.lwb --key bob.key --yes
ok "and the file is as it was then, too" cmp one.lwb shown.lwb

# A judge that is no judge.
for kind in none unreadable folder text wrong; do
	rm -rf bin/landwaiter-judge
	case $kind in
	none) ;;
	unreadable) cp "$LW_BIN/landwaiter-judge" bin/ && chmod 0644 bin/landwaiter-judge ;;
	folder) mkdir bin/landwaiter-judge ;;
	text) printf 'not a program\n' >bin/landwaiter-judge && chmod 755 bin/landwaiter-judge ;;
	wrong) cp /bin/true bin/landwaiter-judge ;;
	esac
	if [ $kind = wrong ]; then
		attack "judge: $kind" 3 seal.box bin/landwaiter load two.lwb
	else
		attack "judge: $kind" 1 system.error bin/landwaiter load two.lwb
	fi
done

wait
for how in stalls drips; do
	is "one that $how is given up: exit 3" "$(cat "$how.status")" 3
	is "and refused" "$(jq -r '.verdict + " " + .findings[0].code' "$how.log")" \
		"refused seal.box"
done

rm -rf bin/landwaiter-judge
cp "$LW_BIN/tools/liar" bin/landwaiter-judge
accepted liar honest load two.lwb
done_testing
