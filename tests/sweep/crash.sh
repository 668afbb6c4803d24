#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# flavours: release
# parts: load second sitting last increment short supplement verify remove cancel gc repair attest init approve pack
#
# All or nothing (DESIGN 1.4): every operation is killed at each of its system calls that change
# something on the disk, and each of them is made to fail; where it was killed, the same command, run to
# recover, is struck once more, at a place and in a way that go round; every read of the medium fails, too. Of
# loads and removals that is all of them, of the other operations every fifth, which with FULL=1 is every one,
# too. With SAMPLE=1, a sample of these that is always the same.
#
# What this cannot show is what only a power loss can: the page cache outlives a killed process.

# shellcheck disable=SC2034,SC2154 # shared with tests/lib/strike.sh
. "$(dirname "$0")/../lib/strike.sh"
TMPDIR=$(strike_folder)
export TMPDIR
. "$(dirname "$0")/../lib/scenario.sh"

ulimit -c 0
faultat=$LW_BIN/tools/faultat
make_world

# name, options of faultat, exit statuses, other record, may leave litter behind
modes=(
	"kill|--kill|137||yes"
	"EIO|--errno EIO|[01]|[a-z-]+ error|"
	"EIO for good|--errno EIO --sticky|[01]|[a-z-]+ error|yes"
	"ENOSPC|--errno ENOSPC|[01]|[a-z-]+ error|"
	"ENOSPC for good|--errno ENOSPC --sticky|[01]|[a-z-]+ error|yes"
	"EINTR|--errno EINTR|[01]|[a-z-]+ error|"
	"short|--short|0||"
)
twice="killed, then|--kill|137||yes"
# of the medium: a failed read, and an early end, are its damage; few bytes at once are none
medium_modes=(
	"unreadable|--errno EIO|4|[a-z-]+ damaged|"
	"unreadable for good|--errno EIO --sticky|4|[a-z-]+ damaged|"
	"ends|--end|4|[a-z-]+ damaged|"
	"ends for good|--end --sticky|4|[a-z-]+ damaged|"
	"in bits|--short --sticky|0||"
)

# Every strike there is: OPERATION<tab>MODE<tab>N<tab>CALLS
plan() {
	local op mode n

	for op in ${OPERATIONS:-$enclave_operations $other_operations}; do
		learn "$op" >&2
		prepare "$op"
		calls=$("$faultat" --count "$LW_BIN/landwaiter" "${command[@]}" 2>/dev/null) ||
			[ $? -eq "$done_status" ]
		for mode in "${modes[@]}" "$twice"; do
			for ((n = 1; n <= calls; n++)); do
				printf '%s\t%s\t%d\t%d\n' "$op" "$mode" "$n" "$calls"
			done
		done
		case $op in
		second | verify) ;;
		*) continue ;;
		esac
		prepare "$op"
		calls=$("$faultat" --reads two.lwb --count "$LW_BIN/landwaiter" "${command[@]}" \
			2>/dev/null)
		for mode in "${medium_modes[@]}"; do
			for ((n = 1; n <= calls; n++)); do
				printf '%s\t%s\t%d\tmedium\n' "$op" "$mode" "$n"
			done
		done
	done
}

# Of `second` one of each mode, of the other operations of every third, always the same ones; and every sixth
# kill of the load's second half, so that no step of its commit goes without.
sample() {
	awk -F '\t' 'BEGIN { srand(20261123) }
		{
			key = $1 FS $2; order[NR] = key; line[NR] = $0; draw[NR] = rand()
			if (!(key in number))
				number[key] = keys++
			if ($1 != "second" && number[key] % 3 != 0)
				draw[NR] = 2
			dense[NR] = $1 == "second" && $2 ~ /^kill/ && $3 > $4 / 2 && $3 % 6 == 2
			if (!(key in best) || draw[NR] < draw[best[key]])
				best[key] = NR
		}
		END {
			for (i = 1; i <= NR; i++)
				if ((best[order[i]] == i && draw[i] < 2) || dense[i])
					print line[i]
		}'
}

# Every strike at a load of one volume, of three, at an increment and a removal, and a fifth of the others, from
# another start for each mode.
thin() {
	awk -F '\t' '$2 != mode { mode = $2; start++ }
		$1 ~ /^(second|sitting|last|increment|remove)$/ || ($3 + start) % 5 == 0'
}

plan >all.plan
if [ -n "${SAMPLE-}" ]; then
	sample <all.plan >plan
elif [ -z "${FULL-}" ]; then
	thin <all.plan >plan
else
	cp all.plan plan
fi

group="" group_points=0 group_before=0 kills=0 failures=0
end_group() {
	[ -z "$group" ] || is "$group: $group_points strikes" \
		"$((violations - group_before)) violations" "0 violations"
}

while IFS=$'\t' read -r op mode n calls <&3; do
	IFS='|' read -r name options statuses may_record may_litter <<<"$mode"
	text="$op, $name"
	[ "$calls" != medium ] || text="$op, medium $name"
	if [ "$text" != "$group" ]; then
		end_group
		group=$text group_points=0 group_before=$violations
	fi
	[ "$calls" != medium ] || options+=" --reads two.lwb"
	second=()
	if [ "$name" = "killed, then" ]; then
		IFS='|' read -r next next_options _ <<<"${modes[n % ${#modes[@]}]}"
		name+=" $next" may_record="[a-z-]+ (error|refused)"
		# shellcheck disable=SC2206 # several words
		second=("$faultat" --at $((n * 89 % calls + 1)) $next_options)
	fi
	# shellcheck disable=SC2086 # several words
	strike "$op" "$name $n" "$statuses" "$faultat" --report report --at "$n" $options
	group_points=$((group_points + 1))
	if [[ $name == kill* ]]; then kills=$((kills + 1)); else failures=$((failures + 1)); fi
done 3<plan
end_group

printf '# %d points of %d: %d kills, %d failed calls, %d struck; %d violations\n' \
	"$points" "$(wc -l <all.plan)" $kills $failures "$injected" "$violations"
done_testing
