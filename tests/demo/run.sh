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

chapter "Images of two vendors"
say "Made from Debian's own packages (a few seconds, the first time): Globex's base for two" \
	"platforms, and Acme's web server, built on it and sharing its layers."
tests/demo/images.sh build/demo/images
cosign_sign=$top/tests/tools/cosign-sign
cd build/demo
rm -rf enclave other plant globex globex-old globex-mixed sender readback pulled hub from-hub release unsigned unendorsed bad ./*.key ./*.pub ./*.lwb ./*.jsonl ./*.json env.sh
cp -a images release
for image in base nginx; do
	jq -r '.manifests[0] | "  \(.annotations["org.opencontainers.image.ref.name"])  \(.digest)"' \
		"release/$image/index.json"
done

chapter "Keys"
say "alice, bob and carol may seal; acme and globex are the vendors, security and qa are ours." \
	"Without passphrases, because this is a demo."
for who in alice bob carol security qa acme-laptop; do
	brief landwaiter keygen --no-passphrase "$who"
done
for who in acme globex; do
	quietly openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out "$who.key"
	quietly openssl pkey -in "$who.key" -pubout -out "$who.pub"
done

chapter "Policy: who must have signed what"
cat >policy.json <<'POLICY'
{"format": "landwaiter-policy/1",
 "senders": {"acme": {"threshold": 2, "signers": ["alice", "bob", "carol"]}},
 "signers": {
  "alice": {"keys": [{"kind": "key", "file": "alice.pub"}]},
  "bob": {"keys": [{"kind": "key", "file": "bob.pub"}]},
  "carol": {"keys": [{"kind": "key", "file": "carol.pub"}]},
  "security": {"keys": [{"kind": "key", "file": "security.pub"}]},
  "qa": {"keys": [{"kind": "key", "file": "qa.pub"}]},
  "acme": {"keys": [{"kind": "cosign-key", "file": "acme.pub"},
                    {"kind": "key", "file": "acme-laptop.pub"}]},
  "globex": {"keys": [{"kind": "cosign-key", "file": "globex.pub"}]}},
 "images": [
  {"match": "registry.globex.example/**", "require": [{"threshold": 1, "of": ["globex"]}]},
  {"match": "registry.acme.example/**", "base": "accepted",
   "require": [{"threshold": 2, "of": ["acme", "security", "qa"]}]}]}
POLICY
run cat policy.json
run landwaiter policy check policy.json
trust=()
for who in alice bob carol security qa acme acme-laptop globex; do
	trust+=(--trust "$who.pub=$who.pub")
done

chapter "The enclave: believes that policy and those keys, and nothing else"
run landwaiter init --name demo --policy policy.json "${trust[@]}" | tee identity
audience=$(tail -n 1 identity)
rm identity

chapter "Signatures: each vendor signs its own image, as cosign does; our security endorses one"
quietly "$cosign_sign" globex.key release/base registry.globex.example/base
quietly "$cosign_sign" acme.key release/nginx registry.acme.example/nginx
say "(tests/tools/cosign-sign: openssl and jq, in the format of \`cosign sign --key\`)"
cp -a release/nginx unendorsed
run landwaiter endorse oci:release/nginx:registry.acme.example/nginx:1.22 --key security.key

chapter "Pack: one file, with all signatures, sealed for that enclave and no other"
run landwaiter pack oci:release/base:registry.globex.example/base:12 \
	oci:release/nginx:registry.acme.example/nginx:1.22 --sender acme --audience "$audience" \
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
run landwaiter show registry.acme.example/nginx:1.22
run landwaiter policy explain registry.acme.example/nginx:1.22

chapter "Read it back with skopeo: the digests that went in"
mkdir readback
for full in registry.globex.example/base:12 registry.acme.example/nginx:1.22; do
	name=${full##*/} name=${name%:*}
	layout=release/$name
	show skopeo inspect --raw "oci:enclave/store:$full" '|' sha256sum
	same "$full" "sha256:$(skopeo inspect --raw "oci:enclave/store:$full" | sha256sum |
		cut -d ' ' -f 1)" "$(jq -r '.manifests[0].digest' "$layout/index.json")"
	show skopeo copy --all "oci:enclave/store:$full" "oci:readback/$name:$full"
	skopeo copy --quiet --all "oci:enclave/store:$full" "oci:readback/$name:$full"
	for blob in images/"$name"/blobs/sha256/*; do
		cmp "$blob" "readback/$name/blobs/sha256/${blob##*/}" || wrong "$blob differs"
	done
	same "blobs, byte for byte" "$(find "readback/$name/blobs" -type f | wc -l)" \
		"$(find "images/$name/blobs" -type f | wc -l)"
done

# --- what is refused --------------------------------------------------------------------------

# sealed FILE SOURCE...: packed and approved by two
sealed() {
	quietly landwaiter pack "${@:2}" --sender acme --audience "$audience" --expires P20D \
		--marking 'COMPANY INTERNAL' -o "$1"
	quietly landwaiter approve "$1" --key alice.key --yes
	quietly landwaiter approve "$1" --key bob.key --yes
}

chapter "Refused: a vendor's signature is missing"
say "Only security has vouched for this one."
cp -a images/nginx unsigned
quietly landwaiter endorse oci:unsigned:registry.acme.example/nginx:1.22 --key security.key
sealed unsigned.lwb oci:unsigned:registry.acme.example/nginx:1.22
refuse 3 policy.signer-missing landwaiter load unsigned.lwb

chapter "Refused: a vendor's signature is bad"
say "One character of Acme's signature, in the manifest that carries it."
cp -a release/nginx bad
old=$(jq -r '.manifests[1].digest' unendorsed/index.json)
sed -E 's|("dev.cosignproject.cosign/signature":"M[^"]{20})[^"]{4}|\1AAAA|' \
	"unendorsed/blobs/sha256/${old#sha256:}" >forged.json
new=$(sha256sum forged.json | cut -d ' ' -f 1)
cp forged.json "bad/blobs/sha256/$new"
sed -i "s/${old#sha256:}/$new/" bad/index.json
sealed bad.lwb oci:bad:registry.acme.example/nginx:1.22
refuse 3 evidence.signature-bad landwaiter load bad.lwb

chapter "Refused: a vendor's signature was moved from another repository"
quietly "$cosign_sign" acme.key unsigned registry.acme.example/nginx-test
jq -c '.manifests[-1].annotations["org.opencontainers.image.ref.name"] |=
	sub("nginx-test"; "nginx")' unsigned/index.json >moved.json
cat moved.json >unsigned/index.json
sealed moved.lwb oci:unsigned:registry.acme.example/nginx:1.22
refuse 3 evidence.name landwaiter load moved.lwb

chapter "Refused: the same person signs twice"
say "Acme has two keys, and used both: that is one owner."
quietly landwaiter endorse oci:unendorsed:registry.acme.example/nginx:1.22 --key acme-laptop.key
sealed twice.lwb oci:unendorsed:registry.acme.example/nginx:1.22
refuse 3 policy.signer-missing landwaiter load twice.lwb

chapter "Refused: one approval short"
quietly landwaiter pack \
	oci:release/nginx:registry.acme.example/nginx:1.22 --sender acme --audience "$audience" --expires P20D \
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
quietly landwaiter pack \
	oci:release/nginx:registry.acme.example/nginx:1.22 --sender acme --audience "$audience" --expires PT1S \
	--marking 'COMPANY INTERNAL' -o late.lwb
quietly landwaiter approve late.lwb --key alice.key --yes
quietly landwaiter approve late.lwb --key bob.key --yes
sleep 2
refuse 3 freshness.expired landwaiter load late.lwb

chapter "Refused: a bundle meant for another enclave"
other=$(landwaiter init --enclave other --name other --policy policy.json "${trust[@]}" 2>/dev/null)
quietly landwaiter pack \
	oci:release/nginx:registry.acme.example/nginx:1.22 --sender acme --audience "$other" --expires P20D \
	--marking 'COMPANY INTERNAL' -o elsewhere.lwb
quietly landwaiter approve elsewhere.lwb --key alice.key --yes
quietly landwaiter approve elsewhere.lwb --key bob.key --yes
refuse 3 seal.audience landwaiter load elsewhere.lwb

last=$head # of this enclave's book

# --- a vendor's TUF repository -------------------------------------------------------------------

chapter "Bound to a repository: Globex says which digest a name stands for"
say "Globex keeps a TUF repository of its releases; a second enclave takes its images by that."
for who in globex-1 globex-2; do
	quietly landwaiter keygen --no-passphrase "$who"
done
base=release/base/blobs/sha256/$(jq -r '.manifests[0].digest[7:]' release/base/index.json)
run landwaiter tuf init globex --root globex-1.pub --key globex-1.key
run landwaiter tuf add globex "registry.globex.example/base/12=$base" --key globex-1.key
jq '.tuf = {globex: {root: "globex-root.json"}} |
	.images = [{match: "registry.globex.example/**", tuf: "globex"}]' policy.json >bound.json
run jq -c '{tuf, images}' bound.json
bound=$(landwaiter init --enclave plant --name plant --policy bound.json "${trust[@]}" \
	--trust globex-root.json=globex/metadata/1.root.json 2>/dev/null)
say "(landwaiter init --enclave plant --policy bound.json --trust globex-root.json=globex/metadata/1.root.json ...)"

# carried FILE REPOSITORY NAME...: Globex's base under these names, for that enclave
carried() {
	local file=$1 repository=$2 tag words=()

	shift 2
	for tag in "$@"; do
		words+=("registry.globex.example/base:$tag=oci:release/base:registry.globex.example/base:12")
	done
	run landwaiter pack "${words[@]}" --tuf "globex=$repository/metadata" --sender acme --audience "$bound" \
		--expires P20D --marking 'COMPANY INTERNAL' -o "$file"
	quietly landwaiter approve "$file" --key alice.key --yes
	quietly landwaiter approve "$file" --key bob.key --yes
}
carried bound.lwb globex 12
run landwaiter load bound.lwb --enclave plant

chapter "Globex rotates its root three times; the enclave, three roots behind, follows"
for key in globex-2 globex-1 globex-2; do
	quietly landwaiter tuf rotate globex "globex-1=$key.pub" --key globex-1.key --key globex-2.key
done
cp -a globex globex-old # as it is between two releases
run landwaiter tuf add globex "registry.globex.example/base/12.1=$base" --key globex-2.key
run landwaiter tuf show globex
carried followed.lwb globex 12.1
run landwaiter load followed.lwb --enclave plant

chapter "Refused: an old snapshot, replayed"
say "Everything Globex ever signed is good for ever to those who forget what they have seen."
carried replayed.lwb globex-old 12
refuse 3 tuf.rollback landwaiter load replayed.lwb --enclave plant

chapter "Refused: two releases mixed"
say "Old targets in the place of new ones: the sender's own pack will not have them."
cp -a globex globex-mixed
newest() { # FOLDER
	find "$1/metadata" -name '*.targets.json' | sort -V | tail -n 1
}
cp "$(newest globex-old)" "$(newest globex-mixed)"
refuse 3 tuf.version landwaiter pack --tuf globex=globex-mixed/metadata --sender acme \
	--audience "$bound" --expires P20D --marking 'COMPANY INTERNAL' -o mixed.lwb

chapter "Refused: an expired timestamp"
quietly landwaiter tuf renew globex timestamp --expires timestamp=PT10S --key globex-2.key
carried frozen.lwb globex 12.1
sleep 10
refuse 3 tuf.expired landwaiter load frozen.lwb --enclave plant

chapter "The book: every attempt is in it"
run landwaiter log show
show landwaiter log export '>book.jsonl'
landwaiter log export >book.jsonl
say "The last verdict printed the head of the book; who wrote it down can check all of it."
run landwaiter log verify book.jsonl --head "$last"

chapter "Served: skopeo pulls from the enclave's own registry"
show landwaiter serve --listen 127.0.0.1:0 '&'
landwaiter serve --listen 127.0.0.1:0 >served.log 2>&1 &
serving=$!
trap 'kill $serving 2>/dev/null || true' EXIT
for ((i = 0; i < 100; i++)); do
	! grep -qs '^serving' served.log || break
	sleep 0.1
done
cat served.log
at=$(sed -n 's,^serving http://\([^/]*\)/.*,\1,p' served.log)
full=registry.acme.example/nginx:1.22
show skopeo copy --all --src-tls-verify=false "docker://$at/$full" "oci:pulled:$full"
skopeo copy --quiet --all --preserve-digests --src-tls-verify=false "docker://$at/$full" "oci:pulled:$full"
same "$full" "$(jq -r '.manifests[0].digest' pulled/index.json)" \
	"$(jq -r '.manifests[0].digest' release/nginx/index.json)"
kill $serving
trap - EXIT

chapter "Pushed: into a docker-registry, and pulled from there"
say "Debian's docker-registry stands for one that the enclave has already (build/private; nothing was installed)."
port=$((20000 + RANDOM % 20000))
cat >hub.yml <<YAML
version: 0.1
log: {level: error, accesslog: {disabled: true}}
storage: {filesystem: {rootdirectory: $PWD/hub}}
http: {addr: "127.0.0.1:$port"}
YAML
"$top/build/private/docker-registry/usr/bin/docker-registry" serve hub.yml >hub.log 2>&1 &
serving=$!
trap 'kill $serving 2>/dev/null || true' EXIT
for ((i = 0; i < 100; i++)); do
	! (: <"/dev/tcp/127.0.0.1/$port") 2>/dev/null || break
	sleep 0.1
done
run landwaiter push "127.0.0.1:$port/mirror" --plain-http --rename registry.acme.example=acme
hub=127.0.0.1:$port/mirror/acme/nginx:1.22
show skopeo copy --all --src-tls-verify=false "docker://$hub" oci:from-hub:nginx
skopeo copy --quiet --all --preserve-digests --src-tls-verify=false "docker://$hub" oci:from-hub:nginx
same "$full" "$(jq -r '.manifests[0].digest' from-hub/index.json)" \
	"$(jq -r '.manifests[0].digest' release/nginx/index.json)"
kill $serving

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
	landwaiter remove registry.globex.example/base:12 --reason 'no longer needed'
	landwaiter gc
	landwaiter check --all
	landwaiter serve                        # a registry at 127.0.0.1:5000
	landwaiter push hub.example/mirror      # or into one that there is
	landwaiter help

`make demo` starts afresh.
END
