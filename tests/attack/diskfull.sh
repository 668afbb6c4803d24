#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# No room (security class 109): before anything is read, in the middle of a blob, while the
# manifests are kept aside, and while packing. The old state stands, it says what to do, and what
# did not fit loads when there is room.

. "$(dirname "$0")/../lib/attack.sh"

make_keys alice bob
make_enclave 2 alice bob
"$LW_BIN/tools/mklayout" big big 2 3MiB 1MiB
make_bundle one.lwb oci:big:registry.example/images:b0 oci:big:registry.example/images:b1
approve one.lwb alice bob
layer=$(tar tf one.lwb | tail -n 1)
layer=${layer##*/}
manifest=$(jq -r '.manifests[0].digest[7:]' big/index.json)

# Leaks are looked for by ptrace, which strace has.
export ASAN_OPTIONS=${ASAN_OPTIONS:-}:detect_leaks=0

# full CALLS WHEN PATH...: those calls on those files say ENOSPC.
full() {
	local calls=$1 when=$2 paths=()

	shift 2
	while [ "$1" != -- ]; do
		paths+=(-P "$1")
		shift
	done
	shift
	strace -f -qq -o strace.log "${paths[@]}" -e trace="$calls" \
		-e inject="$calls:error=ENOSPC:when=$when" "$LW_BIN/landwaiter" "$@"
}

incoming=$T/enclave/store/incoming
blobs=$T/enclave/store/blobs/sha256
attack "in the first piece of a blob" 1 system.space \
	full pwrite64 1+ "$incoming/$layer" -- load one.lwb
attack "in a later piece" 1 system.space \
	full pwrite64 4+ "$incoming/$layer" -- load one.lwb
attack "once only" 1 system.space \
	full pwrite64 2 "$incoming/$layer" -- load one.lwb
attack "in a manifest" 1 system.space \
	full pwrite64 1+ "$blobs/$manifest" -- load one.lwb
attack "as its file is made" 1 system.space \
	full openat 1+ "$blobs/$manifest" "$manifest" -- load one.lwb
attack "as all is made durable" 1 system.space \
	full syncfs 1+ "$blobs" -- load one.lwb
attack "when it is named" 1 system.space \
	full renameat,renameat2,rename 1+ "$incoming/$layer" "$incoming" -- load one.lwb
ok "nothing is left that was staged" [ -z "$(ls enclave/store/incoming)" ]

# A real file system that is too small, where one can be mounted.
mkdir small
if [ "$(id -u)" -eq 0 ] && unshare -m true 2>/dev/null &&
	unshare -m mount -t tmpfs -o size=20M none small 2>/dev/null; then
	cat >small.sh <<-'EOF'
		mount -t tmpfs -o size=20M none small
		cp -a enclave small/
		LANDWAITER_ENCLAVE=$T/small/enclave "$LW_BIN/landwaiter" load one.lwb -o json
	EOF
	export T LW_BIN
	exit=0
	unshare -m bash small.sh >out.log 2>err.log || exit=$?
	is "a file system that is too small is seen before anything is staged" \
		"$exit $(jq -r '[.verdict, (.findings[] | select(.severity == "error") | .code)] |
			join(" ")' out.log)" "1 error system.space"
	# Trust that comes with it has room enough, and is not held up.
	own=enclave/evaluation
	jq -c '.senders.acme.max_age = "P60D"' $own/files/policy.json >policy.json
	lw tuf add $own/repository policy.json=policy.json --key $own/owner.key >tuf.log 2>&1
	make_bundle trust.lwb --trust $own/repository oci:big:registry.example/images:b0 \
		oci:big:registry.example/images:b1
	approve trust.lwb alice bob
	sed -i 's/one.lwb/trust.lwb/' small.sh
	exit=0
	unshare -m bash small.sh >out.log 2>err.log || exit=$?
	is "trust that it brings is taken first" \
		"$exit $(jq -c '[(.findings[] | select(.severity == "error") | .code), .trust.new, (.trust.record | type)]' out.log)" \
		'1 ["system.space",true,"number"]'
	sed -i 's/ load trust.lwb/ load --trust-only trust.lwb/' small.sh
	exit=0
	unshare -m bash small.sh >out.log 2>err.log || exit=$?
	is "and alone it needs no more" "$exit $(jq -c '[.verdict, .trust.new]' out.log)" '0 ["accepted",true]'
	cat >small.sh <<-'EOF'
		mount -t tmpfs -o size=2M none small
		"$LW_BIN/landwaiter" pack --sender acme --audience any --expires P9D --marking T \
			-o small/two.lwb oci:big:registry.example/images:b0
		ls -A small >left
	EOF
	unshare -m bash small.sh >out.log 2>err.log || true
	ok "and by pack, before it writes" \
		grep -Eq "want [0-9]{7} bytes free, have [0-9]+" err.log
	is "which leaves nothing" "$(cat left)" ""
else # the same answer without the privilege to mount one
	attack "no room for names" 1 system.space \
		full openat 1+ "$incoming/$layer" "$layer" -- load one.lwb
fi

# Packing into a file that may not grow leaves nothing behind.
for blocks in 1 300 2000; do
	exit=0
	(
		trap '' XFSZ
		ulimit -f $blocks
		lw pack --sender acme --audience any --expires P9D --marking T -o two.lwb \
			oci:big:registry.example/images:b0
	) >out.log 2>err.log || exit=$?
	is "packing into $blocks KiB: exit 1" "$exit" 1
	ls -A >after
	fails "and nothing is left" grep -q two.lwb after
done

accepted lw load one.lwb
ok "and what is stored is whole" lw gc
done_testing
