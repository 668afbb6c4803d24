# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
#
# What attacks share beyond tests/lib/scenario.sh: the same checks as its `refused`, cheap enough
# for hundreds of cases.

. "$(dirname "${BASH_SOURCE[0]}")/scenario.sh"

# What the enclave believes and holds, in look.state; prints the number of records and the last
# one's reason.
look() {
	mkdir -p .look
	rm -f .look/*
	cp "$LANDWAITER_ENCLAVE"/state.db* .look/
	sqlite3 -batch -separator ' ' .look/state.db ".output look.state" \
		".dump blob bundle image image_blob pending% queue request sender trust tuf value" ".output stdout" \
		"SELECT count(*), (SELECT leaf ->> 'reason' FROM record ORDER BY idx DESC LIMIT 1)
			FROM record"
	find "$LANDWAITER_ENCLAVE/store" -type f -printf '%P %s\n' >>look.state
}

# The processor time, in hundredths of a second, of the programs started and ended so far.
used() {
	local stat

	read -ra stat <"/proc/$$/stat"
	printf '%s\n' $((stat[15] + stat[16]))
}

# cheap HUNDREDTHS COMMAND...: whether it took at most two seconds of processor time. What else the
# machine does can only add to that: of a command that took longer, the least of three runs counts.
cheap() {
	local spent=$1 again=2 start

	shift
	while [ "$spent" -gt 200 ] && [ $((again--)) -gt 0 ]; do
		start=$(used)
		"$@" >/dev/null 2>&1 || true
		spent=$(($(used) - start))
	done
	[ "$spent" -le 200 ]
}

# attack NAME STATUS CODE COMMAND...: the command (lw load or lw verify) ends with STATUS and that
# verdict, for the reason CODE, which the one new record names too, within two seconds of
# processor time; trust and store are byte for byte what they were.
attack() {
	local name=$1 status=$2 code=$3 exit=0 start spent records verdict now reason got expected

	shift 3
	records=$(look)
	records=${records%% *}
	mv look.state before.state
	start=$(used)
	"$@" -o json >out.log 2>err.log || exit=$?
	spent=$(($(used) - start))
	verdict=$(jq -r --arg code "$code" '[.verdict, .exit,
		any(.findings[]; .code == $code and (.next | length) > 0)] | join(" ")' out.log) ||
		verdict="none at all"
	now=$(look)
	reason=${now#* }
	now=${now%% *}
	expected="${outcome_of[$status]} $status true, $code, exit $status, 1 record"
	got="$verdict, $reason, exit $exit, $((now - records)) record"
	if [ "$got" != "$expected" ]; then
		fail "$name" "got:      $got" "expected: $expected" "$(cat out.log err.log)"
	elif grep -qE 'ERROR: (Address|Leak|Undefined)|runtime error:' err.log; then
		fail "$name" "$(cat err.log)"
	elif ! cmp -s before.state look.state; then
		fail "$name" "the enclave changed" "$(diff before.state look.state)"
	elif [[ $LW_BIN == */release ]] && ! cheap $spent "$@"; then
		fail "$name" "took $spent hundredths of a second of processor time"
	else
		pass "$name: $code"
	fi
}
