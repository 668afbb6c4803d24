#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# Builds the demo's container images from Debian's own packages, without root, docker or any change
# to this system, and leaves them as OCI image layouts:
#
#	tests/demo/images.sh FOLDER
#
#	FOLDER/base	registry.globex.example/base:12, an index of linux/amd64 and linux/arm64:
#			time zones and certificates (one layer for both), busybox (one each)
#	FOLDER/nginx	registry.acme.example/nginx:1.22, linux/amd64: the same two layers, the
#			libraries, and the server; it names the base it is built on
#
# Packages are fetched by a private apt (its lists are in FOLDER/apt) with the system's own sources
# and keys. What is there already is kept: the second call does nothing.

set -euo pipefail
umask 022

version=$(sha256sum "$0")
mkdir -p "$1"
cd "$1"
top=$PWD
epoch=1700000000 # every file of every layer: the same packages give the same digests
[ "$(cat complete 2>/dev/null)" != "$version" ] || exit 0

# --- Debian's packages --------------------------------------------------------------------------

apt_private() {
	"$1" -q -q \
		-o APT::Architecture=amd64 \
		-o APT::Architectures::=amd64 -o APT::Architectures::=arm64 \
		-o APT::Sandbox::User="$(id -un)" \
		-o Acquire::Languages=none \
		-o Dir::State="$top/apt/state" -o Dir::State::status=/dev/null \
		-o Dir::Cache="$top/apt/cache" \
		"${@:2}"
}

packages=(ca-certificates tzdata busybox-static:amd64 busybox-static:arm64
	nginx:amd64 nginx-common libc6:amd64 libcrypt1:amd64 libpcre2-8-0:amd64 libssl3:amd64
	zlib1g:amd64)
if [ ! -e packages/complete ]; then
	rm -rf packages
	mkdir -p apt/state/lists/partial apt/cache/archives/partial packages
	apt_private apt-get update || true # another source's trouble is not ours: see below
	if ! (cd packages && apt_private apt-get download "${packages[@]}"); then
		echo "demo: Debian's packages cannot be fetched (is there a network?)" >&2
		exit 1
	fi
	rm -rf apt
	touch packages/complete
fi

rm -rf tree work base nginx
mkdir -p tree work
for file in packages/*.deb; do
	name=$(basename "$file")
	arch=${name##*_}
	dpkg-deb -x "$file" "tree/${name%%_*}.${arch%.deb}"
done

# --- layers -----------------------------------------------------------------------------------

# The same tree always gives the same bytes.
layer() { # TREE OUTPUT: prints the digest of the tar before compression (the "diff id")
	find "$1" -depth -type d -exec chmod 755 {} +
	tar -C "$1" --sort=name --format=ustar --owner=0 --group=0 --numeric-owner \
		--mtime="@$epoch" -cf work/layer.tar .
	gzip -n -6 <work/layer.tar >"$2"
	sha256sum work/layer.tar | cut -d ' ' -f 1
}

take() { # PACKAGE TREE PATH...: copies what the package has there
	local path

	for path in "${@:3}"; do
		mkdir -p "$2/$(dirname "$path")"
		cp -a "tree/$1/$path" "$2/$(dirname "$path")/"
	done
}

# Debian's own /etc/ssl/certs/ca-certificates.crt is made when the package is set up.
common=work/common
take ca-certificates.all $common usr/share/doc/ca-certificates
take tzdata.all $common usr/share/zoneinfo
rm -rf $common/usr/share/zoneinfo/{posix,right}
mkdir -p $common/etc/ssl/certs $common/tmp
find tree/ca-certificates.all/usr/share/ca-certificates -name '*.crt' | LC_ALL=C sort |
	xargs cat >$common/etc/ssl/certs/ca-certificates.crt
printf 'root:x:0:0:root:/root:/bin/sh\nwww-data:x:33:33:www-data:/var/www:/bin/false\n' \
	>$common/etc/passwd
printf 'root:x:0:\nadm:x:4:\nwww-data:x:33:\n' >$common/etc/group
common_id=$(layer $common work/common.tar.gz)

declare -A shell_id=()
for arch in amd64 arm64; do
	take "busybox-static.$arch" "work/shell-$arch" bin/busybox
	for applet in sh ls cat cp mv rm mkdir grep sed ps ip ping wget vi tar gzip sha256sum; do
		ln -s busybox "work/shell-$arch/bin/$applet"
	done
	shell_id[$arch]=$(layer "work/shell-$arch" "work/shell-$arch.tar.gz")
done

libraries=work/libraries
for package in libc6 libcrypt1 libpcre2-8-0 libssl3 zlib1g; do
	while IFS= read -r path; do
		take "$package.amd64" $libraries "$path"
	done < <(cd "tree/$package.amd64" && find . \( -name '*.so*' -o -name ld-linux\* \) \
		\( -type f -o -type l \) -not -path '*/gconv/*' -not -path '*/engines-3/*')
done
libraries_id=$(layer $libraries work/libraries.tar.gz)

server=work/server
take nginx.amd64 $server usr/sbin/nginx
take nginx-common.all $server etc/nginx/mime.types
mkdir -p $server/var/log/nginx $server/var/lib/nginx $server/srv/www
cat >$server/etc/nginx/nginx.conf <<'CONF'
user www-data;
worker_processes 1;
error_log stderr;
pid /tmp/nginx.pid;
events { worker_connections 64; }
http {
	include mime.types;
	access_log off;
	server { listen 8080; root /srv/www; }
}
CONF
echo '<!doctype html><title>landed</title><p>Carried across, byte for byte.' \
	>$server/srv/www/index.html
server_id=$(layer $server work/server.tar.gz)

# --- layouts ----------------------------------------------------------------------------------

blob() { # LAYOUT FILE: puts it there, prints {digest, size}
	local hex

	hex=$(sha256sum "$2" | cut -d ' ' -f 1)
	mkdir -p "$1/blobs/sha256"
	cp "$2" "$1/blobs/sha256/$hex"
	jq -cn --arg digest "sha256:$hex" --argjson size "$(stat -c %s "$2")" \
		'{digest: $digest, size: $size}'
}

oci=application/vnd.oci.image
descriptor() { # LAYOUT FILE KIND
	blob "$1" "$2" | jq -c --arg type "$oci.$3" '{mediaType: $type} + .'
}

# manifest LAYOUT ARCH CONFIG LAYER DIFF-ID [LAYER DIFF-ID ...]: prints its descriptor. CONFIG is
# what runs in the container, as JSON.
manifest() {
	local layout=$1 arch=$2 config=$3 layers='[]' ids='[]'

	shift 3
	while [ $# -gt 0 ]; do
		layers=$(jq -c ". + [$(descriptor "$layout" "$1" layer.v1.tar+gzip)]" <<<"$layers")
		ids=$(jq -c --arg id "sha256:$2" '. + [$id]' <<<"$ids")
		shift 2
	done
	jq -cnj --arg arch "$arch" --argjson config "$config" --argjson ids "$ids" \
		--arg created "$(date -u -d "@$epoch" +%FT%TZ)" \
		'{created: $created, architecture: $arch, os: "linux", config: $config,
		rootfs: {type: "layers", diff_ids: $ids}}' >work/config.json
	jq -cnj --argjson config "$(descriptor "$layout" work/config.json config.v1+json)" \
		--argjson layers "$layers" --arg type "$oci.manifest.v1+json" --arg base "$base" \
		'{schemaVersion: 2, mediaType: $type, config: $config, layers: $layers}
		+ if $base == "" then {} else {annotations: {
			"org.opencontainers.image.base.digest": $base,
			"org.opencontainers.image.base.name": "registry.globex.example/base:12"}}
		end' >work/manifest.json
	descriptor "$layout" work/manifest.json manifest.v1+json |
		jq -c --arg arch "$arch" '. + {platform: {architecture: $arch, os: "linux"}}'
}

# layout LAYOUT NAME DESCRIPTOR: the rest of the layout, its one image under its full name.
layout() {
	printf '{"imageLayoutVersion":"1.0.0"}' >"$1/oci-layout"
	jq -cnj --argjson image "$3" --arg name "$2" '{schemaVersion: 2, manifests: [$image
		+ {annotations: {"org.opencontainers.image.ref.name": $name}}]}' >"$1/index.json"
}

shell='{"Cmd":["/bin/sh"],"Env":["PATH=/usr/sbin:/usr/bin:/sbin:/bin"]}'
base= # nothing
children='[]'
for arch in amd64 arm64; do
	child=$(manifest base $arch "$shell" work/common.tar.gz "$common_id" \
		"work/shell-$arch.tar.gz" "${shell_id[$arch]}")
	children=$(jq -c ". + [$child]" <<<"$children")
done
jq -cnj --argjson children "$children" --arg type "$oci.index.v1+json" \
	'{schemaVersion: 2, mediaType: $type, manifests: $children}' >work/index.json
layout base registry.globex.example/base:12 "$(descriptor base work/index.json index.v1+json)"

base=$(jq -r '.[0].digest' <<<"$children") # its amd64
serve='{"Cmd":["/usr/sbin/nginx","-g","daemon off;"],"ExposedPorts":{"8080/tcp":{}}}'
layout nginx registry.acme.example/nginx:1.22 "$(manifest nginx amd64 "$serve" \
	work/common.tar.gz "$common_id" work/shell-amd64.tar.gz "${shell_id[amd64]}" \
	work/libraries.tar.gz "$libraries_id" work/server.tar.gz "$server_id")"

rm -rf tree work
printf '%s\n' "$version" >complete
