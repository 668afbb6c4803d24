#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# Holds the documents to the programs: every verb has a man page, and its page, its help and the
# completion name the same options; docs/findings.md and the program name the same findings.
# Prints every difference; silence is good.

set -euo pipefail
cd "$(dirname "$0")/.."

program=${LW_BIN:-build/release}/landwaiter
status=0
complain() {
	printf '%s\n' "$*"
	status=1
}
# Complains about the words of the second list (one a line) that the first has not.
lacks() { # WHAT LIST WHAT LIST
	local word

	while IFS= read -r word; do
		[ -z "$word" ] || complain "$1 lacks $word, which $3 has"
	done < <(comm -13 <(sort -u <<<"$2") <(sort -u <<<"$4"))
}
long_options() {
	grep -oE -- '(^|[^[:alnum:]-])--[a-z][a-z-]+' | grep -oE -- '--[a-z-]+' | sort -u || true
}

# --- options ----------------------------------------------------------------------------------

page_options() { # FILE
	grep -oE 'Fl -[a-z][a-z-]+' "$1" | sed 's/^Fl -/--/' | sort -u || true
}

mapfile -t verbs < <("$program" help | sed -nE 's/^  ([a-z]+)( .*)?$/\1/p')
[ ${#verbs[@]} -ge 16 ] || complain "landwaiter help names only: ${verbs[*]}"
completion=$("$program" completion bash)
common=$("$program" help version | long_options) # it has none of its own
lacks docs/man/landwaiter.1 "$(page_options docs/man/landwaiter.1)" "every verb" "$common"
for verb in "${verbs[@]}"; do
	page=docs/man/landwaiter-$verb.1
	if [ ! -e "$page" ]; then
		complain "$page is not there"
		continue
	fi
	help=$("$program" help "$verb" | long_options)
	lacks "landwaiter help $verb" "$help" "$page" "$(page_options "$page")"
	lacks "$page" "$(page_options "$page")"$'\n'"$common" "landwaiter help $verb" "$help"
	for option in $help; do
		grep -qwF -- "$option" <<<"$completion" ||
			complain "the completion lacks $option (of $verb)"
	done
	grep -qw -- "$verb" <<<"$completion" || complain "the completion lacks $verb"
	grep -qE "\.Xr landwaiter-$verb 1" docs/man/landwaiter.1 ||
		complain "docs/man/landwaiter.1 does not name landwaiter-$verb"
done
for page in docs/man/landwaiter-*.1; do
	verb=${page#docs/man/landwaiter-}
	[[ " ${verbs[*]} " == *" ${verb%.1} "* ]] || complain "$page: there is no such verb"
done

# --- findings ---------------------------------------------------------------------------------

known=$(sed -nE 's/^[[:space:]]*X\([A-Z_]+, "([a-z.-]+)".*/\1/p' verify/finding.h)
[ -n "$known" ] || complain "verify/finding.h: no finding was found"
# A finding is explained under a heading, or in a row of a table, that begins with its code.
# shellcheck disable=SC2016 # backticks as such
explained=$(sed -nE 's/^(#+|\|) `([a-z.-]+)`.*/\2/p' docs/findings.md)
lacks docs/findings.md "$explained" verify/finding.h "$known"
lacks verify/finding.h "$known" docs/findings.md "$explained"

exit $status
