# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
#
# What scenarios and attacks on increments share: three images on one layer, which only the first
# bundle brings; and an enclave that admits their sender.

. "$(dirname "${BASH_SOURCE[0]}")/attack.sh"

make_keys alice bob carol
make_enclave 2 alice bob carol
"$LW_BIN/tools/mklayout" big layout 3 100KiB 300KiB
blob_of() { # TAG N: hex of its layer N, and its size
	jq -r --arg tag "$1" '.manifests[] | select(.annotations["org.opencontainers.image.ref.name"] == $tag)
		.digest[7:]' layout/index.json | while read -r m; do
		jq -r --argjson n "$2" '.layers[$n] | "\(.digest[7:]) \(.size)"' "layout/blobs/sha256/$m"
	done
}
# shellcheck disable=SC2034 # for who sources this
read -r shared _ <<<"$(blob_of b0 0)"
# shellcheck disable=SC2034
read -r lost_layer lost_size <<<"$(blob_of b2 1)"
sealed() { # FILE OPTION-OR-SOURCE...: by alice and bob
	make_bundle "$@" --key alice.key --key bob.key
}
sealed one.lwb oci:layout:b0
sealed two.lwb --since one.lwb oci:layout:b1
cp pack.log two.log
sealed three.lwb --since two.lwb oci:layout:b2
sealed nothing.lwb --since three.lwb registry.example/again:1=oci:layout:b2
sealed both.lwb --since two.lwb oci:layout:b1 oci:layout:b2
LANDWAITER_SENDER_DIR=$T/elsewhere sealed lost.lwb --sequence 2 oci:layout:b2
LANDWAITER_SENDER_DIR=$T/elsewhere sealed orphan.lwb --since lost.lwb --sequence 3 oci:layout:b2
LANDWAITER_SENDER_DIR=$T/elsewhere sealed vol.lwb --since one.lwb --sequence 4 --volume-size 330KiB oci:layout:b1
cp -a enclave empty

again() { # [NAME...]: an enclave that has loaded these, and nothing else
	local name

	rm -rf enclave
	cp -a empty enclave
	for name in "$@"; do
		expect 0 lw load "$name.lwb" || fail "loading $name" "$(cat out.log)"
	done
}
digest_of() { # FILE: of the bundle
	lw inspect "$1" -o json 2>/dev/null | jq -r .bundle
}
packs() { # FILE OPTION...: make_bundle without its care
	local file=$1

	shift
	[[ " $* " == *" --audience "* ]] || set -- --audience "$AUDIENCE" "$@"
	lw pack --sender acme --expires P20D --marking TEST -o "$file" "$@"
}
supplement() { # FILE LIST INCREMENT SOURCE...
	lw pack -o "$1" --only "$2" --of "$3" "${@:4}"
}
pending() { # staged files; rows of bundles, members, needs
	echo "$(find enclave/store/pending -type f | wc -l) $(sql 'SELECT count(*) FROM pending;
		SELECT count(*) FROM pending_member; SELECT count(*) FROM pending_need' | paste -sd ' ')"
}
blobs() { # that are there, and are what they are called
	(cd enclave/store/blobs/sha256 && find . -type f -printf '%P\0' | xargs -0r sha256sum -- |
		awk '$1 == $2 { print $1 }' | sort)
}
lacks() { # FILE DIGEST...: loading it is incomplete, and these are what is missing
	local exit=0

	lw load "$1" -o json >out.log 2>err.log || exit=$?
	is "$1 lacks them" "$exit $(jq -r '[.verdict, .prerequisites.missing[].digest] | join(" ")' out.log)" \
		"5 incomplete ${*:2}"
}
