#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# flavours: release
# parts: update load
#
# `trust update`, and a load that brings the same, killed at each call that changes something on the
# disk, and each of them made to fail, and killed while it recovers: trust is the old or the new, never older
# than it was, and the same command again ends where it would have. With SAMPLE=1 at a few, always the same.
. "$(dirname "$0")/../lib/vendors.sh"

faultat=$LW_BIN/tools/faultat
policy() { # IMAGES
	printf '{"format":"landwaiter-policy/1","senders":{"acme":{"threshold":1,"signers":["alice"]}},
		"signers":{"alice":{"keys":[{"kind":"key","file":"alice.pub"}]}},"images":[%s]}' \
		"$1" >policy.json
}
put() {
	lw tuf add trust policy.json=policy.json alice.pub=alice.pub --key owner.key >/dev/null 2>&1
}
# What is believed and what of the images is withheld; no times, no heads.
state() {
	sql "SELECT 'trust', name, hex(bytes) FROM trust ORDER BY name;
		SELECT 'tuf', role, hex(file) FROM tuf ORDER BY role;
		SELECT 'image', name, pending FROM image ORDER BY name" | sha256sum
}
known() { # of the state as it is
	case $(state) in
	"$old") echo old ;;
	"$new") echo new ;;
	*) # all that changed is in; not all is judged again yet
		sql "SELECT count(*) FROM image WHERE pending = 1" ;;
	esac
}

make_keys alice owner owner-2
lw tuf init trust --root owner.pub --key owner.key >/dev/null 2>&1
cp trust/metadata/1.root.json root.json
policy '{"match":"**","evidence":"not-required"}'
put
# shellcheck disable=SC2034 # for make_bundle
AUDIENCE=$(lw init --root root.json --repository trust 2>/dev/null)
image layout 1 one >/dev/null
image layout 2 one two >/dev/null
app=registry.acme.example/app
make_bundle one.lwb "$app:1=oci:layout:1" "$app:2=oci:layout:2" && approve one.lwb alice
lw load one.lwb >/dev/null
cp -a enclave before
old=$(state)
# Two roots on, another policy: one image is withheld.
for to in owner-2 owner; do
	lw tuf rotate trust "owner=$to.pub" --key owner.key --key owner-2.key >/dev/null 2>&1
done
policy '{"match":"registry.acme.example/app:1","evidence":"not-required"},
	{"match":"registry.acme.example/app:3","evidence":"not-required"},
	{"match":"registry.acme.example/app:2","require":[{"threshold":1,"of":["alice"]}]}'
put
make_bundle brings.lwb --trust trust "$app:3=oci:layout:1" && approve brings.lwb alice

# strike N OPTIONS...: and then once more, undisturbed. `twice`: and killed again at another place.
strike() {
	local found was="" at=$1 options=("${@:2}")

	rm -rf enclave && cp -a before enclave
	if [ "$2" = twice ]; then
		options=(--kill) at=$(($1 * 89 % calls + 1))
		"$faultat" --at "$1" --kill "$LW_BIN/landwaiter" "${command[@]}" >strike.log 2>&1 || true
		was=$(known)
	fi
	"$faultat" --at "$at" "${options[@]}" \
		"$LW_BIN/landwaiter" "${command[@]}" >strike.log 2>&1 || true
	found=$(known)
	case $found in
	old | new | 1 | 2) ;;
	*) echo "at $1: $found" >>bad ;;
	esac
	[[ $was != new || $found = new ]] || echo "at $1: it was new, and is $found" >>bad
	seen[$found]=1
	# What is loaded already is refused as a replay.
	lw "${command[@]}" >again.log 2>&1 || grep -q freshness.replay again.log ||
		echo "at $1: again: $(cat again.log)" >>bad
	[ "$(state)" = "$new" ] || echo "at $1: then another state" >>bad
	lw log export 2>/dev/null >book && lw log verify book >/dev/null 2>&1 || echo "at $1: the book" >>bad
}

for part in ${OPERATIONS:-update load}; do
	case $part in
	update) command=(trust update trust) ;;
	*) command=(load brings.lwb) ;;
	esac
	rm -rf enclave && cp -a before enclave
	exits 0 "${command[*]}: undisturbed" lw "${command[@]}"
	new=$(state)
	is "one is withheld" "$(sql 'SELECT count(*) FROM image WHERE pending')" 1
	fails "that is another state" [ "$old" = "$new" ]
	rm -rf enclave && cp -a before enclave
	calls=$("$faultat" --count "$LW_BIN/landwaiter" "${command[@]}" 2>/dev/null)
	ok "it changes something" [ "$calls" -gt 5 ]
	declare -A seen=()
	points=$(seq "$calls")
	for mode in --kill twice "--errno EIO" "--errno EIO --sticky" "--errno ENOSPC" "--errno ENOSPC --sticky" \
		"--errno EINTR" --short; do
		: >bad
		[ -z "${SAMPLE-}" ] || points=$((calls / 2))
		[[ -z ${SAMPLE-} || $mode != --kill ]] || points="1 $points $calls"
		for n in $points; do
			# shellcheck disable=SC2086 # two words
			strike "$n" $mode
		done
		is "${command[*]}: $mode at each of $calls calls" "$(cat bad)" ""
	done
	is "all that may be was seen" "${seen[old]:-}${seen[new]:-}" 11
done
done_testing
