#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# flavours: release
# What happens beside a load that stands at its end, everything staged and nothing committed: who
# wants to write is told who does, who reads sees the enclave as it was; and what stands in a
# blob's place.
. "$(dirname "$0")/../lib/scenario.sh"

make_keys alice bob
make_enclave 2 alice bob
"$LW_BIN/tools/mklayout" big layout 3 300000 100000
mapfile -t tags < <(jq -r '.manifests[].annotations["org.opencontainers.image.ref.name"]' \
	layout/index.json)
image=registry.example/team/app
for i in 0 1 2; do
	make_bundle $i.lwb "$image:$i=oci:layout:${tags[i]}"
	approve $i.lwb alice bob
done
accepted lw load 0.lwb
store=$T/enclave/store/blobs/sha256

new_of() { # FILE: names of its blobs that are not in the store
	tar tf "$1" | sed -n 's|^blobs/sha256/||p' | grep . | while read -r name; do
		[ -e "$store/$name" ] || echo "$name"
	done
}

# --- another command ------------------------------------------------------------------------------

before=$(trust_state)
kept=$(stored_objects)
load_until syncfs "$store" 1.lwb
staged=$(stored_objects)
ok "the load has staged its blobs" [ "$staged" != "$kept" ]
mkdir aside
busy() { # COMMAND...: says who writes
	local status=0

	lw "$@" >aside/out 2>aside/err </dev/null || status=$?
	is "$1 has to wait: 1" "$status" 1
	like "and is told for whom" "$(cat aside/err)" \
		"^landwaiter $1: process [0-9]+ on [^ ]+ has been writing to this enclave since 20"
}
busy load 2.lwb
busy verify 2.lwb
busy gc
busy remove "$image:0" --reason "to try"
busy check --all
busy repair 0.lwb
busy request --nonce-only
is "what is listed is what was accepted" "$(lw list -o json | jq -r '.images[].name')" "$image:0"
fails "the image is not shown" lw show "$image:1"
ok "the one before is exported" lw export "$image:0" oci:out
is "nothing of it changed" "$(trust_state)" "$before"
is "and nothing staged is gone" "$(stored_objects)" "$staged"
let_it_go_on accepted
ok "and all of it is there" lw check --all

# --- and then it is killed ------------------------------------------------------------------------

kept=$(stored_objects)
load_until syncfs "$store" 2.lwb
ok "blobs are staged" [ "$(stored_objects)" != "$kept" ]
kill -KILL "$stopped"
wait "$loading" 2>wait.log || true
is "the next to write finds the enclave" "$(lw gc -o json >gc.log 2>&1 && stored_objects)" "$kept"
is "as it was" "$(lw list -o json | jq -r '[.images[].name] | join(" ")')" "$image:0 $image:1"

# --- what stands in a blob's place ----------------------------------------------------------------

echo untouched >victim
mapfile -t names < <(new_of 2.lwb)
is "three blobs are new" "${#names[@]}" 3

# Put there when the enclave is open, which has cleared away what no row names.
load_until openat "$T/2.lwb" "$T/2.lwb"
mkdir "$store/${names[0]}"
touch "$store/${names[0]}/within"
let_it_go_on error
is "nothing of it is listed" "$(lw list -o json | jq -r '[.images[].name] | join(" ")')" \
	"$image:0 $image:1"

load_until openat "$T/2.lwb" "$T/2.lwb"
ln -s "$T/victim" "$store/${names[0]}"
ln victim "$store/${names[1]}"
let_it_go_on accepted
for name in "${names[@]}"; do
	is "a file of its digest" "$(sha256sum <"$store/$name" | cut -d ' ' -f 1)" "$name"
	ok "and no link" [ ! -L "$store/$name" ]
done
is "nobody wrote to what stood there" "$(cat victim)" untouched
ok "and all of it is there" lw check --all
done_testing
