#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# The mutation test (tests/tools/mutate.c): everything that may be altered in a bundle, in the
# archive and by a sender whose approvers sign anything. With SAMPLE=1 a sample with a fixed seed.
# parts: 1/4 2/4 3/4 4/4

. "$(dirname "$0")/../lib/scenario.sh"

which=(-f)
[ -z "${SAMPLE:-}" ] || which=()
[ -z "${OPERATIONS:-}" ] || which+=(-s "$OPERATIONS")

make_keys alice bob carol
make_enclave 2 alice bob carol
for i in 1 2; do
	"$LW_BIN/tools/forge" layout "layout$i" "$i"
	make_bundle "$i.lwb" "oci:layout$i:registry.example/app/multi:1" \
		"oci:layout$i:registry.example/app/plain:1"
	approve "$i.lwb" alice bob
done
before=$(trust_state)$(stored_objects)

# Where nothing has to reach a disk, a mutant costs a few milliseconds.
work=$T
if [ -d /dev/shm ] && [ -w /dev/shm ]; then
	work=$(mktemp -d /dev/shm/landwaiter-mutate.XXXXXX)
fi
status=0
"$LW_BIN/tools/mutate" ${which[@]+"${which[@]}"} enclave "$work/mutate" "$LW_BIN/landwaiter-judge" \
	1.lwb 2.lwb alice.key bob.key >mutate.log || status=$?
LANDWAITER_ENCLAVE=$work/mutate/enclave
after=$(trust_state)$(stored_objects)
records=$(record_count)
lw log export >book 2>export.log
lw log verify book >verify.log 2>&1 || status=$?
[ "$work" = "$T" ] || rm -rf "$work"

sed '/^1\.\./d' mutate.log
# shellcheck disable=SC2034 # what done_testing counts
tap_count=$(grep -cE '^(not )?ok ' mutate.log || true)
# shellcheck disable=SC2034
tap_failed=$(grep -c '^not ok ' mutate.log || true)
is "the driver came to its end" "$status" 0
is "trust and store are what they were, seen from outside" "$after" "$before"
ok "the book holds $records records" [ "$records" -gt 1 ]
done_testing
