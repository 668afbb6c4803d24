#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# Other programs and our registry: skopeo, umoci after it, crane, oras, which discovers what is attached,
# and cosign, which finds and verifies the vendor's signature there, and none where there is none.

. "$(dirname "$0")/../lib/vendors.sh"
. "$LW_TOP/tests/lib/debian.sh"

debian_fetch "$LW_TOP/build/interop" cosign/trixie crane/sid oras/trixie
cosign=$LW_TOP/build/interop/cosign-trixie/usr/bin/cosign
crane=$LW_TOP/build/interop/crane-sid/usr/bin/crane
oras=$LW_TOP/build/interop/oras-trixie/usr/bin/oras

make_keys alice
vendor_keys acme stranger
make_enclave 1 alice
app=registry.acme.example/app
one=$(image layout 1 one)
two=$(image layout 2 one two)
cosign_sign acme.key layout $app "$one"
lw endorse "$app:1=oci:layout:1" --key alice.key >/dev/null 2>&1
make_bundle one.lwb "$app:1=oci:layout:1" "$app:2=oci:layout:2" && approve one.lwb alice
accepted lw load one.lwb
"$LW_BIN/landwaiter" serve --listen 127.0.0.1:0 >serve.out 2>serve.err &
server=$!
end() {
	local status=$?

	kill "$server" 2>/dev/null || true
	scenario_end "$status"
}
trap end EXIT
for ((i = 0; i < 200; i++)); do
	! grep -qs . serve.err || break
	sleep 0.05
done
at=$(sed -n 's,^serving http://\([^/]*\)/.*,\1,p' serve.err)

verify() { # KEY IMAGE
	"$cosign" verify --key "$1" --insecure-ignore-tlog --private-infrastructure --allow-http-registry "$2" 2>&1
}
ok "cosign verifies the vendor's signature" verify acme.pub "$at/$app:1"
ok "by digest" verify acme.pub "$at/$app@$one"
fails "not by another's key" verify stranger.pub "$at/$app:1"
fails "nor of an image that has none" verify acme.pub "$at/$app:2"
ok "skopeo lists tags" skopeo list-tags --tls-verify=false "docker://$at/$app"
ok "skopeo copies, all of it" skopeo copy -q --all --preserve-digests --src-tls-verify=false "docker://$at/$app:2" oci:pulled:2
is "the same" "$(jq -r '.manifests[0].digest' pulled/index.json)" "$two"
ok "umoci reads it" umoci stat --image pulled:2

is "crane finds the digest" "$("$crane" digest "$at/$app:1")" "$one"
is "and the tags" "$("$crane" ls "$at/$app" | grep -v ^sha256- | paste -sd ' ')" "1 2"
is "and the repositories" "$("$crane" catalog "$at")" "$app"
ok "and pulls" "$crane" pull --format oci "$at/$app:1" craned
is "the same" "$(jq -r '.manifests[0].digest' craned/index.json)" "$one"

is "oras discovers the endorsement" "$("$oras" discover --plain-http --format json "$at/$app:1" |
	jq -r '(.referrers // .manifests)[].artifactType')" application/vnd.dsse.envelope.v1+json
attached=$("$oras" discover --plain-http --format json "$at/$app:1" | jq -r '(.referrers // .manifests)[].digest')
ok "and pulls it" "$oras" pull --plain-http -o attached "$at/$app@$attached"
ok "and copies image and evidence" "$oras" copy --recursive --from-plain-http --to-oci-layout "$at/$app:1" copied:1
ok "all of it" test -e "copied/blobs/sha256/${attached#sha256:}"
is "it backs a blob up" "$("$oras" blob fetch --plain-http --descriptor "$at/$app@$(jq -r '.layers[0].digest' "layout/blobs/sha256/${one#sha256:}")" |
	jq .size)" "$(jq '.layers[0].size' "layout/blobs/sha256/${one#sha256:}")"
done_testing
