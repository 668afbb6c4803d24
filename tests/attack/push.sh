#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# flavours: release sweep-san
# A registry that lies (tests/lib/hostile-registry.py): each lie is found, said, and in the book; the
# image stays queued; no credentials go where they do not belong; nobody is asked for ever. Rows are
# those of docs/advisories.md.
. "$(dirname "$0")/../lib/vendors.sh"
. "$LW_TOP/tests/lib/registry.sh"

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
records=0
forget() {
	records=$(sqlite3 enclave/state.db 'DELETE FROM push; SELECT count(*) FROM record')
}
lie() { # STATUS CODE FAULT [OPTION...]: and at most 400 requests for it
	local seen

	exits "$1" "$3" attempt "${@:3}"
	mapfile -t seen < <(sql "SELECT count(*) - $records FROM record; SELECT count(*) FROM push;
		SELECT CAST(leaf AS TEXT) FROM record ORDER BY idx DESC LIMIT 1")
	is "$3: is found, said, recorded, and waits; and not asked for ever" \
		"$(codes) ${seen[0]} $(jq -r '.event + " " + .reason' <<<"${seen[2]}") ${seen[1]} $(($(wc -l <lies/log) < 400))" \
		"$2 1 push $2 1 1"
	forget
}

# Those that are tried again for seconds, meanwhile, each in an enclave of its own.
patient=(500 no-http broken-off-blob broken-off-manifest stale)
declare -A waiting
for fault in "${patient[@]}"; do
	cp -r enclave "$fault"
	chmod 700 "$fault"
	options=()
	[ "$fault" != stale ] || options=(--chunk-size 10)
	timeout 60 "$LW_BIN/landwaiter" push "$registry/lie-$fault" "$app:1" --plain-http -o json --enclave "$fault" \
		"${options[@]}" >"$fault.out" 2>&1 &
	waiting[$fault]=$!
done

exits 0 "an honest one" attempt none
exits 0 "with a referrers API" attempt has-api
exits 0 "in pieces" attempt none --chunk-size 10
forget

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

# --- once, and then it is well -----------------------------------------------------------------------------------------
for fault in 503-once 429-once; do
	exits 0 "$fault" attempt $fault
done
for fault in drop forgets-session; do
	exits 0 "$fault" attempt $fault --chunk-size 30
	ok "$fault: was told" test -e lies/told
done
images+=(registry.acme.example/mounted:1)
for fault in no-mounts denies-mounts-401 denies-mounts-403 denies-mounts-404; do
	exits 0 "$fault: it is sent" attempt $fault
	ok "$fault: it was asked" grep -q 'POST .*[?]mount=' lies/log
done
images=("$app:1")

# --- never: who is told to stop ends soon, and says so ---------------------------------------------------------------
"$LW_BIN/landwaiter" push "$registry/lie-silent" "$app:1" --plain-http -o json >out.log 2>err.log &
pushing=$!
for ((i = 0; i < 200; i++)); do
	! grep -qs lie-silent lies/log || break
	sleep 0.05
done
SECONDS=0
kill "$pushing"
wait "$pushing" || :
is "in the middle of an answer that does not come" "$(codes) $(jq .queued out.log) $((SECONDS < 5))" "push.stopped 1 1"
forget

# --- the enclave changes while a push runs -----------------------------------------------------------------------------
meanwhile() { # STATUS COMMAND...
	local i status=$1

	printf waits >lies/fault
	rm -f lies/waiting lies/go
	timeout 60 "$LW_BIN/landwaiter" push "$registry/meanwhile" "$app:1" --plain-http -o json >out.log 2>err.log &
	push=$!
	for ((i = 0; i < 500; i++)); do
		[ ! -e lies/waiting ] || break
		sleep 0.02
	done
	"${@:2}" >meanwhile.log 2>&1 || cat meanwhile.log
	touch lies/go
	wait $push && push=0 || push=$?
	is "meanwhile: ${*:2}" "$push" "$status"
}
removed() {
	lw remove "$app:1" --reason test && lw gc
}
image layout 1 two >/dev/null
make_bundle two.lwb "$app:1=oci:layout:1" && approve two.lwb alice
meanwhile 0 lw load two.lwb
is "one that is replaced gets no tag" "$(jq -r '[.images[] | .state, .tag] | join(" ")' out.log) $(curl -s -o body -w '%{http_code}' \
	"http://$registry/v2/meanwhile/$app/manifests/1")" "pushed  404"
meanwhile 0 true
is "its successor does" "$(curl -s "http://$registry/v2/meanwhile/$app/manifests/1" | sha256sum | cut -c 1-64)" \
	"$(jq -r '.images[0].digest[7:]' out.log)"
image layout 1 three >/dev/null
make_bundle three.lwb "$app:1=oci:layout:1" && approve three.lwb alice
accepted lw load three.lwb
meanwhile 3 removed
is "one that is removed is left out, and no damage" "$(codes) $(jq -r '[.images[0].state, .queued] | join(" ")' out.log)" "push.withheld removed 0"
is "nor an alarm" "$(sql 'SELECT CAST(leaf AS TEXT) FROM record' | jq -r 'select(.event == "alarm") | .event')" ""
make_bundle four.lwb "$app:1=oci:layout:1" && approve four.lwb alice
accepted lw load four.lwb
forget

# --- credentials: 66 -------------------------------------------------------------------------------------------------------
for fault in 401 401-nothing 401-bearer; do
	lie 3 push.denied $fault
done
for fault in 401-bearer-past 401-bearer-file 401-bearer-none 401-bearer-remote 401-bearer-html 401-bearer-line 401-bearer-empty 401-bearer-endless; do
	lie 3 push.answer $fault
done
mkdir bin
printf '#!/bin/sh\ncat >/dev/null\necho "{\\"Username\\":\\"us\\",\\"Secret\\":\\"$$\\"}"\n' >bin/docker-credential-fresh
chmod +x bin/docker-credential-fresh
echo '{"credsStore":"fresh"}' >fresh.json
exits 0 "a helper's next password is used for the next image" env PATH="$T/bin:$PATH" timeout 60 "$LW_BIN/landwaiter" push \
	"$registry/lie-password-each" --plain-http --authfile fresh.json
forget
lie 3 push.denied 401-bearer-redirect
fails "the token server's redirect was not followed" grep -q localhost lies/log
exits 0 "what is redirected elsewhere is read there" attempt redirect
ok "without credentials" grep -q '^GET localhost .* none$' lies/log
fails "ever" grep '^[A-Z]* localhost .* \(Basic\|Bearer\)$' lies/log
fails "the password is shown nowhere" grep -r secret out.log err.log lies/log

# --- by TLS: what it is shown, others are not, and it does not lead out of it ------------------------------------------
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout us.key -out us.crt -days 2 -subj /CN=us \
	-addext subjectAltName=IP:127.0.0.1,DNS:localhost 2>/dev/null
mkdir certs
cp us.crt certs/ca.crt && cp us.crt certs/us.cert && cp us.key certs/us.key
port=$(free_port)
registry=127.0.0.1:$port
run_server "$port" "$LW_TOP/tests/lib/hostile-registry.py" "$port" lies us.key us.crt us.crt
attempt() {
	printf '%s' "$1" >lies/fault
	rm -f lies/told lies/log
	timeout 60 "$LW_BIN/landwaiter" push "$registry/$1-$RANDOM" "${images[@]}" --cert-dir certs -o json
}
exits 0 "by TLS, redirected elsewhere" attempt redirect
ok "our certificate was shown" grep -q '^GET 127.0.0.1 .* shown$' lies/log
ok "and not elsewhere" grep -q '^GET localhost .* unshown$' lies/log
fails "ever" grep '^[A-Z]* localhost .* shown$' lies/log
forget
lie 3 push.answer redirect-plain

for fault in "${patient[@]}"; do
	wait "${waiting[$fault]}" && status=0 || status=$?
	is "$fault: nobody there, in the end" "$status $(jq -r '[.findings[].code, .queued] | join(" ")' "$fault.out")" "5 push.unreachable 1"
	is "$fault: in the book" "$(sqlite3 "$fault/state.db" 'SELECT CAST(leaf AS TEXT) FROM record ORDER BY idx DESC LIMIT 1' | jq -r .reason)" \
		push.unreachable
done
done_testing
