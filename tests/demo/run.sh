#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# The whole story, with the real programs on real images: two people on the connected side seal
# what the third carries across; the enclave takes it, and then refuses everything it should.
# Everything happens in build/demo, which is left for the reader to play with.

set -euo pipefail
cd "$(dirname "$0")/../.."

top=$PWD
export PATH=$top/build/release:$PATH
export LANDWAITER_SENDER_DIR=$top/build/demo/sender
export LANDWAITER_ENCLAVE=$top/build/demo/enclave
unset SOURCE_DATE_EPOCH
exec 2>&1 # words and data in the order in which they come

bold='' dim='' plain=''
if [ -t 1 ] && [ -z "${NO_COLOR:-}" ] && [ "${TERM:-dumb}" != dumb ]; then
	bold=$'\e[1m' dim=$'\e[2m' plain=$'\e[0m'
fi

chapter() {
	printf '\n%s== %s%s\n' "$bold" "$1" "$plain"
}
say() {
	printf '%s\n' "$@"
}
show() { # the command as one would type it
	local word line='$'

	for word in "$@"; do
		[[ $word == *[\ \;]* || -z $word ]] && word="'$word'"
		line+=" $word"
	done
	printf '\n%s%s%s\n' "$bold" "$line" "$plain"
}
wrong() {
	printf '\ndemo: this was not to happen: %s\n' "$1" >&2
	exit 1
}

run() { # COMMAND...
	show "$@"
	"$@" || wrong "exit status $?"
}

brief() { # COMMAND...: shows the end of what it says
	show "$@"
	"$@" >said.log 2>&1 || {
		cat said.log
		wrong "$1 $2 failed"
	}
	printf '  ...\n'
	tail -n 2 said.log
	rm said.log
}

quietly() { # COMMAND...: preparation, not part of the story
	"$@" >said.log 2>&1 || {
		cat said.log
		wrong "$1 $2 failed"
	}
	rm said.log
}

refuse() { # STATUS CODE COMMAND...
	local expected=$1 code=$2 status=0

	shift 2
	show "$@"
	"$@" >refusal.log 2>&1 || status=$?
	cat refusal.log
	head=$(sed -n 's/^ *head *//p' refusal.log)
	[ "$status" -eq "$expected" ] || wrong "exit status $status, expected $expected"
	grep -qF "$code" refusal.log || wrong "no finding $code"
	printf '%s(exit status %d, as it should be)%s\n' "$dim" "$status" "$plain"
	rm refusal.log
}

same() { # WHAT ONE OTHER
	[ "$2" = "$3" ] || wrong "$1: $2 is not $3"
	printf '  %s: %s\n' "$1" "$2"
}

# --- the connected side -----------------------------------------------------------------------

chapter "Images"
say "Two images made from Debian's own packages (a few seconds, the first time): a base for two" \
	"platforms, and a web server on top of it that shares its layers."
tests/demo/images.sh build/demo/images
cd build/demo
rm -rf enclave other sender readback ./*.key ./*.pub ./*.lwb ./*.jsonl env.sh
for image in base nginx; do
	jq -r '.manifests[0] | "  \(.annotations["org.opencontainers.image.ref.name"])  \(.digest)"' \
		"images/$image/index.json"
done

chapter "Keys: three people who may approve"
say "Without passphrases, because this is a demo."
for who in alice bob carol; do
	run landwaiter keygen --no-passphrase "$who"
done

chapter "The enclave: takes what two of the three approved, from the sender \"acme\""
run landwaiter init --name demo --sender acme --threshold 2 \
	--approver alice=alice.pub --approver bob=bob.pub --approver carol=carol.pub |
	tee identity
audience=$(tail -n 1 identity)
rm identity

chapter "Pack: one file, sealed for that enclave and no other"
run landwaiter pack oci:images/base oci:images/nginx --sender acme --audience "$audience" \
	--expires P20D --marking 'COMPANY INTERNAL' -o first.lwb
run landwaiter approve first.lwb --key alice.key --yes
brief landwaiter approve first.lwb --key bob.key --yes
run landwaiter inspect first.lwb --slip
run ls -l first.lwb

# --- the disconnected side --------------------------------------------------------------------

chapter "Carry it across; verify; load"
cp first.lwb carried.lwb
run landwaiter verify carried.lwb
run landwaiter load carried.lwb --medium DISC-0007 --courier carol --by "$(id -un)"
run landwaiter list

chapter "Read it back with skopeo: the digests that went in"
mkdir readback
for image in base:12 nginx:1.22; do
	full=registry.acme.example/$image
	layout=images/${image%:*}
	show skopeo inspect --raw "oci:enclave/store:$full" '|' sha256sum
	same "$full" "sha256:$(skopeo inspect --raw "oci:enclave/store:$full" | sha256sum |
		cut -d ' ' -f 1)" "$(jq -r '.manifests[0].digest' "$layout/index.json")"
	show skopeo copy --all "oci:enclave/store:$full" "oci:readback/${image%:*}:$full"
	skopeo copy --quiet --all "oci:enclave/store:$full" "oci:readback/${image%:*}:$full"
	for blob in "$layout"/blobs/sha256/*; do
		cmp "$blob" "readback/${image%:*}/blobs/sha256/${blob##*/}" || wrong "$blob differs"
	done
	same "blobs, byte for byte" "$(find "readback/${image%:*}/blobs" -type f | wc -l)" \
		"$(find "$layout/blobs" -type f | wc -l)"
done

# --- what is refused --------------------------------------------------------------------------

chapter "Refused: one approval short"
quietly landwaiter pack oci:images/nginx --sender acme --audience "$audience" --expires P20D \
	--marking 'COMPANY INTERNAL' -o next.lwb
quietly landwaiter approve next.lwb --key alice.key --yes
refuse 5 seal.threshold landwaiter load next.lwb

chapter "Refused: one byte of a layer flipped on the way"
quietly landwaiter approve next.lwb --key carol.key --yes
cp next.lwb flipped.lwb
layer=$(jq -r '.layers[-2].digest' "images/nginx/blobs/sha256/$(
	jq -r '.manifests[0].digest' images/nginx/index.json | cut -d : -f 2)")
offset=$(tar --list --block-number -f flipped.lwb | awk -v name="blobs/sha256/${layer#sha256:}" \
	'$3 == name { sub(/:$/, "", $2); print ($2 + 1) * 512 + 4711 }')
byte=$(od -An -tu1 -j "$offset" -N 1 flipped.lwb)
# shellcheck disable=SC2059 # an escape
printf "\\x$(printf %02x $((byte ^ 1)))" |
	dd of=flipped.lwb bs=1 seek="$offset" conv=notrunc status=none
say "byte $offset of flipped.lwb, one bit"
refuse 4 content.digest landwaiter load flipped.lwb

chapter "Refused: the same bundle again"
refuse 3 freshness.replay landwaiter load carried.lwb

chapter "Refused: an expired seal"
quietly landwaiter pack oci:images/nginx --sender acme --audience "$audience" --expires PT1S \
	--marking 'COMPANY INTERNAL' -o late.lwb
quietly landwaiter approve late.lwb --key alice.key --yes
quietly landwaiter approve late.lwb --key bob.key --yes
sleep 2
refuse 3 freshness.expired landwaiter load late.lwb

chapter "Refused: a bundle meant for another enclave"
other=$(landwaiter init --enclave other --name other --sender acme --threshold 2 \
	--approver alice=alice.pub --approver bob=bob.pub --approver carol=carol.pub 2>/dev/null)
quietly landwaiter pack oci:images/nginx --sender acme --audience "$other" --expires P20D \
	--marking 'COMPANY INTERNAL' -o elsewhere.lwb
quietly landwaiter approve elsewhere.lwb --key alice.key --yes
quietly landwaiter approve elsewhere.lwb --key bob.key --yes
refuse 3 seal.audience landwaiter load elsewhere.lwb

chapter "The book: every attempt is in it"
run landwaiter log show
show landwaiter log export '>book.jsonl'
landwaiter log export >book.jsonl
say "The last verdict printed the head of the book; who wrote it down can check all of it."
run landwaiter log verify book.jsonl --head "$head"

# --- over to you ------------------------------------------------------------------------------

cat >env.sh <<ENV
export PATH=$top/build/release:\$PATH
export LANDWAITER_ENCLAVE=$LANDWAITER_ENCLAVE
export LANDWAITER_SENDER_DIR=$LANDWAITER_SENDER_DIR
ENV
chapter "Yours"
cat <<'END'
The enclave is build/demo/enclave; beside it are keys, images and bundles. To go on:

	cd build/demo && . ./env.sh
	landwaiter load next.lwb                # the one that lacked an approval; it has two now
	landwaiter show registry.acme.example/nginx:1.22
	landwaiter remove registry.acme.example/base:12 --reason 'no longer needed'
	landwaiter gc
	landwaiter help

`make demo` starts afresh.
END
