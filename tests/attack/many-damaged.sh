#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# Of hundreds of files that are hashed again before a commit, by two threads, every second one is
# damaged: each is found, and told once; what is good stays (security classes 105, 106).

. "$(dirname "$0")/../lib/attack.sh"

make_keys alice bob
make_enclave 2 alice bob
cp -a enclave empty
"$LW_BIN/tools/mklayout" layered layout 3 98
sealed() { # FILE OPTION-OR-SOURCE...
	make_bundle "$@" --key alice.key --key bob.key
}
sealed wide.lwb --sequence 1 --volume-size 400KiB oci:layout:l0 oci:layout:l1
sealed base.lwb --sequence 2 oci:layout:l0 oci:layout:l1
sealed next.lwb --since base.lwb --sequence 3 registry.example/again:1=oci:layout:l0 \
	registry.example/again:2=oci:layout:l1 oci:layout:l2
volumes=(wide.*of*.lwb)
early=("${volumes[@]::${#volumes[@]}-1}")
last=${volumes[-1]}

# damage FOLDER: a byte of every second file of more than 1,000.
damage() {
	find "$1" -type f -size +1000c | sort | awk 'NR % 2' >damaged
	while read -r file; do flip "$file" 700; done <damaged
}
# tells NAME CODE COMMAND...: the attempt ends as damaged, of each of those one finding CODE.
tells() {
	local exit=0 n

	n=$(wc -l <damaged)
	"${@:3}" -o json >out.log 2>err.log || exit=$?
	is "$1: $2" "$exit $(jq -r --arg code "$2" '[.findings[] | select(.code == $code).object] |
		"\(length) \(unique | length)"' out.log) $((n > 50))" "4 $n $n 1"
	! grep -qE 'ERROR: (Address|Leak|Undefined)|runtime error:' err.log || fail "$1" "$(cat err.log)"
}
each_is_right() { # NAME IMAGES
	exits 0 "$1: all holds" lw check --all
	is "$1: all are here" "$(sql 'SELECT count(*) FROM image')" "$2"
}

# --- staged by earlier sittings -------------------------------------------------------------------

for volume in "${early[@]}"; do
	expect 5 lw load "$volume" || fail "loading $volume" "$(cat out.log)"
done
damage enclave/store/pending
tells "staged by others" content.staged lw load "$last"
is "nothing came in" "$(sql 'SELECT count(*) FROM image') $(find enclave/store/blobs -type f | wc -l)" "0 0"
is "what is good stays" "$(($(find enclave/store/pending -type f | wc -l) > $(wc -l <damaged)))" 1
for volume in "${early[@]::${#early[@]}-1}"; do
	expect 5 lw load "$volume" || fail "loading $volume again" "$(cat out.log)"
done
accepted lw load "${early[-1]}"
each_is_right "all volumes again" 2

# --- in the store, and needed ---------------------------------------------------------------------

accepted lw load base.lwb
damage enclave/store/blobs/sha256
sort damaged | sed 's|.*/|sha256:|' >want
tells "verify, in the store" content.prerequisite-damaged lw verify next.lwb
is "verify names them" "$(jq -r '.prerequisites.missing[].digest' out.log | sort | cmp - want && echo same)" same
tells "load, in the store" content.prerequisite-damaged lw load next.lwb
cp out.log next.json
is "none is called missing" "$(jq '[.findings[] | select(.code == "content.prerequisite-missing")] | length' next.json)" 0
is "load names them" "$(jq -r '.prerequisites.missing[].digest' next.json | sort | cmp - want && echo same)" same
exits 0 "a supplement of them" lw pack -o extra.lwb --only next.json --of next.lwb oci:layout:l0 oci:layout:l1
accepted lw load extra.lwb
each_is_right "with a supplement" 5

# --- what came meanwhile is not forgotten for what is damaged in the store -------------------------

cp -a enclave whole
two=$(sql "SELECT hex(digest) FROM blob ORDER BY size, digest" | tr A-F a-f | sed -n '40p;150p')
hurt() {
	rm -rf enclave
	cp -a whole enclave
	for blob in $two; do flip "enclave/store/blobs/sha256/$blob" 100; done
}
sealed more.lwb --sequence 5 --volume-size 400KiB registry.example/more:0=oci:layout:l0 \
	registry.example/more:1=oci:layout:l1 registry.example/more:2=oci:layout:l2
hurt
rounds=0 status=5
until [ $status -eq 0 ] || [ $((rounds++)) -eq 2 ]; do
	for volume in more.*of*.lwb; do
		status=0
		lw load "$volume" -o json >out.log 2>err.log || status=$?
		[ $status -ne 0 ] || break
	done
done
is "each volume brings what it has: no more than twice" "$status $(jq -r .verdict out.log)" "0 accepted"
each_is_right "in volumes" 8

again=(more.*of*.lwb)
sealed last.lwb --since "${again[0]}" --sequence 6 registry.example/last:0=oci:layout:l0 \
	registry.example/last:1=oci:layout:l1 registry.example/last:2=oci:layout:l2
hurt
lw load last.lwb -o json >out.log 2>err.log || true
cp out.log last.json
for i in 0 1; do
	jq -c --argjson i $i '.prerequisites.missing |= [.[$i]]' last.json >only.json
	exits 0 "a supplement of one" lw pack -o last.$i.lwb --only only.json --of last.lwb oci:layout:l{0,1,2}
	status=0
	lw load last.$i.lwb -o json >out.log 2>err.log || status=$?
	[ $i -eq 1 ] && break
	exits 4 "the other is damaged still" lw verify last.lwb -o json
	is "and nothing else, by verify" "$(jq -c '[.prerequisites.missing[].digest], [.findings[] |
		select(.code == "content.prerequisite-damaged").object]' out.log)" \
		"$(jq -c '.prerequisites.missing[1].digest | [.], ["blobs/" + sub(":"; "/")]' last.json)"
done
is "two supplements, one after the other" "$status $(jq -r .verdict out.log)" "0 accepted"
each_is_right "with both" 8

# --- what is missing, and what is damaged besides --------------------------------------------------

rm -rf enclave
cp -a empty enclave
LANDWAITER_SENDER_DIR=$T/elsewhere sealed half.lwb --sequence 1 oci:layout:l0
accepted lw load half.lwb
hurt=$(sql "SELECT hex(digest) FROM blob ORDER BY size, digest LIMIT 1 OFFSET 40" | tr A-F a-f)
flip "enclave/store/blobs/sha256/$hurt" 100
for verb in verify load; do
	exits 4 "$verb" lw $verb next.lwb -o json
	is "$verb tells both" "$(jq -c --arg hurt "blobs/sha256/$hurt" '[.findings[] | select(.object == $hurt).code],
		([.findings[] | select(.code == "content.prerequisite-missing")] | length > 1),
		([.prerequisites.missing[].digest] | contains(["sha256:" + ($hurt | split("/")[2])]))' out.log)" \
		$'["content.prerequisite-damaged"]\ntrue\ntrue'
done
cp out.log half.json
cp -a enclave resized
longest=$(sql "SELECT hex(digest) FROM blob ORDER BY size DESC LIMIT 1" | tr A-F a-f)
sqlite3 enclave/state.db "UPDATE blob SET size = size + 1 WHERE hex(digest) = upper('$longest')"
exits 4 "one of another size, behind more missing ones than are told" lw verify next.lwb -o json
is "is told" "$(jq -r '.findings[] | select(.code == "content.prerequisite-damaged").object' out.log |
	grep -c "$longest")" 1
rm -rf enclave
mv resized enclave
exits 0 "one supplement" lw pack -o half.0.lwb --only half.json --of next.lwb oci:layout:l0 oci:layout:l1
accepted lw load half.0.lwb
each_is_right "of both" 4

done_testing
