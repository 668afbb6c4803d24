#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# flavours: release sweep-san
#
# Requests that are none, too much, too slow or too many, to the registry: it answers the next one
# all the same, within bounded memory; and one of its two processes that dies takes the other along.

. "$(dirname "$0")/../lib/attack.sh"

make_keys alice
make_enclave 1 alice
"$LW_BIN/tools/mklayout" big big 1 8MiB 0
make_layout layout
make_bundle one.lwb "registry.example/test/app:1=oci:layout:$(first_tag layout)" \
	"registry.example/test/big:1=oci:big:b0" && approve one.lwb alice
accepted lw load one.lwb

start_serving() {
	rm -f serve.err
	"$LW_BIN/landwaiter" serve --listen 127.0.0.1:0 >serve.out 2>serve.err &
	server=$!
	for ((i = 0; i < 200; i++)); do
		! grep -qs . serve.err || break
		sleep 0.05
	done
	port=$(sed -n 's,^serving http://127.0.0.1:\([0-9]*\)/.*,\1,p' serve.err)
	child=$(pgrep -P "$server")
}
server=
end() {
	local status=$?

	[ -z "$server" ] || kill "$server" 2>/dev/null || true
	scenario_end "$status"
}
trap end EXIT
start_serving

cat >client.py <<'END'
import os, resource, socket, sys, time

port, what = int(sys.argv[1]), sys.argv[2]
repository = b'registry.example/test/app'


def connect():
    return socket.create_connection(('127.0.0.1', port), 10)


def say(data, half=False):
    with connect() as s:
        try:
            s.sendall(data)
            if half:
                s.shutdown(socket.SHUT_WR)
            s.settimeout(5)
            got = b''
            while len(got) < 1 << 20:
                more = s.recv(65536)
                if not more:
                    break
                got += more
                if b'\r\n\r\n' in got:
                    break
        except OSError:
            got = b''
    return got.split(b'\r\n')[0].decode('latin-1')


def status(data, half=False):
    words = say(data, half).split(' ')
    return words[1] if len(words) > 1 else 'closed'


def get(path, more=b''):
    return b'GET ' + path + b' HTTP/1.1\r\nHost: x\r\n' + more + b'\r\n'


tags = b'/v2/' + repository + b'/tags/list'
if what == 'odd':
    for name, data in (
            ('noise', bytes(range(256)) * 16),
            ('nothing but a line end', b'\r\n\r\n'),
            ('no version', b'GET ' + tags + b'\r\n\r\n'),
            ('another protocol', b'\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03' + bytes(500)),
            ('a method without end', b'G' * 100000),
            ('a long method', b'G' * 600 + b' /v2/ HTTP/1.1\r\nHost: x\r\n\r\n'),
            ('a long path, and too much after it', get(b'/v2/' + b'a' * 700, b'X: ' + b'a' * 20000 + b'\r\n')),
            ('a long path, and nothing after it', b'GET /v2/' + b'a' * 700 + b' HTTP/1.1\r\nX: '),
            ('a path without end', b'GET /' + b'a' * 100000 + b' HTTP/1.1\r\n\r\n'),
            ('a header without end', get(b'/v2/', b'X: ' + b'a' * 100000 + b'\r\n')),
            ('ten thousand headers', get(b'/v2/', b'X: y\r\n' * 10000)),
            ('a header without a colon', get(tags, b'nonsense\r\n')),
            ('a NUL in a header', get(tags, b'X: a\0b\r\n')),
            ('a folded header', get(tags, b'X: a\r\n b\r\n')),
            ('a body', get(tags, b'Content-Length: 5\r\n') + b'hello'),
            ('a body less than nothing', get(tags, b'Content-Length: -5\r\n')),
            ('a body of twenty digits', get(tags, b'Content-Length: 99999999999999999999\r\n')),
            ('two lengths', get(tags, b'Content-Length: 0\r\nContent-Length: 5\r\n') + b'hello'),
            ('chunks', get(tags, b'Transfer-Encoding: chunked\r\n') + b'5\r\nhello\r\n0\r\n\r\n'),
            ('chunks without end', get(tags, b'Transfer-Encoding: chunked\r\n') + b'f' * 100000),
            ('an upload', b'POST /v2/' + repository + b'/blobs/uploads/ HTTP/1.1\r\nHost: x\r\n'
                          b'Content-Length: 100000000\r\n\r\n' + bytes(1000000)),
            ('a proxy request', b'GET http://example.org/ HTTP/1.1\r\nHost: x\r\n\r\n'),
            ('CONNECT', b'CONNECT example.org:443 HTTP/1.1\r\nHost: x\r\n\r\n'),
            ('a range of thousands', get(b'/v2/' + repository + b'/blobs/sha256:' + b'0' * 64,
                                         b'Range: bytes=' + b','.join(b'%d-%d' % (i, i) for i in range(2000)) + b'\r\n')),
            ('a query without end', get(tags + b'?' + b'&'.join(b'n=%d' % i for i in range(3000)))),
            ('percent signs', get(b'/v2/' + b'%' * 300 + b'/tags/list')),
            ('bytes that are no text', get(b'/v2/\xff\xfe\x80/tags/list')),
    ):
        print(name, status(data, True), status(get(tags)), sep='\t', flush=True)
elif what == 'many':
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, 4096), hard))
    held = []
    for i in range(1200):
        try:
            s = connect()
            s.sendall(b'GET /v2/ HTTP/1.1\r\nHost: ')  # and no more
            held.append(s)
        except OSError:
            break
    time.sleep(0.5)
    print(len(held) > 900, end=' ')
    for s in held:
        s.close()
    time.sleep(0.5)
    print(status(get(tags)))
elif what == 'pipelined':
    with connect() as s:
        s.sendall(get(b'/v2/_catalog') * 200)
        s.settimeout(10)
        got = b''
        while got.count(b'"repositories"') < 200:
            got += s.recv(65536)
    print(got.count(b'HTTP/1.1 200 OK'))
elif what == 'greedy':  # a thousand that ask for more than they take
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, 4096), hard))
    held = []
    for i in range(950):
        s = socket.socket()
        s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        s.settimeout(60)
        s.connect(('127.0.0.1', port))
        s.sendall(get(b'/v2/registry.example/test/big/blobs/' + sys.argv[3].encode()))
        held.append(s)
    print(sum(s.recv(12) == b'HTTP/1.1 200' for s in held), status(get(tags)))
elif what == 'drip':  # a byte now and then, for as long as that is borne
    began = time.monotonic()
    for first in (b'', get(b'/v2/') * 2):
        data = get(b'/v2/', b'X: ' + b'a' * 1000)
        if os.fork():
            continue
        with connect() as s:
            try:
                s.sendall(first)
                for i in range(len(data)):
                    s.sendall(data[i:i + 1])
                    time.sleep(1)
            except OSError:
                pass
        print(int(time.monotonic() - began), flush=True)
        os._exit(0)
    os.wait()
    os.wait()
elif what == 'gone':  # in the middle of an answer, again and again
    for i in range(300):
        with connect() as s:
            s.sendall(get(b'/v2/_catalog') * 20)
            if i % 2:
                s.recv(1)
    print(status(get(tags)))
END
memory() { # in KiB, the most it ever was
	sed -n 's/^VmHWM:[[:space:]]*\([0-9]*\) kB/\1/p' "/proc/$child/status"
}

python3 client.py "$port" drip >dripped &
dripping=$!

# --- odd -----------------------------------------------------------------------------------------------------

python3 client.py "$port" odd >answers
while IFS=$'\t' read -r name said next; do
	like "$name" "$said" '^(closed|4[0-9][0-9]|501|505)$'
	is "and the next one" "$next" 200
done < <(grep -v -e '^nothing but' -e '^no version' -e '^a NUL' -e '^a header without a colon' -e '^a folded' answers)
while IFS=$'\t' read -r name said next; do # are taken, or not
	like "$name" "$said" '^(closed|200|4[0-9][0-9]|505)$'
	is "and the next one" "$next" 200
done < <(grep -e '^nothing but' -e '^no version' -e '^a NUL' -e '^a header without a colon' -e '^a folded' answers)

# --- many, slow, gone -----------------------------------------------------------------------------------------

before=$(memory)
is "a thousand that say half a request, and the next one" "$(python3 client.py "$port" many)" "True 200"
is "two hundred at once on one connection" "$(python3 client.py "$port" pipelined)" 200
is "three hundred that do not wait for the answer" "$(python3 client.py "$port" gone)" 200
layer=$(jq -r '.layers | max_by(.size).digest' "enclave/store/blobs/sha256/$(lw list -o json | jq -r '.images[] | select(.name | test("big")).digest[7:]')")
is "a thousand that take large answers slowly, and the next one" "$(python3 client.py "$port" greedy "$layer")" "950 200"
wait "$dripping"
like "who says a byte a second is cut" "$(sort -n dripped | paste -sd ' ')" '^(29|3[0-9]|4[0-5]) (29|3[0-9]|4[0-5])$'
if [[ $LW_BIN != */san ]]; then
	ok "$before KiB became $(memory), at most 192 MiB" [ "$(memory)" -lt 196608 ]
fi
ok "both are there" kill -0 "$server" "$child"

# --- one of the two dies ------------------------------------------------------------------------------------------

nobody=$(id -u)
[ "$nobody" -ne 0 ] || nobody=65534
if [[ $LW_BIN != */san ]]; then # a jailed process of that flavour may not be looked into
	is "it runs as nobody, without privileges" "$(sed -n 's/^Uid:\t\([0-9]*\)\t.*/\1/p; s/^CapEff:\t//p; s/^Seccomp:\t//p' "/proc/$child/status" | paste -sd ' ')" \
		"$nobody 0000000000000000 2"
fi
kill -9 "$child"
exit=0
wait "$server" || exit=$?
is "without the one that speaks HTTP the other ends" "$exit" 1
like "and says so" "$(cat serve.err)" "landwaiter-serve has ended"
start_serving
kill -9 "$server"
wait "$server" 2>/dev/null || true
for ((i = 0; i < 100; i++)); do
	kill -0 "$child" 2>/dev/null || break
	sleep 0.05
done
fails "without the other it ends, too" kill -0 "$child"
done_testing
