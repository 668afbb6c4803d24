#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# flavours: release
# Into a registry: Debian's docker-registry, plain, with TLS, with passwords; exact bytes, evidence
# found by its subject, and the same state again after it was killed at any point.
. "$(dirname "$0")/../lib/vendors.sh"
. "$LW_TOP/tests/lib/registry.sh"

end() {
	local status=$?

	stop_servers
	scenario_end "$status"
}
trap end EXIT

make_keys alice
vendor_keys acme
make_enclave 1 alice
app=registry.acme.example/prod/app
other=localhost:5000/other
one=$(image layout 1 one)
two=$(image layout 2 one two)
cosign_sign acme.key layout $app "$one"
lw endorse "$app:1=oci:layout:1" --key alice.key >/dev/null 2>&1
make_bundle one.lwb "$app:1=oci:layout:1" "$app:2=oci:layout:2" "$other:1=oci:layout:1" && approve one.lwb alice
accepted lw load one.lwb

push() {
	lw push "$@" --plain-http
}
states() {
	jq -r '[.images[] | "\(.repository):\(.tag) \(.state)"] | join("\n")' out.log
}
codes() {
	jq -r '[.findings[].code] | join(" ")' out.log
}
there() { # PATH [CURL-OPTION...]: from the registry; the body in body
	curl -s -o body -w '%{http_code}' "${@:2}" "http://$registry/v2/$1"
}
sha() {
	printf 'sha256:%s' "$(sha256sum <body | cut -c 1-64)"
}
start_registry plain

# --- all of it ------------------------------------------------------------------------------------------
exits 0 "a push" push "$registry/mirror" -o json
is "every image, below the prefix, by its host" "$(states)" "mirror/localhost_5000/other:1 pushed
mirror/registry.acme.example/prod/app:1 pushed
mirror/registry.acme.example/prod/app:2 pushed"
cp out.log first.log
cat first.log server.log | head -50
skopeo list-tags --tls-verify=false docker://$registry/mirror/$app
done_testing
