#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# flavours: release
#
# CVE-2026-34155: what is behind 2 and 4 GiB counts as much as what is before. Blobs of just those
# sizes, good ones accepted, each refused when its last byte is another.

. "$(dirname "$0")/../lib/attack.sh"

sizes=(2147483647 2147483648 4294967297)
[ -z "${SAMPLE-}" ] || sizes=(2147483648)

make_keys alice bob
make_enclave 2 alice bob
"$LW_BIN/tools/forge" layout layout 1
make_bundle plain.lwb oci:layout:registry.example/app/multi:1 \
	oci:layout:registry.example/app/plain:1
for size in "${sizes[@]}"; do
	"$LW_BIN/tools/forge" sparse "$size" plain.lwb big.lwb alice.key bob.key
	accepted lw verify big.lwb
	end=$(($(size_of big.lwb) - 1024 - (512 - size % 512) % 512))
	poke big.lwb $((end - 1)) '\001'
	exit=0
	lw verify big.lwb -o json >out.log 2>err.log || exit=$?
	is "cve-2026-34155: the last of $size bytes" \
		"$exit $(jq -r '[.findings[].code] | join(" ")' out.log)" \
		"4 freshness.not-proven policy.evaluation content.digest"
done
done_testing
