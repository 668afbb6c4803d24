#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# flavours: release
#
# `push`, killed at each call that changes something on the disk or sends something, and each of them made to
# fail: what is in the registry is queued here or in the book, what is in the book is in the registry, and the
# same command again ends where it would have. With SAMPLE=1 at a few, always the same.
. "$(dirname "$0")/../lib/vendors.sh"
. "$LW_TOP/tests/lib/registry.sh"

faultat=$LW_BIN/tools/faultat
app=registry.acme.example/app
make_keys alice
make_enclave 1 alice
one=$(image layout 1 one both)
two=$(image layout 2 two both)
make_bundle one.lwb "$app:1=oci:layout:1" "$app:2=oci:layout:2" && approve one.lwb alice
lw load one.lwb >/dev/null
start_registry plain
cp -a enclave before
lw log export >book 2>/dev/null
before=$(lw log verify book -o json 2>/dev/null | jq -r .head)
wanted="1 $one
2 $two"
command=(push "$registry/m" --plain-http -o json)

# Tags and digests, a line each: in the registry, in the book, and queued.
there() {
	find plain/docker -path '*/_manifests/tags/*/current/link' | while read -r link; do
		tag=${link%/current/link}
		printf '%s %s\n' "${tag##*/}" "$(<"$link")"
	done | sort
}
recorded() {
	sql "SELECT CAST(leaf AS TEXT) FROM record" | jq -r 'select(.event == "push") | .detail.images[] |
		select(.state == "pushed" or .state == "there") | [(.name | split(":")[1]), .digest] | join(" ")' | sort -u
}
queued() {
	sql "SELECT replace(i.name, '$app:', ''), 'sha256:' || lower(hex(i.digest)) FROM push p
		JOIN image i ON i.id = p.image ORDER BY i.name" | tr '|' ' '
}
# Blobs in the registry under a digest that they do not have.
rotten() {
	find plain/docker -path '*/blobs/*/data' -exec sha256sum {} + |
		awk '{ n = split($2, part, "/"); if (part[n - 1] != $1) print $2 }'
}
reset() {
	rm -rf enclave plain/docker
	mkdir plain/docker
	cp -a before enclave
}

judge() { # AT STATUS
	[[ $2 =~ ^(${statuses})$ ]] || echo "at $1: exit $2: $(cat err.log)" >>bad
	there >now.there
	recorded >now.recorded
	queued >now.queued
	[ -z "$(comm -23 now.there <(sort -u now.recorded now.queued))" ] || echo "at $1: in the registry, and nowhere here" >>bad
	[ -z "$(comm -23 now.recorded now.there)" ] || echo "at $1: in the book, and not there" >>bad
	[ -z "$(comm -12 now.recorded now.queued)" ] || echo "at $1: in the book, and still queued" >>bad
	[ "$2" -ne 0 ] || [ "$(<now.recorded)" = "$wanted" ] || echo "at $1: it said so, and it was not done" >>bad
	seen[$(wc -l <now.queued)-$(wc -l <now.recorded)]=1
}

strike() { # AT OPTIONS...
	local status=0

	reset
	"$faultat" --report report --at "$1" "${@:2}" "$LW_BIN/landwaiter" "${command[@]}" >out.log 2>err.log || status=$?
	struck=$((struck + 1))
	[[ $(<report) != *fired=0* ]] || statuses=0
	judge "$1" $status
	status=0
	lw "${command[@]}" >out.log 2>err.log || status=$?
	statuses=0
	judge "$1, again" $status
	[ ! -s now.queued ] || echo "at $1: again: queued: $(<now.queued)" >>bad
	[ -z "$(rotten)" ] || echo "at $1: again: $(rotten)" >>bad
	lw log export 2>/dev/null >book && lw log verify book --head "$before" >/dev/null 2>&1 ||
		echo "at $1: the book" >>bad
}

exits 0 "undisturbed" lw "${command[@]}"
is "all is there, and in the book" "$(there) $(recorded) $(queued)" "$wanted $wanted "
reset
calls=$("$faultat" --count "$LW_BIN/landwaiter" "${command[@]}" 2>/dev/null)
ok "it changes something" [ "$calls" -gt 50 ]
points=$(seq "$calls")
[ -z "${SAMPLE-}" ] || points=$((calls - 8))
declare -A seen=()
struck=0
for mode in "--kill|137" "--errno EIO|[015]" "--errno EIO --sticky|[015]" "--errno ENOSPC|[015]" \
	"--errno ENOSPC --sticky|[015]" "--errno EINTR|[015]" "--short|0"; do
	: >bad
	for n in $points; do
		statuses=${mode#*|}
		# shellcheck disable=SC2086 # two words
		strike "$n" ${mode%|*}
	done
	is "${mode%|*} at each of $calls calls" "$(cat bad)" ""
done
[ -n "${SAMPLE-}" ] || is "nothing begun, all queued, all done: all that may be was seen" \
	"${seen[0-0]-}${seen[2-0]-}${seen[0-2]-}" 111
printf '# %d strikes\n' "$struck"
done_testing
