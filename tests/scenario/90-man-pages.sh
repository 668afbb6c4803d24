#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# flavours: release
#
# The man pages say what the program does: each verb has its page, the page has the options of
# `landwaiter help VERB` and no others, in its synopsis and in its list, and mandoc has nothing to
# say. The checks are then tried on pages that are wrong.

. "$(dirname "$0")/../lib/scenario.sh"

options_of_help() { # VERB: "-o" and "--output", one a line
	lw help "$1" | sed -nE 's/^ {2}(-([a-zA-Z]), |   ? ?)--([a-z-]+) .*/\2 \3/p' |
		while read -r a b; do
			if [ -n "$b" ]; then
				printf -- '-%s\n--%s\n' "$a" "$b"
			else
				printf -- '--%s\n' "$a"
			fi
		done | sort -u
}

section() { # FILE NAME
	awk -v name="$2" '/^\.Sh / { inside = ($0 == ".Sh " name) } inside' "$1"
}

options_in() { # each "Fl x" and "Fl -word" of the lines on standard input
	grep -oE '\bFl -?[a-zA-Z][a-z-]*' | sed -E 's/^Fl /-/' | sort -u || true
}

check_verb() { # PAGES VERB
	local page=$1/landwaiter-$2.1 help listed used problem=0

	[ -f "$page" ] || { echo "$page is not there" && return 1; }
	help=$(options_of_help "$2")
	listed=$(section "$page" DESCRIPTION | grep '^\.It Fl ' | options_in)
	[ "$help" = "$listed" ] || {
		echo "help (<) and the page's list (>) differ:"
		diff <(echo "$help") <(echo "$listed") || true
		problem=1
	}
	# The synopsis has each option in one of its spellings, and no others.
	used=$(section "$page" SYNOPSIS | options_in)
	while IFS= read -r spellings; do
		grep -qxF -f <(tr ' ' '\n' <<<"$spellings") <<<"$used" || {
			echo "the synopsis lacks $spellings"
			problem=1
		}
	done < <(section "$page" DESCRIPTION | grep '^\.It Fl ' |
		while IFS= read -r line; do options_in <<<"$line" | paste -sd ' '; done)
	[ -z "$(comm -13 <(echo "$help") <(echo "$used"))" ] || {
		echo "the synopsis has what help has not:"
		comm -13 <(echo "$help") <(echo "$used")
		problem=1
	}
	return $problem
}

check_pages() { # PAGES: no page without a verb, none unnamed, and mandoc is silent
	local page name problem=0

	for page in "$1"/landwaiter-*.1; do
		name=${page##*/landwaiter-}
		grep -qx "${name%.1}" verbs || { echo "$page: no such verb" && problem=1; }
	done
	for page in "$1"/landwaiter-*.[158]; do
		name=${page##*/}
		grep -qE "^\.(Xr|It Xr) ${name%.*} ${name##*.}( |\$)" "$1/landwaiter.1" || {
			echo "landwaiter(1) does not name ${name%.*}"
			problem=1
		}
	done
	rm -rf man
	mkdir -p man/man1 man/man5 man/man8
	for page in "$1"/*.[158]; do
		cp "$page" "man/man${page##*.}/"
	done
	# mandoc looks for the pages that a page refers to; what it says on standard error is that
	# nobody has made an index of them.
	MANPATH=$T/man mandoc -Tlint -Wstyle "$1"/*.[158] 2>/dev/null || problem=1
	return $problem
}

lw help | sed -nE 's/^  ([a-z]+) .*/\1/p' | sort >verbs
ok "help names the verbs" test "$(wc -l <verbs)" -ge 17
pages=$LW_TOP/docs/man
while IFS= read -r verb; do
	ok "$verb: help and man page name the same options" check_verb "$pages" "$verb"
done <verbs
ok "mandoc, and no page too many" check_pages "$pages"
is "help load shows an option of its own" "$(options_of_help load | grep -c -- --courier)" 1

# --- wrong pages are noticed ------------------------------------------------------------------

wrong() { # SED-SCRIPT FILE: a copy of all pages with this one altered
	rm -rf wrong
	cp -r "$pages" wrong
	sed -i "$1" "wrong/$2"
	if cmp -s "wrong/$2" "$pages/$2"; then
		printf 'not altered: %s\n' "$2"
		exit 1
	fi
}

wrong 's/^\.It Fl -courier .*/.It Em courier/' landwaiter-load.1
fails "an option missing in the list" check_verb wrong load
wrong 's/^\.Op Fl -courier .*/.Op Ar COURIER/' landwaiter-load.1
fails "an option missing in the synopsis" check_verb wrong load
wrong 's/^\.It Fl -courier /.It Fl -carrier Ar WHO\n.It Fl -courier /' landwaiter-load.1
fails "an option too many in the list" check_verb wrong load
wrong 's/^\.Op Fl -courier /.Op Fl -force\n.Op Fl -courier /' landwaiter-load.1
fails "an option too many in the synopsis" check_verb wrong load
wrong 's/^\.It Fl a , Fl -all/.It Fl -all/' landwaiter-list.1
fails "a letter missing" check_verb wrong list
wrong 's/^\.El$//' landwaiter-gc.1
fails "a list that does not end" check_pages wrong
wrong 's/^\.Xr landwaiter-load 1/.Xr landwaiter-nosuch 1/' landwaiter-verify.1
fails "a reference to no page" check_pages wrong
wrong 's/^\.It Xr landwaiter-gc 1/.It gc/; s/^\.Xr landwaiter-gc 1 ,//' landwaiter.1
fails "a page that landwaiter(1) does not name" check_pages wrong
rm -rf wrong
cp -r "$pages" wrong
mv wrong/landwaiter-gc.1 wrong/landwaiter-forget.1
fails "a verb without a page" check_verb wrong gc
fails "a page without a verb" check_pages wrong
done_testing
