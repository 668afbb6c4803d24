#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# flavours: release sweep-san
# Into a registry: Debian's docker-registry, plain, with TLS, with passwords, with tokens. Exact bytes,
# evidence that is found by its subject, and the same state in the end wherever it was killed.
. "$(dirname "$0")/../lib/vendors.sh"
. "$LW_TOP/tests/lib/registry.sh"

export HOME=$T

make_keys alice
vendor_keys acme other
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
states() { # of the images, by destination
	jq -r '[.images[] | "\(.repository):\(.tag) \(.state)"] | join("\n")' out.log
}
codes() {
	jq -r '[.findings[] | select(.severity != "note") | .code] | join(" ")' out.log
}
queued() {
	sql 'SELECT count(*) FROM push'
}
there() { # PATH [CURL-OPTION...]: from the registry; prints the status, the body in body
	curl -s -o body -w '%{http_code}' -H "Accept: $manifest_type, $index_type" "${@:2}" "http://$registry/v2/$1"
}
sha() {
	printf 'sha256:%s' "$(sha256sum <body | cut -c 1-64)"
}
start_registry plain

# --- all of it ------------------------------------------------------------------------------------------

records=$(record_count)
exits 0 "a push" push "$registry/mirror" -o json
is "every image, below the prefix, by its host" "$(states)" "mirror/localhost_5000/other:1 pushed
mirror/registry.acme.example/prod/app:1 pushed
mirror/registry.acme.example/prod/app:2 pushed"
is "one record" "$(($(record_count) - records)) $(last_record | jq -r '[.event, .result, .detail.done] | join(" ")')" "1 push done 3"
is "which says what became what" "$(last_record | jq -r '.detail.images[1] | [.name, .destination, .digest] | join(" ")')" \
	"$app:1 $registry/mirror/$app:1 $one"
is "nothing is left to be done" "$(queued)" 0
is "the digest that was accepted" "$(there mirror/$app/manifests/1) $(sha)" "200 $one"
is "and its layers" "$(jq -r '.layers[].digest' body | while read -r d; do
	[ "$(there "mirror/$app/blobs/$d") $(sha)" = "200 $d" ] || echo "$d"
done)" ""
ok "skopeo copies it" skopeo copy -q --preserve-digests --src-tls-verify=false "docker://$registry/mirror/$app:2" oci:pulled:2
is "as it was" "$(jq -r '.manifests[0].digest' pulled/index.json)" "$two"
is "the vendor's signature has its tag" "$(there "mirror/$app/manifests/${one/:/-}.sig")" 200
is "the endorsement is in the list that stands for an API" "$(there "mirror/$app/manifests/${one/:/-}") $(jq -r '.manifests[].artifactType' body)" \
	"200 application/vnd.dsse.envelope.v1+json"
ok "which is one of what is there" test "$(there "mirror/$app/manifests/$(jq -r '.manifests[0].digest' body)")" = 200
is "what both repositories need was sent once" "$(jq '[.images[1:][].mounted] | add > 0' out.log)" true

exits 0 "again" push "$registry/mirror" -o json
is "it is there" "$(jq -r '[.images[] | .state, .sent, .mounted] | unique | join(" ")' out.log)" "0 there"
exits 0 "one image, under another name" push "$registry" $app:2 --rename registry.acme.example=acme --rename $app=apps/main
is "by the longest rule" "$(there apps/main/manifests/2) $(sha)" "200 $two"
like "in words" "$(cat out.log)" "pushed $registry/apps/main:2"
exits 0 "by its digest" push "$registry" "$two" --rename $app=apps/main -o json
is "the same" "$(states)" "apps/main:2 there"

# --- what is refused before anything is asked --------------------------------------------------------------

exits 2 "no such image" push "$registry" $app:9
exits 2 "where to" lw push
exits 2 "plain HTTP to somewhere else" push registry.example/x
exits 2 "no name of a registry" push "http://$registry"
exits 2 "a tag behind it" push "$registry/x:1"
exits 2 "a password in it" push "a:b@$registry"
exits 2 "capitals" push "$registry/Mirror"
exits 2 "half a rule" push "$registry" --rename "$app="
exits 2 "a rule about half a component" push "$registry" --rename "registry.acme.example/=x"
exits 2 "two rules about one thing" push "$registry" --rename "$app=x" --rename "$app=y"
exits 2 "pieces of nothing" push "$registry" --chunk-size 0
exits 2 "--queued, below a prefix" push "$registry/mirror" --queued
exits 2 "--forget, below a prefix" lw push "$registry/mirror" --forget
exits 2 "--queued, of an image" push "$registry" $app:1 --queued
is "nothing of it was queued" "$(queued)" 0
exits 3 "a name that becomes too long" push "$registry/$(printf 'a%.0s' {1..220})" $app:1 -o json
is "is found" "$(codes) $(queued)" "push.name 0"

# --- a tag that is taken --------------------------------------------------------------------------------------

skopeo copy -q --dest-tls-verify=false oci:layout:2 "docker://$registry/taken/$app:1"
exits 3 "a tag that stands for something else" push "$registry/taken" $app:1 -o json
is "is not moved" "$(codes) $(there "taken/$app/manifests/1") $(sha)" "push.tag 200 $two"
is "and waits" "$(queued)" 1
exits 0 "unless told to" push "$registry/taken" $app:1 --move-tags -o json
is "then it is" "$(there "taken/$app/manifests/1") $(sha)" "200 $one"
three=$(image layout 3 three)
make_bundle two.lwb "$app:2=oci:layout:3" && approve two.lwb alice
accepted lw load two.lwb
exits 0 "what this enclave has put there" push "$registry/mirror" $app:2 -o json
is "moves to what it accepted later" "$(there "mirror/$app/manifests/2") $(sha)" "200 $three"
exits 0 "an earlier one" push "$registry/mirror" "$app:2@$two" -o json
is "goes by its digest" "$(states) $(there "mirror/$app/manifests/2") $(sha)" "mirror/$app: there 200 $three"

# --- a registry that is not there, then is, then is not ---------------------------------------------------------

stop_registry
exits 5 "no registry" push "$registry/later" -o json
is "is waited for" "$(codes) $(queued) $(jq .queued out.log)" "push.unreachable 3 3"
is "in the book" "$(last_record | jq -r '[.event, .result, .reason] | join(" ")')" "push incomplete push.unreachable"
registry_port=${registry#*:}
start_registry plain
exits 0 "when it is back" push --queued -o json
is "it goes on" "$(queued) $(states | grep -c 'later/.* pushed')" "0 3"
exits 0 "nothing queued" push --queued -o json
is "nothing done" "$(jq '.images | length' out.log)" 0
stop_registry
expect 5 push "$registry/later" >/dev/null
exits 0 "what is not wanted any more" lw push --forget
is "is forgotten" "$(queued) $(last_record | jq -c '[.event, .detail.forgotten]')" '0 ["push",3]'
start_registry plain

# --- large, in pieces, and killed -----------------------------------------------------------------------------

head -c 6000000 <(yes 'a large layer, all the same') >large
mkdir big && new_layout big
list big "$(jq -n -c --argjson l "$(blob big large $oci.image.layer.v1.tar)" --argjson c "$(printf '{}' >c && blob big c $oci.image.config.v1+json)" \
	--arg t $manifest_type '{schemaVersion: 2, mediaType: $t, config: $c, layers: [$l]}' >m && blob big m $manifest_type)" large
make_bundle big.lwb registry.acme.example/big:1=oci:big:large && approve big.lwb alice
accepted lw load big.lwb
large=$(sha256sum <m | cut -c 1-64)
exits 0 "in pieces" push "$registry/pieces" registry.acme.example/big:1 --chunk-size 1MiB -o json
is "it is whole" "$(there pieces/registry.acme.example/big/manifests/1) $(sha)" "200 sha256:$large"
for ((i = 1; i <= 4; i++)); do # at other times each
	(timeout -s KILL "0.$((i * 7 + 10))" "$LW_BIN/landwaiter" push "$registry/killed" --plain-http --chunk-size 64KiB) >/dev/null 2>&1 || :
done
exits 0 "killed at any time" push "$registry/killed" -o json
is "it ends in the same state" "$(queued) $(there killed/registry.acme.example/big/manifests/1) $(sha)" "0 200 sha256:$large"
exits 0 "once more" push "$registry/killed" -o json
is "all there" "$(jq -r '[.images[].state] | unique | join(" ")' out.log)" there

# --- what gets in the way of each other ------------------------------------------------------------------

exits 3 "two images, and one name there" push "$registry" $app:1 $app:2 registry.acme.example/big:1 --rename registry.acme.example/big=x --rename $app=x -o json
is "neither gets it, which would be the last one's; the third does" "$(codes) $(states | paste -sd ' ')" \
	"push.name push.name x:1 failed x:1 failed x:2 pushed"
exits 3 "not by force either" push "$registry" --queued --move-tags
exits 0 "the rest is not wanted" lw push --forget "$registry"

# Two tags of one image, whose evidence grows meanwhile: they do not take its tag from each other.
cosign_sign other.key layout $app "$one"
make_bundle signed.lwb "$app:stable=oci:layout:1" && approve signed.lwb alice
accepted lw load signed.lwb
newer() {
	is "$1" "$(there "mirror/$app/manifests/${one/:/-}.sig") $(jq '.layers | length' body)" "200 2"
}
exits 0 "signed once more, and called otherwise, too" push "$registry/mirror" $app:stable
newer "is found by both signatures"
exits 0 "the one that came before" push "$registry/mirror" $app:1 -o json
newer "leaves it there"
is "and is there" "$(states)" "mirror/registry.acme.example/prod/app:1 there"

# --- what may not be handed out, and what is damaged ---------------------------------------------------------------

sqlite3 enclave/state.db "UPDATE image SET pending = 1 WHERE name = '$app:2'"
exits 3 "an image that is withheld" push "$registry/mirror" $app:2 -o json
is "is not pushed" "$(codes) $(queued)" "push.withheld 0"
exits 3 "among others" push "$registry/others" -o json
is "keeps nobody else from it" "$(jq -r '[.images[].state] | unique | join(" ")' out.log)" pushed
sqlite3 enclave/state.db "UPDATE image SET pending = 0"
layer=$(jq -r '.layers[0].digest[7:]' "enclave/store/blobs/sha256/${one#sha256:}")
chmod u+w "enclave/store/blobs/sha256/$layer"
flip "enclave/store/blobs/sha256/$layer" 0
exits 4 "a blob that is rotten here" push "$registry/rotten" $app:1 -o json
is "is found, and an alarm" "$(codes) $(sql 'SELECT CAST(leaf AS TEXT) FROM record' | jq -r 'select(.event == "alarm") | .event')" "push.store alarm"
is "and never sent" "$(there "rotten/$app/blobs/sha256:$layer") $(there "rotten/$app/manifests/1")" "404 404"
flip "enclave/store/blobs/sha256/$layer" 0
exits 0 "mended" push --queued

# --- load does both -------------------------------------------------------------------------------------------------

four=$(image layout 4 four)
make_bundle four.lwb "$app:4=oci:layout:4" && approve four.lwb alice
exits 2 "options of a push, and none" lw load four.lwb --plain-http
exits 3 "a name it cannot have there" lw load four.lwb --push "$registry/$(printf 'a%.0s' {1..220})" --plain-http -o json
is "loads nothing" "$(codes) $(sql "SELECT count(*) FROM image WHERE name = '$app:4'")" "push.name 0"
exits 0 "load and push" lw load four.lwb --push "$registry/both" --plain-http -o json
is "two results" "$(jq -r .format out.log | paste -sd ' ')" "landwaiter-verdict/1 landwaiter-push/1"
is "there" "$(there "both/$app/manifests/4") $(sha)" "200 $four"
five=$(image layout 5 five)
make_bundle five.lwb "$app:5=oci:layout:5" && approve five.lwb alice
stop_registry
exits 5 "loaded, and no registry" lw load five.lwb --push "$registry/both" --plain-http
is "is queued by the load itself" "$(queued) $(sql "SELECT count(*) FROM image WHERE name = '$app:5'")" "1 1"
start_registry plain
exits 0 "later" lw push --queued --plain-http
is "is there" "$(there "both/$app/manifests/5") $(sha)" "200 $five"
stop_registry
unset registry_port

# --- TLS ------------------------------------------------------------------------------------------------------------

authority() { # NAME
	openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout "$1.key" -out "$1.crt" -days 2 -subj "/CN=$1" 2>/dev/null
}
certify() { # NAME CA SUBJECT-ALT-NAME USAGE
	openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout "$1.key" -out "$1.csr" -subj "/CN=$1" 2>/dev/null
	openssl x509 -req -in "$1.csr" -CA "$2.crt" -CAkey "$2.key" -CAcreateserial -days 2 -out "$1.crt" \
		-extfile <(printf 'subjectAltName=%s\nextendedKeyUsage=%s\n' "$3" "$4") 2>/dev/null
}
authority ca && authority stranger
certify server ca IP:127.0.0.1 serverAuth
certify elsewhere ca DNS:elsewhere.example serverAuth
certify client ca DNS:client clientAuth
mkdir certs strange mutual empty
cp ca.crt certs/ca.crt
cp stranger.crt strange/ca.crt
cp ca.crt mutual/ && cp client.crt mutual/client.cert && cp client.key mutual/
start_registry tls "http: {addr: \"REGISTRY\", secret: s, tls: {certificate: $T/server.crt, key: $T/server.key}}"
exits 0 "by TLS" lw push "$registry" $app:1 --cert-dir certs
exits 5 "a registry for which nobody vouches" lw push "$registry" $app:1 --cert-dir empty -o json
like "is no registry of ours" "$(codes) $(jq -r '.findings[0].found' out.log)" "^push.unreachable .*certificate"
exits 5 "for which a stranger vouches" lw push "$registry" $app:1 --cert-dir strange
exits 3 "plain words to it" push "$registry" $app:1
exits 2 "no such folder" lw push "$registry" $app:1 --cert-dir nosuch
mkdir -p ".config/containers/certs.d/$registry"
cp ca.crt ".config/containers/certs.d/$registry/"
exits 0 "as podman keeps it" lw push --queued
start_registry names "http: {addr: \"REGISTRY\", secret: s, tls: {certificate: $T/elsewhere.crt, key: $T/elsewhere.key}}"
exits 5 "one that is called otherwise" lw push "$registry" $app:1 --cert-dir certs
start_registry mutual "http: {addr: \"REGISTRY\", secret: s, tls: {certificate: $T/server.crt, key: $T/server.key, clientcas: [$T/ca.crt]}}"
exits 5 "one that wants to see who we are" lw push "$registry" $app:1 --cert-dir certs
exits 0 "is shown" lw push "$registry" $app:1 --cert-dir mutual
echo junk >mutual/client.key
exits 2 "a key that is none" lw push "$registry" $app:1 --cert-dir mutual
rm mutual/client.key
exits 2 "a certificate without its key" lw push "$registry" $app:1 --cert-dir mutual
exits 0 "the rest is not wanted" lw push --forget

# --- passwords ---------------------------------------------------------------------------------------------------------

# shellcheck disable=SC2016 # python's, not ours
python3 -W ignore -c 'import crypt; print("pusher:" + crypt.crypt("open sesame", "$2b$05$" + "a" * 22))' >htpasswd
auth="http: {addr: \"REGISTRY\", secret: s, tls: {certificate: $T/server.crt, key: $T/server.key}}"
auth+=$'\n'"auth: {htpasswd: {realm: tests, path: $T/htpasswd}}"
start_registry passwords "$auth"
entry() { # PASSWORD KEY
	printf '{"auths":{"%s":{"auth":"%s"}}}' "$2" "$(printf 'pusher:%s' "$1" | base64)"
}
entry 'open sesame' "$registry" >good.json
entry 'open wheat' "$registry" >bad.json
entry 'open sesame' "$registry/elsewhere" >elsewhere.json
entry 'open sesame' "${registry%:*}" >portless.json
attempt() {
	lw push "$registry" "$app:1" --cert-dir certs -o json "$@"
}
exits 3 "nobody in particular" attempt
is "is not let in" "$(codes)" push.denied
exits 3 "a wrong password" attempt --authfile bad.json
is "is denied" "$(codes)" push.denied
fails "and shows itself nowhere" grep -q 'wheat' out.log err.log
exits 3 "that of another repository" attempt --authfile elsewhere.json
exits 3 "that of another port" attempt --authfile portless.json
exits 0 "the right one" attempt --authfile good.json
exits 0 "named by the environment" env REGISTRY_AUTH_FILE=good.json "$LW_BIN/landwaiter" push "$registry" $app:1 --cert-dir certs
exits 2 "a file that is not there" attempt --authfile nosuch.json
printf '{"auths":{"%s":{"auth":"?"}}}' "$registry" >broken.json
exits 2 "one that is broken" attempt --authfile broken.json
jq -c --arg key "$registry/registry.acme.example/prod" '.auths[$key] = {auth: "?"}' good.json >half.json
lw push --forget >/dev/null 2>&1
exits 1 "one that is broken for some" lw push "$registry" localhost:5000/other:1 $app:1 --cert-dir certs --authfile half.json -o json
is "what was sent until then is in the book, and off the queue" \
	"$(codes) $(jq -c '[.images[].state]' out.log) $(last_record | jq -r '.reason') $(queued)" \
	'system.error ["pushed","failed"] system.error 1'
lw push --forget >/dev/null 2>&1
mkdir -p .docker
cp good.json .docker/config.json
exits 0 "where docker keeps it" attempt
mkdir bin
# shellcheck disable=SC2016 # the helper's
printf '#!/bin/sh\n[ "$1" = get ] && [ "$(cat)" = "%s" ] && echo "{\\"Username\\":\\"pusher\\",\\"Secret\\":\\"open sesame\\"}"\n' "$registry" >bin/docker-credential-tests
chmod +x bin/docker-credential-tests
printf '{"credHelpers":{"%s":"tests"}}' "$registry" >.docker/config.json
exits 0 "where a helper keeps it" env PATH="$T/bin:$PATH" "$LW_BIN/landwaiter" push "$registry" $app:1 --cert-dir certs
printf '{"credsStore":"../../tmp/x"}' >.docker/config.json
exits 2 "no helper's name" attempt
printf '#!/bin/sh\necho credentials not found\nexit 1\n' >bin/docker-credential-tests
printf '{"credsStore":"tests"}' >.docker/config.json
exits 3 "a helper that has none" env PATH="$T/bin:$PATH" "$LW_BIN/landwaiter" push "$registry" $app:1 --cert-dir certs
rm -r .docker

# --- tokens -----------------------------------------------------------------------------------------------------------------

openssl req -x509 -newkey rsa:2048 -nodes -keyout token.key -out token.crt -days 2 -subj /CN=tokens 2>/dev/null
tokens=$(free_port)
run_server "$tokens" "$LW_TOP/tests/lib/token-server.py" "$tokens" token.key token.crt pusher 'open sesame' tokens.log
start_registry tokens "http: {addr: \"REGISTRY\", secret: s}
auth: {token: {realm: \"http://127.0.0.1:$tokens/token\", service: tests, issuer: tests, rootcertbundle: $T/token.crt}}"
attempt() {
	push "$registry" -o json "$@"
}
entry 'open sesame' "$registry" >good.json
entry 'open wheat' "$registry" >bad.json
printf '{"auths":{"%s":{"identitytoken":"identity-open sesame"}}}' "$registry" >identity.json
exits 3 "no token without a password" attempt
is "is denied" "$(codes)" push.denied
exits 3 "nor for a wrong one" attempt --authfile bad.json
exits 0 "a token" attempt --authfile good.json
is "is there for each repository" "$(jq -r '[.images[].state] | unique | join(" ")' out.log)" pushed
ok "asked for with what it is for" grep -qx "GET Basic repository:$app:pull,push" tokens.log
exits 0 "for an identity" attempt --authfile identity.json
ok "is asked for so" grep -q '^POST identity repository:' tokens.log
start_registry secret "http: {addr: \"REGISTRY\", secret: s, tls: {certificate: $T/server.crt, key: $T/server.key}}
auth: {token: {realm: \"http://127.0.0.1:$tokens/token\", service: tests, issuer: tests, rootcertbundle: $T/token.crt}}"
entry 'open sesame' "$registry" >good.json
: >tokens.log
exits 3 "no password leaves TLS for plain words" lw push "$registry" $app:1 --cert-dir certs --authfile good.json -o json
is "and none was sent" "$(codes) $(wc -l <tokens.log)" "push.answer 0"
done_testing
