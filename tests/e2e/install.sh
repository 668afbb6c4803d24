#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# An installed copy: everything is where it belongs, and it finds its box from there.

. "$(dirname "$0")/../lib/scenario.sh"

ok "make install" make -C "$LW_TOP" --no-print-directory install DESTDIR="$T/root" PREFIX=/usr
for file in bin/landwaiter libexec/landwaiter/landwaiter-judge \
	libexec/landwaiter/landwaiter-pack libexec/landwaiter/landwaiter-fetch libexec/landwaiter/landwaiter-push libexec/landwaiter/landwaiter-serve libexec/landwaiter/landwaiter-door libexec/landwaiter/landwaiter-unpack \
	libexec/landwaiter/landwaiter-status libexec/landwaiter/landwaiter-console lib/systemd/system/landwaiter-console@.service lib/udev/rules.d/61-landwaiter.rules share/man/man1/landwaiter.1 \
	share/bash-completion/completions/landwaiter lib/systemd/system/landwaiter-check.service \
	lib/systemd/system/landwaiter-check.timer lib/sysusers.d/landwaiter.conf share/landwaiter/prometheus/landwaiter.rules.yml; do
	ok "/usr/$file" test -s "root/usr/$file"
done
is "nothing else outside" "$(find root -type f -not -path 'root/usr/bin/*' -not -path \
	'root/usr/libexec/landwaiter/*' -not -path 'root/usr/share/man/man[1-8]/*' -not -path \
	'root/usr/share/bash-completion/completions/*' -not -path 'root/usr/lib/systemd/system/*' -not -path 'root/usr/lib/udev/rules.d/*' -not -path \
	'root/usr/lib/sysusers.d/*' -not -path \
	'root/usr/share/landwaiter/*')" ""
ok "the service starts what was installed" grep -q '^ExecStart=/usr/bin/landwaiter check --all ' \
	root/usr/lib/systemd/system/landwaiter-check.service
ok "the door is the one that was installed" grep -q '^ExecStart=/usr/libexec/landwaiter/landwaiter-door' \
	root/usr/lib/systemd/system/landwaiter-door.service
is "and nothing is enabled" "$(find root -name '*.wants' -o -type l)" ""
ok "the completion is bash" bash -n root/usr/share/bash-completion/completions/landwaiter
ok "the manual is one" mandoc -T lint -W error root/usr/share/man/man1/landwaiter.1

make_layout layout # with the build's own tools
LW_BIN=$T/root/usr/bin
make_keys alice bob
make_enclave 2 alice bob
make_bundle one.lwb
approve one.lwb alice bob
accepted lw load one.lwb
refused 3 freshness.replay lw load one.lwb
make_bundle two.lwb
approve two.lwb alice bob
rm root/usr/libexec/landwaiter/landwaiter-judge
refused 1 system.error lw load two.lwb # no box, no verdict
done_testing
