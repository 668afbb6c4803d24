#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# After the tests ran with BUILD=cover: lines and branches that ran, per folder; pages in
# build/cover/html/. What runs in the box cannot write its counts down and shows as not run there.

set -euo pipefail
cd "$(dirname "$0")/.."

mkdir -p build/cover/html
gcovr -j "$(nproc)" -r . --object-directory build/cover/obj \
	--filter '(base|image|verify|keys|udev|custody|bundle|cmd)/' \
	--exclude-unreachable-branches --exclude-throw-branches \
	--json-summary build/cover/summary.json --html-details build/cover/html/index.html \
	>/dev/null
jq -r '
	def row(name; files): [name, (files | map(.line_total) | add), (files | map(.line_covered) | add),
		(files | map(.branch_total) | add), (files | map(.branch_covered) | add)];
	(.files | group_by(.filename | split("/")[0])[] | row(.[0].filename | split("/")[0]; .)),
	row("all"; .files)
	| @tsv
' build/cover/summary.json | tee build/cover/summary.tsv | awk -F '\t' '
	BEGIN { printf "%-10s %8s %7s  %8s %7s\n", "folder", "lines", "ran", "branches", "ran" }
	{ printf "%-10s %8d %6.1f%%  %8d %6.1f%%\n", $1, $2, 100 * $3 / ($2 ? $2 : 1), $4,
		100 * $5 / ($4 ? $4 : 1) }
'
