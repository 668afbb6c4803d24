#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# What an answer names is what somebody fetches from far away: each names all that is missing or damaged,
# and nothing that was brought; `verify` names what `load` names (security classes 105, 106, 110).

. "$(dirname "$0")/../lib/attack.sh"

make_keys alice bob
make_enclave 2 alice bob
cp -a enclave empty
"$LW_BIN/tools/mklayout" big layout 2 1MiB 300KiB
sealed() { # FILE OPTION-OR-SOURCE...
	make_bundle "$@" --key alice.key --key bob.key
}
sealed base.lwb --sequence 1 oci:layout:b0
sealed inc.lwb --since base.lwb --sequence 3 --volume-size 800KiB registry.example/again:1=oci:layout:b0 \
	oci:layout:b1
LANDWAITER_SENDER_DIR=$T/elsewhere sealed whole.lwb --sequence 2 oci:layout:b1
volumes=(inc.*of*.lwb)
n=${#volumes[@]}
first=${volumes[0]} last=${volumes[-1]}
store=enclave/store/blobs/sha256

fresh() { # [FILE...]: an enclave that has these, and nothing else
	local file

	rm -rf enclave
	cp -a empty enclave
	for file in "$@"; do lw load "$file" >out.log 2>err.log || [ $? -ge 4 ] || fail "loading $file" "$(cat out.log err.log)"; done
}
answer() { # VERB FILE: the exit status; which volumes are missing; which prerequisites
	local exit=0

	lw "$1" "$2" -o json >out.log 2>err.log || exit=$?
	jq -r --arg exit $exit '[$exit, .volume.missing // "none",
		([.prerequisites.missing[]?.digest[7:]] | sort | join(" "))] | join("; ")' out.log
	! grep -qE 'ERROR: (Address|Leak|Undefined)|runtime error:' err.log || fail "$1 $2" "$(cat err.log)"
}
both() { # NAME FILE ANSWER
	is "$1, by verify" "$(answer verify "$2")" "$3"
	is "$1, by load" "$(answer load "$2")" "$3"
}
sorted() {
	printf '%s\n' "$@" | sort | paste -sd ' '
}
supplement() { # FILE DIGEST...
	jq -c --arg want "${*:2}" '.prerequisites.missing |= map(select(.digest[7:] | inside($want)))' all.json >only.json
	lw pack -o "$1" --only only.json --of "$first" oci:layout:b0 >pack.log 2>&1 || fail "packing $1" "$(cat pack.log)"
}
staged() { # DIGEST: its file
	echo "$(echo enclave/store/pending/*)/$(tar xOf "$first" landwaiter/entries | grep -vE '^(piece|volume) ' |
		awk -v d="$1" 'index($0, d) { print NR - 1; exit }')"
}

fresh
lw load "$first" -o json >all.json 2>err.log || true
mapfile -t needs < <(jq -r '.prerequisites.missing | sort_by(.size) | .[].digest[7:]' all.json)
document=${needs[0]} small=${needs[-2]} large=${needs[-1]}
is "there are so many" "$n ${#needs[@]}" "3 4"
supplement document.lwb "$document"
supplement small.lwb "$small"
supplement large.lwb "$large"
supplement two.lwb "$small" "$large"

# --- damaged in the store ---------------------------------------------------------------------------

fresh base.lwb
flip "$store/$large" 100
both "damaged: told with the first volume" "$first" "4; 2, 3; $large"
for volume in "${volumes[@]:1:n-2}"; do answer load "$volume" >answer.log; done
both "and with the last" "$last" "4; none; $large"
accepted lw load large.lwb

fresh base.lwb
flip "$store/$document" 20
flip "$store/$large" 100
rm "$store/$small"
both "missing, and damaged" "$first" "4; 2, 3; $(sorted "$document" "$small" "$large")"
for volume in "${volumes[@]:1}"; do answer load "$volume" >answer.log; done
both "what one supplement leaves" small.lwb "4; none; $(sorted "$document" "$large")"
both "what two leave" large.lwb "4; none; $document"
both "and any volume again" "$first" "4; none; $document"
is "verify: what lacks comes with the last" "$(answer verify document.lwb)" "5; none; "
accepted lw load document.lwb
exits 0 "all holds" lw check --all

fresh base.lwb
flip "$store/$large" 100
mkdir stick
cp "${volumes[@]}" stick
cp large.lwb stick/inc.zz.lwb
exits 0 "all on one stick" lw load --all-of stick -o json
is "is one bundle" "$(jq -c 'select(.bundles) | [.accepted, .bundles]' out.log)" "[1,1]"
fresh base.lwb
flip "$store/$large" 100
rm stick/inc.zz.lwb
exits 4 "without the supplement" lw load --all-of stick -o json
is "it is one, too" "$(jq -c 'select(.bundles) | [.accepted, .bundles]' out.log)" "[0,1]"

# --- damaged where it was staged ----------------------------------------------------------------------

fresh base.lwb
rm "$store/$small" "$store/$large"
for file in "${volumes[@]}" small.lwb; do answer load "$file" >answer.log; done
flip "$(staged "$small")" 100
cp -a enclave hurt
is "a staged supplement is damaged, another lacks" "$(answer load "$last")" "4; none; $(sorted "$small" "$large")"
is "which is staged damage" "$(jq -r '[.findings[] | select(.severity == "damage").code] | join(" ")' out.log)" content.staged
answer load small.lwb >answer.log
accepted lw load large.lwb
rm -rf enclave
mv hurt enclave
accepted lw load two.lwb # what it brings is read, not what is staged of it

fresh base.lwb
for volume in "${volumes[@]::n-1}"; do answer load "$volume" >answer.log; done
layer=$(tar tf "${volumes[1]}" | grep -oE 'pieces/[0-9a-f]{64}' | cut -d / -f 2)
cp -a enclave long
flip "$(staged "$layer")" 1000
is "a volume again, where what it brought is damaged" "$(answer load "${volumes[1]}")" "5; $n; "
is "is no longer told to be in" "$(jq '[.findings[] | select(.code == "content.volume-twice")] | length' out.log)" 0
accepted lw load "$last"
exits 0 "all holds" lw check --all

fresh base.lwb "${volumes[1]}" "$last"
flip "$(staged "$layer")" 1000
is "the other half of it again: what another volume brought is not looked at" "$(answer load "$last")" "5; 1; "
is "but with what was missing" "$(answer load "$first")" "4; 2; "
accepted lw load "${volumes[1]}"
rm -rf enclave
mv long enclave
echo more >>"$(staged "$(tar tf "$first" | grep -oE '^blobs/sha256/[0-9a-f]{64}' | cut -d / -f 3 | tail -n 1)")"
is "a staged file that is longer than it was" "$(answer load "$last")" "4; 1; "
accepted lw load "$first"
exits 0 "all holds" lw check --all

# --- a damaged medium ---------------------------------------------------------------------------------

fresh base.lwb
rm "$store/$small" "$store/$large"
cp two.lwb x.lwb
flip x.lwb $(($(entry_offset x.lwb "blobs/sha256/$large") + 77))
both "of a supplement" x.lwb "4; none; $large"
fresh base.lwb
cp "${volumes[1]}" x.lwb
flip x.lwb $(($(stat -c %s x.lwb) - 1024 - 2000))
is "of a volume, by verify" "$(answer verify x.lwb)" "4; 1 to $n; "
answer load "$first" >answer.log
for volume in "${volumes[@]:2}"; do answer load "$volume" >answer.log; done
both "of a volume, when all others are in" x.lwb "4; 2; "
accepted lw load "${volumes[1]}"

# --- what came by another way --------------------------------------------------------------------------

fresh base.lwb whole.lwb
is "the store has what the volumes bring: verify asks for none" "$(answer verify "${volumes[1]}")" "5; none; "
like "but to load it" "$(cat out.log)" 'the others are in: load this one'
accepted lw load "${volumes[1]}"

# --- what could not be looked at -----------------------------------------------------------------------

under() { # FOLDER NAME INJECTION FILE: how its load ends, with that fault wherever this file is met
	local exit=0

	ASAN_OPTIONS=${ASAN_OPTIONS:-}:detect_leaks=0 strace -f -qq -o strace.log -P "$2" -P "$T/$1/$2" -e inject="$3" \
		"$LW_BIN/landwaiter" load "$4" -o json >out.log 2>err.log || exit=$?
	jq -r --arg exit $exit '[$exit, ([.findings[] | select(.severity != "note").code] | join(" "))] | join("; ")' out.log
}
fresh base.lwb
rm "$store/$small"
is "no more files may be open: nothing is said to be missing" \
	"$(under $store "$large" openat,openat2:error=EMFILE:when=1 "$first")" "1; system.error"
fresh base.lwb
for volume in "${volumes[@]::n-1}"; do answer load "$volume" >answer.log; done
file=$(staged "$layer")
is "a staged file that cannot be looked at is not lost" \
	"$(under "${file%/*}" "${file##*/}" newfstatat:error=EIO "$last")" "1; system.error"
accepted lw load "$last"
done_testing
