#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# flavours: release
#
# CVE-2023-32076: configuration taken from the working folder. Whatever lies beside the bundle, on
# the medium or where the operator stands, is nothing to us: no file of it is even looked at.

. "$(dirname "$0")/../lib/vendors.sh"

make_keys alice
vendor_keys acme
signers=$(signer acme cosign-key)
enclave enclave '{"match":"**","require":[{"threshold":1,"of":["acme"]}]}'
image layout 1 one >/dev/null
sealed unsigned.lwb "registry.acme.example/app:1=oci:layout:1"

mkdir medium
mv unsigned.lwb medium/
printf '#!/bin/sh\ntouch "%s/ran"\n' "$T" >program
chmod +x program
lax='{"format":"landwaiter-policy/1","senders":{},"signers":{},"images":[{"match":"**","evidence":"not-required"}]}'
for file in policy.json landwaiter.json landwaiter.conf .landwaiterrc .landwaiter/policy.json \
	.config/landwaiter/policy.json enclave/policy.json trust/policy.json acme.pub \
	.env .sqliterc .in_totorc .in_toto openssl.cnf .cosign/policy.json policy-test.json; do
	mkdir -p "medium/$(dirname $file)"
	printf '%s' "$lax" >medium/$file
done
for file in landwaiter-judge landwaiter-pack libexec/landwaiter/landwaiter-judge openssl tar; do
	mkdir -p "medium/$(dirname $file)"
	cp program medium/$file
done
for file in libcrypto.so.3 libsodium.so.23 libcjson.so.1 libsqlite3.so.0; do
	printf 'no library' >medium/$file
done

# As an operator would: standing in the medium, with a home and a PATH that lead there, too.
cd medium || exit
hostile=(env HOME="$PWD" XDG_CONFIG_HOME="$PWD/.config" PATH=".:$PWD:$PATH")
attack cve-2023-32076-files-beside-the-bundle 3 policy.signer-missing \
	"${hostile[@]}" "$LW_BIN/landwaiter" load unsigned.lwb
fails "no program of it was run" test -e "$T/ran"

# touched COMMAND...: which files of the working folder, and which by a relative name, were asked for
touched() {
	strace -f -qq -e trace=%file -o ../trace "${hostile[@]}" "$@" >out.log 2>err.log || true
	grep -v '^[0-9]* execve' ../trace | grep -oE '^[0-9]+ +[a-z0-9]+\((AT_FDCWD, |[0-9]+, )?"[^"]*"' |
		sed -E 's/^[0-9]+ +//' | grep -E "\\((AT_FDCWD, )?\"([^/]|$PWD)" |
		grep -oE '"[^"]*"' | sort -u | tr '\n' ' '
}
is "load asks for the bundle, and for nothing else here" \
	"$(touched "$LW_BIN/landwaiter" load unsigned.lwb)" '"unsigned.lwb" '
cp ../trace ../trace.load
is "so does verify" "$(touched "$LW_BIN/landwaiter" verify unsigned.lwb)" '"unsigned.lwb" '
is "inspect" "$(touched "$LW_BIN/landwaiter" inspect unsigned.lwb)" '"unsigned.lwb" '
is "policy check, of what it is given" "$(touched "$LW_BIN/landwaiter" policy check)" ""
ok "it was looked" grep -q '"unsigned.lwb"' ../trace.load
done_testing
