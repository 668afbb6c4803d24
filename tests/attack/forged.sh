#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# Bundles that enough approvers signed and that say something absurd (tests/lib/forgeries.h),
# named after the advisory or class they replay. Each is refused with its own finding within two
# seconds of processor time, however large it claims to be; nothing changes but one record.

. "$(dirname "$0")/../lib/scenario.sh"

forge=$LW_BIN/tools/forge
make_keys alice bob carol
make_enclave 2 alice bob carol
"$forge" layout layout 1
make_bundle good.lwb --sequence 7 oci:layout:registry.example/app/multi:1 \
	oci:layout:registry.example/app/plain:1
approve good.lwb alice bob

# What the enclave believes and holds, with one look (there are many forgeries).
look() {
	rm -rf .look
	mkdir .look
	cp enclave/state.db* .look/
	sqlite3 -batch .look/state.db \
		".dump blob bundle image image_blob queue sender trust value" >look.state
	(cd enclave/store && find . -type f -printf '%P %s\n' | sort) >>look.state
	sqlite3 -batch .look/state.db "SELECT count(*) FROM record"
}

# The processor time, in hundredths of a second, of the programs started so far.
used() {
	awk '{ print $16 + $17 }' "/proc/$$/stat"
}

records=$(look)
while read -r name status code; do
	"$forge" make "$name" good.lwb bad.lwb alice.key bob.key
	mv look.state before.state
	start=$(used)
	exit=0
	lw load bad.lwb -o json >out.log 2>err.log || exit=$?
	spent=$(($(used) - start))
	verdict=$(jq -r --arg code "$code" '[.verdict, .exit,
		any(.findings[]; .code == $code and (.next | length) > 0)] | join(" ")' out.log) ||
		verdict="none at all"
	now=$(look)
	reason=$(sqlite3 -batch .look/state.db \
		"SELECT leaf ->> 'reason' FROM record ORDER BY idx DESC LIMIT 1")
	expected="${outcome_of[$status]} $status true, $code, exit $status, 1 record"
	got="$verdict, $reason, exit $exit, $((now - records)) record"
	records=$now
	if [ "$got" != "$expected" ]; then
		fail "$name" "got:      $got" "expected: $expected" "$(cat out.log err.log)"
	elif ! cmp -s before.state look.state; then
		fail "$name" "the enclave changed" "$(diff before.state look.state)"
	elif [ $spent -gt 200 ] && [[ $LW_BIN != *san* ]]; then
		fail "$name" "took $spent hundredths of a second"
	else
		pass "$name: $code"
	fi
done < <("$forge" list)

accepted lw load good.lwb
done_testing
