#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# flavours: release
#
# Somebody sets the clock while an operation runs: at each of its looks at it, to each of some times. What was
# judged by one time is not written down with another: the state is the old one or the new one, with no floor
# and no attested time that the bundle did not prove; and with the right clock again the same command finds its
# way. With SAMPLE=1 one operation and two times.

# shellcheck disable=SC2034,SC2154 # shared with tests/lib/strike.sh
. "$(dirname "$0")/../lib/strike.sh"
TMPDIR=$(strike_folder)
export TMPDIR
. "$(dirname "$0")/../lib/scenario.sh"

make_world
floor=$(sql "SELECT value FROM value WHERE name = 'time.floor'")
times=(0 946684800 $((floor - 86400)) 2147483647 2147483648 4294967295 4294967296)
statuses="0|3|6" may_record="[a-z-]+ (refused|hold)" may_litter=yes

stepped() { # N TIME COMMAND...
	(
		export STEPAT=$1 STEPAT_TIME=$2 STEPAT_REPORT=report LD_PRELOAD=$LW_BIN/tools/stepat.so
		exec "${@:3}"
	)
}

[ -z "${SAMPLE-}" ] || times=(0 4294967296) OPERATIONS=${OPERATIONS:-second}
for op in ${OPERATIONS:-$enclave_operations}; do
	# What was begun of a bundle goes by the clock, and so by a wrong one: docs/format/enclave.md 8.
	[[ ! $op =~ ^(sitting|last|supplement)$ ]] || continue
	learn "$op"
	prepare "$op"
	stepped 0 0 "$LW_BIN/landwaiter" "${command[@]}" >/dev/null 2>&1 || [ $? -eq "$done_status" ]
	looks=$(sed 's/calls=\([0-9]*\) .*/\1/' report)
	before=$violations count=0
	for ((n = 1; n <= looks; n++)); do
		for time in "${times[@]}"; do
			strike "$op" "look $n, $time" "$statuses" stepped "$n" "$time"
			count=$((count + 1))
		done
	done
	is "$op: the clock stepped at each of $looks looks, $count times" "$((violations - before)) violations" \
		"0 violations"
	ok "$op: it does look" test "$looks" -ge 1
done
printf '# %d steps, %d violations\n' "$points" "$violations"
done_testing
