#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Trust for container tools in the enclave: what of our policy can be said in theirs, and that what
# cannot is rejected. (tests/interop/export-trust.sh has skopeo read it.)
. "$(dirname "$0")/../lib/vendors.sh"

make_keys alice bob
vendor_keys acme globex
enclave_of() { # RULES [MORE [OF-ACME]]
	rm -rf enclave
	printf '{"format":"landwaiter-policy/1","senders":{"acme":{"threshold":1,"signers":["alice"],"max_age":"P90D"}},
		"signers":{"alice":{"keys":[{"kind":"key","file":"alice.pub"}]},
			"acme":{"keys":[{"kind":"cosign-key","file":"acme.pub"}]%s},
			"globex":{"keys":[{"kind":"cosign-key","file":"globex.pub"}]},
			"two":{"keys":[{"kind":"key","file":"bob.pub"},{"kind":"key","file":"x.pub"}]}},"images":[%s]%s}' \
		"${3:-}" "$1" "${2:-}" >policy.json
	# shellcheck disable=SC2034 # for make_bundle
	AUDIENCE=$(lw init --policy policy.json --trust alice.pub=alice.pub --trust acme.pub=acme.pub \
		--trust globex.pub=globex.pub --trust bob.pub=bob.pub --trust x.pub=x.pub 2>/dev/null)
}
lw keygen --no-passphrase x >/dev/null 2>&1
exported() { # [OPTION...]: into a fresh folder
	rm -rf out
	lw export trust out -o json "$@" >out.log 2>err.log
}
scope() { # NAME
	jq -c --arg s "$1" '.transports.docker[$s] | [.[]? | .type + (.keyPath // "" | sub(".*/"; " "))]' out/policy.json
}
otherwise() { # of all transports
	jq -c '[.default[].type]' out/policy.json
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
is "by other transports nothing" "$(otherwise)" '["reject"]'
is "signed for that repository, for what is below it has the scope, too" "$(jq -c '.transports.docker["registry.acme.example/prod/both"][0].signedIdentity' \
	out/policy.json)" '{"dockerRepository":"registry.acme.example/prod/both","type":"exactRepository"}'
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
is "and nothing beside" "$(scope "") $(otherwise)" '[] ["reject"]'
is "a repository is asked for as it was signed" "$(jq -c '.transports.docker["registry.local:5000/mirror/registry.acme.example/prod/one:1.0"][0].signedIdentity' \
	out/policy.json)" '{"dockerRepository":"registry.acme.example/prod/one","type":"exactRepository"}'
is "the keys' place" "$(jq -r '[.. | .keyPath? // empty | sub("/[^/]*$"; "")] | unique | join(" ")' out/policy.json)" /etc/keys
like "attachments of that registry" "$(cat out/registries.d/landwaiter.yaml)" '"registry.local:5000/mirror":'

# --- zones, identities, what more is asked for ---------------------------------------------------------------

enclave_of '{"match":"a.example/**","zone":"staging",'"$(of '"acme"')"'},
	{"match":"a.example/**","zone":"production",'"$(of '"acme","globex"' 2)"'},
	{"match":"b.example/x:*","zone":"production",'"$(of '"acme"')"',"signedIdentity":{"type":"remapIdentity","prefix":"b.example","signedPrefix":"c.example"}},
	{"match":"f.example/**","zone":"production",'"$(of '"acme"')"',"signedIdentity":{"type":"remapIdentity","prefix":"f.example","signedPrefix":"g.example"}},
	{"match":"d.example/x:1","zone":"staging",'"$(of '"acme"')"',"signedIdentity":{"type":"matchExact"}},
	{"match":"e.example/**","zone":"staging",'"$(of '"acme"')"',"attestations":[{"type":"https://slsa.dev/provenance/v1","of":["acme"],"threshold":1}]}' \
	',"zones":["staging","production"]'
ok "of the first zone" exported
is "its rule" "$(scope a.example)" '["sigstoreSigned acme.pub"]'
like "attestations are not looked at there" "$(remarks)" "export.less e.example/\*\*"
is "the exact name" "$(jq -c '.transports.docker["d.example/x:1"][0].signedIdentity' out/policy.json)" '{"type":"matchExact"}'
ok "of another" exported --zone production
is "its rule, and none of the other's" "$(scope a.example) $(scope e.example)" '["sigstoreSigned acme.pub","sigstoreSigned globex.pub"] []'
is "another name" "$(jq -c '.transports.docker["b.example/x"][0].signedIdentity' out/policy.json)" '{"dockerRepository":"c.example/x","type":"exactRepository"}'
is "and names below a path" "$(jq -c '.transports.docker["f.example"][0].signedIdentity' out/policy.json)" '{"prefix":"f.example","signedPrefix":"g.example","type":"remapIdentity"}'
ok "an exact name in a registry" exported --registry r.local
is "is another there" "$(scope r.local/d.example/x:1)" '["reject"]'

# --- what would let in more than the enclave does -------------------------------------------------------------

widened() { # TEXT RULES SCOPE REMARK: all of it is rejected there
	enclave_of "$2" "${@:5}"
	ok "$1" exported
	is "is rejected, and told" "$(scope "$3") $(remarks)" "[\"reject\"] $4"
}
widened "some tags of a repository by another signer" '{"match":"h.example/x:*",'"$(of '"acme"')"'},{"match":"h.example/x:1*",'"$(of '"globex"')"'}' \
	h.example/x "export.reject h.example/x:1*"
widened "a host with any port, which is no such thing" '{"match":"localhost:*","evidence":"not-required"}' "" "export.reject localhost:*"
widened "a name that no tag has" '{"match":"h.example/x",'"$(of '"acme"')"'}' h.example/x "export.reject h.example/x"
widened "a path below a tag" '{"match":"h.example/x:1/**",'"$(of '"acme"')"'}' h.example/x "export.reject h.example/x:1/**"
widened "one repository where nothing is asked for, and those below it" \
	'{"match":"h.example/x:*","evidence":"not-required"},{"match":"h.example/**",'"$(of '"acme"')"'}' h.example/x "export.reject h.example/x:*"
widened "one repository by its exact name, and those below it" \
	'{"match":"h.example/x:*",'"$(of '"acme"')"',"signedIdentity":{"type":"matchExact"}}' h.example/x "export.reject h.example/x:*"
widened "a signer whose time has ended" '{"match":"h.example/**",'"$(of '"acme"')"'}' h.example "export.reject h.example/**" \
	'' ',"valid":["2020-01-01T00:00:00Z","2021-01-01T00:00:00Z"]'
widened "or has not begun" '{"match":"h.example/**",'"$(of '"acme"')"'}' h.example "export.reject h.example/**" \
	'' ',"valid":["2090-01-01T00:00:00Z","2091-01-01T00:00:00Z"]'
widened "a zone's rule, some of whose images enter by another's" \
	'{"match":"h.example/*/x:1","zone":"staging",'"$(of '"acme"')"'},{"match":"h.example/a/**","zone":"production",'"$(of '"globex"')"'}' \
	h.example/a "export.reject h.example/*/x:1, export.reject h.example/a/**" ',"zones":["staging","production"]'
enclave_of '{"match":"h.example/**",'"$(of '"acme"')"'}' '' ',"valid":["2020-01-01T00:00:00Z","2090-01-01T00:00:00Z"]'
ok "a signer whose time will end" exported
is "counts, and it is told until when" "$(scope h.example) $(jq -r '.remarks[].text | test("until 2090-01-01")' out.log)" '["sigstoreSigned acme.pub"] true'
enclave_of '{"match":"h.example/**","zone":"staging",'"$(of '"acme","globex"' 2)"'},{"match":"h.example/a:*","zone":"production",'"$(of '"acme"')"'}' \
	',"zones":["staging","production"]'
ok "a finer rule of a zone where no image enters" exported
is "is not that of the first" "$(scope h.example) $(scope h.example/a)" '["sigstoreSigned acme.pub","sigstoreSigned globex.pub"] []'

# With a registry each repository that is in has a scope of its own: by a rule that is for all of it.
enclave_of '{"match":"registry.acme.example/app:1","evidence":"not-required"},{"match":"registry.acme.example/**",'"$(of '"acme"')"'}'
image layout 1 one >/dev/null
make_bundle one.lwb "registry.acme.example/app:1=oci:layout:1" && approve one.lwb alice
accepted lw load one.lwb
ok "a tag of its own rule, in a registry" exported --registry r.local
is "has that alone" "$(scope r.local/registry.acme.example/app:1) $(scope r.local/registry.acme.example/app) $(scope r.local/registry.acme.example)" \
	'["insecureAcceptAnything"] [] ["sigstoreSigned acme.pub"]'

# --- what is refused ----------------------------------------------------------------------------------------------

exits 2 "over something" lw export trust out
exits 2 "no such zone" lw export trust x --zone lab
exits 2 "a registry that is none" lw export trust x --registry 'https://r'
exits 2 "nor this" lw export trust x --registry $'r\n: x'
exits 2 "keys in a relative place" lw export trust x --keys-in keys
exits 1 "nowhere to write" lw export trust nosuch/x
is "nothing is left of those" "$(find . -maxdepth 1 -name 'x' -o -maxdepth 1 -name '.landwaiter-export-*')" ""
done_testing
