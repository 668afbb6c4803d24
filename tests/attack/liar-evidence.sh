#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# flavours: release
#
# A box in the attacker's hands, at gate 5: it can refuse, it can hide, and it makes nobody sign.
# Beside tests/attack/liar.sh, which is about the seal.

. "$(dirname "$0")/../lib/vendors.sh"

make_keys alice security
vendor_keys acme stranger
app=registry.acme.example/app
signers="$(signer acme cosign-key),$(signer security key)"
enclave enclave '{"match":"**","require":[{"threshold":2,"of":["acme","security"]}]}'

# good: both have signed. short: acme has, and a stranger in security's name. alone: acme has.
for how in good short alone; do
	digest=$(image $how 1 one)
	cosign_sign acme.key $how $app "$digest"
	case $how in
	good) lw endorse "$app:1=oci:$how:1" --key security.key >/dev/null 2>&1 ;;
	short)
		statement $endorsement "$digest" '{"created":"2026-11-01T00:00:00Z"}' $app:1 |
			dsse stranger.key >forged.json
		attach $how "$digest" forged.json $dsse_type >/dev/null
		;;
	esac
	sealed $how.lwb "$app:1=oci:$how:1"
done
attack "short, with an honest box" 3 evidence.signature-bad lw load short.lwb
attack "alone, with an honest box" 3 policy.signer-missing lw load alone.lwb

mkdir bin
cp "$LW_BIN/landwaiter" bin/
cp "$LW_BIN/tools/liar" bin/landwaiter-judge
liar() { # HOW COMMAND...
	printf '%s\n' "$1" >bin/lie
	shift
	bin/landwaiter "$@"
}

# What the words of a sound box would be, told by an unsound one.
while read -r how code file; do
	attack "$how" 3 "$code" liar "$how" load "$file.lwb"
done <<'LIES'
honest evidence.signature-bad short
honest policy.signer-missing alone
piece-fits-everybody evidence.signature-bad short
piece-fits-everybody policy.signer-missing alone
piece-twice policy.signer-missing alone
piece-sixteen-times policy.signer-missing alone
piece-unsupported policy.signer-missing short
piece-unknown-key policy.signer-missing short
piece-own-payload evidence.signature-bad alone
piece-fits-nobody evidence.signature-bad good
piece-fits-the-next evidence.signature-bad good
piece-fits-no-key evidence.signature-bad short
piece-other-payload evidence.signature-bad good
piece-own-payload evidence.signature-bad good
piece-other-type evidence.signature-bad good
piece-of-the-piece evidence.signature-bad good
piece-other-signature evidence.signature-bad good
piece-unsupported policy.signer-missing good
piece-malformed evidence.malformed good
piece-detached evidence.box good
piece-state-3 evidence.box good
piece-signed-by-none evidence.box good
piece-signed-with-a-reason evidence.box good
piece-empty-signature evidence.box good
piece-no-text evidence.box good
piece-fits-too-many evidence.box good
piece-counts-wrong evidence.box good
piece-too-many-signatures evidence.box good
piece-too-few evidence.box good
piece-too-many evidence.box good
piece-done-instead evidence.box good
piece-again evidence.box good
piece-exits evidence.box good
piece-fails evidence.box good
piece-crashes evidence.box good
piece-huge-frame evidence.box good
piece-frame-over-cap evidence.box good
piece-cut-frame evidence.box good
piece-garbage evidence.box good
piece-descriptor evidence.box good
piece-secret-descriptor evidence.box good
piece-type-zero evidence.box good
piece-only-done evidence.box good
piece-text evidence.box good
piece-error-3 evidence.box good
evidence-exits evidence.box good
evidence-fails evidence.box good
evidence-crashes evidence.box good
evidence-huge-frame evidence.box good
evidence-cut-frame evidence.box good
evidence-garbage evidence.box good
evidence-descriptor evidence.box good
evidence-text evidence.box good
evidence-error-3 evidence.box good
LIES
fails "nothing of its text reaches the terminal raw" grep -q $'\033' out.log err.log
liar piece-malformed verify good.lwb >out.log 2>err.log || true
fails "nor for people" grep -q $'\033' out.log err.log

# What was staged is read again, and hashed: whoever has been at it meanwhile.
attack "what is staged is replaced" 1 system.error liar restages load good.lwb
like "and that is said" "$(jq -r '.findings[] | select(.code == "system.error").found' out.log)" \
	'^sha256:[0-9a-f]{64}, as it was kept aside: .*'

# What is true counts, however much more is said.
for how in piece-fits-everybody piece-twice honest; do
	accepted liar $how verify good.lwb
done
accepted lw load good.lwb

# A later judgement asks a box, too.
printf 'piece-fits-nobody\n' >bin/lie
exits 3 "explain, told lies: refused" bin/landwaiter policy explain $app:1 -o json
is "as a bad signature" "$(jq -r '.findings[0].code' out.log)" evidence.signature-bad
printf 'piece-crashes\n' >bin/lie
exits 3 "explain, told nothing: refused" bin/landwaiter policy explain $app:1 -o json
is "as a failure of the box" "$(jq -r '.findings[0].code' out.log)" evidence.box
# One box serves one image: what evidence made of it, it is gone before the next image.
words=()
for i in 1 2 3 4; do
	digest=$(image many $i "$i")
	cosign_sign acme.key many $app "$digest"
	lw endorse "$app:$i=oci:many:$i" --key security.key >/dev/null 2>&1
	words+=("$app:$i=oci:many:$i")
done
sealed many.lwb "${words[@]}"
accepted lw verify many.lwb
# A file for each process; what two do at once would be split lines in one.
strace -ff -qq -s 4096 -e trace=seccomp,recvmsg -e signal=none -o trace "$LW_BIN/landwaiter" \
	verify many.lwb >out.log 2>err.log
grep -lE 'SECCOMP_SET_MODE_FILTER.*\}\) *= 0' trace.* >boxes
# The seal's, one for each image, and perhaps the one in reserve at the end, which may be ended before
# it has built its walls.
like "a box for the seal, one for each image, one in reserve" "$(wc -l <boxes)" '^[56]$'
is "and each image's manifests were shown to one of its own" \
	"$(grep -lF schemaVersion trace.* | grep -cFxf boxes)" 4
done_testing
