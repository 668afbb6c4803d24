#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# Builds the appliance a second time, in a copy of the source in another place, from programs
# compiled there and Debian's packages unpacked anew, and compares. Only what is somebody's secret
# or choice is the same file: keys, the enclave's trust.

set -euo pipefail
cd "$(dirname "$0")/.."
again=build/repro/again

appliance/build.sh
rm -rf build/repro
mkdir -p $again/build/appliance
tar -cf - --exclude=./build --exclude=./.git . | tar -xf - -C $again
for folder in keys evaluation; do
	[ ! -e build/appliance/$folder ] || cp -r build/appliance/$folder $again/build/appliance/
done
for name in SIGN_KEY SIGN_CERT ENCLAVE OVERLAY; do
	[[ -z ${!name:-} || ${!name} == none ]] || export $name="$(realpath "${!name}")"
done
echo "again, in $again:"
MAKEFLAGS='' make -s -C $again -j"$(nproc)" programs build/release/appliance-init >/dev/null
$again/appliance/build.sh

status=0
for name in landwaiter.spdx.json cmdline vmlinuz initrd.img landwaiter.efi landwaiter.img landwaiter.iso; do
	if cmp build/appliance/$name $again/build/appliance/$name; then
		echo "same  $(sha256sum <$again/build/appliance/$name | cut -c 1-64)  $name"
	else
		echo "OTHER $name"
		status=1
	fi
done
if [ $status -ne 0 ]; then
	echo "appliance: two builds differ. First compare the lists of packages: Debian may have new ones" >&2
	echo "since build/appliance/cache was made; MIRROR with a snapshot archive keeps them" >&2
fi
rm -rf build/repro
exit $status
