#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# flavours: san
#
# Bundles that enough approvers signed and that say something absurd (tests/lib/forgeries.h),
# named after the advisory or class they replay. Each is refused with its own finding, however
# large it claims to be. With SAMPLE=1 every third of them under the sanitizers, which make each
# three times as long, and the others without.

. "$(dirname "$0")/../lib/attack.sh"

forge=$LW_BIN/tools/forge
make_keys alice bob carol
make_enclave 2 alice bob carol
"$forge" layout layout 1
make_bundle good.lwb --sequence 7 oci:layout:registry.example/app/multi:1 \
	oci:layout:registry.example/app/plain:1
approve good.lwb alice bob

which=1
if [ -n "${SAMPLE-}" ]; then
	which='NR % 3 != 0'
	[[ $LW_BIN != */san ]] || which='NR % 3 == 0'
fi
while read -r name status code; do
	"$forge" make "$name" good.lwb bad.lwb alice.key bob.key
	attack "$name" "$status" "$code" lw load bad.lwb
done < <("$forge" list | awk "$which")

accepted lw load good.lwb
done_testing
