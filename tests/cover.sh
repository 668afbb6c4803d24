#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# After the tests ran with BUILD=cover: lines and branches that ran, per folder and (in
# build/cover/files.tsv) per file; build/cover/lines/ has each source with its counts. What runs
# in the box cannot write its counts down and shows as not run there.

set -euo pipefail
cd "$(dirname "$0")/.."

folders=(base image verify keys udev custody bundle cmd)
rm -rf build/cover/lines
mkdir -p build/cover/lines
mapfile -t notes < <(cd build/cover/obj && find "${folders[@]}" -name '*.gcno' 2>/dev/null | sort)
cd build/cover/lines
for folder in "${folders[@]}"; do # gcov reads and writes where it stands
	ln -s "../../../$folder" "$folder"
done
gcov -p "${notes[@]/#/../obj/}" >/dev/null 2>&1
gcov -t -j -b "${notes[@]/#/../obj/}" 2>/dev/null | jq -r '
	.files[] | select(.file | test("^[a-z]+/[a-z_]+\\.c$"))
	| [.file, (.lines | length), ([.lines[] | select(.count > 0)] | length),
		([.lines[].branches[]] | length),
		([.lines[].branches[] | select(.count > 0)] | length)] | @tsv
' | sort >../files.tsv
rm -f "${folders[@]}" ./*usr#include*
cd ../../..

awk -F '\t' '
	function row(name, i) {
		printf "%-8s %6d %6.1f%%  %8d %6.1f%%\n", name, t[name, 2],
			100 * t[name, 3] / (t[name, 2] ? t[name, 2] : 1), t[name, 4],
			100 * t[name, 5] / (t[name, 4] ? t[name, 4] : 1)
	}
	BEGIN { printf "%-8s %6s %7s  %8s %7s\n", "folder", "lines", "ran", "branches", "ran" }
	{
		folder = $1
		sub(/\/.*/, "", folder)
		if (!(folder in seen)) {
			seen[folder] = 1
			order[++n] = folder
		}
		for (i = 2; i <= 5; i++) {
			t[folder, i] += $i
			t["all", i] += $i
		}
	}
	END {
		for (i = 1; i <= n; i++)
			row(order[i])
		row("all")
	}
' build/cover/files.tsv | tee build/cover/summary.txt
[ "$(wc -l <build/cover/files.tsv)" -gt 0 ]
