#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Time without a network: the floor, the clock, and people's word.
. "$(dirname "$0")/../lib/scenario.sh"

make_keys alice bob carol mallory
make_enclave 2 alice bob carol
make_bundle one.lwb
approve one.lwb alice bob

floor() {
	lw time show -o json | jq -r .lo
}


# The commands of a library function cannot be run under faketime: the program itself can.
lw_at() { # TIME WORDS...
	FAKETIME_DONT_FAKE_MONOTONIC=1 faketime "$1" "$LW_BIN/landwaiter" "${@:2}"
}

before=$(floor)
refused 6 time.behind-floor lw_at '1970-01-02 00:00:00' load one.lwb
refused 6 time.behind-floor lw_at '2000-01-01 00:00:00' load one.lwb
refused 3 freshness.expired lw_at '2038-01-20 00:00:00' load one.lwb
refused 3 freshness.expired lw_at '2106-02-08 00:00:00' load one.lwb
is "no clock moves the floor" "$(floor)" "$before"
accepted lw load one.lwb
ok "a load raises it" test "$(floor)" '>' "$before"

# A sender whose clock is ahead within policy's skew must not lock us out.
lw_at "$(date -u -d '+200 sec' '+%F %T')" pack "registry.example/test/app:2=oci:layout:$(first_tag layout)" --sender acme --audience "$AUDIENCE" \
	--expires P20D --marking TEST -o ahead.lwb >/dev/null 2>&1
approve ahead.lwb alice bob
accepted lw load ahead.lwb
is "and the time is still trusted" "$(lw time show -o json | jq -r .state)" trusted
lw_at "$(date -u -d '+900 sec' '+%F %T')" pack "registry.example/test/app:3=oci:layout:$(first_tag layout)" --sender acme --audience "$AUDIENCE" \
	--expires P20D --marking TEST -o future.lwb >/dev/null 2>&1
approve future.lwb alice bob
refused 3 freshness.future lw load future.lwb

# --- people's word -----------------------------------------------------------------------------

now=$(date -u +%Y-%m-%dT%H:%M:%SZ)
records=$(record_count)
exits 2 "one person is not enough to be asked" lw time attest "$now" --key alice.key
exits 3 "the same person twice is one person" lw time attest "$now" --key alice.key --key alice.key
exits 3 "a stranger does not count" lw time attest "$now" --key alice.key --key mallory.key
exits 3 "nor does a time before the floor" lw time attest 2020-01-01T00:00:00Z --key alice.key --key bob.key
exits 3 "nor an absurd one" lw time attest 2199-01-01T00:00:00Z --key alice.key --key bob.key
exits 3 "nor a reset to before this release" lw time reset 2020-01-01T00:00:00Z --key alice.key --key bob.key
is "those five are in the book" "$(record_count)" $((records + 5))
is "with who signed and why they were refused" \
	"$(last_record | jq -r '[.event, .result, .detail.attestedBy[], (.detail.why | length > 0)] | join(" ")')" \
	"time-reset refused alice bob true"
exits 2 "nor no time at all" lw time attest 2026-02-30T00:00:00Z --key alice.key --key bob.key
mapfile -t many < <(for _ in {1..33}; do printf '%s\n' --key alice.key; done)
exits 2 "nor more keys than there may be" lw time attest "$now" "${many[@]}"
is "no time is trusted by that" "$(lw time show -o json | jq -r .source)" clock
records=$(record_count)
exits 0 "two people attest" lw time attest "$now" --key alice.key --key bob.key
is "in the book" "$(record_count)" $((records + 1))
is "from people now, not from the clock" "$(lw time show -o json | jq -r .source)" attested
exits 0 "a clock that lies no longer matters" lw_at '2000-01-01 00:00:00' time show -o json
is "the state is trusted" "$(jq -r .state out.log)" trusted

# An absurd floor, as an attacker with a stolen threshold might leave it, is mended by a reset.
far=$(date -u -d '+400 days' +%Y-%m-%dT%H:%M:%SZ)
exits 0 "people attest a time far ahead by mistake" lw time attest "$far" --key alice.key --key bob.key
exits 0 "and a reset takes it back" lw time reset "$now" --key bob.key --key carol.key
is "the floor is what they said" "$(floor)" "$now"

# --- a clock nobody believes -------------------------------------------------------------------

export LANDWAITER_ENCLAVE=$T/doubting
make_enclave 2 alice bob -- --clock attested
make_bundle three.lwb
approve three.lwb alice bob
refused 6 time.unknown lw load three.lwb
exits 0 "attested" lw time attest "$(date -u +%Y-%m-%dT%H:%M:%SZ)" --key alice.key --key bob.key
accepted lw load three.lwb
done_testing
