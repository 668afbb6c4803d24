#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# What other programs find in a registry that we have pushed into (Debian's docker-registry, which has no
# referrers API): crane, oras by the tag that stands for it, cosign; and after oras has put its own
# evidence into the same list, and we have pushed again, both are there.

. "$(dirname "$0")/../lib/vendors.sh"
. "$LW_TOP/tests/lib/debian.sh"
. "$LW_TOP/tests/lib/registry.sh"

debian_fetch "$LW_TOP/build/interop" cosign/trixie crane/sid oras/trixie
cosign=$LW_TOP/build/interop/cosign-trixie/usr/bin/cosign
crane=$LW_TOP/build/interop/crane-sid/usr/bin/crane
oras=$LW_TOP/build/interop/oras-trixie/usr/bin/oras

make_keys alice
vendor_keys acme stranger
make_enclave 1 alice
app=registry.acme.example/app
one=$(image layout 1 one)
cosign_sign acme.key layout $app "$one"
lw endorse "$app:1=oci:layout:1" --key alice.key >/dev/null 2>&1
make_bundle one.lwb "$app:1=oci:layout:1" && approve one.lwb alice
accepted lw load one.lwb
start_registry hub
exits 0 "a push" lw push "$registry" --plain-http
at=$registry/$app

verify() { # KEY
	"$cosign" verify --key "$1" --insecure-ignore-tlog --private-infrastructure --allow-http-registry "$at:1" 2>&1
}
discovered() {
	"$oras" discover --plain-http --format json "$at:1" | jq -r '[(.referrers // .manifests)[].artifactType] | sort | join(" ")'
}
is "crane finds the digest" "$("$crane" digest "$at:1")" "$one"
ok "cosign verifies the vendor's signature" verify acme.pub
fails "not by another's key" verify stranger.pub
is "oras discovers the endorsement" "$(discovered)" application/vnd.dsse.envelope.v1+json
echo '{}' >report.json
ok "oras attaches more" "$oras" attach --plain-http --artifact-type application/vnd.example.report "$at:1" report.json
exits 0 "a push again" lw push "$registry" --plain-http
is "leaves it there" "$(discovered)" "application/vnd.dsse.envelope.v1+json application/vnd.example.report"
"$crane" delete "$at@$("$crane" digest "$at:${one/:/-}")" # somebody cleans up
is "without the list nothing is found" "$(discovered)" ""
exits 0 "a push once more" lw push "$registry" --plain-http
is "and ours is found again" "$(discovered)" application/vnd.dsse.envelope.v1+json
done_testing
