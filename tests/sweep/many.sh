#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# Ten thousand images in the store: what is asked of the registry costs what it is about, also when
# the state has just changed, and both processes stay small. With SAMPLE=1 five hundred.
. "$(dirname "$0")/../lib/scenario.sh"

count=5000 rounds=100 # images in repositories of their own, and as many in one
[ -z "${SAMPLE-}" ] || count=250 rounds=20
make_keys alice
server=
end() {
	local status=$?

	[ -z "$server" ] || kill "$server" 2>/dev/null || true
	scenario_end "$status"
}
trap end EXIT
ticks() { # of the process that has the enclave
	awk '{ print $14 + $15 }' "/proc/$server/stat"
}
status() { # PATH
	curl -s -o body -w '%{http_code}' "$url$1"
}

# serve_of COUNT: an enclave with twice so many images.
serve_of() {
	local words=() i

	rm -rf enclave many.lwb serve.err
	make_enclave 1 alice
	for ((i = 0; i < $1; i++)); do
		words+=("registry.example/r$i/app:1=oci:layout:a$i" "registry.example/all:t$i=oci:layout:a$i")
	done
	make_bundle many.lwb "${words[@]}" && approve many.lwb alice
	lw load many.lwb >/dev/null 2>&1
	"$LW_BIN/landwaiter" serve --listen 127.0.0.1:0 2>serve.err &
	server=$!
	for ((i = 0; i < 200; i++)); do
		! grep -qs . serve.err || break
		sleep 0.05
	done
	url=$(sed -n 's,^serving \(http://[^/]*\)/.*,\1,p' serve.err)
}

# Ticks of that many pulls of a manifest, its blobs and what refers to it, each after a change.
pulls() {
	local i repository before digest

	before=$(ticks)
	for ((i = 0; i < rounds; i++)); do
		sqlite3 -cmd ".timeout 5000" enclave/state.db "UPDATE image SET accepted = accepted + 1 WHERE name = 'registry.example/r1/app:1'"
		for repository in r$((i % 9))/app/manifests/1 all/manifests/t$((i % 9)); do
			[ "$(status "/v2/registry.example/$repository")" = 200 ] || return 1
			digest=$(jq -r '.config.digest' body)
			[ "$(status "/v2/registry.example/${repository%/manifests/*}/blobs/$digest")" = 200 ] || return 1
			[ "$(status "/v2/registry.example/${repository%/manifests/*}/manifests/$digest")" = 404 ] || return 1
			[ "$(status "/v2/registry.example/${repository%/manifests/*}/referrers/sha256:$(sha256sum <body | cut -c 1-64)")" = 200 ] || return 1
		done
	done
	echo $(($(ticks) - before))
}

make_layout layout $count
serve_of 10
few=$(pulls)
kill "$server"
wait "$server" 2>/dev/null || true
serve_of $count
many=$(pulls)
ok "with $((2 * count)) images $many hundredths of a second, with 20 $few: at most three times" [ "$many" -le $((3 * few + 20)) ]
is "page by page" "$(status "/v2/_catalog?n=1&last=registry.example/r5/app") $(jq -c . body)" '200 {"repositories":["registry.example/r50/app"]}'
is "all tags of one" "$(status "/v2/registry.example/all/tags/list") $(jq '.tags | length' body)" "200 $count"
for process in "$server" "$(pgrep -P "$server")"; do
	kib=$(sed -n 's/^VmHWM:[[:space:]]*\([0-9]*\) kB/\1/p' "/proc/$process/status")
	ok "$kib KiB of memory: at most 48 MiB" [ "$kib" -lt 49152 ]
done
done_testing
