#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# flavours: release
# parts: load second sitting last increment short supplement verify remove cancel gc repair attest init approve pack
#
# Memory that runs out, at each place where it is asked for: whatever the program then does (go on,
# say an error, abort), the state is the old one or the new one, and it never says "accepted"
# without it. Every place of a load, and forty of every other operation, which share most of
# it; with FULL=1 every place of each, with SAMPLE=1 a few of some, always the same.

# shellcheck disable=SC2034,SC2154 # shared with tests/lib/strike.sh
. "$(dirname "$0")/../lib/strike.sh"
TMPDIR=$(strike_folder)
export TMPDIR
. "$(dirname "$0")/../lib/scenario.sh"

ulimit -c 0
make_world

# 134: our own abort. 139: OpenSSL 3.0 falls over what its own beginnings could not allocate. 3: a
# key of our own could not be read; but no bundle is refused in the book for our lack of memory.
statuses="0|1|3|134|139"
may_record="[a-z-]+ error" may_litter=yes

struck() { # N [STICKY]
	export OOMAT=$1 OOMAT_REPORT=report LD_PRELOAD=$LW_BIN/tools/oomat.so
	[ -z "${2-}" ] || export OOMAT_STICKY=1
	exec "${@:3}"
}

strike_one() { # OPERATION NAME N STICKY
	strike "$1" "$2 $3" "$statuses" eval_in_subshell "$3" "$4"
}

eval_in_subshell() {
	(struck "$@")
}

sweep() { # OPERATION
	local op=$1 places n before step=1 sticky_step=5 count=0

	learn "$op"
	prepare "$op"
	eval_in_subshell 0 "" "$LW_BIN/landwaiter" "${command[@]}" >/dev/null 2>&1 ||
		[ $? -eq "$done_status" ]
	places=$(sed 's/calls=\([0-9]*\) .*/\1/' report)
	[ "$places" -gt 100 ]
	[[ -n ${FULL-} || $op == load ]] || step=$((places / 40)) sticky_step=$((places / 10))
	[ -z "${SAMPLE-}" ] || step=$((places / 3)) sticky_step=$((places * 2 / 3))
	before=$violations
	for ((n = step; n <= places; n += step)); do
		strike_one "$op" "no memory" "$n" ""
		count=$((count + 1))
	done
	for ((n = sticky_step; n <= places; n += sticky_step)); do
		strike_one "$op" "no memory any more" "$n" sticky
		count=$((count + 1))
	done
	is "$op: $count strikes at $places places" "$((violations - before)) violations" \
		"0 violations"
}

[ -z "${SAMPLE-}" ] || OPERATIONS=${OPERATIONS:-load last increment cancel init pack}
for op in ${OPERATIONS:-$enclave_operations $other_operations}; do
	sweep "$op"
done
printf '# %d points, %d violations\n' "$points" "$violations"
done_testing
