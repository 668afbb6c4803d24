#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Trust for container tools in the enclave: what of our policy can be said in theirs, and that what
# cannot is rejected. (tests/interop/export-trust.sh has skopeo read it.)
. "$(dirname "$0")/../lib/vendors.sh"

make_keys alice bob
vendor_keys acme globex
enclave_of() { # RULES [MORE]
	rm -rf enclave
	printf '{"format":"landwaiter-policy/1","senders":{"acme":{"threshold":1,"signers":["alice"],"max_age":"P90D"}},
		"signers":{"alice":{"keys":[{"kind":"key","file":"alice.pub"}]},
			"acme":{"keys":[{"kind":"cosign-key","file":"acme.pub"}]},
			"globex":{"keys":[{"kind":"cosign-key","file":"globex.pub"}]},
			"two":{"keys":[{"kind":"key","file":"bob.pub"},{"kind":"key","file":"x.pub"}]}},"images":[%s]%s}' \
		"$1" "${2:-}" >policy.json
	lw init --policy policy.json --trust alice.pub=alice.pub --trust acme.pub=acme.pub \
		--trust globex.pub=globex.pub --trust bob.pub=bob.pub --trust x.pub=x.pub >/dev/null 2>&1
}
lw keygen --no-passphrase x >/dev/null 2>&1
exported() { # [OPTION...]: into a fresh folder
	rm -rf out
	lw export trust out -o json "$@" >out.log 2>err.log
}
scope() { # NAME
	jq -c --arg s "$1" 'if $s == "" then .default else .transports.docker[$s] end | [.[]? | .type + (.keyPath // "" | sub(".*/"; " "))]' out/policy.json
}
remarks() {
	jq -r '[.remarks[] | .code + " " + .where] | join(", ")' out.log
}
of() { # SIGNERS THRESHOLD
	printf '"require":[{"threshold":%s,"of":[%s]}]' "${2:-1}" "$1"
}

enclave_of '{"match":"registry.acme.example/prod/**",'"$(of '"acme"')"'},
	{"match":"registry.acme.example/prod/both:*","require":[{"threshold":2,"of":["acme","globex"]}]},
	{"match":"registry.acme.example/prod/one:1.0",'"$(of '"globex"')"'},
	{"match":"registry.globex.example/**",'"$(of '"acme","globex"')"'},
	{"match":"registry.two.example/**",'"$(of '"two"')"'},
	{"match":"registry.odd.example/*/x:1",'"$(of '"acme"')"'},
	{"match":"registry.lab.example/**","evidence":"not-required"},
	{"match":"**",'"$(of '"globex"')"'}'
ok "exported" exported
is "below a path" "$(scope registry.acme.example/prod)" '["sigstoreSigned acme.pub"]'
is "a repository, by two" "$(scope registry.acme.example/prod/both)" '["sigstoreSigned acme.pub","sigstoreSigned globex.pub"]'
is "a tag" "$(scope registry.acme.example/prod/one:1.0)" '["sigstoreSigned globex.pub"]'
is "one of two cannot be said" "$(scope registry.globex.example)" '["reject"]'
is "nor two keys of one signer" "$(scope registry.two.example)" '["reject"]'
is "nor a pattern in the middle: what is above it is rejected" "$(scope registry.odd.example)" '["reject"]'
is "what asks for nothing" "$(scope registry.lab.example)" '["insecureAcceptAnything"]'
is "everything else" "$(scope "")" '["sigstoreSigned globex.pub"]'
is "and all of this is told" "$(remarks)" "export.reject registry.globex.example/**, export.reject registry.two.example/**, export.reject registry.odd.example/*/x:1, export.anything registry.lab.example/**"
ok "the keys are those" cmp <(openssl pkey -pubin -in out/keys/acme.pub -outform DER) <(openssl pkey -pubin -in acme.pub -outform DER)
is "no others" "$(find out/keys -type f -printf '%f\n' | sort | paste -sd ' ')" "acme.pub globex.pub"
is "by an absolute path" "$(jq -r '[.. | .keyPath? // empty] | unique | join(" ")' out/policy.json)" "$T/out/keys/acme.pub $T/out/keys/globex.pub"
is "signatures are looked for" "$(cat out/registries.d/landwaiter.yaml)" $'default-docker:\n  use-sigstore-attachments: true'
# Read back by our own import, for which each scope is a rule again.
mkdir keys
lw policy import out/policy.json --registries out/registries.d --keys keys >again.json 2>/dev/null || true
is "our import reads it so, too" "$(jq -r '[.images[] | select(.match == "registry.acme.example/prod/both:*").require[].of[]] | sort | join(" ")' again.json)" "acme globex"

ok "for a registry" exported --registry registry.local:5000/mirror --keys-in /etc/keys
is "scopes are there" "$(scope registry.local:5000/mirror/registry.acme.example/prod)" '["sigstoreSigned acme.pub"]'
is "the widest is the registry" "$(scope registry.local:5000/mirror)" '["sigstoreSigned globex.pub"]'
is "and nothing beside" "$(scope "")" '["reject"]'
is "a repository is asked for as it was signed" "$(jq -c '.transports.docker["registry.local:5000/mirror/registry.acme.example/prod/one:1.0"][0].signedIdentity' \
	out/policy.json)" '{"dockerRepository":"registry.acme.example/prod/one","type":"exactRepository"}'
is "the keys' place" "$(jq -r '[.. | .keyPath? // empty | sub("/[^/]*$"; "")] | unique | join(" ")' out/policy.json)" /etc/keys
like "attachments of that registry" "$(cat out/registries.d/landwaiter.yaml)" '"registry.local:5000/mirror":'

# --- zones, identities, what more is asked for ---------------------------------------------------------------

enclave_of '{"match":"a.example/**","zone":"staging",'"$(of '"acme"')"'},
	{"match":"a.example/**","zone":"production",'"$(of '"acme","globex"' 2)"'},
	{"match":"b.example/x:*","zone":"production",'"$(of '"acme"')"',"signedIdentity":{"type":"remapIdentity","prefix":"b.example","signedPrefix":"c.example"}},
	{"match":"d.example/x:1","zone":"staging",'"$(of '"acme"')"',"signedIdentity":{"type":"matchExact"}},
	{"match":"e.example/**","zone":"staging",'"$(of '"acme"')"',"attestations":[{"type":"https://slsa.dev/provenance/v1","of":["acme"],"threshold":1}]}' \
	',"zones":["staging","production"]'
ok "of the first zone" exported
is "its rule" "$(scope a.example)" '["sigstoreSigned acme.pub"]'
like "attestations are not looked at there" "$(remarks)" "export.less e.example/\*\*"
is "the exact name" "$(jq -c '.transports.docker["d.example/x:1"][0].signedIdentity' out/policy.json)" '{"type":"matchExact"}'
ok "of another" exported --zone production
is "its rule, and none of the other's" "$(scope a.example) $(scope e.example)" '["sigstoreSigned acme.pub","sigstoreSigned globex.pub"] []'
is "another name" "$(jq -c '.transports.docker["b.example/x"][0].signedIdentity' out/policy.json)" '{"prefix":"b.example","signedPrefix":"c.example","type":"remapIdentity"}'
ok "an exact name in a registry" exported --registry r.local
is "is another there" "$(scope r.local/d.example/x:1)" '["reject"]'

# --- what is refused ----------------------------------------------------------------------------------------------

exits 2 "over something" lw export trust out
exits 2 "no such zone" lw export trust x --zone lab
exits 2 "a registry that is none" lw export trust x --registry 'https://r'
exits 2 "nor this" lw export trust x --registry $'r\n: x'
exits 2 "keys in a relative place" lw export trust x --keys-in keys
exits 1 "nowhere to write" lw export trust nosuch/x
is "nothing is left of those" "$(find . -maxdepth 1 -name 'x' -o -maxdepth 1 -name '.landwaiter-export-*')" ""
done_testing
