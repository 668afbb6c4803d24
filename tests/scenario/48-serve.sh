#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# flavours: release sweep-san
# The registry: what was accepted, read by registry clients (OCI distribution 1.1: pull and content
# discovery), and nothing else.
. "$(dirname "$0")/../lib/vendors.sh"

make_keys alice
vendor_keys acme
make_enclave 1 alice
app=registry.acme.example/prod/app
other=localhost:5000/other
one=$(image layout 1 one)
two=$(image layout 2 one two)
cosign_sign acme.key layout $app "$one"
lw endorse "$app:1=oci:layout:1" --key alice.key >/dev/null 2>&1
both=$(index layout both "$(on amd64 "$(manifest layout '' one)")" "$(on arm64 "$(manifest layout '' one three)")")
make_bundle one.lwb "$app/both:1=oci:layout:both" "$app:1=oci:layout:1" "$app:2=oci:layout:2" "$other:1=oci:layout:1" && approve one.lwb alice
accepted lw load one.lwb

start_serving() { # [-]: the log goes to a pipe that nobody reads
	rm -f serve.err
	if [ $# -eq 0 ]; then
		"$LW_BIN/landwaiter" serve --listen 127.0.0.1:0 --access-log access.log >serve.out 2>serve.err &
	else
		"$LW_BIN/landwaiter" serve --listen 127.0.0.1:0 --access-log - 2>serve.err > >(:) &
	fi
	server=$!
	for ((i = 0; i < 200; i++)); do
		! grep -qs . serve.err || break
		sleep 0.05
	done
	url=$(sed -n 's,^serving \(http://[^/]*\)/.*,\1,p' serve.err)
	[ -n "$url" ]
}
stop_serving() {
	[ -z "$server" ] || kill "$server" 2>/dev/null || true
	wait "$server" 2>/dev/null || true
}
server=
end() {
	local status=$?

	stop_serving
	scenario_end "$status"
}
trap end EXIT
start_serving # not within `ok`, which would wait for it
pass "it serves"

get() { # PATH [CURL-OPTION...]: headers in head, the body in body; prints the status
	curl -s -g --path-as-is -D head -o body -w '%{http_code}' "${@:2}" "$url$1"
}
header() { # NAME
	tr -d '\r' <./head | sed -n "s/^$1: //Ip"
}
code() {
	jq -r '.errors[0].code' body
}
sha() {
	printf 'sha256:%s' "$(sha256sum <body | cut -c 1-64)"
}
manifest=application/vnd.oci.image.manifest.v1+json

# --- pull ------------------------------------------------------------------------------------------------

is "a registry is there" "$(get /v2/) $(header Docker-Distribution-API-Version)" "200 registry/2.0"
is "a manifest by tag" "$(get /v2/$app/manifests/1) $(sha) $(header Content-Type) $(header Docker-Content-Digest)" \
	"200 $one $manifest $one"
is "by digest" "$(get "/v2/$app/manifests/$two") $(sha)" "200 $two"
is "an index" "$(get "/v2/$app/both/manifests/1") $(header Docker-Content-Digest) $(header Content-Type)" "200 $both $index_type"
child=$(jq -r '.manifests[1].digest' body)
is "cve-2021-41190: a child of it is what it is" "$(get "/v2/$app/both/manifests/$child") $(sha) $(header Content-Type)" "200 $child $manifest"
is "only its head" "$(get /v2/$app/manifests/1 -I) $(header Content-Length) $(header Docker-Content-Digest)" \
	"200 $(jq -r --arg d "$one" '.manifests[] | select(.digest == $d).size' layout/index.json | head -n 1) $one"
get "/v2/$app/manifests/$two" >/dev/null
layer=$(jq -r '.layers[0].digest' body) size=$(jq '.layers[0].size' body)
is "a layer" "$(get "/v2/$app/blobs/$layer") $(sha) $(header Content-Type)" "200 $layer application/octet-stream"
is "its head" "$(get "/v2/$app/blobs/$layer" -I) $(header Content-Length) $(header Accept-Ranges)" "200 $size bytes"
is "a part" "$(get "/v2/$app/blobs/$layer" -H 'Range: bytes=1-') $(header Content-Range) $(cat body)" "206 bytes 1-2/3 ne"
is "the last of it" "$(get "/v2/$app/blobs/$layer" -H 'Range: bytes=-1') $(cat body)" "206 e"
is "the first of it" "$(get "/v2/$app/blobs/$layer" -H 'Range: bytes=0-0') $(cat body)" "206 o"
is "more than there is" "$(get "/v2/$app/blobs/$layer" -H 'Range: bytes=1-99') $(header Content-Range)" "206 bytes 1-2/3"
is "beyond the end" "$(get "/v2/$app/blobs/$layer" -H 'Range: bytes=3-') $(header Content-Range)" "416 bytes */3"
for range in 'bytes=0-0,2-2' 'lines=1-2' 'bytes=2-1' 'bytes=x-' 'bytes=-' 'bytes=1' 'bytes=99999999999999999999-'; do
	is "all of it for '$range'" "$(get "/v2/$app/blobs/$layer" -H "Range: $range") $(cat body)" "200 one"
done
is "of its head there are no parts" "$(get "/v2/$app/blobs/$layer" -I -H 'Range: bytes=0-0') $(header Content-Length) $(header Content-Range)" "200 $size "
is "a part of the same" "$(get "/v2/$app/blobs/$layer" -H 'Range: bytes=0-0' -H "If-Range: \"$layer\"") $(cat body)" "206 o"
is "all of another" "$(get "/v2/$app/blobs/$layer" -H 'Range: bytes=0-0' -H 'If-Range: "x"') $(cat body)" "200 one"
is "several on one connection" "$(curl -s -o x1 -o x2 -w '%{num_connects}' "$url/v2/" "$url/v2/_catalog")" 10
is "a host with a port" "$(get /v2/localhost_5000/other/manifests/1) $(sha)" "200 $one"
ok "skopeo copies it" skopeo copy -q --preserve-digests --src-tls-verify=false "docker://${url#http://}/$app:2" oci:copied:2
is "as it was" "$(jq -r '.manifests[0].digest' copied/index.json)" "$two"

# --- discovery ---------------------------------------------------------------------------------------------

is "repositories" "$(get /v2/_catalog) $(jq -c .repositories body)" "200 [\"localhost_5000/other\",\"$app\",\"$app/both\"]"
is "a page of them" "$(get '/v2/_catalog?n=1') $(jq -c .repositories body) $(header Link)" \
	'200 ["localhost_5000/other"] </v2/_catalog?last=localhost_5000/other&n=1>; rel="next"'
is "the next, and last" "$(get '/v2/_catalog?n=2&last=localhost_5000/other') $(jq -c .repositories body) $(header Link)" "200 [\"$app\",\"$app/both\"] "
sig=sha256-${one#sha256:}.sig
is "tags" "$(get /v2/$app/tags/list) $(jq -c '[.name, .tags]' body)" "200 [\"$app\",[\"1\",\"2\",\"$sig\"]]"
is "a page of them" "$(get "/v2/$app/tags/list?n=2") $(jq -c .tags body) $(header Link)" \
	"200 [\"1\",\"2\"] </v2/$app/tags/list?last=2&n=2>; rel=\"next\""
is "after the last" "$(get "/v2/$app/tags/list?last=$sig") $(jq -c .tags body)" "200 []"
is "none" "$(get "/v2/$app/tags/list?n=0") $(jq -c .tags body)" "200 []"
is "a number that is huge" "$(get "/v2/$app/tags/list?n=2147483648") $(get "/v2/_catalog?n=2147483648")" "200 200"
is "a number that is none" "$(get "/v2/$app/tags/list?n=-1") $(code)" "400 PAGINATION_NUMBER_INVALID"
is "referrers" "$(get "/v2/$app/referrers/$one") $(header Content-Type) $(jq -c '[.manifests[].artifactType]' body)" \
	'200 application/vnd.oci.image.index.v1+json ["application/vnd.dsse.envelope.v1+json"]'
endorsement=$(jq -r '.manifests[0].digest' body)
is "which are there" "$(get "/v2/$app/manifests/$endorsement") $(jq -r .subject.digest body)" "200 $one"
is "of one type" "$(get "/v2/$app/referrers/$one?artifactType=application/vnd.dsse.envelope.v1%2Bjson") $(jq '.manifests | length' body) $(header OCI-Filters-Applied)" \
	"200 1 artifactType"
is "of another" "$(get "/v2/$app/referrers/$one?artifactType=x/y") $(jq '.manifests | length' body) $(header OCI-Filters-Applied)" "200 0 artifactType"
is "of what has none" "$(get "/v2/$app/referrers/$two") $(jq -c .manifests body)" "200 []"
is "the signature by its tag" "$(get /v2/$app/manifests/"$sig") $(jq -r '.layers[0].mediaType' body)" \
	"200 application/vnd.dev.cosign.simplesigning.v1+json"

# More than goes into one page: descriptors take their annotations along.
cp -a layout large
python3 - "$one" <<'END'
import hashlib, json, sys

index = json.load(open('large/index.json'))
subject = next(d for d in index['manifests'] if d['digest'] == sys.argv[1])
empty = b'{}'
def put(data):
    digest = hashlib.sha256(data).hexdigest()
    open('large/blobs/sha256/' + digest, 'wb').write(data)
    return {'digest': 'sha256:' + digest, 'size': len(data)}
config = dict(put(empty), mediaType='application/vnd.oci.empty.v1+json')
for i in range(5):
    manifest = {'schemaVersion': 2, 'mediaType': 'application/vnd.oci.image.manifest.v1+json', 'artifactType': 'application/x+large',
                'config': config, 'layers': [config], 'subject': {k: subject[k] for k in ('mediaType', 'digest', 'size')},
                'annotations': {'example.%d.%d' % (i, k): 'x' * 60000 for k in range(14)}}
    index['manifests'].append(dict(put(json.dumps(manifest).encode()), mediaType=manifest['mediaType']))
json.dump(index, open('large/index.json', 'w'))
END
make_bundle large.lwb "$app:1c=oci:large:1" && approve large.lwb alice
accepted lw load large.lwb
next="/v2/$app/referrers/$one?artifactType=application%2Fx%2Blarge" pages=''
: >seen
while [ -n "$next" ]; do
	pages+=" $(get "$next") $(jq '.manifests | length' body)"
	jq -r '.manifests[].digest' body >>seen
	next=$(header Link | sed -n 's/^<\(.*\)>; rel="next"$/\1/p')
done
is "referrers in pages" "$pages $(sort -u seen | wc -l)" " 200 3 200 2 5"
lw remove "$app:1c" --reason test --by me >/dev/null 2>&1

# --- what is not there --------------------------------------------------------------------------------------

is "no such repository" "$(get /v2/nosuch/tags/list) $(code)" "404 NAME_UNKNOWN"
is "no such tag" "$(get /v2/$app/manifests/9) $(code)" "404 MANIFEST_UNKNOWN"
is "no such blob" "$(get "/v2/$app/blobs/sha256:$(printf x | sha256sum | cut -c 1-64)") $(code)" "404 BLOB_UNKNOWN"
is "a digest that is none" "$(get /v2/$app/blobs/sha256:xyz) $(code)" "400 DIGEST_INVALID"
for digest in sha256:../../../state.db sha256:..%2f..%2f..%2fstate.db "sha256:%2e%2e" "sha256:${layer#sha256:}0" "sha256:$(tr a-f A-F <<<"${layer#sha256:}")" \
	"sha512:${layer#sha256:}" "${layer#sha256:}" ''; do
	like "cve-2024-3727: $digest" "$(get "/v2/$app/blobs/$digest") $(get "/v2/$app/manifests/$digest")" '^(400|404) 404$'
done
is "cve-2023-2253: as many as there could be" "$(get '/v2/_catalog?n=2147483648') $(jq '.repositories | length' body)" "200 3"
is "another repository's blob" "$(get "/v2/localhost_5000/other/blobs/$(jq -r '.layers[1].digest' "layout/blobs/sha256/${two#sha256:}")") $(code)" \
	"404 BLOB_UNKNOWN"
is "another repository's manifest" "$(get "/v2/localhost_5000/other/manifests/$two") $(code)" "404 MANIFEST_UNKNOWN"
is "a digest that is put together" "$(get "/v2/sha256/manifests/${one#sha256:}") $(code)" "404 NAME_UNKNOWN"
is "nor of a repository above" "$(get "/v2/${app%/*}/manifests/$one") $(code)" "404 NAME_UNKNOWN"
is "nor of one that begins so" "$(get "/v2/${app%p}/manifests/$one") $(code)" "404 NAME_UNKNOWN"
is "a layer is no manifest" "$(get "/v2/$app/manifests/$layer") $(code)" "404 MANIFEST_UNKNOWN"
config=$(jq -r .config.digest "layout/blobs/sha256/${two#sha256:}")
is "a configuration" "$(get "/v2/$app/blobs/$config")" 200
is "is none, either" "$(get "/v2/$app/manifests/$config") $(code)" "404 MANIFEST_UNKNOWN"
is "a NUL in it" "$(get "/v2/$app/manifests/1%00x") $(code)" "400 NAME_INVALID"
is "encoded as it need not be" "$(get "/v2/$app/manifests/%31") $(sha)" "200 $one"
for method in POST PUT PATCH DELETE OPTIONS; do
	is "$method" "$(get "/v2/$app/blobs/uploads/" -X $method) $(code) $(header Allow)" "405 UNSUPPORTED GET, HEAD"
done
is "without the slash" "$(get /v2) $(cat body)" "200 {}"
for path in / /v1/ /v2/x /v2/$app/ /v2/$app/blobs/ /v2//tags/list "/v2/../v2/$app/tags/lists" /v2/$app/blobs/../x \
	"/v2/%2e%2e/manifests/1" "/v2/$app/manifests/..%2f1" "/v2/$app//manifests/1" "/v2/-/manifests/1"; do
	like "nothing at $path" "$(get "$path") $(cat body)" '^404 .*(NAME|MANIFEST)_UNKNOWN'
done

# --- what changes ----------------------------------------------------------------------------------------------

three=$(image layout 3 one two three)
make_bundle two.lwb "$app:2=oci:layout:3" && approve two.lwb alice
accepted lw load two.lwb
is "a tag that moved, at once" "$(get /v2/$app/manifests/2) $(sha)" "200 $three"
is "the older one by its digest" "$(get "/v2/$app/manifests/$two") $(sha)" "200 $two"
lw remove "$app:2@$two" --reason old --by me >/dev/null 2>&1
is "until it is removed" "$(get "/v2/$app/manifests/$two") $(code)" "404 MANIFEST_UNKNOWN"
is "cve-2026-35172: its configuration, served before" "$(get "/v2/$app/blobs/$config") $(code)" "404 BLOB_UNKNOWN"
lw gc >/dev/null 2>&1
fails "cve-2026-35172: is not in the store" test -e "enclave/store/blobs/sha256/${config#sha256:}"
is "cve-2026-35172: nor does a request bring it back" "$(get "/v2/$app/blobs/$config") $(get "/v2/$app/blobs/$config" -I)" "404 404"
cosign_sign acme.key layout $app "$one" # a second signature, in another manifest under the same tag
make_bundle three.lwb "$app:1b=oci:layout:1" && approve three.lwb alice
accepted lw load three.lwb
is "a tag that two images bring evidence under: the later" "$(get /v2/$app/manifests/"$sig") $(jq '.layers | length' body)" "200 2"
lw remove "$app:1b" --reason test --by me >/dev/null 2>&1
is "without that the earlier" "$(get /v2/$app/manifests/"$sig") $(jq '.layers | length' body)" "200 1"
sqlite3 enclave/state.db "UPDATE image SET pending = 1 WHERE name = '$app:1'"
is "what is withheld is not served" "$(get /v2/$app/manifests/1) $(get "/v2/$app/manifests/$one")" "404 404"
is "nor listed" "$(get /v2/$app/tags/list) $(jq -c .tags body)" '200 ["2"]'
is "nor its evidence" "$(get "/v2/$app/referrers/$one") $(jq -c .manifests body)" "200 []"
sqlite3 enclave/state.db "UPDATE image SET pending = 0"

# --- damage: never served, once in the book ----------------------------------------------------------------------

records=$(record_count)
rotten=$(jq -r '.layers[2].digest[7:]' "layout/blobs/sha256/${three#sha256:}")
is "whole" "$(get "/v2/$app/blobs/sha256:$rotten")" 200
chmod -R u+w enclave/store/blobs && flip "enclave/store/blobs/sha256/$rotten" 2
is "rotten since" "$(get "/v2/$app/blobs/sha256:$rotten") $(code)" "404 BLOB_UNKNOWN"
is "again" "$(get "/v2/$app/blobs/sha256:$rotten" -H 'Range: bytes=0-0')" 404
is "an alarm, once" "$(($(record_count) - records)) $(last_record | jq -r '[.event, .result, .reason, .detail.digest] | join(" ")')" \
	"1 alarm alarm store.blob-damaged sha256:$rotten"
like "and said" "$(cat serve.err)" "ALARM: blob sha256:$rotten is not served: .*repair BUNDLE"
is "the others are" "$(get "/v2/$app/manifests/2")" 200
lw repair two.lwb >/dev/null
is "repaired" "$(get "/v2/$app/blobs/sha256:$rotten")" 200

# Bytes that change with no word of it from the file system, as on a disk that forgets: by a page
# that was being written to already.
chmod u+w "enclave/store/blobs/sha256/$rotten"
forget() {
	python3 -c 'import mmap, sys
with open(sys.argv[1], "r+b") as file:
    page = mmap.mmap(file.fileno(), 0)
    at = int(sys.argv[2])
    page[at] = page[at]
    print(flush=True)
    sys.stdin.readline()
    page[at] ^= 1
    print(flush=True)
    sys.stdin.readline()' "$1" "${2:-0}"
}
coproc forget "enclave/store/blobs/sha256/$rotten"
read -r <&"${COPROC[0]}"
is "whole again" "$(get "/v2/$app/blobs/sha256:$rotten")" 200
records=$(record_count) before=$(stat -c '%y %z' "enclave/store/blobs/sha256/$rotten")
echo >&"${COPROC[1]}"
read -r <&"${COPROC[0]}"
# Where the kernel wrote that page out in between, the file system tells after all.
told() { # DIGEST-IN-HEX
	[ "$(stat -c '%y %z' "enclave/store/blobs/sha256/$1")" != "$before" ]
}
! told "$rotten" || skip "the file system says that nothing happened" "it was written out just then"
is "it is not handed out" "$(get "/v2/$app/blobs/sha256:$rotten") $(code)" "404 BLOB_UNKNOWN"
is "it is not there any more" "$(get "/v2/$app/blobs/sha256:$rotten" -I)" 404
is "and in the book" "$(($(record_count) - records)) $(last_record | jq -r '[.event, .reason, .detail.digest] | join(" ")')" \
	"1 alarm store.blob-damaged sha256:$rotten"
echo >&"${COPROC[1]}"
wait "$COPROC_PID" || true

# A blob of several parts: whole, in pieces across their ends, and as its disk forgets while it is sent.
head -c 2800000 <(yes 'a layer of three parts') >parts.tar
mkdir parts && new_layout parts
list parts "$(jq -n -c --argjson l "$(blob parts parts.tar $oci.image.layer.v1.tar)" \
	--argjson c "$(printf '{}' >config && blob parts config $oci.image.config.v1+json)" --arg t $manifest \
	'{schemaVersion: 2, mediaType: $t, config: $c, layers: [$l]}' >m && blob parts m $manifest)" large
make_bundle parts.lwb "$app:parts=oci:parts:large" && approve parts.lwb alice
accepted lw load parts.lwb
large=$(sha256sum <parts.tar | cut -c 1-64)
is "several parts" "$(get "/v2/$app/blobs/sha256:$large") $(sha)" "200 sha256:$large"
for range in 1048575-1048576 0-1048575 1048576-2799999 1048500-2400000; do
	is "from $range" "$(get "/v2/$app/blobs/sha256:$large" -H "Range: bytes=$range") $(sha256sum <body | cut -c 1-64)" \
		"206 $(tail -c +$((${range%-*} + 1)) parts.tar | head -c $((${range#*-} - ${range%-*} + 1)) | sha256sum | cut -c 1-64)"
done
chmod u+w "enclave/store/blobs/sha256/$large"
coproc forget "enclave/store/blobs/sha256/$large" 2400000
read -r <&"${COPROC[0]}"
is "whole, while somebody may write it" "$(get "/v2/$app/blobs/sha256:$large")" 200
before=$(stat -c '%y %z' "enclave/store/blobs/sha256/$large")
echo >&"${COPROC[1]}"
read -r <&"${COPROC[0]}"
if told "$large"; then
	skip "the connection ends where it is other" "it was written out just then"
else
	fails "the connection ends where it is other" get "/v2/$app/blobs/sha256:$large"
	is "before the part that is" "$(stat -c %s body)" 2097152
fi
is "then it is not there any more" "$(get "/v2/$app/blobs/sha256:$large" -I)" 404
echo >&"${COPROC[1]}"
wait "$COPROC_PID" || true
lw repair parts.lwb >/dev/null 2>&1 || true # the other is still to be mended
lw repair two.lwb >/dev/null

chmod u+w "enclave/store/blobs/sha256/$rotten"
truncate -s 1T "enclave/store/blobs/sha256/$rotten"
is "cve-2023-25153: a giant instead" "$(get "/v2/$app/blobs/sha256:$rotten") $(code)" "404 BLOB_UNKNOWN"
rm "enclave/store/blobs/sha256/$rotten"
is "gone" "$(get "/v2/$app/blobs/sha256:$rotten") $(code)" "404 BLOB_UNKNOWN"
ln -s /etc/hostname "enclave/store/blobs/sha256/$rotten"
is "a link instead" "$(get "/v2/$app/blobs/sha256:$rotten") $(code)" "404 BLOB_UNKNOWN"
chmod u+w "enclave/store/blobs/sha256/${three#sha256:}"
flip "enclave/store/blobs/sha256/${three#sha256:}" 9
records=$(record_count)
exec {lock}<>enclave/lock
flock "$lock" # as one does who loads
is "a rotten manifest" "$(get "/v2/$app/manifests/2") $(code)" "404 MANIFEST_UNKNOWN"

like "whose alarm is told" "$(tail -n 1 serve.err)" "ALARM: blob $three .*; not in the book yet: "
exec {lock}>&-
is "nor is it there again" "$(sleep 5.5; get "/v2/$app/manifests/2")" 404
is "its alarm is in the book as soon as can be" "$(($(record_count) - records)) $(last_record | jq -r '[.event, .detail.digest] | join(" ")')" "1 alarm $three"
is "and once" "$(get "/v2/$app/manifests/2") $(($(record_count) - records))" "404 1"

# --- how it is started, and its log --------------------------------------------------------------------------------

is "a line for each request" "$(jq -r 'select(.path == "/v2/_catalog") | [.method, .status, .client] | join(" ")' access.log | head -n 1)" \
	"GET 200 127.0.0.1"
is "all of them JSON" "$(jq -c 'keys' access.log | sort -u)" '["bytes","client","method","microseconds","path","status","time"]'
exits 1 "the port is taken" lw serve --listen "${url#http://}"
stop_serving
fails "it is gone with its parent" curl -s "$url/v2/"
start_serving
cp -a enclave moved && mv enclave old && mv moved enclave
is "an enclave in place of this one is not served" "$(get /v2/_catalog)" 503
wait "$server" || true
like "and that is said" "$(cat serve.err)" "state.db is gone, or another file"
start_serving -
is "where nobody reads the log" "$(get /v2/_catalog) $(get /v2/_catalog)" "200 200"
like "that is said" "$(cat serve.err)" "the access log cannot be written"
stop_serving
exits 2 "not beyond this machine without TLS" lw serve --listen 0.0.0.0:5000
exits 2 "an address that is none" lw serve --listen localhost:5000
exits 2 "a port that is none" lw serve --listen 127.0.0.1:70000
exits 2 "no enclave" lw serve --enclave nosuch
exits 1 "a log that cannot be" lw serve --listen 127.0.0.1:0 --access-log nosuch/x
done_testing
