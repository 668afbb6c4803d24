#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# What was accepted, hashed again and judged by the trust and time of now.
. "$(dirname "$0")/../lib/vendors.sh"

make_keys alice vendor
policy() { # RULES [VALID]
	printf '{"format":"landwaiter-policy/1","senders":{"acme":{"threshold":1,"signers":["alice"],"max_age":"P90D"}},
		"signers":{"alice":{"keys":[{"kind":"key","file":"alice.pub"}]},
			"vendor":{"keys":[{"kind":"key","file":"vendor.pub"}]%s}},"images":[%s]}' \
		"${2:-}" "$1" >policy.json
}
codes() {
	jq -r '[.findings[].code] | join(" ")' out.log
}
states() {
	jq -c '[.images[] | .state]' out.log
}
end=$(date -u -d '+20 days' +%Y-%m-%dT%H:%M:%SZ)
policy '{"match":"**","require":[{"threshold":1,"of":["vendor"]}]}' ",\"valid\":[\"2026-01-01T00:00:00Z\",\"$end\"]"
# shellcheck disable=SC2034 # for make_bundle
AUDIENCE=$(lw init --policy policy.json --trust alice.pub=alice.pub --trust vendor.pub=vendor.pub 2>/dev/null)
app=registry.acme.example/app
for i in 1 2; do
	image layout $i one "layer $i" >/dev/null
	lw endorse "$app:$i=oci:layout:$i" --key vendor.key >/dev/null 2>&1
done
make_bundle one.lwb "$app:1=oci:layout:1" "$app:2=oci:layout:2" && approve one.lwb alice
accepted lw load one.lwb

# --- all is well -----------------------------------------------------------------------------------------

records=$(record_count)
exits 0 "everything" lw check --all --metrics metrics.prom -o json
is "holds" "$(states)" '["holds","holds"]'
is "every blob was hashed" "$(jq .blobs out.log)" "$(find enclave/store/blobs -type f | wc -l)"
is "one record of it" "$(($(record_count) - records)) $(last_record | jq -r '[.event, .result] | join(" ")')" "1 check done"
is "and nothing else" "$(sql 'SELECT count(*) FROM image WHERE pending')" 0
exits 0 "one image" lw check $app:1
like "in words" "$(cat out.log)" "images 1, withheld 0, damaged 0"
like "for Prometheus" "$(cat metrics.prom)" 'landwaiter_images\{state="holds"\} 2'
is "until when a signer counts" "$(sed -n 's/^landwaiter_signer_expires_timestamp_seconds{signer="vendor"} //p' metrics.prom)" "$(date -d "$end" +%s)"
is "each line is one, or tells of one" "$(grep -vcE '^(# (HELP|TYPE) landwaiter_[a-z_]+ .*|landwaiter_[a-z_]+(\{[a-z]+="[a-z0-9._-]+"\})? [0-9]+)$' metrics.prom)" 0
exits 2 "of what" lw check
exits 2 "both" lw check --all $app:1
exits 2 "metrics of one" lw check $app:1 --metrics x
exits 2 "no such image" lw check $app:9
exits 1 "metrics nowhere" lw check --all --metrics nosuch/x

# --- damage ------------------------------------------------------------------------------------------------

cp -a enclave whole && chmod -R u+w enclave/store/blobs
layer=$(printf 'layer 1' | sha256sum | cut -c 1-64)
[ -e "enclave/store/blobs/sha256/$layer" ] ||
	layer=$(jq -r '.layers[1].digest[7:]' "enclave/store/blobs/sha256/$(lw list -o json | jq -r '.images[0].digest[7:]')")
flip "enclave/store/blobs/sha256/$layer" 3
exits 4 "a rotten layer" lw check --all --metrics metrics.prom -o json
is "is its image's" "$(states)" '["damaged","holds"]'
is "in the book" "$(last_record | jq -c '[.result, .detail.damaged]')" "[\"damaged\",[\"sha256:$layer\"]]"
like "and for Prometheus" "$(cat metrics.prom)" 'landwaiter_blobs_damaged 1'
is "each image once" "$(sed -n 's/^landwaiter_images{state=\(.*\)}/\1/p' metrics.prom | paste -sd ' ')" '"holds" 1 "withheld" 0 "damaged" 1'
exits 4 "in words" lw check $app:1
like "with what to do" "$(cat out.log)" "DAMAGED .*repair BUNDLE"
exits 0 "the other is whole" lw check $app:2
lw repair one.lwb >/dev/null
exits 0 "repaired" lw check --all
rm -f "enclave/store/blobs/sha256/$layer"
exits 4 "a layer that is gone" lw check --all
rm -rf enclave && cp -a whole enclave

# --- what does not hold any more -------------------------------------------------------------------------------

exits 3 "after the signer's end" faketime -f +21d "$LW_BIN/landwaiter" check --all -o json
is "both are withheld" "$(states) $(jq -r '[.images[].code] | unique | join(" ")' out.log)" '["withheld","withheld"] policy.signer-missing'
is "in the state" "$(sql 'SELECT count(*) FROM image WHERE pending')" 2
is "and out of the index" "$(jq '.manifests | length' enclave/store/index.json)" 0
exits 3 "not exported" lw export $app:1 oci:x
exits 3 "in words" faketime -f +21d "$LW_BIN/landwaiter" check $app:2
like "why" "$(cat out.log)" "WITHHELD +policy.signer-missing"
exits 0 "one that holds again" lw check $app:2
like "is let in again" "$(cat out.log)" "holds again"
is "alone" "$(lw list -o json | jq -c '[.images[].pending]')" '[true,false]'
exits 0 "and the rest" lw check --all
is "is offered" "$(jq '[.manifests[] | select(.annotations)] | length' enclave/store/index.json)" 2

# --- one on which another stands ------------------------------------------------------------------------------------

cp -a enclave whole-1
policy '{"match":"h.example/base:*","require":[{"threshold":1,"of":["vendor"]}]},{"match":"h.example/app:*","require":[{"threshold":1,"of":["alice"]}],"base":"accepted"}' \
	",\"valid\":[\"2026-01-01T00:00:00Z\",\"$end\"]"
rm -rf enclave
# shellcheck disable=SC2034 # for make_bundle
AUDIENCE=$(lw init --policy policy.json --trust alice.pub=alice.pub --trust vendor.pub=vendor.pub 2>/dev/null)
base=$(image layout base one)
image layout app -b "$base" one two >/dev/null
lw endorse "h.example/base:1=oci:layout:base" --key vendor.key >/dev/null 2>&1
lw endorse "h.example/app:1=oci:layout:app" --key alice.key >/dev/null 2>&1
make_bundle base.lwb "h.example/base:1=oci:layout:base" "h.example/app:1=oci:layout:app" && approve base.lwb alice
accepted lw load base.lwb
exits 3 "a base that does not hold any more" faketime -f +21d "$LW_BIN/landwaiter" check h.example/base:1 -o json
is "takes along what stands on it" "$(states) $(sql 'SELECT count(*) FROM image WHERE pending')" '["withheld","withheld"] 2'
exits 0 "when it holds again" lw check --all
is "so does that" "$(sql 'SELECT count(*) FROM image WHERE pending')" 0
rm -rf enclave && mv whole-1 enclave

# --- without a time, or with expired trust, nothing is taken away ---------------------------------------------

exits 6 "a clock behind what was proven" faketime '2026-11-01' "$LW_BIN/landwaiter" check --all -o json
is "says so" "$(codes)" time.behind-floor
is "and takes nothing away" "$(states) $(sql 'SELECT count(*) FROM image WHERE pending')" '["holds","holds"] 0'
is "that is in the book" "$(last_record | jq -r '[.event, .result, .reason] | join(" ")')" "check error time.behind-floor"
exits 3 "the enclave's own trust has expired" faketime -f +3700d "$LW_BIN/landwaiter" check --all --metrics metrics.prom -o json
is "says that" "$(codes)" trust.expired
is "and takes nothing away either" "$(states) $(sql 'SELECT count(*) FROM image WHERE pending')" '["holds","holds"] 0'
like "for Prometheus" "$(cat metrics.prom)" 'landwaiter_check_judged 0'

# --- the timer's files -------------------------------------------------------------------------------------------

read -ra words < <(sed -n 's/^ExecStart=[^ ]* //p' "$LW_TOP/appliance/systemd/landwaiter-check.service")
for word in "${words[@]}"; do
	[[ $word != --* ]] || like "the service's $word is an option" "$(lw check --help)" "^ +$word( |$)|.*[[:space:]]$word "
done
mapfile -t metrics < <(grep -oE 'landwaiter_[a-z_]+' "$LW_TOP/appliance/prometheus/landwaiter.rules.yml" | sort -u)
for metric in "${metrics[@]}"; do
	ok "the rules' $metric is there" grep -q "^# TYPE $metric gauge" metrics.prom
done
done_testing
