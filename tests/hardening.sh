#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# flavours: release
#
# What the compiler and the linker were asked for is in the programs they built.

set -uo pipefail
. "$(dirname "$0")/lib/tap.sh"

has() { # FILE PATTERN READELF-OPTION...
	readelf -W "${@:3}" "$1" 2>/dev/null | grep -E "$2" >/dev/null
}
lacks() {
	readelf -h "$1" >/dev/null && ! has "$@"
}
no_plain_stack() { # the stack is neither executable nor of unsaid kind
	has "$1" 'GNU_STACK.* RW +0x' -l
}
no_writable_code() { # no segment is both
	lacks "$1" 'LOAD.* RWE ' -l
}
imports() { # FILE PATTERN
	nm -D --undefined-only "$1" | grep -E " U ($2)(@|\$)" >/dev/null
}
imports_none() {
	nm -D --undefined-only "$1" >/dev/null && ! imports "$@"
}

extraction='archive_(write_disk|read_extract|read_disk|read_support_filter_all'
extraction+='|read_support_format_all)[a-z0-9_]*'
# Parts of libraries that advisories were about, and that nothing here calls.
editors='cJSONUtils_.*|cJSON_(Set|Insert|Replace|Detach|Add|Create|Print|Duplicate|Compare|Minify).*'
editors+='|cJSON_Parse|cJSON_ParseWithOpts'
documents='(d2i_|PEM_read_bio_)?(CMS|PKCS7|TS|OCSP)_.*|X509_(verify|check|STORE|CRL|EXTENSION).*'
documents+='|d2i_X509(_(bio|fp|CRL|REQ|NAME))?|PEM_read_bio_X509.*'
for program in landwaiter landwaiter-judge landwaiter-pack landwaiter-fetch landwaiter-push landwaiter-serve landwaiter-door \
	landwaiter-unpack landwaiter-status landwaiter-console; do
	file=$LW_BIN/$program
	ok "$program: is there" test -x "$file"
	ok "$program: position independent" has "$file" 'Type: +DYN' -h
	ok "$program: says so" has "$file" 'FLAGS_1.*PIE' -d
	ok "$program: read-only relocations" has "$file" 'GNU_RELRO' -l
	ok "$program: all bound at start" has "$file" 'FLAGS.*(BIND_NOW|NOW)' -d
	ok "$program: no executable stack" no_plain_stack "$file"
	ok "$program: nothing writable and executable" no_writable_code "$file"
	ok "$program: stack protector" imports "$file" '__stack_chk_fail'
	ok "$program: fortified calls" imports "$file" '__[a-z]+_chk'
	ok "$program: no search path of its own" lacks "$file" '\((RPATH|RUNPATH)\)' -d
	ok "$program: no relocations in text" lacks "$file" '\(TEXTREL\)' -d
	ok "$program: cannot extract an archive" imports_none "$file" "$extraction"
	[ $program = landwaiter-unpack ] ||
		ok "$program: cve-2016-1541, cve-2022-36227 and kin: cannot read an archive" \
			imports_none "$file" 'archive_read_.*'
	ok "$program: cve-2023-50471, cve-2024-31755, cve-2025-57052: edits no JSON tree" \
		imports_none "$file" "$editors"
	ok "$program: cve-2025-15467, cve-2022-3602 and kin: reads no CMS, time stamp, certificate" \
		imports_none "$file" "$documents"
	ok "$program: cve-2023-30549, cve-2026-27456: cannot mount" \
		imports_none "$file" 'u?mount2?|fsopen|fsmount|open_tree|move_mount'
	ok "$program: cannot start a shell" imports_none "$file" 'system|popen|execl?[pe]*|execvp'
	ok "$program: no unsafe copy" imports_none "$file" 'gets|strcpy|strcat|sprintf|vsprintf'
	ok "$program: no network resolver" imports_none "$file" 'getaddrinfo|gethostby.*'
	# To a socket of the machine's own, and no other address is ever made there.
	[ $program = landwaiter-console ] || ok "$program: calls nobody" imports_none "$file" connect
done
# Debian's own start files are not marked for control-flow enforcement, so no whole program is;
# every object of ours is.
if [ "$(uname -m)" = x86_64 ]; then
	library=$LW_BIN/liblandwaiter.a
	is "every object: control-flow property" \
		"$(readelf -W -n "$library" | grep -c 'x86 feature: IBT, SHSTK')" \
		"$(ar t "$library" | wc -l)"
fi
# The processes that decide have no use for archives (docs/decisions/0014).
for program in landwaiter landwaiter-judge; do
	is "$program: links no libarchive" \
		"$(readelf -d "$LW_BIN/$program" | grep -c 'NEEDED.*libarchive')" 0
done
# The one that reads them writes none, and knows of no other form than tar.
ok "landwaiter-unpack: only reads archives" \
	imports_none "$LW_BIN/landwaiter-unpack" 'archive_write_.*|archive_read_open_(file.*|fd|FILE)'
is "landwaiter-unpack: tar, and gzip and zstd" \
	"$(nm -D --undefined-only "$LW_BIN/landwaiter-unpack" |
		grep -oE 'archive_read_(support|append|set_(filter|format))_[a-z0-9_]*' | sort | tr '\n' ' ')" \
	"archive_read_append_filter archive_read_support_format_raw archive_read_support_format_tar "
# Nor for a network (docs/decisions/0019).
for program in landwaiter landwaiter-judge landwaiter-pack landwaiter-unpack landwaiter-door landwaiter-status landwaiter-console; do
	is "$program: links no libcurl" \
		"$(readelf -d "$LW_BIN/$program" | grep -c 'NEEDED.*libcurl')" 0
done
# The library that reads the network's bytes, and the one that knows what a password is, stand apart.
for program in landwaiter landwaiter-judge landwaiter-pack landwaiter-unpack landwaiter-fetch; do
	is "$program: links neither libmicrohttpd nor GnuTLS" \
		"$(readelf -d "$LW_BIN/$program" | grep -cE 'NEEDED.*lib(microhttpd|gnutls)\.')" 0
done
for program in landwaiter-judge landwaiter-unpack landwaiter-fetch landwaiter-serve; do
	is "$program: links no libcrypt" \
		"$(readelf -d "$LW_BIN/$program" | grep -c 'NEEDED.*libcrypt\.')" 0
done
# A terminal is drawn on in one process alone, which knows nothing of an enclave.
for program in landwaiter landwaiter-judge landwaiter-pack landwaiter-fetch landwaiter-push landwaiter-serve landwaiter-door \
	landwaiter-status; do
	is "$program: links no ncurses" "$(readelf -d "$LW_BIN/$program" | grep -cE 'NEEDED.*lib(ncurses|tinfo)')" 0
done
is "landwaiter-console: links no database" \
	"$(readelf -d "$LW_BIN/landwaiter-console" | grep -cE 'NEEDED.*libsqlite3\.')" 0
# Who plugs what in is heard in one process alone.
for program in landwaiter landwaiter-judge landwaiter-pack landwaiter-fetch landwaiter-push landwaiter-serve \
	landwaiter-unpack landwaiter-status landwaiter-console; do
	is "$program: links no libudev" "$(readelf -d "$LW_BIN/$program" | grep -c 'NEEDED.*libudev\.')" 0
done
done_testing
