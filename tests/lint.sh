#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# What a machine can say about the source. Every step is a TAP line; a failed one prints what it
# found. `--fast` is the part that needs nothing but the source and runs in `make test`.

set -u # and no pipefail: what counts is what was said
cd "$(dirname "$0")/.." || exit 1

jobs=${JOBS:-$(nproc)}
count=0 failures=0
log=$(mktemp)
trap 'rm -f "$log"' EXIT

step() { # NAME COMMAND...
	local name=$1

	shift
	count=$((count + 1))
	if "$@" >"$log" 2>&1; then
		printf 'ok %d - %s\n' "$count" "$name"
	else
		failures=$((failures + 1))
		printf 'not ok %d - %s\n' "$count" "$name"
		head -n 100 "$log" | sed 's/^/# /'
	fi
}

mapfile -t scripts < <(
	find tests .ci appliance -type f \( -name '*.sh' -o -path tests/run -o -path .ci/run \
		-o -path '*/overlay/usr/libexec/*' \) | sort)
mapfile -t c_files < <(find base image verify keys tuf fetch udev custody bundle registry cmd appliance tests \
	-name '*.[ch]' 2>/dev/null | sort)
mapfile -t units < <(find base image verify keys tuf fetch udev custody bundle registry cmd appliance \
	-name '*.c' 2>/dev/null | sort)

mandoc_lint() { # which looks for the pages that a page names, too
	local pages man

	pages=(docs/man/*.[1-8])
	man=$(mktemp -d)
	for page in "${pages[@]}"; do
		install -D -m 644 "$page" "$man/man${page##*.}/${page##*/}"
	done
	MANPATH=$man mandoc -Tlint -Wstyle "${pages[@]}" 2>/dev/null || {
		rm -rf "$man"
		return 1
	}
	rm -rf "$man"
}

cppcheck_all() { # which sees no system headers, so none of their version numbers either
	cppcheck -q -j "$jobs" --std=c11 --enable=warning,performance,portability \
		--inline-suppr --error-exitcode=1 --suppress=missingIncludeSystem \
		--suppress=preprocessorErrorDirective:base/json.c "${flags[@]}" "${units[@]}"
}

silent() { # whether there is nothing on standard input; shows what there is
	! grep .
}

format_all() { # names the files only
	command -v clang-format-14 || return
	(clang-format-14 --dry-run -Werror "${c_files[@]}" 2>&1 || true) |
		sed -nE 's/^([^ :]+):[0-9]+:.*error: .*/\1/p' | uniq -c | silent
}

analyze_all() {
	rm -f build/analyze/landwaiter
	(MAKEFLAGS='' make --no-print-directory -k -j "$jobs" BUILD=analyze V=1 programs build/analyze/appliance-init 2>&1 ||
		true) | grep -E '(error|warning): ' | sort -u | silent &&
		[ -x build/analyze/landwaiter ]
}

tidy() { # FLAG... -- FILE...
	local flags=()

	while [ "$1" != -- ]; do
		flags+=("$1")
		shift
	done
	shift
	(clang-tidy-14 --quiet "$@" -- "${flags[@]}" 2>/dev/null || true) |
		sed -n "s|^$PWD/||; / error: /p" | silent
}
export -f tidy silent

tidy_all() {
	command -v clang-tidy-14 || return
	printf '%s\0' "${units[@]}" | xargs -0 -n 3 -P "$jobs" bash -c 'tidy "$@"' - \
		"${flags[@]}" -std=gnu11 --
}

step "layers, headers, banned words, lengths, licences" tests/check-layers.sh
step "every library file is inside or outside the trusted core" tests/tcb.sh --check
step "documents explain every finding, and point to what is there" tests/check-docs.sh

if [ "${1:-}" != --fast ]; then
	mapfile -t flags < <(MAKEFLAGS="" make --no-print-directory -s _cppflags)
	step "shellcheck" shellcheck "${scripts[@]}"
	step "mandoc" mandoc_lint
	step "clang-format (make format mends it)" format_all
	step "codespell" codespell -q 3 -S build,.git,./tests/fuzz/corpus -L iif,nd,fo,nulll,mata,signatur,chage
	step "cppcheck" cppcheck_all
	step "gcc -fanalyzer" analyze_all
	step "clang-tidy" tidy_all
fi
printf '1..%d\n' "$count"
printf '# %d steps, %d with findings\n' "$count" "$failures"
((failures == 0))
