#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# A medium that lies, fails or is pulled out, at every read of a load (tests/tools/medium.c):
# CVE-2020-25860 and security classes 110 and 111. With SAMPLE=1 at every third.

. "$(dirname "$0")/../lib/scenario.sh"

full=(-f)
[ -z "${SAMPLE:-}" ] || full=()

make_keys alice bob
make_enclave 2 alice bob
"$LW_BIN/tools/forge" layout small 1
"$LW_BIN/tools/mklayout" big big 2 6MiB 1MiB # layers of more pieces than one, shared
make_bundle carried.lwb oci:small:registry.example/app/multi:1 \
	oci:big:registry.example/images:b0 oci:big:registry.example/images:b1
approve carried.lwb alice bob

work=$T
if [ -d /dev/shm ] && [ -w /dev/shm ]; then
	work=$(mktemp -d /dev/shm/landwaiter-medium.XXXXXX)
fi
status=0
"$LW_BIN/tools/medium" ${full[@]+"${full[@]}"} enclave "$work/medium" \
	"$LW_BIN/landwaiter-judge" carried.lwb >medium.log || status=$?
[ "$work" = "$T" ] || rm -rf "$work"
sed '/^1\.\./d' medium.log
# shellcheck disable=SC2034 # what done_testing counts
tap_count=$(grep -cE '^(not )?ok ' medium.log || true)
# shellcheck disable=SC2034
tap_failed=$(grep -c '^not ok ' medium.log || true)
is "the driver came to its end" "$status" 0
done_testing
