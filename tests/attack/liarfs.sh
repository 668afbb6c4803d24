#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# flavours: release sweep-san
#
# A medium that answers differently when asked again, fails, grows or shrinks while it is read
# (CVE-2020-25860, security classes 110 and 111): a file system that lies (tests/tools/liarfs.c),
# the real programs on top of it, and the kernel between them. Every byte is asked for once; what
# is stored is what was hashed.

. "$(dirname "$0")/../lib/attack.sh"

make_keys alice bob
"$LW_BIN/tools/mklayout" big layout 2 6MiB 1MiB # layers of more pieces than one
"$LW_BIN/tools/forge" layout small 1
make_enclave 2 alice bob
make_bundle good.lwb oci:layout:registry.example/images:b0 oci:small:registry.example/app/multi:1
approve good.lwb alice bob
mkdir medium tree
tar xf good.lwb -C tree
medium=medium/bundle.lwb
size=$(size_of good.lwb)
contents=$((512 + 262144 + 512))
blob=$(entry_offset good.lwb "$(tar tf good.lwb | tail -n 1)") # the largest, and the last

serve() { # HOW [AT]
	"$LW_BIN/tools/liarfs" medium good.lwb "$@" 2>liarfs.log &
	server=$!
	until [ -e $medium ]; do
		kill -0 $server 2>/dev/null || return 1
		sleep 0.02
	done
}

eject() {
	umount medium 2>/dev/null || fusermount3 -u medium
	kill "$server" 2>/dev/null || true # a mount namespace made meanwhile would keep it alive
	wait "$server" || true
}

if ! serve honest; then
	skip "a file system that lies" "no FUSE here: $(tr '\n' ' ' <liarfs.log)"
	done_testing
fi

# asked TEXT: by the program that ran last, which opened the medium once and read no byte twice;
# what it says it read is what the medium handed out, but for a last read that did not end well.
asked() {
	local opens bytes most said

	read -r opens bytes most <medium/report
	said=$(jq .bytesRead out.log)
	if [ "$(jq -r .verdict out.log)" != accepted ] && [ "$said" -lt "$bytes" ]; then
		said=$bytes
	fi
	is "$1: opened once, no byte read twice, $bytes bytes" "$opens $most $bytes" "1 1 $said"
}

# The blobs in the store, and nothing else, are those of the bundle as it was carried.
stored() {
	diff -r tree/blobs enclave/store/blobs
}

cp -a enclave empty
again() {
	rm -rf enclave
	cp -a empty enclave
}

# --- what does no harm ------------------------------------------------------------------------------

for how in honest second short grow; do
	[ $how = honest ] || serve $how
	: "$(<medium/report)"
	accepted lw verify $medium
	asked "verify, $how"
	accepted lw load $medium
	asked "load, $how"
	ok "$how: what is stored is what was hashed" stored
	again
	accepted lw load --sequential $medium
	asked "load --sequential, $how"
	ok "$how, in order: what is stored is what was hashed" stored
	again
	eject
done

# --- what does ----------------------------------------------------------------------------------------

refuse() { # TEXT CODE LIE...
	serve "${@:3}"
	: "$(<medium/report)"
	attack "$1" 4 "$2" lw load $medium
	asked "$1"
	eject
}

refuse "the seal cannot be read" seal.unreadable error 1000
refuse "contents cannot be read" content.read error $contents
refuse "the last blob cannot be read" content.read error $((blob + 1000000))
refuse "the closing blocks cannot be read" content.read error $((size - 1))
refuse "it ends within the seal once it is read" seal.unreadable shrink 100000
refuse "it ends within contents once it is read" content.truncated shrink $((contents + 10))
refuse "it ends within a blob once it is read" content.truncated shrink $((blob + 700000))
refuse "it ends a byte early once it is read" content.truncated shrink $((size - 1))
refuse "it says it has a byte more" content.trailing more
refuse "it says it has a byte less" content.truncated less

# Whoever opens it second is told another byte there.
other() { # TEXT STATUS CODE AT
	serve open "$4"
	accepted lw verify $medium
	attack "$1" "$2" "$3" lw load $medium
	eject
}

other "accepted by verify, then another seal" 3 seal.format $((512 + 262143))
other "accepted by verify, then other contents" 4 content.digest $((contents + 10))
other "accepted by verify, then another blob" 4 content.digest "$blob"
other "accepted by verify, then another last byte" 4 content.header $((size - 1))

accepted lw load good.lwb
ok "and the honest one is loaded as it is" stored
done_testing
