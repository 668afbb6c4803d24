#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# flavours: release
#
# `make deps` for those who may not install: the line to have run, and nothing tried.

. "$(dirname "$0")/../lib/scenario.sh"

mkdir -p tests bin
cp "$LW_TOP/tests/deps.sh" tests/
# The same programs, but no sudo, and no root.
for program in awk bash dirname dpkg-query env; do
	ln -s "$(command -v $program)" bin/
done
printf '#!/bin/sh\necho 1000\n' >bin/id
printf '#!/bin/sh\ntouch "%s/asked"\n' "$T" >bin/apt-get
chmod +x bin/id bin/apt-get
deps() {
	PATH=$T/bin bash tests/deps.sh "$@"
}

printf 'test coreutils\ntest no-such-package\nother never-asked-for\n' >tests/packages.txt
exits 1 "what is missing cannot be installed" deps test
is "so it prints the line" "$(tail -n 1 err.log)" \
	"$(printf '\t')apt-get update && apt-get install -y --no-install-recommends no-such-package"
fails "and did not try" [ -e asked ]
printf 'test coreutils\n' >tests/packages.txt
exits 0 "all there: nothing is asked" deps test
is "and nothing said" "$(cat out.log err.log)" ""
exits 2 "no such lane" deps tset
done_testing
