#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# Images from what skopeo writes: the same image, from whichever source, is the same image.
. "$(dirname "$0")/../lib/scenario.sh"

"$LW_BIN/tools/forge" layout good 1
plain=registry.example/app/plain:1
multi=registry.example/app/multi:1

# packed FILE SOURCE...: a bundle of these.
packed() {
	rm -f "$1"
	lw pack --sender acme --audience any --expires P9D --marking T -o "$@" >pack.log 2>&1 || {
		cat pack.log
		return 1
	}
}
# what FILE JQ-FILTER: of its contents.
what() {
	tar -xOf "$1" landwaiter/contents.json | jq -r "$2"
}
# copy SOURCE DESTINATION: by skopeo, byte for byte.
copy() {
	skopeo --insecure-policy copy --preserve-digests "${@:3}" "$1" "$2" >skopeo.log 2>&1 || {
		cat skopeo.log
		return 1
	}
}
# same WHAT SOURCE NAME: what is packed from there is what is packed from the layout, but for the
# evidence, which skopeo leaves behind.
same() {
	ok "$1: packed" packed other.lwb "$3=$2"
	packed whole.lwb "oci:good:$3"
	is "$1: the same image" "$(what other.lwb '.images[] | .digest, .mediaType, .platforms[]')" \
		"$(what whole.lwb '.images[] | .digest, .mediaType, .platforms[]')"
	is "$1: where it is from stands in the contents" "$(what other.lwb '.images[].source')" "$2"
	ok "$1: packed again" packed again.lwb "$3=$2"
	is "$1: the same bytes after the seal" "$(after_seal again.lwb)" "$(after_seal other.lwb)"
}
after_seal() {
	tail -c +262657 "$1" | sha256sum
}

# --- dir ------------------------------------------------------------------------------------------

copy oci:good:$plain dir:one
same "dir" dir:one $plain
copy oci:good:$multi dir:all --all
same "dir, an index" dir:all $multi
exits 2 "dir has no names" lw pack --sender acme --audience any --expires P9D --marking T \
	-o no.lwb dir:one
cp -a one signed && echo x >signed/signature-1
exits 3 "dir with signatures that cannot travel" lw pack --sender acme --audience any --expires P9D \
	--marking T -o no.lwb $plain=dir:signed
exits 2 "nor does one get an endorsement" lw endorse --key none.key $plain=dir:one

done_testing
