#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# flavours: release sweep-san
# Approving: in place, at home, merged, beside the bundle; and every way it must not count.
. "$(dirname "$0")/../lib/scenario.sh"

make_keys alice bob carol mallory
lw keygen --no-passphrase alice-2 --type p256 >/dev/null 2>&1
lw init --sender acme --threshold 2 --approver alice=alice.pub --approver alice=alice-2.pub \
	--approver bob=bob.pub --approver carol=carol.pub >identity 2>/dev/null
AUDIENCE=$(cat identity)
make_bundle one.lwb

# --- what counts -------------------------------------------------------------------------------

refused 3 seal.unapproved lw verify one.lwb
approve one.lwb mallory
refused 3 seal.unapproved lw verify one.lwb
approve one.lwb alice
refused 5 seal.threshold lw verify one.lwb
approve one.lwb alice-2
refused 5 seal.threshold lw verify one.lwb
is "two keys of one person count once" "$(jq -r '.findings[] | select(.code == "seal.threshold")
	.found | startswith("1 of 3")' out.log)" true
exits 2 "a key approves once" lw approve one.lwb --key alice.key --yes
rest_of() { # everything but the seal
	tail -c +262657 "$1" | sha256sum
}
before=$(rest_of one.lwb)
approve one.lwb bob
is "an approval changes the seal alone" "$(rest_of one.lwb)" "$before"
accepted lw verify one.lwb

# --- asking ------------------------------------------------------------------------------------

make_bundle two.lwb
digest=$(lw inspect two.lwb -o json | jq -r .bundle)
exits 2 "nobody there to ask" lw approve two.lwb --key alice.key
exits 3 "another digest than expected" lw approve two.lwb --key alice.key --expect "$AUDIENCE"
is "neither signed" "$(lw inspect two.lwb -o json | jq '.approvals | length')" 0
exits 0 "the expected digest" lw approve two.lwb --key alice.key --expect "$digest"
ok "what was shown names the image" grep -q registry.example/test/app:1 err.log

# --- at home -----------------------------------------------------------------------------------

exits 0 "the head alone" lw approve two.lwb --extract -o two.lwa
ok "it is small" test "$(size_of two.lwa)" -lt 300000
ok "tar reads it" tar tf two.lwa
exits 0 "signed at home" lw approve two.lwa --key bob.key --expect "$digest"
refused 5 seal.threshold lw verify two.lwb
accepted lw verify two.lwb --approval two.lwa
refused 3 seal.approval-other lw verify two.lwb --approval one.lwb
refused 4 seal.unreadable lw verify two.lwb --approval nowhere.lwa
exits 0 "merged" lw approve two.lwb --merge two.lwa
accepted lw verify two.lwb
exits 0 "merging again adds nothing" lw approve two.lwb --merge two.lwa
exits 3 "another bundle's approvals are not merged" lw approve one.lwb --merge two.lwa
refused 4 content.header lw verify two.lwa

# --- the seal's own words ----------------------------------------------------------------------

make_bundle stranger.lwb --sender nobody
approve stranger.lwb alice bob
refused 3 seal.sender lw verify stranger.lwb
make_bundle any.lwb --audience any
approve any.lwb alice bob
refused 3 seal.audience lw verify any.lwb
make_bundle long.lwb --expires P365D
approve long.lwb alice bob
refused 3 freshness.too-long lw verify long.lwb

# --- keys --------------------------------------------------------------------------------------

printf 'open sesame\n' >word
printf 'wrong\n' >wrong
exits 0 "an encrypted key" lw keygen --passphrase-file word locked
ok "is encrypted" grep -q 'BEGIN ENCRYPTED PRIVATE KEY' locked.key
make_bundle three.lwb
exits 1 "the wrong passphrase" lw approve three.lwb --key locked.key --yes --passphrase-file wrong
exits 0 "the right one" lw approve three.lwb --key locked.key --yes --passphrase-file word
exits 2 "keys are not written over" lw keygen --no-passphrase alice
for type in ed25519 p256 p384 p521 rsa3072; do
	lw keygen --no-passphrase --type $type k-$type >/dev/null 2>&1
done
LANDWAITER_ENCLAVE=$T/types lw init --sender acme --threshold 5 --approver a=k-ed25519.pub \
	--approver b=k-p256.pub --approver c=k-p384.pub --approver d=k-p521.pub \
	--approver e=k-rsa3072.pub >types-identity 2>/dev/null
make_bundle types.lwb --audience "$(cat types-identity)"
approve types.lwb k-ed25519 k-p256 k-p384 k-p521 k-rsa3072
LANDWAITER_ENCLAVE=$T/types
accepted lw load types.lwb
done_testing
