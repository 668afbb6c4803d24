#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# `export trust`: skopeo, pulling from a registry in the enclave, looks at the vendor's cosign
# signature again, by the policy and keys that we wrote for it.

. "$(dirname "$0")/../lib/vendors.sh"
. "$LW_TOP/tests/lib/debian.sh"
. "$LW_TOP/tests/lib/registry.sh"
. "$LW_TOP/tests/lib/skopeo.sh"

fetch_skopeo_trixie "$LW_TOP/build/interop"
find_skopeo_trixie "$LW_TOP/build/interop"
start_registry hub

make_keys alice
vendor_keys acme security stranger
app=registry.acme.example/app
printf '{"format":"landwaiter-policy/1","senders":{"us":{"threshold":1,"signers":["alice"],"max_age":"P90D"}},
	"signers":{"alice":{"keys":[{"kind":"key","file":"alice.pub"}]},
		"acme":{"keys":[{"kind":"cosign-key","file":"acme.pub"}]},
		"security":{"keys":[{"kind":"cosign-key","file":"security.pub"}]}},
	"images":[{"match":"%s/**","require":[{"threshold":1,"of":["acme"]},{"threshold":1,"of":["security"]}]},
		{"match":"**","evidence":"not-required"}]}' "${app%/*}" >policy.json
# shellcheck disable=SC2034 # for make_bundle
AUDIENCE=$(lw init --policy policy.json --trust alice.pub=alice.pub --trust acme.pub=acme.pub \
	--trust security.pub=security.pub 2>/dev/null)
one=$(image layout 1 one)
for key in acme security; do
	cosign_sign $key.key layout $app "$one"
done
make_bundle one.lwb --sender us "$app:1=oci:layout:1" && approve one.lwb alice
accepted lw load one.lwb
exits 0 "what is in, out" lw export $app:1 oci:out

push() { # LAYOUT NAME AS
	skopeo copy -q --preserve-digests --dest-tls-verify=false --insecure-policy "oci:$1:$2" "docker://$registry/$3"
}
sig=$app:sha256-${one#sha256:}.sig
ok "pushed" push out $app:1 $app:1
ok "with its signatures" push out "$sig" "$sig"
exits 0 "trust for skopeo" lw export trust trust --registry "$registry"
pull() { # NAME
	"${skopeo_trixie[@]}" --policy trust/policy.json --registries.d trust/registries.d copy -q --remove-signatures --src-tls-verify=false \
		"docker://$registry/$1" "oci:pulled:x$RANDOM"
}
ok "skopeo pulls it" pull $app:1
is "by two signatures, of that repository" "$(jq -c --arg s "$registry/$app" '[.transports.docker[$s][] |
	[.type, .signedIdentity.dockerRepository]]' trust/policy.json)" "[[\"sigstoreSigned\",\"$app\"],[\"sigstoreSigned\",\"$app\"]]"
ok "by digest, too" pull "$app@$one"

# --- what it must not pull -----------------------------------------------------------------------------

two=$(image layout 2 one two)
push layout 2 $app:2
fails "one that nobody signed" pull $app:2
cosign_sign acme.key layout $app "$two"
push layout "$app:sha256-${two#sha256:}.sig" "$app:sha256-${two#sha256:}.sig"
fails "one that one of two signed" pull $app:2
cosign_sign stranger.key layout $app "$two"
push layout "$app:sha256-${two#sha256:}.sig" "$app:sha256-${two#sha256:}.sig"
fails "or a stranger beside" pull $app:2
cosign_sign security.key layout $app "$two"
push layout "$app:sha256-${two#sha256:}.sig" "$app:sha256-${two#sha256:}.sig"
ok "both" pull $app:2
push layout 2 registry.acme.example/other:2
push layout "$app:sha256-${two#sha256:}.sig" "registry.acme.example/other:sha256-${two#sha256:}.sig"
fails "what was signed as another repository" pull registry.acme.example/other:2
push layout 2 registry.other.example/x:2
ok "where nothing is asked for, nothing is" pull registry.other.example/x:2
done_testing
