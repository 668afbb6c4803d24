#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# An accepted image out of the store again, with its evidence, for other tools.
. "$(dirname "$0")/../lib/vendors.sh"

make_keys alice
vendor_keys acme
make_enclave 1 alice
app=registry.acme.example/app
digest=$(image layout 1 one two)
cosign_sign acme.key layout $app "$digest"
lw endorse "$app:1=oci:layout:1" --key alice.key >/dev/null 2>&1
make_bundle one.lwb "$app:1=oci:layout:1" && approve one.lwb alice
accepted lw load one.lwb
state=$(trust_state) records=$(record_count)

# --- as others read it ---------------------------------------------------------------------------------

exits 0 "to a folder" lw export $app:1 oci:folder
is "prints the digest" "$(cat out.log)" "$digest"
exits 0 "to an archive" lw export "$app:1@$digest" oci-archive:archive.tar -o json
is "with all blobs" "$(jq -c '[.digest, .blobs]' out.log)" "[\"$digest\",$(find folder/blobs/sha256 -type f | wc -l)]"
for where in oci:folder oci-archive:archive.tar; do
	is "skopeo reads $where" "sha256:$(skopeo inspect --raw "$where:$app:1" | sha256sum | cut -c 1-64)" "$digest"
done
ok "and copies it" skopeo copy -q --preserve-digests "oci-archive:archive.tar:$app:1" oci:again:1
is "whose bytes are the same" "$(jq -r '.manifests[0].digest' again/index.json)" "$digest"
is "each blob is what it is called" "$(find folder/blobs/sha256 -type f -exec sha256sum {} + | awk '!index($2, $1)')" ""
is "the signature came along under its tag" "$(jq -r '.manifests[].annotations["org.opencontainers.image.ref.name"] // empty' \
	folder/index.json | sort | paste -sd ' ')" "$app:1 $app:sha256-${digest#sha256:}.sig"
is "and the endorsement" "$(jq '[.manifests[] | select(.artifactType // "" | test("dsse"))] | length' folder/index.json)" 1
mkdir tree && tar xf archive.tar -C tree
ok "the archive is the folder" diff -r folder tree
make_bundle two.lwb "$app:2=oci:folder:$app:1" && approve two.lwb alice
accepted lw verify two.lwb
exits 0 "twice" lw export $app:1 oci-archive:twice.tar
ok "is the same" cmp archive.tar twice.tar
is "the enclave is as it was" "$(trust_state) $(($(record_count) - records))" "$state 1" # the verify
chmod a-w enclave enclave/state.db*
exits 0 "it is only read" lw export $app:1 oci:read-only
chmod u+w enclave enclave/state.db*

# --- what is not exported ----------------------------------------------------------------------------------

nothing() { # TEXT: of .part
	is "$1: nothing is left" "$(find . -maxdepth 1 -name '.*.part') $(ls -d x x.tar 2>/dev/null)" " "
}
exits 2 "over a folder" lw export $app:1 oci:folder
exits 2 "over a file" lw export $app:1 oci-archive:archive.tar
ln -s nowhere link
exits 2 "over a link to nowhere" lw export $app:1 oci:link
exits 2 "no such image" lw export $app:9 oci:x
exits 2 "no form" lw export $app:1 x
exits 2 "a form of others" lw export $app:1 docker-archive:x.tar
exits 2 "no path" lw export $app:1 oci:
exits 1 "nowhere to write" lw export $app:1 oci:nosuch/x
nothing "after all these"
layer=$(find folder/blobs/sha256 -type f -printf '%s %f\n' | sort -n | tail -n 1 | cut -d ' ' -f 2)
for form in oci:x oci-archive:x.tar; do
	cp -a enclave whole && chmod -R u+w enclave/store/blobs
	flip "enclave/store/blobs/sha256/$layer" 100
	exits 4 "a rotten layer, $form" lw export $app:1 $form
	like "is named" "$(cat err.log)" "blob sha256:$layer: its bytes are those of sha256:"
	nothing "rotten"
	truncate -s 10 "enclave/store/blobs/sha256/$layer"
	exits 4 "a short one, $form" lw export $app:1 $form
	nothing "short"
	rm -f "enclave/store/blobs/sha256/$layer"
	exits 4 "none at all, $form" lw export $app:1 $form
	like "is said" "$(cat err.log)" "missing"
	nothing "missing"
	rm -rf enclave && mv whole enclave
done
sqlite3 enclave/state.db "UPDATE image SET pending = 1"
exits 3 "what is withheld" lw export $app:1 oci:x
like "and why" "$(cat err.log)" "is withheld: when it was last judged"
nothing "withheld"
sqlite3 enclave/state.db "UPDATE image SET pending = 0"

# What is withheld while it is copied: the copy is held up for that, at some moment after its begin.
"$LW_BIN/tools/mklayout" big big 1 32MiB 0
make_bundle big.lwb "$app:big=oci:big:b0" && approve big.lwb alice
accepted lw load big.lwb
for ((i = 0; i < 50; i++)); do
	rm -rf x
	"$LW_BIN/landwaiter" export $app:big oci:x >out.log 2>err.log &
	until compgen -G '.x.*.part' >/dev/null || [ -e x ]; do :; done
	kill -STOP $! 2>/dev/null && [ ! -e x ] && break
	wait $! || true
done
sqlite3 enclave/state.db "UPDATE image SET pending = 1"
kill -CONT $!
status=0
wait $! || status=$?
is "withheld while it is copied" "$status" 3
nothing "that"
done_testing
