#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# flavours: release sweep-san
#
# Packing from hostile OCI layouts: each is refused before anything is written, within two seconds
# of processor time, and nothing outside of the layout is read.

. "$(dirname "$0")/../lib/attack.sh"

make_keys alice bob
make_enclave 1 alice bob
"$LW_BIN/tools/forge" layout good 1
ref=registry.example/app/plain:1
index=application/vnd.oci.image.index.v1+json
empty=44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a

fresh() {
	rm -rf layout
	cp -a good layout
}

# The manifest of the plain image: its digest.
plain=$(jq -r --arg ref $ref '.manifests[] |
	select(.annotations["org.opencontainers.image.ref.name"] == $ref) | .digest[7:]' \
	good/index.json)

# replace JQ-FILTER: the plain image's manifest becomes another, and index.json names it.
replace() {
	fresh
	jq -c "$1" "good/blobs/sha256/$plain" | tr -d '\n' >new
	install_manifest
}
install_manifest() {
	local digest

	digest=$(sha256sum new | cut -c 1-64)
	cp new "layout/blobs/sha256/$digest"
	jq -c --arg old "sha256:$plain" --arg new "sha256:$digest" --argjson size "$(size_of new)" \
		'(.manifests[] | select(.digest == $old)) |= (.digest = $new | .size = $size)' \
		good/index.json >layout/index.json
}

# refuses NAME: pack says no, says why, leaves no output.
refuses() {
	local exit=0 start spent

	start=$(used)
	timeout 60 "$LW_BIN/landwaiter" pack --sender acme --audience any --expires P9D \
		--marking T -o out.lwb "oci:layout:$ref" >out.log 2>err.log || exit=$?
	spent=$(($(used) - start))
	if [ $exit -eq 0 ] || [ $exit -gt 6 ] || [ ! -s err.log ]; then
		fail "$1" "exit $exit" "$(cat out.log err.log)"
	elif [ -e out.lwb ] || compgen -G '.out.lwb*' >/dev/null; then
		fail "$1" "it left an output"
	elif grep -q $'[\033\a]\|\xe2\x80\xae' err.log; then
		fail "$1" "raw bytes in: $(cat -v err.log)"
	elif grep -qE 'ERROR: (Address|Leak)|runtime error:|root:x' err.log; then
		fail "$1" "$(cat err.log)"
	elif [ $spent -gt 200 ] && [[ $LW_BIN == */release ]]; then
		fail "$1" "took $spent hundredths of a second"
	else
		pass "$1: $(cut -c 1-100 err.log | head -n 1)"
	fi
	rm -f out.lwb
}

# --- one document, two readings -------------------------------------------------------------------

replace '.manifests = []'
refuses cve-2021-41190-layers-and-manifests
replace ".mediaType = \"$index\""
refuses cve-2021-41190-media-type
replace 'del(.mediaType) | del(.layers)'
refuses cve-2021-41190-neither
replace '.Layers = []'
refuses key-of-another-case
fresh
jq -c "(.manifests[] | select(.digest == \"sha256:$plain\")) |= (.mediaType = \"$index\")" \
	good/index.json >layout/index.json
refuses cve-2021-41190-manifest-as-index
fresh
sed 's/"layers":/"layers":[],"layers":/' "good/blobs/sha256/$plain" >new
install_manifest
refuses duplicate-key
fresh
(cat "good/blobs/sha256/$plain" && printf '{}') >new
install_manifest
refuses bytes-after
fresh
(printf '\357\273\277' && cat "good/blobs/sha256/$plain") >new
install_manifest
refuses byte-order-mark
fresh
(printf '{"annotations":{"a":"\\u0000"},' && tail -c +2 "good/blobs/sha256/$plain") >new
install_manifest
refuses cve-2021-43860-nul
fresh
perl -e 'print "[" x 1000000' >new
install_manifest
refuses row-126-deep
fresh
perl -e 'print "{", join(",", map { "\"k$_\":0" } 1 .. 300000), "}"' >new
install_manifest
refuses row-126-many-keys
# shellcheck disable=SC2016 # for jq to expand
replace '.layers = [range(30000) as $i | .layers[0]]'
start=$(used)
timeout 60 "$LW_BIN/landwaiter" pack --sender acme --audience any --expires P9D --marking T \
	-o out.lwb "oci:layout:$ref" >out.log 2>err.log || true
spent=$(($(used) - start))
if [[ $LW_BIN == */release ]]; then
	ok "row-126-one-layer-30000-times: packed or not, cheaply ($spent)" [ $spent -le 200 ]
fi
rm -f out.lwb

# --- digests and sizes ----------------------------------------------------------------------------

for digest in 'sha256:../../../../etc/passwd' "sha256:${empty^^}" "sha256:${empty}0" \
	"sha256:${empty:1}" "sha999:$empty" '' "$empty" 'sha256:' "sha256:$empty\\n" \
	"sha512:$empty$empty" "SHA256:$empty" "sha256:/etc/passwd" "md5:d41d8cd98f00b204e9800998ecf8427e"; do
	replace ".layers[0].digest = \"$digest\""
	refuses "cve-2024-3727-layer-digest '$digest'"
	fresh
	jq -c "(.manifests[] | select(.digest == \"sha256:$plain\")) |= (.digest = \"$digest\")" \
		good/index.json >layout/index.json
	refuses "cve-2024-3727-index-digest '$digest'"
done
for size in -1 0 1 18446744073709551617 9223372036854775807 1.5 '"2"' null; do
	replace ".layers[0].size = $size"
	refuses "cve-2014-9862-layer-size $size"
done
replace ".layers[0] |= (.digest = \"sha256:${empty/4/5}\" | .urls = [\"http://127.0.0.1:1/x\"])"
refuses cve-2020-15157-urls-are-not-fetched
replace ".layers[0].data = \"e30=\" | .layers[0].digest = \"sha256:${empty/4/5}\""
refuses data-is-not-used
fresh
layer=$(jq -r '.layers[0].digest[7:]' "good/blobs/sha256/$plain")
printf X | dd of="layout/blobs/sha256/$layer" bs=1 conv=notrunc status=none
refuses cve-2022-47633-layer-of-other-bytes
fresh
printf X >>"layout/blobs/sha256/$layer"
refuses layer-too-long
fresh
truncate -s 3 "layout/blobs/sha256/$layer"
refuses layer-too-short
fresh
printf ' ' >>"layout/blobs/sha256/$plain"
refuses manifest-of-other-bytes

# --- no files, and ways out -----------------------------------------------------------------------

for what in "$layer" "$plain"; do
	fresh
	rm "layout/blobs/sha256/$what"
	ln -s /etc/passwd "layout/blobs/sha256/$what"
	refuses cve-2026-29064-blob-is-a-link
	fresh
	mv "layout/blobs/sha256/$what" elsewhere
	ln -s ../../../elsewhere "layout/blobs/sha256/$what"
	refuses blob-is-a-link-to-itself-outside
	fresh
	rm "layout/blobs/sha256/$what"
	mkfifo "layout/blobs/sha256/$what"
	refuses row-112-blob-is-a-fifo
	fresh
	rm "layout/blobs/sha256/$what"
	mkdir "layout/blobs/sha256/$what"
	refuses row-112-blob-is-a-folder
	fresh
	rm "layout/blobs/sha256/$what"
	refuses blob-is-missing
done
fresh
mv layout/blobs outside
ln -s ../outside layout/blobs
refuses cve-2021-29136-blobs-is-a-link
rm -rf outside
for file in index.json oci-layout; do
	fresh
	rm layout/$file
	refuses $file-missing
	fresh
	rm layout/$file && ln -s "$T/good/$file" layout/$file
	refuses $file-is-a-link
	fresh
	rm layout/$file && mkfifo layout/$file
	refuses $file-is-a-fifo
	fresh
	: >layout/$file
	refuses $file-empty
	fresh
	truncate -s 4G layout/$file
	refuses cve-2023-25153-$file-4-GiB
	fresh
	printf '\0' >>layout/$file
	refuses $file-with-nul
done
fresh
printf '{"imageLayoutVersion":"2.0.0"}' >layout/oci-layout
refuses another-layout-version
fresh
truncate -s 4G "layout/blobs/sha256/$plain"
refuses cve-2023-25153-manifest-4-GiB

# --- names ----------------------------------------------------------------------------------------

for name in 'registry.example/../../etc/x:1' '/etc/passwd' '--help' 'a' 'registry.example/A:1' \
	$'registry.example/a\033[2J:1' $'registry.example/a\n:1' 'registry.example/a:1:2' \
	$'registry.example/\xe2\x80\xaea:1' 'registry.example/a@sha256:0' 'registry.example/a:..' ''; do
	exit=0
	lw pack --sender acme --audience any --expires P9D --marking T -o out.lwb \
		"$name=oci:good:$ref" >out.log 2>err.log || exit=$?
	if [[ $exit == [1-6] && ! -e out.lwb ]] && ! grep -q $'[\033\a]\|\xe2\x80\xae' err.log; then
		pass "name refused, shown harmless: $(tail -n 1 err.log | cut -c 1-90)"
	else
		fail "name '$(printf %q "$name")'" "exit $exit" "$(cat err.log)"
		rm -f out.lwb
	fi
done
# CVE-2019-3462: a line end in a value began a line of its own where it was passed on.
line() { # STATUS WHAT OPTION...
	exits "$1" "cve-2019-3462: a line end in $2" lw pack --audience any --expires P9D --marking T \
		-o out.lwb "${@:3}"
	fails "and nothing is written" test -e out.lwb
	is "nor does it begin a line" "$(grep -c '^ACCEPTED' err.log)" 0
}
line 3 "the name" --sender acme $'registry.example/a\nACCEPTED:1=oci:good:'$ref
line 3 "the tag" --sender acme $'registry.example/a:1\nACCEPTED=oci:good:'$ref
line 2 "what is asked of the layout" --sender acme "oci:good:$ref"$'\nACCEPTED'
line 2 "the sender" --sender $'acme\nACCEPTED' "oci:good:$ref"
line 2 "the marking" --sender acme --marking $'T\nACCEPTED' "oci:good:$ref"
line 2 "the platform" --sender acme --platform $'linux/amd64\nACCEPTED' "oci:good:$ref"
for marking in '' $'A\033[8m' $'A\nB' $'\xe2\x80\xaeA' $'A\xff' "$(printf 'A%.0s' {1..129})"; do
	exit=0
	lw pack --sender acme --audience any --expires P9D --marking "$marking" -o out.lwb \
		"oci:good:$ref" >out.log 2>err.log || exit=$?
	if [[ $exit == 2 && ! -e out.lwb ]] && ! grep -q $'[\033\a]\|\xe2\x80\xae' err.log; then
		pass "cwe-150: marking $(printf %q "${marking:0:20}") refused"
	else
		fail "marking $(printf %q "$marking")" "exit $exit" "$(cat err.log)"
		rm -f out.lwb
	fi
done

# --- what pack would write and nobody could read --------------------------------------------------

for ending in '' .sig .att .sbom; do
	exits 2 "an image called like evidence: sha256-...$ending" lw pack --sender acme --audience any \
		--expires P9D --marking T -o out.lwb \
		"registry.example/app/plain:sha256-$plain$ending=oci:good:$ref"
	fails "and nothing is written" test -e out.lwb
done
for folder in $'good\nACCEPTED' $'good\033[8m' $'good\xe2\x80\xaedoog' $'good\xff'; do
	cp -a good "$folder"
	exits 2 "cwe-150: a folder called $(printf %q "$folder")" lw pack --sender acme --audience any \
		--expires P9D --marking T -o out.lwb "oci:$folder:$ref"
	fails "and nothing is written" test -e out.lwb
	fails "nor is its name shown raw" grep -q $'[\033\a]\|\xe2\x80\xae' err.log
done

# --- evidence that is something else --------------------------------------------------------------

multi=$(jq -r '.manifests[0].digest[7:]' good/index.json)
fresh
jq -c --arg tag "registry.example/app/multi:sha256-$multi" \
	'.manifests += [.manifests[1] | .annotations["org.opencontainers.image.ref.name"] = $tag]' \
	good/index.json >layout/index.json
exit=0
lw pack --sender acme --audience any --expires P9D --marking T -o out.lwb \
	oci:layout:registry.example/app/multi:1 >out.log 2>err.log || exit=$?
ok "row-119: an image under the fallback tag is no list of referrers: exit $exit" [ $exit -ne 0 ]
fresh
jq -c --arg ref $ref '.manifests += [.manifests[0] |
	.annotations["org.opencontainers.image.ref.name"] = $ref]' good/index.json >layout/index.json
refuses cve-2026-50195-one-name-for-two-images

# --- and what is good, is -------------------------------------------------------------------------

fresh
make_bundle good.lwb --audience "$AUDIENCE" "oci:layout:$ref"
approve good.lwb alice
accepted lw load good.lwb
done_testing
