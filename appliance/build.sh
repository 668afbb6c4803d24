#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# Builds the appliance: a disk image for UEFI machines, a disc that installs it or is run from, and what they are
# made of, in build/appliance (or the folder given).
#
#	appliance/build.sh [FOLDER]
#
# From the environment (docs/runbook/appliance.md):
#	SIGN_KEY, SIGN_CERT	RSA, PEM: what the machine's firmware knows as db. Without them: a key
#				made on the spot, for evaluation
#	ENCLAVE			a folder with the trust that an enclave is made of at the first start:
#				root.json and repository/, or policy.json and the files it names.
#				Without it: approvers made on the spot, for evaluation. "none": the
#				first start is a ceremony (docs/runbook/first-start.md)
#	NETWORK=1		with drivers for networks, systemd-networkd, and landwaiter-push
#	OVERLAY			a folder of files to put into the root: etc/systemd/network/...
#	DATA_MIB		size of the data partition (1024)
#	MIRROR			where Debian's packages come from (appliance/rootfs.sh)

set -euo pipefail
cd "$(dirname "$0")/.."
out=${1:-build/appliance}
bin=$PWD/build/release
VERSION=$(cat VERSION)
SOURCE_DATE_EPOCH=$(date -u -d "$(sed -n 's/^RELEASED := //p' Makefile)" +%s)
export VERSION SOURCE_DATE_EPOCH LC_ALL=C TZ=UTC
export SIGN_KEY=${SIGN_KEY:-} SIGN_CERT=${SIGN_CERT:-} ENCLAVE=${ENCLAVE:-} NETWORK=${NETWORK:-}
export OVERLAY=${OVERLAY:-}
export MIRROR=${MIRROR:-} DATA_MIB=${DATA_MIB:-}
umask 022
mkdir -p build/appliance "$out"

step() { # WORDS COMMAND...
	local start=$EPOCHREALTIME words=$1

	shift
	"$@"
	printf '  %-44s %6.1f s\n' "$words" \
		"$(((${EPOCHREALTIME/./} - ${start/./}) / 100000))e-1"
}

# Debian's part is kept: its name is that of what it was made by.
cached_root() {
	local made_by

	made_by=$({
		cat appliance/rootfs.sh appliance/packages.list
		echo "$MIRROR $NETWORK $SOURCE_DATE_EPOCH"
	} | sha256sum | cut -c 1-16)
	cache=build/appliance/cache/$made_by
	[ -e "$cache/root.tar" ] || {
		mkdir -p build/appliance/cache
		appliance/rootfs.sh "$PWD/$cache"
	}
}

# PK, KEK and db as an owner has them.
evaluation_keys() {
	local keys=build/appliance/keys name

	mkdir -p $keys
	for name in PK KEK db; do
		[ -e $keys/$name.crt ] || openssl req -x509 -newkey rsa:3072 -nodes -sha256 -days 3650 \
			-subj "/CN=Landwaiter evaluation $name, made on the spot" \
			-keyout $keys/$name.key -out $keys/$name.crt 2>/dev/null
	done
	SIGN_KEY=$keys/db.key SIGN_CERT=$keys/db.crt
	echo "EVALUATION ONLY: signed with $SIGN_KEY, which was made on the spot; give SIGN_KEY and SIGN_CERT"
}

# Three people, of whom two approve; no vendor need have signed; any medium may speak.
evaluation_enclave() {
	local folder=build/appliance/evaluation name

	ENCLAVE=$folder/trust
	[ -e $ENCLAVE/media.json ] || {
		rm -rf $folder
		mkdir -p $folder/keys $ENCLAVE
		for name in alice bob carol; do
			(cd $folder/keys && "$bin/landwaiter" keygen --no-passphrase $name)
		done
		"$bin/landwaiter" init --enclave $folder/made --sender acme --threshold 2 \
			--approver alice=$folder/keys/alice.pub --approver bob=$folder/keys/bob.pub \
			--approver carol=$folder/keys/carol.pub
		cp -r $folder/made/evaluation/files/. $ENCLAVE
		echo '{"format": "landwaiter-door/1"}' >$ENCLAVE/door.json
		echo '{"format": "landwaiter-media/1", "media": [], "unlisted": "admit"}' >$ENCLAVE/media.json
	} >/dev/null 2>&1
	echo "EVALUATION ONLY: bundles are approved with $folder/keys; give ENCLAVE"
}

list_packages() {
	jq -nR -f appliance/spdx.jq --arg version "$VERSION" \
		--arg created "$(date -u -d "@$SOURCE_DATE_EPOCH" +%Y-%m-%dT%H:%M:%SZ)" \
		--arg digest "$(sha256sum <"$out/scratch/packages" | cut -c 1-64)" \
		<"$out/scratch/packages" >"$out/landwaiter.spdx.json"
}

publish() {
	local name

	for name in disk.img landwaiter.efi unsigned.efi vmlinuz initrd.img cmdline landwaiter.iso \
		disc.initrd.img disc.cmdline; do
		ln -f "$out/scratch/$name" "$out/$name"
	done
	mv -f "$out/disk.img" "$out/landwaiter.img"
}

report() {
	local name

	echo
	for name in landwaiter.img landwaiter.iso landwaiter.efi vmlinuz initrd.img scratch/root.img; do
		printf '  %-16s %7.1f MiB\n' "${name#work/}" \
			"$(($(stat -c %s "$out/$name") * 10 / 1048576))e-1"
	done
	printf '  %-16s %7s\n' packages "$(jq '.packages | length' "$out/landwaiter.spdx.json")" \
		drivers "$(find "$out/scratch/root/usr/lib/modules" -name '*.ko' | wc -l)"
	grep -o 'landwaiter.verity=[0-9a-f]*' "$out/cmdline" | sed 's/^/  /'
	for name in landwaiter.img landwaiter.iso; do
		printf '  sha256 %s  %s\n' "$(sha256sum <"$out/$name" | cut -c 1-64)" "$out/$name"
	done
}

[ -n "$SIGN_KEY" ] || evaluation_keys
[ -n "$ENCLAVE" ] || evaluation_enclave
[ "$ENCLAVE" = none ] || [ -d "$ENCLAVE" ] || {
	echo "appliance: ENCLAVE: there is no folder $ENCLAVE" >&2
	exit 1
}
step "Debian's packages (kept in build/appliance/cache)" cached_root
step "the root's tree" appliance/tree.sh "$cache" "$out/scratch"
step "the list of packages" list_packages
step "root, kernel, disk" appliance/image.sh "$out/scratch" "$bin/appliance-init"
step "disc" appliance/disc.sh "$out/scratch"
publish
report
