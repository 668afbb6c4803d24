#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# The appliance built for a network: it serves beyond itself by TLS and to those with a password, and
# what was accepted from a stick is pulled by skopeo, its digest what it was when it was packed.

. "$(dirname "$0")/../lib/scenario.sh"
. "$LW_TOP/tests/lib/machine.sh"

# --- an image for a network -----------------------------------------------------------------------

mkdir -p overlay/etc/{landwaiter,systemd/network,systemd/system/landwaiter-serve.service.d}
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 30 -subj /CN=localhost \
	-addext 'subjectAltName=DNS:localhost,IP:127.0.0.1' -keyout overlay/etc/landwaiter/registry.key \
	-out overlay/etc/landwaiter/registry.crt 2>/dev/null
htpasswd -bnBC 5 reader secret | head -n 1 >overlay/etc/landwaiter/registry.htpasswd
printf '[Match]\nName=e*\n[Network]\nDHCP=ipv4\nLinkLocalAddressing=no\n' >overlay/etc/systemd/network/10-lan.network
cat >overlay/etc/systemd/system/landwaiter-serve.service.d/lan.conf <<'END'
[Service]
LoadCredential=registry.crt:/etc/landwaiter/registry.crt
LoadCredential=registry.key:/etc/landwaiter/registry.key
LoadCredential=registry.htpasswd:/etc/landwaiter/registry.htpasswd
Environment="SERVE_OPTIONS=--listen 0.0.0.0:5000 --tls-cert %d/registry.crt --tls-key %d/registry.key --htpasswd %d/registry.htpasswd"
IPAddressAllow=any
END
APPLIANCE=$T/image
ok "make appliance NETWORK=1" env -C "$LW_TOP" NETWORK=1 OVERLAY="$T/overlay" appliance/build.sh "$APPLIANCE"

# --- it takes in, and serves ----------------------------------------------------------------------

port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
network=(-device "virtio-net-pci,netdev=lan" -netdev
	"user,id=lan,restrict=on,hostfwd=tcp:127.0.0.1:$port-:5000")
direct_boot "" "$APPLIANCE/landwaiter.img"
says_who_it_is "the enclave says who it is"
says "the machine is ready, on a network" 'ready; .*network: e[a-z0-9]+ lo;'
cp "$LW_TOP"/build/appliance/evaluation/keys/* .
make_bundle one.lwb
approve one.lwb alice bob
truncate -s 8M one.lwb
plug green one.lwb
says "a bundle is accepted" ': ACCEPTED'
digest=$(jq -r '.manifests[0].digest' layout/index.json)
mkdir certs
cp overlay/etc/landwaiter/registry.crt certs/ca.crt
pulled() { # CREDENTIALS TO
	timeout 120 skopeo copy -q --src-cert-dir certs --src-creds "$1" --preserve-digests \
		"docker://127.0.0.1:$port/registry.example/test/app:1" "$2"
}
ok "skopeo pulls it through the forwarded port" pulled reader:secret oci:pulled:1
is "its digest is what it was" "$(jq -r '.manifests[0].digest' pulled/index.json)" "$digest"
fails "not without the password" pulled reader:wrong oci:wrong:1
done_testing
