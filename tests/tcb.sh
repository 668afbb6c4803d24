#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# Lists and counts (non-blank lines) the files that can change a verdict: tests/tcb.txt.
# `--check` only says whether every library file has its line there, and every line a file.

set -euo pipefail
cd "$(dirname "$0")/.."

aim=3000
total=0 status=0
declare -A used=()
mapfile -t lines < <(grep -E '^(in|out)[[:space:]]' tests/tcb.txt)

for file in {base,image,verify,keys,tuf,fetch,udev,custody,bundle}/*.c; do
	[ -e "$file" ] || continue
	verdict=none
	for line in "${lines[@]}"; do
		read -r kind pattern _ <<<"$line"
		# shellcheck disable=SC2053 # a pattern
		if [[ $file == $pattern ]]; then
			verdict=$kind
			used[$pattern]=1
			break
		fi
	done
	if [ "$verdict" = none ]; then
		echo "tests/tcb.txt: does not say whether $file can change a verdict" >&2
		status=1
	elif [ "$verdict" = in ]; then
		count=$(grep -c '[^[:space:]]' "$file" || true)
		total=$((total + count))
		[ "${1:-}" = --check ] || printf '%6d  %s\n' "$count" "$file"
	fi
done
for line in "${lines[@]}"; do
	read -r _ pattern _ <<<"$line"
	if [ -z "${used[$pattern]:-}" ]; then
		echo "tests/tcb.txt: $pattern stands for no file" >&2
		status=1
	fi
done
if [ "${1:-}" != --check ]; then
	printf '%6d  lines that can change a verdict (aim: under %d)\n' "$total" "$aim"
fi
exit $status
