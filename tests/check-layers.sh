#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# The shape of the house, as far as text can tell (DESIGN 3): which way the folders include each
# other, where third-party headers and banned functions stand, how long files and functions are,
# that every file says its licence and leaves nothing open. Prints every offence; silence is good.

set -euo pipefail
cd "$(dirname "$0")/.."

status=0
complain() {
	printf '%s\n' "$*"
	status=1
}

libraries=(base image verify keys tuf fetch udev custody bundle registry)
mapfile -t library_files < <(
	find "${libraries[@]}" cmd appliance -name '*.[ch]' 2>/dev/null | sort)
mapfile -t c_files < <(
	find "${libraries[@]}" cmd appliance tests -name '*.[ch]' 2>/dev/null | sort)

# --- which way includes go --------------------------------------------------------------------

declare -A may=(
	[base]="base"
	[image]="image base"
	[verify]="verify base"
	[keys]="keys verify base" # who signs and who verifies share the table of algorithms
	[tuf]="tuf keys verify base"
	[fetch]="fetch verify base"
	[udev]="udev base"
	[custody]="custody verify image keys udev base"
	[bundle]="bundle custody verify image keys udev base"
	[registry]="registry fetch bundle custody verify image base"
	[cmd]="cmd appliance registry bundle tuf fetch custody verify image keys udev base"
	[appliance]="cmd appliance bundle custody verify image keys udev base"
)
while IFS=: read -r file line header; do
	from=${file%%/*}
	to=${header%%/*}
	if [ ! -e "$header" ]; then
		complain "$file:$line: includes \"$header\": name it from the top of the tree"
	elif [[ " ${may[$from]} " != *" $to "* ]]; then
		complain "$file:$line: $from may not include $to ($header)"
	fi
done < <(grep -nE '^#[[:space:]]*include "' "${library_files[@]}" /dev/null |
	sed -E 's/^([^:]*:[0-9]+):[^"]*"([^"]*)".*/\1:\2/')

# --- third-party headers ----------------------------------------------------------------------

# A header and the files that may include it. Where the list is one name, that is the wall.
declare -A homes=(
	['archive\.h']="bundle/archive.c image/unpack_tar.c"
	['archive_entry\.h']="bundle/archive.c image/unpack_tar.c"
	['c[jJ][sS][oO][nN]/cJSON\.h|cJSON\.h']="base/json.c"
	['microhttpd\.h']="registry/server.c"
	['gnutls/[a-z0-9]*\.h']="registry/server_tls.c"
	['sqlite3\.h']="custody/state_internal.h"
	['seccomp\.h']="base/jail.c base/jail_network.c"
	['linux/seccomp\.h']="base/jail.c"
	['linux/landlock\.h']="base/jail.c"
	['libudev\.h']="udev/monitor.c"
	['curl/curl\.h']="fetch/http.c fetch/url.c"
	['n?curses\.h']="cmd/console_screen.c"
	['qrencode\.h']="cmd/qr.c"
	['yaml\.h']="verify/policy_registries.c"
	['openssl/[a-z0-9]*\.h']="base/digest.c verify/key.c verify/scheme.[ch] keys/*.c"
	['sodium\.h']="base/random.c base/hash.c verify/key.c keys/*.c registry/passwords.c"
	['crypt\.h']="registry/passwords.c"
	['jansson\.h']=""
	['cmocka\.h']=""
)
for header in "${!homes[@]}"; do
	while IFS=: read -r file line _; do
		allowed=no
		for home in ${homes[$header]}; do
			# shellcheck disable=SC2053 # a pattern
			[[ $file == $home ]] && allowed=yes
		done
		[ $allowed = yes ] ||
			complain "$file:$line: this header has its place in: ${homes[$header]:-tests}"
	done < <(grep -nE "^#[[:space:]]*include <($header)>" "${library_files[@]}" /dev/null)
done

# --- words that must not stand in code --------------------------------------------------------

# All files without their comments and the insides of their strings, as "file:line:text".
code() {
	perl -0 -ne '
		s{("(?:\\.|[^"\\\n])*")|(\x27(?:\\.|[^\x27\\\n])*\x27)|(/\*.*?\*/)|(//[^\n]*)}
		 {defined $1 ? "\"\"" : defined $2 ? "0" : (($3 // "") =~ tr/\n//cdr)}gse;
		my $line = 0;
		printf "%s:%d:%s\n", $ARGV, ++$line, $_ for split /\n/, $_, -1;
	' "$@"
}

unsafe='strcpy|strcat|strncpy|strncat|stpcpy|sprintf|vsprintf|strtok|strtok_r|atoi|atol|atoll'
unsafe+='|atof|strtol|strtoul|strtoll|strtoull|strtod|s?scanf|fscanf|gets|alloca|system|popen'
unsafe+='|tmpnam|tempnam|mktemp|rand|random|srand|srandom|setjmp|longjmp|signal|asctime|ctime'
unsafe+='|gmtime|localtime|realpath|chmod|chown'
unsafe+='|archive_read_extract|archive_read_extract2|archive_write_disk_new'
loud='printf|vprintf|fprintf|vfprintf|puts|fputs|putchar|perror|syslog|err|errx|warn|warnx|exit'
tree='cJSON_GetObjectItem|cJSON_Print[A-Za-z]*|cJSON_Minify|cJSON_Duplicate|valueint'

stripped=$(code "${library_files[@]}")
quiet=$(grep -v '^cmd/' <<<"$stripped") # libraries neither print nor exit nor ask the environment
while IFS= read -r line; do
	complain "banned here: $line"
done < <(
	set +e # finding nothing is good
	grep -E "\<($unsafe)[[:space:]]*\(" <<<"$stripped"
	grep -E "\<($tree)\>" <<<"$stripped" | grep -v '^base/json\.c:'
	grep -E "\<goto\>" <<<"$stripped"
	grep -E "\<($loud|getenv)[[:space:]]*\(" <<<"$quiet"
)

# --- every file -------------------------------------------------------------------------------

while IFS= read -r line; do
	complain "$line"
done < <(awk '
	function ended() {
		most = file ~ /^tests\// ? 1200 : 800 # tests have tables of cases
		if (lines > most)
			printf "%s: %d lines; split it (%d at most)\n", file, lines, most
	}
	FNR == 1 {
		ended()
		file = FILENAME
		start = 0
		if ($0 != "/* SPDX-License-Identifier: Apache-2.0 */")
			printf "%s:1: says no licence (SPDX) on its first line\n", file
	}
	{ lines = FNR }
	FNR <= 3 && /^#ifndef / && file ~ /\.h$/ && file !~ /^tests\// {
		guard = toupper(file)
		gsub(/[\/.-]/, "_", guard)
		if ($2 != "LW_" guard)
			printf "%s: its guard should be LW_%s\n", file, guard
	}
	/^\{/ { start = FNR }
	/^\}/ {
		if (start && FNR - start > 100)
			printf "%s:%d: a function of %d lines (100 at most)\n", file, start, \
				FNR - start
		start = 0
	}
	END { ended() }
' "${c_files[@]}")

mapfile -t others < <(find Makefile .ci tests appliance -type f \
	\( -name '*.sh' -o -name '*.mk' -o -name Makefile -o -path tests/run -o -path .ci/run \
	-o -path '*/overlay/usr/libexec/*' \) | sort)
for file in "${others[@]}"; do
	head -n 3 "$file" | grep -q 'SPDX-License-Identifier: Apache-2.0' ||
		complain "$file: says no licence (SPDX) in its first lines"
done

open='TO''DO|FIX''ME|X''XX|HA''CK'
while IFS= read -r line; do
	complain "$line: left open"
done < <(grep -nwE "$open" "${c_files[@]}" "${others[@]}" /dev/null)

exit $status
