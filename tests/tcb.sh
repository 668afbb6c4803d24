#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# Lists and counts (non-blank lines) the files that can change a verdict, as tests/tcb.txt has them
# under its headings, which are counted too.
# `--check` only says whether every library file has its line there, every line a file, and whether
# the sum is at most the ceiling.

set -euo pipefail
cd "$(dirname "$0")/.."

aim=3000 ceiling=0
total=0 status=0
declare -A used=() lists=() sums=()
headings=() lines=()
while read -r line; do
	case $line in
	'ceiling '*) ceiling=${line#* } ;;
	'## '*) headings+=("${line#\#\# }") ;;
	in[[:space:]]* | out[[:space:]]*) lines+=("$line	${headings[-1]}") ;;
	esac
done <tests/tcb.txt

for file in {base,image,verify,keys,tuf,fetch,udev,custody,bundle,registry}/*.c; do
	[ -e "$file" ] || continue
	verdict=none
	for line in "${lines[@]}"; do
		read -r kind pattern _ <<<"$line"
		# shellcheck disable=SC2053 # a pattern
		if [[ $file == $pattern ]]; then
			verdict=$kind heading=${line##*	}
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
		lists[$heading]+=$(printf '\n%10d  %s' "$count" "$file")
		sums[$heading]=$((${sums[$heading]:-0} + count))
	fi
done
for line in "${lines[@]}"; do
	read -r _ pattern _ <<<"$line"
	if [ -z "${used[$pattern]:-}" ]; then
		echo "tests/tcb.txt: $pattern stands for no file" >&2
		status=1
	fi
done
if ((total > ceiling)); then
	echo "tests/tcb.txt: $total lines can change a verdict, the ceiling is $ceiling" >&2
	status=1
fi
if [ "${1:-}" != --check ]; then
	for heading in "${headings[@]}"; do
		[ -z "${sums[$heading]:-}" ] ||
			printf '%6d  %s%s\n' "${sums[$heading]}" "$heading" "${lists[$heading]}"
	done
	printf '%6d  lines that can change a verdict (aim: under %d)\n' "$total" "$aim"
fi
exit $status
