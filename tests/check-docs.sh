#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# Holds documents to the program: docs/findings.md explains exactly the findings there are,
# landwaiter-policy(1) the remarks, every file that a document points to is there, and so are the
# tests that docs/advisories.md and docs/advisories-tuf.md name.
# (tests/scenario/90-man-pages.sh has the man pages.)
# Prints every difference; silence is good.

set -euo pipefail
cd "$(dirname "$0")/.."

status=0
complain() {
	printf '%s\n' "$*"
	status=1
}

known=$(sed -nE 's/^[[:space:]]*X\([A-Z_]+, "([a-z.-]+)".*/\1/p' verify/finding.h | sort)
[ -n "$known" ] || complain "verify/finding.h: no finding was found"
# A finding is explained under a heading, or in a row of a table, that begins with its code.
[ -e docs/findings.md ] || { echo "docs/findings.md is not there" && exit 1; }
# shellcheck disable=SC2016 # backticks as such
explained=$(sed -nE 's/^(#+|\|) `([a-z.-]+)`.*/\2/p' docs/findings.md | sort)
while IFS= read -r code; do
	[ -z "$code" ] || complain "docs/findings.md does not explain $code"
done < <(comm -23 <(echo "$known") <(uniq <<<"$explained"))
while IFS= read -r code; do
	[ -z "$code" ] || complain "docs/findings.md explains $code: unknown, or more than once"
done < <(comm -13 <(echo "$known") <(echo "$explained"))

# What there is to say about a policy is listed in landwaiter-policy(1).
known=$(sed -nE 's/^[[:space:]]*X\([A-Z_]+, "([a-z.-]+)".*/\1/p' verify/remark.h | sort)
[ -n "$known" ] || complain "verify/remark.h: no remark was found"
listed=$(sed -nE 's/^\.It Li (.*)/\1/p' docs/man/landwaiter-policy.1 | sed 's/ , /\n/g' | sort)
while IFS= read -r code; do
	complain "landwaiter-policy(1) and verify/remark.h differ: $code"
done < <(comm -3 <(echo "$known") <(echo "$listed") | tr -d '\t')

tests/meanings.sh | cmp -s - cmd/console_meaning.c ||
	complain "cmd/console_meaning.c is not what tests/meanings.sh makes of docs/findings.md: write it anew"

# [text](path), from where the document stands; and `docs/...`, `tests/...` from the top.
mapfile -t documents < <(find . -maxdepth 1 -name '*.md' && find docs -name '*.md' | sort)
for document in "${documents[@]}"; do
	while IFS= read -r target; do
		[ -e "$(dirname "$document")/$target" ] || complain "$document: no $target there"
	done < <(grep -oE '\]\([^)#: ]+' "$document" | cut -c 3- || true)
	# shellcheck disable=SC2016 # backticks as such
	while IFS= read -r target; do
		[[ $target == *NN* || -e $target ]] || complain "$document: no $target"
	done < <(grep -oE '`(docs|tests)/[A-Za-z0-9/._-]+\.[a-z0-9]+`' "$document" |
		tr -d '`' || true)
done

# `tests/FILE` "words", "words": of the advisories each test is there in these words.
while IFS=$'\t' read -r file words; do
	[ -n "$words" ] || complain "docs/advisories.md: $file: in which words?"
	grep -qF -e "$words" -- "$file" 2>/dev/null ||
		complain "docs/advisories.md: \"$words\" is not in $file"
done < <(perl -0 -ne '
	while (/`(tests\/[^`]+)`((?:,?\s+"[^"]+")*)/g) {
		my ($file, $quoted) = ($1, $2);
		my @words = $quoted =~ /"([^"]+)"/g;
		print "$file\t$_\n" for @words ? @words : "";
	}' docs/advisories.md)

# Where a row names a test and words in it, each in backticks, they stand there.
while IFS=$'\t' read -r row file words; do
	grep -qF -- "$words" "$file" 2>/dev/null ||
		complain "docs/advisories-tuf.md:$row: no '$words' in $file"
done < <(awk -F '`' -v OFS='\t' '/^\|/ {
	file = ""
	for (i = 2; i <= NF; i += 2)
		if ($i ~ /^tests\/[A-Za-z0-9\/._-]+\.[a-z0-9]+$/)
			file = $i
		else if (file != "")
			print FNR, file, $i
}' docs/advisories-tuf.md)

exit $status
