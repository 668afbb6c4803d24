#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# flavours: release sweep-san
# A registry that lies (tests/lib/hostile-registry.py): each lie is found, said, and in the book; the
# image stays queued; no credentials go where they do not belong; nobody is asked for ever. Rows are
# those of docs/advisories.md.
. "$(dirname "$0")/../lib/vendors.sh"
. "$LW_TOP/tests/lib/registry.sh"

end() {
	local status=$?

	stop_servers
	scenario_end "$status"
}
trap end EXIT
export HOME=$T

make_keys alice
make_enclave 1 alice
app=registry.acme.example/app
image layout 1 one >/dev/null
lw endorse "$app:1=oci:layout:1" --key alice.key >/dev/null 2>&1
make_bundle one.lwb "$app:1=oci:layout:1" "registry.acme.example/mounted:1=oci:layout:1" && approve one.lwb alice
accepted lw load one.lwb
mkdir lies
port=$(free_port)
registry=127.0.0.1:$port
: >lies/fault
run_server "$port" "$LW_TOP/tests/lib/hostile-registry.py" "$port" lies
printf '{"auths":{"%s":{"auth":"%s"}}}' "$registry" "$(printf 'us:secret' | base64)" >auth.json

images=("$app:1")
attempt() { # FAULT [OPTION...]: a place of its own each
	printf '%s' "$1" >lies/fault
	rm -f lies/told lies/log
	timeout 60 "$LW_BIN/landwaiter" push "$registry/$1-$RANDOM" "${images[@]}" --plain-http --authfile auth.json -o json "${@:2}"
}
codes() {
	jq -r '[.findings[].code] | unique | join(" ")' out.log
}
forget() {
	sqlite3 enclave/state.db 'DELETE FROM push'
}
lie() { # STATUS CODE FAULT [OPTION...]: and at most 400 requests for it
	local records

	records=$(record_count)
	exits "$1" "$3" attempt "${@:3}"
	is "$3: is found, said, recorded, and waits; and not asked for ever" \
		"$(codes) $(($(record_count) - records)) $(last_record | jq -r '.event + " " + .reason') $(sql 'SELECT count(*) FROM push') $(($(wc -l <lies/log) < 400))" \
		"$2 1 push $2 1 1"
	forget
}

exits 0 "an honest one" attempt none
exits 0 "with a referrers API" attempt has-api
exits 0 "in pieces" attempt none --chunk-size 10

# --- other bytes: 54 (a pinned digest is ignored), 52 (one thing as another), 65 (another size) ------------------
for fault in other-blob longer-blob shorter-blob endless-blob length digest says-there \
	other-manifest other-type endless-manifest rewrites calls-otherwise; do
	lie 4 push.digest $fault
done

# --- answers that are none: 53 (paths), 60, 61 (without an end) ------------------------------------------------------
for fault in gzip partial redirect-loop redirect-file redirect-remote redirect-nowhere redirect-post \
	location-elsewhere location-none location-file location-password location-junk least-huge least-junk headers \
	pages pages-elsewhere leaves-out referrers-html referrers-junk tag-is-image list-junk list-huge; do
	lie 3 push.answer $fault
done
for fault in range-more range-less range-junk range-huge range-none range-part; do
	lie 3 push.answer $fault --chunk-size 10
done
lie 3 push.refused refuses-manifest
lie 3 push.refused html-404
lie 3 push.refused forgets
lie 4 push.digest html
images+=(registry.acme.example/mounted:1)
lie 3 push.answer mounts
images=("$app:1")
lie 3 push.tag taken # 64: a tag that is somebody else's

# --- nobody there, in the end ----------------------------------------------------------------------------------------
for fault in 500 no-http broken-off-blob broken-off-manifest; do
	lie 5 push.unreachable $fault
done
lie 5 push.unreachable stale --chunk-size 10

# --- once, and then it is well -----------------------------------------------------------------------------------------
for fault in 503-once 429-once; do
	exits 0 "$fault" attempt $fault
done
for fault in drop forgets-session; do
	exits 0 "$fault" attempt $fault --chunk-size 30
	ok "$fault: was told" test -e lies/told
done
ok "no mount: it is sent" attempt no-mounts

# --- credentials: 66 -------------------------------------------------------------------------------------------------------
for fault in 401 401-nothing 401-bearer; do
	lie 3 push.denied $fault
done
for fault in 401-bearer-past 401-bearer-file 401-bearer-none 401-bearer-remote 401-bearer-html 401-bearer-line 401-bearer-empty 401-bearer-endless; do
	lie 3 push.answer $fault
done
lie 3 push.denied 401-bearer-redirect
fails "the token server's redirect was not followed" grep -q localhost lies/log
exits 0 "what is redirected elsewhere is read there" attempt redirect
ok "without credentials" grep -q '^GET localhost .* none$' lies/log
fails "ever" grep '^[A-Z]* localhost .* \(Basic\|Bearer\)$' lies/log
fails "the password is shown nowhere" grep -r secret out.log err.log lies/log
done_testing
