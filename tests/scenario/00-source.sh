#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# flavours: release
#
# The check of the source's shape sees what it is there for: a copy of the tree is broken in many
# places, and each must be named.

. "$(dirname "$0")/../lib/scenario.sh"

(cd "$LW_TOP" && tar -cf - base image verify keys tuf fetch udev custody bundle registry cmd appliance Makefile tests/*.sh \
	tests/lanes.mk tests/run tests/lib .ci) | tar -xf -
is "nothing to say of the tree as it is" "$(tests/check-layers.sh)" ""

patterns=()
break_by() { # FILE TEXT PATTERN: adds the text, after which that line must be complained of
	printf '%s\n' "$2" >>"$1"
	patterns+=("$1:.*$3")
}
break_by base/num.c '#include "image/reference.h"' 'base may not include image'
break_by base/num.c '#include "num.h"' 'from the top of the tree'
break_by verify/dsse.c '#include "image/reference.h"' 'verify may not include image'
break_by verify/dsse.c '#include "bundle/seal.h"' 'verify may not include bundle'
break_by verify/dsse.c '#include "custody/state.h"' 'verify may not include custody'
break_by image/index.c '#include "verify/dsse.h"' 'image may not include verify'
break_by custody/log.c '#include "bundle/seal.h"' 'custody may not include bundle'
break_by verify/tuf_client.c '#include "fetch/http.h"' 'verify may not include fetch'
break_by tuf/tree.c '#include "fetch/http.h"' 'tuf may not include fetch'
break_by tuf/tree.c '#include <curl/curl.h>' 'its place in'
break_by bundle/pack.c '#include <archive.h>' 'its place in'
break_by base/json_gate.c '#include <cjson/cJSON.h>' 'its place in'
break_by custody/log.c '#include <sqlite3.h>' 'its place in'
break_by base/jail_child.c '#include <seccomp.h>' 'its place in'
break_by bundle/seal.c '#include <openssl/evp.h>' 'its place in'
break_by bundle/head.c '#include <sodium.h>' 'its place in'
break_by registry/answer.c '#include <microhttpd.h>' 'its place in'
break_by udev/descriptors.c '#include "verify/finding.h"' 'udev may not include verify'
break_by udev/descriptors.c '#include <libudev.h>' 'its place in'
break_by base/num.c 'void f(char *s) { strcpy(s, s); }' strcpy
break_by base/num.c 'void f(char *s) { system (s); }' system
break_by base/num.c 'void f(void) { x: goto x; }' goto
break_by base/num.c 'void f(void) { puts(x); }' puts
break_by base/num.c 'void f(void) { getenv(x); }' getenv
break_by bundle/seal.c 'void f(void) { cJSON_PrintUnformatted(0); }' cJSON_Print
break_by base/num.c "/* TO""DO: more */" 'left open'
break_by base/clock.c "$(echo '{' && seq 102 && echo '}')" 'a function of 10[0-9] lines'
break_by base/hash.c "$(seq 800)" ''
break_by verify/verdict.h '#include "bundle/seal.h"' 'verify may not include bundle'
sed -i 1d base/buf.c && patterns+=("base/buf.c:1: says no licence")
sed -i s/LW_BASE_BUF_H/LW_BUF_H/ base/buf.h && patterns+=("base/buf.h: its guard")
printf '%s\n' '/* strcpy(s) */ char *s = "goto system(";' >>base/encode.c # which is fine
printf '%s\n' 'void f(void) { puts(x); }' >>cmd/gc.c # this too
sed -i '/SPDX/d' tests/run && patterns+=("tests/run: says no licence")

fails "the broken tree is refused" tests/check-layers.sh
tests/check-layers.sh >complaints || true
for pattern in "${patterns[@]}"; do
	ok "complains: $pattern" grep -E "$pattern" complaints
done
is "and of nothing else" "$(wc -l <complaints)" ${#patterns[@]}
done_testing
