#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# flavours: release
#
# The harness itself: what passes counts, and whatever is wrong with a test is a failure.

. "$(dirname "$0")/../lib/scenario.sh"

mkdir -p tests/scenario tests/lib
cp "$LW_TOP/tests/run" tests/
cp "$LW_TOP/tests/lib/tap.sh" tests/lib/

# last_line_of SCRIPT-TEXT: the harness's last line when this is the only test.
last_line_of() {
	# shellcheck disable=SC2016 # for that script to expand
	printf '%s\n' '. "$(dirname "$0")/../lib/tap.sh"' "$1" >tests/scenario/one.sh
	bash tests/run -t 1 -f san scenario/one 2>/dev/null >harness.log || true
	tail -n 1 harness.log
}

is "a good test counts" "$(last_line_of 'pass a; done_testing')" '1 passed, 0 failed'
is "each of its lines counts" "$(last_line_of 'pass a; pass b; done_testing')" \
	'2 passed, 0 failed'
is "a skipped one is shown as that" "$(last_line_of 'pass a; skip b why; done_testing')" \
	'1 passed, 0 failed, 1 skipped'
is "a failure is one" "$(last_line_of 'pass a; fail b; done_testing')" '1 passed, 1 failed'
is "an unexpected value is one" "$(last_line_of 'is a 1 2; done_testing')" '0 passed, 1 failed'
is "a command that fails is one" "$(last_line_of 'ok a false; done_testing')" \
	'0 passed, 1 failed'
is "one that should have failed too" "$(last_line_of 'fails a true; done_testing')" \
	'0 passed, 1 failed'
is "nothing printed is one" "$(last_line_of 'exit 0')" '0 passed, 1 failed'
is "no plan is one" "$(last_line_of 'pass a; exit 0')" '1 passed, 1 failed'
is "too few tests is one" "$(last_line_of 'pass a; echo 1..2')" '1 passed, 1 failed'
is "a bad end is one" "$(last_line_of 'pass a; echo 1..1; exit 9')" '1 passed, 1 failed'
# shellcheck disable=SC2016 # for that script to expand
is "a crash is one" "$(last_line_of 'pass a; echo 1..1; kill -SEGV $$')" '1 passed, 1 failed'
is "a hang is one" "$(last_line_of 'pass a; echo 1..1; sleep 60')" '1 passed, 1 failed'
is "and no test at all" "$(bash tests/run nosuch | tail -n 1)" '0 passed, 1 failed'
done_testing
