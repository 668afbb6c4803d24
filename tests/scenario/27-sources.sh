#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# flavours: release sweep-san
#
# Images from what skopeo writes: the same image, from whichever source, is the same image.
. "$(dirname "$0")/../lib/scenario.sh"

"$LW_BIN/tools/forge" layout good 1
plain=registry.example/app/plain:1
multi=registry.example/app/multi:1

# packed FILE SOURCE...: a bundle of these.
packed() {
	rm -f "$1"
	lw pack --sender acme --audience any --expires P9D --marking T -o "$@" >pack.log 2>&1 || {
		cat pack.log
		return 1
	}
}
# what FILE JQ-FILTER: of its contents.
what() {
	tar -xOf "$1" landwaiter/contents.json | jq -r "$2"
}
# copy SOURCE DESTINATION: by skopeo, byte for byte.
copy() {
	skopeo --insecure-policy copy --preserve-digests "${@:3}" "$1" "$2" >skopeo.log 2>&1 || {
		cat skopeo.log
		return 1
	}
}
# same WHAT SOURCE NAME: what is packed from there is what is packed from the layout, but for the
# evidence, which skopeo leaves behind.
same() {
	ok "$1: packed" packed other.lwb "$3=$2"
	packed whole.lwb "oci:good:$3"
	is "$1: the same image" "$(what other.lwb '.images[] | .digest, .mediaType, .platforms[]')" \
		"$(what whole.lwb '.images[] | .digest, .mediaType, .platforms[]')"
	is "$1: where it is from stands in the contents" "$(what other.lwb '.images[].source')" "$2"
	ok "$1: packed again" packed again.lwb "$3=$2"
	is "$1: the same bytes after the seal" "$(after_seal again.lwb)" "$(after_seal other.lwb)"
}
after_seal() {
	tail -c +262657 "$1" | sha256sum
}

# --- dir ------------------------------------------------------------------------------------------

copy oci:good:$plain dir:one
same "dir" dir:one $plain
copy oci:good:$multi dir:all --all
same "dir, an index" dir:all $multi
exits 2 "dir has no names" lw pack --sender acme --audience any --expires P9D --marking T \
	-o no.lwb dir:one
cp -a one signed && echo x >signed/signature-1
exits 3 "dir with signatures that cannot travel" lw pack --sender acme --audience any --expires P9D \
	--marking T -o no.lwb $plain=dir:signed
exits 2 "nor does one get an endorsement" lw endorse --key none.key $plain=dir:one

# --- oci-archive ----------------------------------------------------------------------------------

copy oci:good:$plain oci-archive:plain.tar:$plain
same "oci-archive" oci-archive:plain.tar $plain
same "oci-archive, by name" oci-archive:plain.tar:$plain $plain
copy oci:good:$multi oci-archive:multi.tar:$multi --all
same "oci-archive, an index" oci-archive:multi.tar $multi
gzip -k plain.tar
zstd -q plain.tar
same "oci-archive in gzip" oci-archive:plain.tar.gz $plain
same "oci-archive in zstd" oci-archive:plain.tar.zst $plain
# A layout with everything: what tar makes of it is all that the folder is, evidence too.
for form in ustar gnu pax; do
	tar -C good --format=$form -cf whole.tar .
	ok "tar --format=$form: packed" packed other.lwb oci-archive:whole.tar:$multi
	packed whole.lwb oci:good:$multi
	is "with its evidence" "$(what other.lwb '.images[] | del(.source)')" \
		"$(what whole.lwb '.images[] | del(.source)')"
done
bsdtar -cf other.tar -C good index.json blobs oci-layout
ok "bsdtar's, and in another order: packed" packed other.lwb oci-archive:other.tar:$multi
is "with its evidence" "$(what other.lwb '.images[] | del(.source)')" \
	"$(what whole.lwb '.images[] | del(.source)')"
is "and nothing else is left there" "$(compgen -G '.landwaiter*' || true)" ""

# --- hauler's -------------------------------------------------------------------------------------

# A haul.tar.zst: a layout with a manifest.json beside it, in which an image and what is attached to
# it have the same names (hauler 2.0, pkg/store/store.go), told apart by their kind.
haul() { # PREFIX
	rm -rf haul haul.tar haul.tar.zst
	cp -a good haul
	echo '[]' >haul/manifest.json
	jq -c --arg prefix "$1" '.manifests |= map(
		(.annotations["org.opencontainers.image.ref.name"] // "") as $name |
		(if $name == "" then "referrers/" + .digest[7:]
		 elif ($name | endswith(".sig")) then "sigs"
		 elif (.mediaType | test("index")) then "imageIndex" else "image" end) as $kind |
		(if $kind == "image" then $name else "registry.example/app/multi:1" end) as $full |
		.annotations = {"kind": ($prefix + $kind), "io.containerd.image.name": $full,
			"org.opencontainers.image.ref.name": ($full | sub("^[^/]*/"; ""))})' \
		good/index.json >haul/index.json
	(cd haul && tar --zstd -cf ../haul.tar.zst -- *)
}
packed whole.lwb oci:good:$multi oci:good:$plain
for prefix in dev.hauler/ dev.cosignproject.cosign/; do
	haul $prefix
	ok "hauler's, $prefix: packed" packed other.lwb oci-archive:haul.tar.zst:$multi \
		oci-archive:haul.tar.zst:$plain
	is "its names, with its evidence" "$(what other.lwb '.images[] | del(.source)')" \
		"$(what whole.lwb '.images[] | del(.source)')"
done
is "which is there" "$(what other.lwb '[.images[].evidence[].mechanism] | unique | @json')" \
	'["cosign-sig","referrers"]'
jq -c '.manifests |= map(select(.annotations.kind | endswith("imageIndex") | not))' haul/index.json >x
mv x haul/index.json
exits 3 "evidence of an image that is not there" lw pack --sender acme --audience any --expires P9D \
	--marking T -o no.lwb oci:haul:$plain

# --- docker-archive -------------------------------------------------------------------------------

made=registry.example/app:1
python3 "$LW_TOP/tests/lib/archives.py" layout made
python3 "$LW_TOP/tests/lib/archives.py" docker ours.tar
skopeo --insecure-policy copy oci:made:$made docker-archive:skopeos.tar:$made >skopeo.log 2>&1
ok "docker-archive, by skopeo, with its links: packed" packed skopeos.lwb docker-archive:skopeos.tar
ok "docker-archive: packed" packed ours.lwb docker-archive:ours.tar:$made
is "the same archive, the same digest" "$(what skopeos.lwb '.images[0].digest')" \
	"$(what ours.lwb '.images[0].digest')"
ok "packed again" packed again.lwb docker-archive:ours.tar:$made
is "the same bytes after the seal" "$(after_seal again.lwb)" "$(after_seal ours.lwb)"
gzip -k ours.tar
ok "in gzip: packed" packed again.lwb docker-archive:ours.tar.gz
is "the same digest" "$(what again.lwb '.images[0].digest')" "$(what ours.lwb '.images[0].digest')"
tar -xf ours.lwb
manifest=blobs/sha256/$(what ours.lwb '.images[0].digest[7:]')
is "the layers and the configuration are those of the image" \
	"$(jq -r '.config.digest, .layers[].digest' "$manifest")" \
	"$(jq -r '.config.digest, .layers[].digest' \
		"made/blobs/sha256/$(jq -r '.manifests[0].digest[7:]' made/index.json)")"
is "contents say that nobody attested it" "$(what ours.lwb '.images[0].made')" true
is "which they say of no other" "$(what other.lwb '[.images[].made] | unique | @json')" "[null]"
python3 "$LW_TOP/tests/lib/archives.py" docker two.tar $made registry.example/app:2
exits 3 "several names: one must be said" lw pack --sender acme --audience any --expires P9D \
	--marking T -o no.lwb docker-archive:two.tar
ok "and then it is packed" packed two.lwb docker-archive:two.tar:registry.example/app:2

make_keys alice
make_enclave 1 alice
make_bundle in.lwb oci:good:$plain docker-archive:ours.tar
lw inspect in.lwb >inspect.log 2>&1
ok "inspect says so" grep -q "digest not vendor-attested" inspect.log
approve in.lwb alice
lw load in.lwb >load.log 2>&1
is "it is let in, and the verdict says so, of that one" "$(grep -c "digest not vendor-attested" load.log)" 1
is "so does the list" "$(lw list | grep -B2 "digest not vendor-attested" | head -n 1)" $made
is "and its JSON" "$(lw list -o json | jq -r '.images[] | select(.made) | .name')" $made

done_testing
