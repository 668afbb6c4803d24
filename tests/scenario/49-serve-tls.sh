#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# flavours: release sweep-san
# The registry beyond this machine: TLS, certificates of clients, names and passwords; and whoever is
# not let in.
. "$(dirname "$0")/../lib/vendors.sh"

make_keys alice
make_enclave 1 alice
app=registry.acme.example/prod/app
one=$(image layout 1 one)
make_bundle one.lwb "$app:1=oci:layout:1" && approve one.lwb alice
accepted lw load one.lwb

# --- certificates, as the runbook has them ---------------------------------------------------------------

ca() { # NAME
	openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 30 -subj "/CN=$1" \
		-addext basicConstraints=critical,CA:TRUE -addext keyUsage=critical,keyCertSign \
		-keyout "$1.key" -out "$1.crt" 2>/dev/null
}
leaf() { # NAME CA PURPOSE
	openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj "/CN=$1" \
		-addext "subjectAltName=IP:127.0.0.1,DNS:localhost" -addext "extendedKeyUsage=$3" \
		-keyout "$1.key" -out "$1.csr" 2>/dev/null
	openssl x509 -req -in "$1.csr" -CA "$2.crt" -CAkey "$2.key" -CAcreateserial -days 20 \
		-copy_extensions copy -out "$1.crt" 2>/dev/null
}
past() {
	faketime '2026-01-01 00:00:00' "$@"
}
future() {
	faketime '2050-01-01 00:00:00' "$@"
}
export -f ca leaf
ca ca
ca strangers
leaf server ca serverAuth
leaf client ca clientAuth
leaf stranger strangers clientAuth
leaf purpose ca serverAuth
past bash -c 'leaf expired ca clientAuth; leaf old ca serverAuth; ca oldca'
future bash -c 'leaf early ca serverAuth'

# --- what it does not start with ---------------------------------------------------------------------------

refuses() { # TEXT PATTERN OPTION...: usage, and says why
	exits 2 "$1" timeout 10 "$LW_BIN/landwaiter" serve --listen "$listen" "${@:3}"
	like "and says why" "$(cat err.log)" "$2"
}
listen=127.0.0.1:0
tls=(--tls-cert server.crt --tls-key server.key)
listen=0.0.0.0:0 refuses "beyond this machine without TLS" 'plain HTTP is for loopback'
refuses "a certificate without a key" 'belong together' --tls-cert server.crt
refuses "a key without a certificate" 'belong together' --tls-key server.key
refuses "a CA of clients without TLS" 'client-ca: .*TLS' --client-ca ca.crt
for mode in 640 604 644 620 601; do
	install -m $mode server.key open.key
	refuses "a key of mode $mode" "open.key: its mode is 0$mode.*chmod 600" --tls-cert server.crt --tls-key open.key
done
refuses "another's key" 'tls-key: client.key: .*not that of' --tls-cert server.crt --tls-key client.key
refuses "an expired certificate" "tls-cert: old.crt: .*CN=old is valid from 2026-01-01T.* to 2026-01-21T.*, and it is" --tls-cert old.crt --tls-key old.key
refuses "one of later" "early.crt: .*from 2050-01-01T.*set the clock" --tls-cert early.crt --tls-key early.key
cat server.crt oldca.crt >chain.crt
refuses "an expired one in its chain" "chain.crt: .*CN=oldca is valid" --tls-cert chain.crt --tls-key server.key
openssl pkey -in server.key -aes256 -passout pass:secret -out encrypted.key
refuses "an encrypted key" 'encrypted.key: the key is encrypted' --tls-cert server.crt --tls-key encrypted.key
(umask 077 && openssl ec -in server.key -aes256 -passout pass:secret -out encrypted.key 2>/dev/null)
refuses "encrypted in the older way" 'encrypted.key: the key is encrypted' --tls-cert server.crt --tls-key encrypted.key
refuses "a key for a certificate" 'tls-cert: server.key: want certificates in PEM' --tls-cert server.key --tls-key server.key
(umask 077 && cp server.crt crt.key && : >empty && head -c 70000 /dev/zero | tr '\0' x >big && head -c 100 /dev/zero >zero &&
	head -n 3 server.key >half.key && mkfifo pipe)
refuses "a certificate for a key" 'tls-key: crt.key: want a private key in PEM' --tls-cert server.crt --tls-key crt.key
refuses "half a key" 'half.key: want a private key' --tls-cert server.crt --tls-key half.key
refuses "no bytes" 'tls-key: empty: ' --tls-cert server.crt --tls-key empty
refuses "too many" 'tls-cert: big: 70000 bytes' --tls-cert big --tls-key server.key
refuses "bytes that are no text" 'zero: want PEM' --tls-cert zero --tls-key server.key
refuses "no file" 'tls-cert: nosuch' --tls-cert nosuch --tls-key server.key
refuses "a folder" 'tls-key: layout: ' --tls-cert server.crt --tls-key layout
refuses "a pipe" 'tls-key: pipe: ' --tls-cert server.crt --tls-key pipe
refuses "a CA that is none" 'client-ca: client.crt: .*CN=client is not a CA' "${tls[@]}" --client-ca client.crt
cat ca.crt server.crt >two.crt
refuses "one of two" 'two.crt: .*CN=server is not a CA' "${tls[@]}" --client-ca two.crt
refuses "an expired CA" 'client-ca: oldca.crt: .*CN=oldca is valid' "${tls[@]}" --client-ca oldca.crt
refuses "a CA that is no certificate" 'client-ca: one.lwb: ' "${tls[@]}" --client-ca one.lwb

# --- nor of names and passwords ------------------------------------------------------------------------------

# As htpasswd and crypt(3) of Debian 12 made them.
cat >people <<'END1'
carol:$2y$04$vdINAkDMVE4wWv79aF3OdONYc6pSZzfdTaPI2CNUWEudOK/bd2Zgm
dave:$2y$05$PHR5h3SYBBbg.WOxNKjafexx8gOpzw.7zSLXocYv8K0bGmPxrDR5S
erin:$2b$04$abcdefghijklmnopqrstuubKEiRMbBsl4QKtPuCif5XPg9hD5ak0W
grace:$2y$04$lf2RL9bAHL/UqsxuZXC.d.Z7UQPNGwM0nJ//n2FWg7jPyJh4Rvk6O
END1
# shellcheck disable=SC2016 # dollars of hashes
for line in 'm:$apr1$2BnEWMH2$YLBF2bVBUrXQMe4jALuUh1' 's:{SHA}2PRZAyDhNDqRW2OUFwZQqPNdaSY=' 'p:plain'; do
	{
		cat people
		printf '%s\n' "$line"
	} >others
	refuses "${line%%:*}: not bcrypt (tests/unit/test_passwords.c has more)" 'htpasswd: others: line 5: want a bcrypt' --htpasswd others
done
cat people people >others
refuses "a name twice" 'others: lines [0-9] and [0-9]: the same name' --htpasswd others
refuses "nobody" 'empty: nobody in it' --htpasswd empty
refuses "no such file" 'htpasswd: nosuch' --htpasswd nosuch
refuses "a device" 'htpasswd: /dev/zero' --htpasswd /dev/zero

# --- starting ------------------------------------------------------------------------------------------------

server=
start_serving() { # OPTION...
	rm -f serve.err access.log
	"$LW_BIN/landwaiter" serve --listen "$listen" --access-log access.log "$@" >serve.out 2>serve.err &
	server=$!
	for ((i = 0; i < 200; i++)); do
		! grep -qs '^serving' serve.err || break
		sleep 0.05
	done
	url=$(sed -n 's,^serving \(https*://[^/]*\)/.*,\1,p' serve.err)
	port=${url##*:}
	[ -n "$port" ]
}
stop_serving() {
	[ -z "$server" ] || kill "$server" 2>/dev/null || true
	wait "$server" 2>/dev/null || true
	server=
}
end() {
	local status=$?

	stop_serving
	scenario_end "$status"
}
trap end EXIT

get() { # PATH [CURL-OPTION...]: headers in head, the body in body; prints the status, 000: no answer
	curl -s -m 20 --cacert ca.crt -D head -o body -w '%{http_code}' "${@:2}" "$url$1" || true
}
header() { # NAME
	tr -d '\r' <./head | sed -n "s/^$1: //Ip"
}
code() {
	jq -r '.errors[0].code' body
}
speaks() { # OPENSSL-OPTION...: whether it does with these
	openssl s_client -connect "127.0.0.1:$port" -CAfile ca.crt -verify_return_error -brief "$@" </dev/null
}

# --- TLS -----------------------------------------------------------------------------------------------------

listen=0.0.0.0:0 start_serving "${tls[@]}"
like "it serves TLS, at every address" "$url" '^https://0.0.0.0:'
url=https://127.0.0.1:$port
like "and says which certificate, and until when" "$(cat serve.err)" \
	"certificate: sha256:$(openssl x509 -in server.crt -outform DER | sha256sum | cut -c 1-64), until 20[0-9-]+T[0-9:]+Z"
is "with its CA" "$(get /v2/)" 200
is "not without" "$(curl -s -o body -w '%{http_code}' "$url/v2/" || true)" 000
is "a manifest" "$(get /v2/$app/manifests/1) $(header Docker-Content-Digest)" "200 $one"
layer=$(jq -r '.layers[0].digest' body)
is "a part of a layer" "$(get "/v2/$app/blobs/$layer" -H 'Range: bytes=1-') $(cat body)" "206 ne"
is "several on one connection" "$(curl -s --cacert ca.crt -o x1 -o x2 -w '%{num_connects}' "$url/v2/" "$url/v2/_catalog")" 10
get /v2/ -u carol:carols-word >/dev/null
is "a name that nobody asked for is not in the log" "$(jq -r '.user // empty' access.log)" ""
mkdir certs other-certs
cp ca.crt certs/ca.crt && cp strangers.crt other-certs/ca.crt
ok "skopeo copies" skopeo copy -q --preserve-digests --src-cert-dir certs "docker://127.0.0.1:$port/$app:1" oci:copied:1
is "what it was" "$(jq -r '.manifests[0].digest' copied/index.json)" "$one"
fails "not with another CA" skopeo copy -q --src-cert-dir other-certs "docker://127.0.0.1:$port/$app:1" oci:copied:2
fails "nor with none" skopeo copy -q "docker://127.0.0.1:$port/$app:1" oci:copied:2
ok "TLS 1.3" speaks -tls1_3
ok "TLS 1.2" speaks -tls1_2
cat >client.py <<'END2'
import base64, http.client, socket, ssl, sys, threading, time

port, what = int(sys.argv[1]), sys.argv[2]
context = ssl.create_default_context(cafile='ca.crt')


def connect():
    s = socket.create_connection(('127.0.0.1', port), 10)
    s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return s


def status(name='localhost'):
    with context.wrap_socket(connect(), server_hostname=name) as s:
        s.sendall(b'GET /v2/ HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n')
        return s.recv(65536).split(b' ')[1].decode()


def say(data):
    with connect() as s:
        s.settimeout(10)
        try:
            s.sendall(data)
            s.shutdown(socket.SHUT_WR)
            got = b''
            while True:
                more = s.recv(65536)
                if not more:
                    break
                got += more
        except OSError:
            got = b''
    return b'HTTP/' in got


def first_flight():
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    o = context.wrap_bio(incoming, outgoing, server_hostname='localhost')
    try:
        o.do_handshake()
    except ssl.SSLWantReadError:
        pass
    return outgoing.read()


def ask(head, user=None):
    c = http.client.HTTPSConnection('127.0.0.1', port, timeout=20, context=context)
    c.connect()
    c.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    c.request('GET', '/v2/', headers=head)
    return c.getresponse().status


def basic(text):
    return {'Authorization': 'Basic ' + base64.b64encode(text).decode()}


hello = first_flight()
if what == 'odd':
    for name, data in (
            ('plain HTTP', b'GET /v2/ HTTP/1.1\r\nHost: x\r\n\r\n'),
            ('noise', bytes(range(256)) * 64),
            ('nothing', b''),
            ('one byte', b'\x16'),
            ('half a greeting', hello[:len(hello) // 2]),
            ('a greeting twice', hello * 2),
            ('a greeting, and HTTP', hello + b'GET /v2/ HTTP/1.1\r\nHost: x\r\n\r\n'),
            ('a record that is too long', b'\x16\x03\x01\xff\xff' + bytes(65535)),
            ('a record of nothing, ten thousand times', b'\x16\x03\x01\x00\x00' * 10000),
            ('data before the handshake', b'\x17\x03\x03\x00\x20' + bytes(32)),
            ('an alert', b'\x15\x03\x03\x00\x02\x02\x28'),
            ('warnings without end', b'\x15\x03\x03\x00\x02\x01\x5a' * 10000),
            ('SSL 2', b'\x80\x2e\x01\x00\x02' + bytes(43)),
            ('SSL 3', b'\x16\x03\x00' + hello[3:9] + b'\x03\x00' + hello[11:]),
            ('a change of ciphers at once', b'\x14\x03\x03\x00\x01\x01' * 100),
            ('a heartbeat', b'\x18\x03\x03\x00\x03\x01\x40\x00'),
            ('a greeting in one-byte records', b''.join(b'\x16\x03\x01\x00\x01' + hello[i:i + 1] for i in range(5, len(hello)))),
            ('a greeting of sixteen megabytes', b'\x16\x03\x01\x40\x00\x01\xff\xff\xff' + bytes(16380) + (b'\x16\x03\x01\x40\x00' + bytes(16384)) * 20),
    ):
        print(name, 'HTTP' if say(data) else 'nothing', status(), sep='\t', flush=True)
    for i in range(5, len(hello), 7):  # each part of the greeting, broken
        say(hello[:i] + bytes([hello[i] ^ 0xff]) + hello[i + 1:])
    print('a greeting, broken anywhere', 'nothing', status(), sep='\t')
elif what == 'names':
    context.check_hostname = False
    for name in ('nosuch.example', 'a' * 63 + '.' + 'b' * 63, 'xn--nxasmq6b', 'LOCALHOST', '0.0.0.0'):
        print(name[:20], status(name), sep='\t')
    at = hello.index(b'localhost')
    for bad in (b'local\0ost', b'\xff' * 9, b'../../etc', b'%s%n%s%n%', b'         '):
        say(hello[:at] + bad + hello[at + 9:])
    print('bytes that are no name', status(), sep='\t')
elif what == 'half':
    held = []
    for i in range(200):
        s = connect()
        s.sendall(hello[:100 + i] if i % 2 else hello)
        held.append(s)
    print(status(), end=' ')
    for s in held:
        s.close()
    print(status())
elif what == 'credentials':
    good = base64.b64encode(b'carol:carols-word')
    for name, lines in (
            ('no colon', b'Basic ' + base64.b64encode(b'carol')),
            ('no base64', b'Basic !!!!'),
            ('not padded', b'Basic ' + good.rstrip(b'=')),
            ('a space too many at the end', b'Basic ' + good + b' x'),
            ('64 KiB', b'Basic ' + base64.b64encode(b'carol:' + b'x' * 49152)),
            ('a kilobyte', b'Basic ' + base64.b64encode(b'carol:' + b'x' * 1024)),
            ('a NUL in the header', b'Basic \0' + good),
            ('a NUL in the middle', b'Basic ' + good[:8] + b'\0' + good[8:]),
            ('a NUL in the password', b'Basic ' + base64.b64encode(b'carol:carols-word\0')),
            ('a line end in the name', b'Basic ' + base64.b64encode(b'carol\n:carols-word')),
            ('twice, the good one first', b'Basic ' + good + b'\r\nAuthorization: Basic eDp5'),
            ('twice, the good one last', b'Basic eDp5\r\nAuthorization: Basic ' + good),
            ('twice the same', b'Basic ' + good + b'\r\nauthorization: Basic ' + good),
            ('Bearer', b'Bearer ' + good),
            ('Digest', b'Digest username="carol", response="00"'),
            ('nothing', b''),
            ('the scheme alone', b'Basic'),
            ('no scheme', good),
            ('of a proxy', b'\r\nProxy-Authorization: Basic ' + good),
            ('in a cookie', b'\r\nCookie: Authorization=Basic ' + good),
    ):
        with context.wrap_socket(connect(), server_hostname='localhost') as s:
            try:
                s.sendall(b'GET /v2/ HTTP/1.1\r\nHost: x\r\nAuthorization: ' + lines + b'\r\n\r\n')
                got = s.recv(65536).split(b' ')
            except OSError:
                got = b''
            print(name, got[1].decode() if len(got) > 1 else 'closed', ask(basic(b'carol:carols-word')), sep='\t')
elif what == 'flood':  # of wrong passwords, while somebody who is known works
    known = basic(b'carol:carols-word')
    assert ask(known) == 200
    until = time.time() + 1.5
    said = {}

    def guess(user):
        c = http.client.HTTPSConnection('127.0.0.1', port, timeout=20, context=context)
        i = 0
        while time.time() < until:
            i += 1
            c.request('GET', '/v2/', headers=basic(b'%s:%d' % (user, i)))
            r = c.getresponse()
            r.read()
            said[r.status, r.getheader('Retry-After')] = said.get((r.status, r.getheader('Retry-After')), 0) + 1
            time.sleep(0.005)

    threads = [threading.Thread(target=guess, args=(u,)) for u in (b'carol', b'erin', b'nobody')]
    for t in threads:
        t.start()
    slowest, works = 0, 0
    time.sleep(0.5)
    while time.time() < until:
        began = time.time()
        works += ask(known) == 200
        slowest = max(slowest, time.time() - began)
        time.sleep(0.02)
    for t in threads:
        t.join()
    checked = said.pop((401, None), 0)
    print(works > 5, slowest < 2, 1 <= checked <= 80, said.pop((429, '2'), 0) > 20, said)
    print('# %d worked, the slowest in %.3f s; %d guesses were looked at' % (works, slowest, checked), file=sys.stderr)
elif what == 'memory':  # what stands in that process's memory of these words
    found = set()
    with open('/proc/%s/maps' % sys.argv[3]) as maps, open('/proc/%s/mem' % sys.argv[3], 'rb', 0) as memory:
        for line in maps:
            words = line.split()
            if 'w' not in words[1]:
                continue
            begin, end = (int(x, 16) for x in words[0].split('-'))
            memory.seek(begin)
            try:
                have = memory.read(end - begin)
            except OSError:
                continue
            found.update(w for w in sys.argv[4:] if w.encode() in have)
    print(' '.join(sorted(found)))
END2

# What follows is between clients and GnuTLS, which is the same in both flavours.
san=no
[[ $LW_BIN != */san ]] || san=yes
if [ $san = no ]; then
	for old in tls1_1 tls1; do
		fails "not $old" speaks -$old -cipher 'ALL:@SECLEVEL=0'
	done
	for cipher in ECDHE-ECDSA-AES128-SHA ECDHE-ECDSA-AES256-SHA NULL aNULL; do
		fails "not $cipher" speaks -tls1_2 -cipher "$cipher:@SECLEVEL=0"
	done
	is "no session is resumed" "$(openssl s_client -connect "127.0.0.1:$port" -CAfile ca.crt -tls1_2 -reconnect </dev/null 2>&1 | grep -c '^Reused')" 0
	python3 client.py "$port" odd >answers
	while IFS=$'\t' read -r name said next; do
		is "$name: no answer in HTTP, and the next one has its own" "$said $next" "nothing 200"
	done <answers
	python3 client.py "$port" names >answers
	while IFS=$'\t' read -r name said; do
		is "a server called so: $name" "$said" 200
	done <answers
	is "two hundred handshakes that stop half way, and the next one" "$(python3 client.py "$port" half)" "200 200"
	again=$({
		sleep 0.3
		echo R
		sleep 0.3
		printf 'GET /v2/ HTTP/1.1\r\nHost: x\r\n\r\n'
		sleep 0.3
	} | timeout 10 openssl s_client -connect "127.0.0.1:$port" -tls1_2 -CAfile ca.crt 2>&1 | sed -n '/^RENEGOTIATING/,$p' || true)
	is "no renegotiation" "$again" "RENEGOTIATING
closed"
fi
is "it is still there" "$(get /v2/)" 200
if [ $san = no ]; then # a jailed process of that flavour may not be looked into
	nobody=$(id -u)
	[ "$nobody" -ne 0 ] || nobody=65534
	child=$(pgrep -P "$server")
	is "and as nobody, without privileges" "$(sed -n 's/^Uid:\t\([0-9]*\)\t.*/\1/p; s/^CapEff:\t//p; s/^Seccomp:\t//p' "/proc/$child/status" | paste -sd ' ')" \
		"$nobody 0000000000000000 2"
	is "with nothing open but what it was given" "$(find "/proc/$child/fd" -type l -printf '%l\n' | grep -vc -e '^socket:' -e '^/dev/null$' -e '^anon_inode:\[eventpoll\]$')" 0
fi
stop_serving

# The ciphers that an RSA key would allow.
if [ $san = no ]; then
	openssl req -newkey rsa:2048 -nodes -subj /CN=rsa -addext subjectAltName=DNS:localhost -keyout rsa.key -out rsa.csr 2>/dev/null
	openssl x509 -req -in rsa.csr -CA ca.crt -CAkey ca.key -CAcreateserial -days 20 -copy_extensions copy -out rsa.crt 2>/dev/null
	start_serving --tls-cert rsa.crt --tls-key rsa.key
	for cipher in ECDHE-RSA-AES128-GCM-SHA256 ECDHE-RSA-AES256-GCM-SHA384 ECDHE-RSA-CHACHA20-POLY1305; do
		ok "$cipher" speaks -tls1_2 -cipher "$cipher"
	done
	for cipher in AES128-GCM-SHA256 AES128-SHA DHE-RSA-AES128-GCM-SHA256 ECDHE-RSA-AES128-SHA; do
		fails "not $cipher" speaks -tls1_2 -cipher "$cipher:@SECLEVEL=0"
	done
	stop_serving
fi

# --- certificates of clients ---------------------------------------------------------------------------------

start_serving "${tls[@]}" --client-ca ca.crt
for version in 1.2 1.3; do
	try() { # NAME: shows that certificate
		get /v2/ --tlsv$version --tls-max $version --cert "$1.crt" --key "$1.key"
	}
	is "TLS $version: a client of the CA" "$(try client)" 200
	is "one without a certificate" "$(get /v2/ --tlsv$version --tls-max $version)" 000
	is "another CA's" "$(try stranger)" 000
	is "an expired one" "$(try expired)" 000
	is "one of later" "$(try early)" 000
	is "a server's" "$(try purpose)" 000
	is "the server's own" "$(try server)" 000
	is "a CA that signed itself" "$(try strangers)" 000
	(umask 077 && cp strangers.key mixed.key && cat stranger.crt ca.crt >mixed.crt && cp stranger.key mixed.key)
	is "another CA's, with the CA's beside it" "$(try mixed)" 000
done
is "on one connection, again and again" "$(curl -s --cacert ca.crt --cert client.crt --key client.key -o x1 -o x2 -o x3 -w '%{http_code} %{num_connects} ' "$url/v2/" "$url/v2/" "$url/v2/_catalog")" \
	"200 1 200 0 200 0 "
is "nobody else's request was one" "$(jq -r .status access.log | sort | uniq -c | tr -s ' ')" " 5 200"
cp client.crt certs/client.cert && cp client.key certs/client.key
ok "skopeo shows its certificate" skopeo copy -q --preserve-digests --src-cert-dir certs "docker://127.0.0.1:$port/$app:1" oci:copied:3
cp stranger.crt certs/client.cert && cp stranger.key certs/client.key
fails "another's is no good" skopeo copy -q --src-cert-dir certs "docker://127.0.0.1:$port/$app:1" oci:copied:4
rm certs/client.*
stop_serving

# --- names and passwords -------------------------------------------------------------------------------------

start_serving "${tls[@]}" --htpasswd people
config=$(jq -r .config.digest "layout/blobs/sha256/${one#sha256:}")
for path in /v2/ /v2 /v2/_catalog /v2/$app/tags/list /v2/$app/manifests/1 "/v2/$app/manifests/$one" "/v2/$app/blobs/$config" \
	"/v2/$app/referrers/$one" /v2/nosuch/tags/list /v2/$app/manifests/9; do
	is "$path: nobody" "$(get "$path") $(code) $(header WWW-Authenticate)" '401 UNAUTHORIZED Basic realm="landwaiter", charset="UTF-8"'
	like "somebody" "$(get "$path" -u carol:carols-word)" '^(200|404)$'
done
is "only its head" "$(get /v2/$app/manifests/1 -I) $(header Docker-Content-Digest)" "401 "
is "a wrong password" "$(get /v2/ -u carol:carols-wor) $(code)" "401 UNAUTHORIZED"
is "another's" "$(get /v2/ -u erin:carols-word)" 401
is "none" "$(get /v2/ -u carol:)" 401
is "a hash" "$(get /v2/ -u "$(head -n 1 people)")" 401
is "a name that is not there" "$(get /v2/ -u mallory:carols-word)" 401
is "a name that is none" "$(get /v2/ -u :carols-word)" 401
is "a password with a colon, and UTF-8" "$(get /v2/ -u 'dave:colon:and späce')" 200
ok "skopeo with a password" skopeo copy -q --preserve-digests --src-cert-dir certs --src-creds carol:carols-word "docker://127.0.0.1:$port/$app:1" oci:copied:5
fails "with another" skopeo copy -q --src-cert-dir certs --src-creds carol:x "docker://127.0.0.1:$port/$app:1" oci:copied:6
fails "with none" skopeo copy -q --src-cert-dir certs "docker://127.0.0.1:$port/$app:1" oci:copied:6
python3 client.py "$port" credentials >answers
while IFS=$'\t' read -r name said next; do
	like "credentials that are none: $name, and the next one" "$said $next" '^(401|400|413|431|closed) 200$'
done <answers
is "an access log with names" "$(jq -r 'select(.path == "/v2/_catalog") | [.status, .user // "-"] | join(" ")' access.log | paste -sd ,)" \
	"401 -,200 carol"
is "those that were refused, too, as they were said" "$(jq -r 'select(.user == "mallory").status' access.log)" 401
is "and no password" "$(grep -c -e carols-word -e "$(printf %s carol:carols-word | base64)" access.log)" 0
[ $san = yes ] || is "a flood of guesses: who is known works on, the guesses are few, the others are told to wait" \
	"$(python3 client.py "$port" flood)" "True True True True {}"
for ((i = 0; i < 50; i++)); do
	status=$(get /v2/ -u erin:erins-word)
	[ "$status" = 429 ] || break
	sleep 0.1
done
is "after it, who was not" "$status" 200
# Of a long one the end would be left where a shorter frame came later.
is "a long password" "$(get /v2/ -u 'grace:grace-of-the-very-long-password-that-ends-in-this:harbour-lantern')" 200
if memory=$(python3 client.py "$port" memory "$server" carols-word erins-word harbour-lantern "$(sed -n 2p server.key)" landwaiter 2>/dev/null); then
	is "neither a password nor the key stays with the one that has the enclave" "$memory" landwaiter
else
	skip "neither a password nor the key stays with the one that has the enclave" "its memory cannot be read"
fi
stop_serving
start_serving --htpasswd people
is "without TLS, on this machine" "$(get /v2/) $(get /v2/ -u carol:carols-word)" "401 200"
stop_serving
start_serving "${tls[@]}" --client-ca ca.crt --htpasswd people
is "both: neither" "$(get /v2/)" 000
is "the one" "$(get /v2/ --cert client.crt --key client.key)" 401
is "the other" "$(get /v2/ -u carol:carols-word)" 000
is "and both" "$(get /v2/ --cert client.crt --key client.key -u carol:carols-word)" 200
stop_serving
done_testing
