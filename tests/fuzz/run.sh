#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# Runs each fuzz target for FUZZ_SECONDS from its corpus:
#
#	tests/fuzz/run.sh [WORD...]
#
# New inputs go to build/fuzz/corpus/NAME (copy the good ones to tests/fuzz/corpus/NAME), inputs
# that break something to build/fuzz/crash/NAME. A line a target, and one with the sums. Fails if any
# target did, or was not run.

set -uo pipefail
cd "$(dirname "$0")/../.." || exit 1

export ASAN_OPTIONS=allocator_may_return_null=1:detect_leaks=1
export UBSAN_OPTIONS=print_stacktrace=1
seconds=${FUZZ_SECONDS:-60}

fuzz_one() { # NAME
	local name=$1 log=build/fuzz/log/$1 status runs findings options=()

	mkdir -p "build/fuzz/corpus/$name" "build/fuzz/crash/$name" build/fuzz/log
	touch "$log.began"
	[ -e "tests/fuzz/$name.dict" ] && options+=("-dict=tests/fuzz/$name.dict")
	"build/fuzz/fuzz/fuzz_$name" "-max_total_time=$seconds" -timeout=10 -rss_limit_mb=2048 \
		-print_final_stats=1 "-artifact_prefix=build/fuzz/crash/$name/" \
		${options[@]+"${options[@]}"} "build/fuzz/corpus/$name" \
		"tests/fuzz/corpus/$name" >"$log" 2>&1
	status=$?
	runs=$(sed -n 's/^stat::number_of_executed_units: *//p' "$log")
	findings=$(find "build/fuzz/crash/$name" -type f -newer "$log.began" | wc -l)
	printf '%s - %-10s %9d executions, %d findings, coverage %s\n' \
		"$([ $status -eq 0 ] && echo ok || echo "not ok")" "$name" "${runs:-0}" "$findings" \
		"$(grep -oE 'cov: [0-9]+ ft: [0-9]+' "$log" | tail -n 1)"
	printf '%d %d %d\n' "$((status == 0))" "${runs:-0}" "$findings" >"$log.sums"
	[ $status -eq 0 ] || {
		printf '# status %d, see %s\n' "$status" "$log"
		grep -vE '^#[0-9]+' "$log" | tail -n 40 | sed 's/^/# /'
	}
	return $status
}
export -f fuzz_one
export seconds

names=()
for target in tests/fuzz/fuzz_*.c; do
	[ -e "$target" ] || continue
	name=$(basename "$target" .c)
	name=${name#fuzz_}
	if [ $# -eq 0 ] || [[ " $* " == *" $name "* ]]; then
		names+=("$name")
	fi
done
if [ ${#names[@]} -eq 0 ]; then
	echo "fuzz: no such target" >&2
	exit 1
fi
rm -f build/fuzz/log/*.sums
# shellcheck disable=SC2016 # for that shell to expand
printf '%s\0' "${names[@]}" | xargs -0 -n 1 -P "${JOBS:-$(nproc)}" bash -c 'fuzz_one "$1"' -
status=$?
cat build/fuzz/log/*.sums | awk -v wanted=${#names[@]} '
	{ good += $1; runs += $2; findings += $3 }
	END {
		printf "%d of %d targets passed, %d executions, %d findings\n", good, wanted, runs,
			findings
		exit good != wanted
	}
' && exit $status
