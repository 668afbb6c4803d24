# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
#
# TAP from a shell script. A script that sources this ends with `done_testing`; one that dies
# before prints no plan, and so has failed whatever it printed.
#
#	ok TEXT COMMAND...	passes if the command does; its output is shown when it does not
#	fails TEXT COMMAND...	passes if the command does not
#	is TEXT GOT EXPECTED	passes if the two are the same
#	like TEXT GOT PATTERN	passes if GOT matches the extended regular expression
#	pass TEXT; fail TEXT [WHY...]; skip TEXT WHY

# jq 1.6 takes 50 ms to start, gojq 2; it sorts the keys of what it writes without being asked.
jq() {
	gojq "$@"
}
export -f jq

tap_count=0
tap_failed=0

pass() {
	tap_count=$((tap_count + 1))
	printf 'ok %d - %s\n' "$tap_count" "$1"
}

fail() {
	tap_count=$((tap_count + 1))
	tap_failed=$((tap_failed + 1))
	printf 'not ok %d - %s\n' "$tap_count" "$1"
	shift
	[ $# -eq 0 ] || printf '%s\n' "$@" | sed 's/^/# /'
}

skip() {
	tap_count=$((tap_count + 1))
	printf 'ok %d - %s # SKIP %s\n' "$tap_count" "$1" "$2"
}

ok() {
	local text=$1 output status

	shift
	output=$("$@" 2>&1) && status=0 || status=$?
	if [ "$status" -eq 0 ]; then
		pass "$text"
	else
		fail "$text" "status $status: $*" "$output"
	fi
}

fails() {
	local text=$1 output

	shift
	if output=$("$@" 2>&1); then
		fail "$text" "should have failed: $*" "$output"
	else
		pass "$text"
	fi
}

is() {
	if [ "$2" = "$3" ]; then
		pass "$1"
	else
		fail "$1" "got:      $2" "expected: $3"
	fi
}

like() {
	if [[ $2 =~ $3 ]]; then
		pass "$1"
	else
		fail "$1" "got:     $2" "pattern: $3"
	fi
}

done_testing() {
	printf '1..%d\n' "$tap_count"
	exit $((tap_failed > 0))
}
