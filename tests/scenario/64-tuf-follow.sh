#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# flavours: release sweep-san
# Following a TUF repository, from a folder and over HTTP(S): what is new is taken step by step,
# what is refused leaves everything as it was, and targets land where they may and nowhere else.
. "$(dirname "$0")/../lib/scenario.sh"

tuf() {
	lw tuf "$@"
}

version_of() { # ROLE: trusted
	jq .signed.version "trust/$1.json" 2>/dev/null || echo 0
}

versions() {
	local role

	for role in root timestamp snapshot targets; do
		version_of "$role"
	done | paste -sd ' '
}

seen() {
	(find trust out -exec ls -ld --time-style=+ {} + && find trust out -type f -exec sha256sum {} +) 2>/dev/null |
		sed -E 's/^([-dlrwx]+) +[0-9]+/\1/' | sort | sha256sum
}

# says STATUS CODE TEXT COMMAND...: so it ends, by that finding, and nothing changed.
says() {
	local before status=$1 code=$2 text=$3

	shift 3
	before=$(seen)
	exits "$status" "$text" "$@" 2>said
	"$@" >/dev/null 2>said || true
	like "$text: $code" "$(head -n 1 said)" ": $code: "
	like "$text: and what to do" "$(tail -n 1 said)" '^  next: .'
	is "$text: nothing changed" "$(seen)" "$before"
}

publish() { # PATH=FILE...
	tuf add repo "$@" --key me.key >/dev/null 2>publish.log || {
		cat publish.log >&2
		return 1
	}
}

make_keys me other
tuf init repo --root me.pub --key me.key >/dev/null 2>&1
echo one >one
publish dir/one=one
cp repo/metadata/1.root.json first.json
mkdir out

# --- a folder ------------------------------------------------------------------------------------

exits 2 "nothing is trusted yet, and no root is given" tuf refresh --trust trust repo/metadata
exits 2 "no trust" tuf refresh --root first.json repo/metadata
exits 1 "no such folder" tuf refresh --trust trust --root first.json nosuch
ok "nothing was made" test ! -e trust/timestamp.json
ok "a first refresh" tuf refresh --trust trust --root first.json repo/metadata
is "all four are kept" "$(versions)" "1 2 2 2"
is "and nothing else" "$(find trust -type f -printf '%f\n' | sort | paste -sd ' ')" \
	"root.json snapshot.json targets.json timestamp.json"
for role in timestamp:timestamp root:1.root snapshot:2.snapshot targets:2.targets; do
	ok "${role%:*}: byte for byte" cmp "trust/${role%:*}.json" "repo/metadata/${role#*:}.json"
done
is "as JSON" "$(tuf refresh --trust trust repo/metadata -o json |
	jq -c '[.format, .roles[].role, .roles[].version]')" \
	'["landwaiter-tuf-refresh/1","root","timestamp","snapshot","targets",1,2,2,2]'
ok "a target" tuf download --trust trust repo/metadata dir/one --to out
ok "its bytes" cmp one out/dir/one
is "the second time it is there" "$(tuf download --trust trust repo/metadata dir/one --to out -o json |
	jq -c .)" '{"files":[{"by":"targets","fetched":false,"length":4,"path":"dir/one"}],"format":"landwaiter-tuf-download/1"}'
echo damaged >out/dir/one
is "what is not right is fetched again" "$(tuf download --trust trust repo/metadata dir/one --to out -o json |
	jq .files[0].fetched)" true
ok "and is right then" cmp one out/dir/one
says 3 tuf.target-unknown "a target that nobody lists" \
	tuf download --trust trust repo/metadata dir/two --to out

# The root given on the command line counts where there is none, and never again.
tuf init theirs --root other.pub --key other.key >/dev/null 2>&1
ok "another root is not begun with" tuf refresh --trust trust --root theirs/metadata/1.root.json \
	repo/metadata
is "the first one stands" "$(version_of root) $(cmp trust/root.json first.json && echo same)" "1 same"
says 3 tuf.threshold "another's repository" tuf refresh --trust trust theirs/metadata

chmod g+w trust
exits 1 "a folder in which others may write" tuf refresh --trust trust repo/metadata
chmod g-w trust
exec 9<trust
flock 9
exits 1 "another process is at it" tuf refresh --trust trust repo/metadata
exec 9<&-

# --- new releases, and old ones ------------------------------------------------------------------

cp -r repo older
echo two >two
publish two=two
cp -r repo newer
ok "a release" tuf refresh --trust trust repo/metadata
is "is followed" "$(versions)" "1 3 3 3"
says 3 tuf.rollback "the repository as it was" tuf refresh --trust trust older/metadata
cp older/metadata/timestamp.json newer/metadata/
says 3 tuf.rollback "an old timestamp" tuf refresh --trust trust newer/metadata
rm -r newer
publish two=one
cp -r repo mixed
cp older/metadata/2.snapshot.json mixed/metadata/4.snapshot.json
ok "a mix of two releases is refused" test 3 = "$(tuf refresh --trust trust mixed/metadata >/dev/null 2>said
	echo $?)"
like "as that" "$(cat said)" ': tuf\.(version|hash): '
is "the timestamp was verified before" "$(versions)" "1 4 3 3"
says 3 tuf.version "and again" tuf refresh --trust trust mixed/metadata
rm mixed/metadata/4.snapshot.json
says 3 tuf.missing "a snapshot that is not there" tuf refresh --trust trust mixed/metadata
ok "the real one goes on" tuf refresh --trust trust repo/metadata
is "from there" "$(versions)" "1 4 4 4"

# --- three roots behind ----------------------------------------------------------------------------

for new in 2 3 4; do
	make_keys "me-$new"
	old=$([ $new = 2 ] && echo me || echo "me-$((new - 1))")
	tuf rotate repo "$old=me-$new.pub" --key "$old.key" --key "me-$new.key" >/dev/null 2>rotate.log ||
		tuf rotate repo "me=me-$new.pub" --key "$old.key" --key "me-$new.key" >/dev/null 2>rotate.log || {
		cat rotate.log >&2
		exit 1
	}
done
rm -rf gap
cp -r repo gap
rm gap/metadata/3.root.json
cp trust/root.json root.before
ok "a gap in the line of roots" test 3 = "$(tuf refresh --trust trust gap/metadata >/dev/null 2>said
	echo $?)"
is "is followed as far as it goes" "$(version_of root)" 2
ok "the whole line" tuf refresh --trust trust repo/metadata
is "is followed to its end" "$(version_of root)" 4

# --- expired ------------------------------------------------------------------------------------

tuf init short --root me.pub --expires timestamp=P1D --key me.key >/dev/null 2>&1
mkdir later
is "before it expires" "$(tuf refresh --trust short-trust --root short/metadata/1.root.json \
	short/metadata >/dev/null && echo yes)" yes
exits 3 "after it" faketime -f +2d "$LW_BIN/landwaiter" tuf refresh --trust short-trust short/metadata
faketime -f +2d "$LW_BIN/landwaiter" tuf refresh --trust short-trust short/metadata >/dev/null 2>said || true
like "as that" "$(head -n 1 said)" ': tuf.expired: '

# --- targets, and where they may land ----------------------------------------------------------------

echo three >three
tuf add repo link/three=three deep/er/three=three --key me-4.key >/dev/null 2>&1
mkdir elsewhere
ln -s ../elsewhere out/link
exits 2 "through a link out of the folder" tuf download --trust trust repo/metadata link/three --to out
is "nothing came there" "$(ls -A elsewhere)" ""
rm out/link
ln -s /nonexistent out/three
tuf add repo three=three --key me-4.key >/dev/null 2>&1
ok "a link in its place is replaced" tuf download --trust trust repo/metadata three --to out
ok "by the target" cmp three out/three
ok "and is none" test ! -L out/three
ok "folders are made" tuf download --trust trust repo/metadata deep/er/three --to out
ok "as its path says" cmp three out/deep/er/three
rm -rf damaged
cp -r repo damaged
rm out/deep/er/three
for file in damaged/targets/deep/er/*three; do
	echo THREE >"$file"
done
says 3 tuf.target-mismatch "other bytes of the same length" \
	tuf download --trust trust damaged/metadata deep/er/three --to out
for file in damaged/targets/deep/er/*three; do
	echo three and more >"$file"
done
ok "longer ones" test 3 = "$(tuf download --trust trust damaged/metadata deep/er/three --to out \
	>/dev/null 2>said
	echo $?)"
like "as that" "$(head -n 1 said)" ': tuf.target-mismatch: '
is "nothing was left" "$(find out -name '*three*' -path '*deep*'; find out -name '.lw-tmp-*')" ""
rm damaged/targets/deep/er/*three
ok "none" test 3 = "$(tuf download --trust trust damaged/metadata deep/er/three --to out \
	>/dev/null 2>said
	echo $?)"
like "as that" "$(head -n 1 said)" ': tuf.missing: '

# --- over the network --------------------------------------------------------------------------------

# serve COMMAND...: in the background, until the end; `port` is free.
servers=()
trap 'kill "${servers[@]}" 2>/dev/null; scenario_end' EXIT
listening() { # PORT
	local _

	for _ in {1..100}; do
		! (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null || return 0
		sleep 0.1
	done
	return 1
}
free_port() {
	python3 -c 'import socket
s = socket.socket()
s.bind(("127.0.0.1", 0))
print(s.getsockname()[1])'
}

cat >server.py <<'PYTHON'
# Files of a folder, and what else a server may answer, by the first part of the path.
import http.server, sys, time, os

class Server(http.server.SimpleHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *words):
        open("requests", "a").write(self.path + "\n")

    def answer(self, code, head, body=b""):
        self.log_message()
        self.send_response(code)
        for name, value in head.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def do_GET(self):
        self.close_connection = True
        kind = self.path.split("/")[1]
        if kind == "moved":
            self.answer(302, {"Location": self.path.replace("/moved/", "/"), "Content-Length": "0"})
        elif kind == "broken":
            self.answer(500, {"Content-Length": "3"}, b"oh\n")
        elif kind == "cut":
            self.answer(200, {"Content-Length": "1000"}, b"{")
        elif kind == "endless":
            self.answer(200, {})
            try:
                while True:
                    self.wfile.write(b" " * 65536)
            except OSError:
                pass
        elif kind == "closed":
            self.connection.close()
        else:
            super().do_GET()

os.chdir(sys.argv[2])
http.server.ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Server).serve_forever()
PYTHON
port=$(free_port)
python3 server.py "$port" . 2>/dev/null &
servers+=($!)
ok "a server" listening "$port"
url=http://127.0.0.1:$port
rm -rf out web
mkdir out
ok "over HTTP on this machine" tuf refresh --trust web --root first.json "$url/repo/metadata"
is "all four" "$(jq .signed.version web/root.json)" 4
: >requests
ok "and its targets" tuf download --trust web "$url/repo/metadata/" deep/er/three two --to out
ok "the bytes" cmp three out/deep/er/three
is "asked for in this order" "$(sed -E 's/[0-9a-f]{64}/HASH/' requests | uniq | paste -sd ' ')" \
	"/repo/metadata/5.root.json /repo/metadata/timestamp.json /repo/targets/deep/er/HASH.three /repo/targets/HASH.two"
for kind in moved broken cut closed; do
	exits 4 "a server that answers: $kind" tuf refresh --trust web "$url/$kind/repo/metadata"
	tuf refresh --trust web "$url/$kind/repo/metadata" >/dev/null 2>said || true
	like "$kind: is no absence" "$(head -n 1 said)" ': tuf.fetch: '
done
exits 3 "one that never ends" tuf refresh --trust web "$url/endless/repo/metadata"
exits 4 "nobody listens" tuf refresh --trust web "http://127.0.0.1:$(free_port)/repo/metadata"
exits 2 "plain HTTP elsewhere" tuf refresh --trust web http://192.0.2.1/repo/metadata
exits 2 "a password in a URL" tuf refresh --trust web "http://a:b@127.0.0.1:$port/repo/metadata"
exits 2 "a file: URL" tuf refresh --trust web "file://$T/repo/metadata"
exits 2 "a question in a URL" tuf refresh --trust web "$url/repo/metadata?x"
ok "after all that it is followed still" tuf refresh --trust web "$url/repo/metadata"

# TLS: our own authority, and one that the system does not know.
openssl req -x509 -newkey ed25519 -nodes -keyout ca.key -out ca.pem -subj "/CN=CA" -days 2 2>/dev/null
openssl req -newkey ed25519 -nodes -keyout tls.key -out tls.csr -subj "/CN=localhost" 2>/dev/null
openssl x509 -req -in tls.csr -CA ca.pem -CAkey ca.key -days 2 -out tls.pem \
	-extfile <(echo "subjectAltName=DNS:localhost") 2>/dev/null
port=$(free_port)
openssl s_server -accept "127.0.0.1:$port" -cert tls.pem -key tls.key -WWW -quiet >/dev/null 2>&1 &
servers+=($!)
ok "a server with TLS" listening "$port"
url=https://localhost:$port
rm -rf secure
exits 4 "by an authority that nobody knows" tuf refresh --trust secure --root first.json \
	"$url/repo/metadata"
ok "nothing was trusted by it" test ! -e secure/timestamp.json
exits 4 "a CA file that is none" tuf refresh --trust secure --ca-file one "$url/repo/metadata"
exits 4 "another name than the certificate's" tuf refresh --trust secure --ca-file ca.pem \
	"https://127.0.0.1:$port/repo/metadata"
# s_server answers for what it has not with 200 and a page, and never with 404: a root that is
# none ends the refresh, and shows that the files came.
tuf refresh --trust secure --ca-file ca.pem "$url/repo/metadata" >/dev/null 2>said || true
is "by one that is given, the roots come" "$(jq .signed.version secure/root.json)" 4
done_testing
