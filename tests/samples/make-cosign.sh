#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# Makes genuine cosign signatures and asks cosign what it thinks of each:
#
#	tests/samples/make-cosign.sh [FOLDER]		(tests/samples/cosign)
#
#	FOLDER/layout		an OCI image layout with all images and what is attached to them
#	FOLDER/keys		the public keys; the private ones are forgotten
#	FOLDER/answers.tsv	what cosign answered
#
# tests/samples/cosign/README.md explains them. Images and answers come out the same each time;
# keys and signatures do not. cosign 2.5 (trixie) and 3 (sid) are fetched from Debian and run
# where there is no network but a registry on the loopback device.

set -euo pipefail
unset -f jq # of tests/lib/tap.sh, which sorts keys: these bytes are hashed
top=$(cd "$(dirname "$0")/../.." && pwd)
tools=$top/build/interop

if [ "${1:-}" != --inside ]; then
	. "$top/tests/lib/debian.sh"
	debian_fetch "$tools" cosign/trixie cosign/sid docker-registry/bookworm
	out=${1:-$top/tests/samples/cosign}
	mkdir -p "$out"
	T=$(mktemp -d "${TMPDIR:-/tmp}/landwaiter-cosign.XXXXXX")
	trap 'rm -rf "$T"' EXIT
	apart=(unshare --net --mount)
	[ "$(id -u)" -eq 0 ] || apart+=(--map-root-user)
	"${apart[@]}" "$0" --inside "$T"
	for made in layout keys answers.tsv; do
		rm -rf "${out:?}/$made"
		cp -r "$T/out/$made" "$out/"
	done
	exit
fi

cd "$2"
export HOME=$PWD LC_ALL=C TZ=UTC COSIGN_PASSWORD='' SSL_CERT_FILE=$PWD/registry.crt
mkdir -p images/blobs/sha256 out/keys secret

# --- a registry -------------------------------------------------------------------------------

acme=registry.acme.example evil=registry.evil.example
ip link set lo up
echo "127.0.0.1 localhost $acme $evil" >hosts
mount --bind hosts /etc/hosts
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj /CN=registry \
	-addext "subjectAltName=DNS:$acme,DNS:$evil" -keyout registry.key -out registry.crt \
	2>openssl.log
cat >registry.yml <<CONF
version: 0.1
log: {level: error, accesslog: {disabled: true}}
storage: {filesystem: {rootdirectory: $PWD/registry}}
http: {addr: "127.0.0.1:443", tls: {certificate: registry.crt, key: registry.key}}
CONF
"$tools/docker-registry-bookworm/usr/bin/docker-registry" serve registry.yml >registry.log 2>&1 &
registry=$!
end() {
	local status=$?

	[ $status -eq 0 ] || tail -n 30 making.log >&3
	kill $registry || true
}
exec 3>&2
trap end EXIT
for ((i = 0; i < 100; i++)); do
	! (: </dev/tcp/127.0.0.1/443) 2>/dev/null || break
	sleep 0.1
done

# --- images: they depend on nothing but their names ---------------------------------------------

oci=application/vnd.oci.image

blob() { # MEDIA-TYPE: takes it from standard input, prints its descriptor
	local hex

	cat >blob
	hex=$(sha256sum blob | cut -d ' ' -f 1)
	cp blob "images/blobs/sha256/$hex"
	jq -cn --arg type "$1" --arg digest "sha256:$hex" --argjson size "$(stat -c %s blob)" \
		'{mediaType: $type, digest: $digest, size: $size}'
}

manifest() { # NAME ARCHITECTURE: prints its descriptor
	local layer config

	layer=$(head -c 1024 /dev/zero | blob $oci.layer.v1.tar) # an empty tar
	config=$(jq -cnj --arg name "$1" --arg arch "$2" --argjson layer "$layer" \
		'{architecture: $arch, os: "linux", config: {Labels: {sample: $name}},
		rootfs: {type: "layers", diff_ids: [$layer.digest]}}' | blob $oci.config.v1+json)
	jq -cnj --arg type $oci.manifest.v1+json --argjson config "$config" \
		--argjson layer "$layer" '{schemaVersion: 2, mediaType: $type, config: $config,
		layers: [$layer]}' | blob $oci.manifest.v1+json
}

index() { # NAME: prints its descriptor
	local children

	children=$(for arch in amd64 arm64; do
		manifest "$1" $arch | jq -c --arg arch $arch \
			'. + {platform: {architecture: $arch, os: "linux"}}'
	done | jq -cs .)
	jq -cnj --arg type $oci.index.v1+json --argjson children "$children" \
		'{schemaVersion: 2, mediaType: $type, manifests: $children}' |
		blob $oci.index.v1+json
}

declare -A digest=() signers=()
names=()

image() { # KIND NAME: $acme/NAME:1, an image or an index
	local descriptor

	case $1 in
	image) descriptor=$(manifest "$2" amd64) ;;
	index) descriptor=$(index "$2") ;;
	esac
	digest[$2]=$(jq -r .digest <<<"$descriptor")
	printf '{"imageLayoutVersion":"1.0.0"}' >images/oci-layout
	jq -cn --argjson image "$descriptor" '{schemaVersion: 2, manifests: [$image]}' \
		>images/index.json
	copy oci:images "docker://$acme/$2:1"
	names+=("$acme/$2")
}

copy() { # FROM TO
	skopeo copy -q --all --preserve-digests "$@"
}

# --- signing ------------------------------------------------------------------------------------

cosign() { # 2|3 ARGUMENT...
	local program=$tools/cosign-trixie/usr/bin/cosign

	[ "$1" = 2 ] || program=$tools/cosign-sid/usr/bin/cosign
	"$program" "${@:2}"
}

# Keys: one of cosign's own, the others from openssl; cosign 2.5 imports none of those but
# Ed25519, cosign 3 all, and both sign with what it made.
make_key() { # NAME OPENSSL-GENPKEY-ARGUMENT...
	openssl genpkey "${@:2}" -out "secret/$1.pem" 2>>openssl.log
	cosign 3 import-key-pair --key "secret/$1.pem" --output-key-prefix "secret/$1"
}

cosign 3 signing-config create --out none.json # no log, no time
cosign 3 trusted-root create --out nobody.json
printf 'image\tkey\tprogram\tcommand\texit\taccepted\n' >out/answers.tsv
declare -A how=(
	[classic]="2 --tlog-upload=false"
	[bundle]="3 --signing-config none.json --trusted-root nobody.json"
	[old]="3 --use-signing-config=false --new-bundle-format=false --tlog-upload=false"
	[early]="2 --new-bundle-format --tlog-upload=false"
)

run() { # HOW VERB NAME KEY [ARGUMENT...]
	local words

	read -ra words <<<"${how[$1]}"
	if ! cosign "${words[0]}" "$2" "${words[@]:1}" --yes --key "secret/$4.key" "${@:5}" \
		"$acme/$3@${digest[$3]}"; then
		# The answers say so, and are compared.
		printf '%s\t%s\tcosign-%s\t%s\t1\t0\n' "$acme/$3" "$4" "${words[0]}" "$2" \
			>>out/answers.tsv
	fi
	[[ " ${signers[$3]:-} " == *" $4 "* ]] || signers[$3]+=" $4"
}

sign() { # HOW NAME KEY [ARGUMENT...]
	run "$1" sign "${@:2}"
}

attest() { # HOW NAME KEY TYPE...
	local type

	for type in "${@:4}"; do
		run "$1" attest "$2" "$3" --type "$type" \
			--predicate "$top/tests/samples/predicates/$type.json"
	done
}

samples() {
	local by key other

	make_key p384 -algorithm EC -pkeyopt ec_paramgen_curve:P-384
	make_key p521 -algorithm EC -pkeyopt ec_paramgen_curve:P-521
	make_key ed25519 -algorithm ED25519
	make_key rsa2048 -algorithm RSA -pkeyopt rsa_keygen_bits:2048
	make_key rsa4096 -algorithm RSA -pkeyopt rsa_keygen_bits:4096
	for key in p256 stranger; do
		cosign 2 generate-key-pair --output-key-prefix "secret/$key"
	done
	cp secret/*.pub out/keys/

	image image unsigned
	for by in classic bundle; do
		[ $by = classic ] && other=ed25519 || other=p384
		for key in p256 p384 p521 ed25519 rsa2048 rsa4096; do
			image image $by-$key
			sign $by $by-$key $key
		done
		image image $by-two-signers
		sign $by $by-two-signers p256
		sign $by $by-two-signers $other
		image image $by-twice
		sign $by $by-twice p256 -a time=one
		sign $by $by-twice p256 -a time=two
		image index $by-index
		sign $by $by-index p256
		image index $by-recursive
		sign $by $by-recursive p256 --recursive
		image image $by-attested
		attest $by $by-attested p256 "${types[@]}"
		for key in p384 ed25519 rsa2048; do
			image image $by-attested-$key
			attest $by $by-attested-$key $key custom
		done
		image image $by-sbom # and nothing else
		attest $by $by-sbom p256 cyclonedx
	done
	for key in p256 p384 ed25519 rsa2048; do
		image image early-attested-$key
		attest early early-attested-$key $key custom
	done
	for key in p256 p384 ed25519; do
		image image old-$key
		sign old old-$key $key
		image image old-attested-$key
		attest old old-attested-$key $key custom
	done
	image image classic-renamed
	sign classic classic-renamed p256 --sign-container-identity registry.example/other:2
	image image both
	sign classic both p256
	sign bundle both p384
}

types=(slsaprovenance slsaprovenance1 spdxjson cyclonedx vuln openvex custom)
samples >making.log 2>&1

sig() { # NAME: the tag of its classic signatures
	printf '%s/%s:%s.sig' $acme "$1" "${digest[$1]/:/-}"
}
image image classic-other-digest # has the signature of another image
copy "docker://$(sig classic-p256)" "docker://$(sig classic-other-digest)" >>making.log
signers[classic-other-digest]=p256
names+=("$evil/classic-p256" "$evil/bundle-p256") # the same repositories under another name

# --- the layout: everything that the registry has a tag for, under the tag's full name ------------

stored=registry/docker/registry/v2

take() { # DIGEST
	local hex=${1#sha256:}

	cp -n "$stored/blobs/sha256/${hex:0:2}/$hex/data" "out/layout/blobs/sha256/$hex"
}

take_manifest() { # DIGEST: with what it names
	local child

	take "$1"
	for child in $(jq -r '.manifests[]?.digest' "out/layout/blobs/${1/://}"); do
		take_manifest "$child"
	done
	for child in $(jq -r '.config, .layers[]? | .digest // empty' "out/layout/blobs/${1/://}"); do
		take "$child"
	done
}

take_tags() { # NAME: prints their descriptors
	local tag tagged file

	for tag in "$stored/repositories/${1#*/}/_manifests/tags"/*; do
		tagged=$(cat "$tag/current/link")
		take_manifest "$tagged"
		file=out/layout/blobs/${tagged/://}
		jq -c --arg digest "$tagged" --argjson size "$(stat -c %s "$file")" \
			--arg name "$1:${tag##*/}" '{mediaType, digest: $digest, size: $size,
			annotations: {"org.opencontainers.image.ref.name": $name}}' "$file"
	done
}

mkdir -p out/layout/blobs/sha256
printf '{"imageLayoutVersion":"1.0.0"}' >out/layout/oci-layout
for name in "${names[@]}"; do
	take_tags "$name"
done | jq -s '{schemaVersion: 2, manifests: .}' >out/layout/index.json

# --- the answers --------------------------------------------------------------------------------

ask() { # NAME KEY 2|3 VERB [ARGUMENT...]: how it ended, and how many signatures it showed
	local status=0 accepted

	cosign "$3" "$4" "${@:5}" --key "out/keys/$2.pub" --insecure-ignore-tlog \
		"$1@${digest[${1#*/}]}" >answer 2>>asking.log || status=$?
	accepted=$(jq -s 'flatten | length' answer)
	printf '%s\t%s\tcosign-%s\t%s\t%d\t%d\n' "$1" "$2" "$3" "${*:4}" "$status" "$accepted"
}

ask_all() { # NAME KEY
	local type asked=()

	ask "$1" "$2" 2 verify
	ask "$1" "$2" 3 verify
	case "$1 $2" in
	*-attested\ p256) asked=("${types[@]}") ;;
	*-attested*) asked=(custom) ;;
	*-sbom*) asked=(cyclonedx custom) ;;
	esac
	for type in "${asked[@]}"; do
		ask "$1" "$2" 2 verify-attestation --type "$type"
		ask "$1" "$2" 3 verify-attestation --type "$type"
	done
}

{
	for name in "${names[@]}"; do
		for key in ${signers[${name#*/}]:-} stranger; do
			ask_all "$name" "$key"
		done
	done
	for how in classic bundle; do
		for time in one three; do # one was signed, three was not
			ask $acme/$how-twice p256 2 verify -a time=$time
			ask $acme/$how-twice p256 3 verify -a time=$time
		done
	done
	for key in p256 p384 ed25519 rsa2048; do # a format that 2.5 reads when told to
		ask $acme/early-attested-$key $key 2 verify-attestation --new-bundle-format \
			--trusted-root nobody.json --type custom
	done
} >>out/answers.tsv
