#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""A registry that lies as it is told to, and is honest else:

    hostile-registry.py PORT FOLDER [KEY CERTIFICATE CA]

FOLDER/fault names the lie, read at each request, unless the first part of the repository does
("lie-500"); FOLDER/log has a line a request: method, path, the
scheme of its Authorization; with TLS whether a certificate was shown. What is pushed is kept in memory. Lies that are told once are marked in
FOLDER/told. "waits" is honest, once FOLDER/go is there; FOLDER/waiting says that it waits.
"""

import hashlib
import json
import os
import re
import socketserver
import ssl
import sys
import time
import uuid
from http.server import BaseHTTPRequestHandler
from urllib.parse import parse_qs, urlsplit

port, folder = int(sys.argv[1]), sys.argv[2]
blobs, manifests, uploads, shown = {}, {}, {}, {}
INDEX = "application/vnd.oci.image.index.v1+json"
HTTP = "https" if len(sys.argv) > 3 else "http"
ELSEWHERE = f"{HTTP}://localhost:{port}"  # another host, to who compares names
HTML = b"<html><body>Please accept the terms of this network</body></html>"


def path(name):
    return os.path.join(folder, name)


def once(fault):
    if os.path.exists(path("told")):
        return False
    with open(path("told"), "w") as out:
        out.write(fault)
    return True


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def log_message(self, *_):
        pass

    # ---- answers ----

    def answer(self, status, body=b"", **headers):
        self.send_response(status)
        names = {name.replace("_", "-"): value for name, value in headers.items()}
        names.setdefault("Content-Length", str(len(body)))
        for name, value in names.items():
            if value is not None:
                self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def error(self, status, code, **headers):
        body = json.dumps({"errors": [{"code": code, "message": "no"}]}).encode()
        self.answer(status, body, Content_Type="application/json", **headers)

    def endless(self, kind):
        self.send_response(200)
        self.send_header("Content-Type", kind)
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        chunk = b"10000\r\n" + b"x" * 65536 + b"\r\n"
        try:
            while True:
                self.wfile.write(chunk)
        except OSError:
            self.close_connection = True

    def broken_off(self, body, kind):
        self.send_response(200)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body[:-1])
        self.close_connection = True

    # ---- requests ----

    def begin(self):
        split = urlsplit(self.path)
        self.query = parse_qs(split.query)
        self.where = split.path
        self.host = self.headers.get("Host", "")
        own = re.match("/v2/lie-([^/]+)/", self.where)
        with open(path("fault")) as file:
            self.fault = own.group(1) if own else file.read().strip()
        with open(path("log"), "a") as out:
            print(self.command, self.host.split(":")[0], self.path,
                  self.headers.get("Authorization", "none").split()[0],
                  *(["shown" if self.connection.getpeercert() else "unshown"] if HTTP == "https" else []), file=out)
        length = int(self.headers.get("Content-Length", 0))
        if self.fault == "drop" and self.command == "PATCH" and once(self.fault):
            self.rfile.read(length // 2)
            self.close_connection = True
            self.connection.close()
            return False
        self.body = self.rfile.read(length)
        return self.before()

    def before(self):
        """Lies about everything. False: it was answered."""
        fault = self.fault
        if fault == "html":
            self.answer(200, HTML, Content_Type="text/html")
        elif fault == "html-404":
            self.answer(404, HTML, Content_Type="text/html")
        elif fault == "silent":
            time.sleep(60)
        elif fault == "500":
            self.answer(500, HTML, Content_Type="text/html")
        elif fault == "503-once" and once(fault):
            self.error(503, "UNAVAILABLE")
        elif fault == "429-once" and once(fault):
            self.error(429, "TOOMANYREQUESTS", Retry_After="1")
        elif fault == "401":
            self.error(401, "UNAUTHORIZED", WWW_Authenticate='Basic realm="x"')
        elif fault == "password-each" and not self.is_first():
            self.error(401, "UNAUTHORIZED", WWW_Authenticate='Basic realm="x"')
        elif fault == "401-nothing":
            self.error(401, "UNAUTHORIZED")
        elif fault.startswith("401-bearer") and not self.where.startswith("/token"):
            realm = {"401-bearer-file": "file:///etc/passwd", "401-bearer-none": "",
                     "401-bearer-remote": "http://registry.example/token"}.get(
                         fault, f"http://127.0.0.1:{port}/token")
            self.error(401, "UNAUTHORIZED",
                       WWW_Authenticate=f'Bearer realm="{realm}",service="x",scope="y"')
        elif self.where.startswith("/token"):
            self.token()
        elif fault == "headers":
            self.answer(404, b"", **{f"X-{i}": "x" * 1000 for i in range(90)})
        elif fault == "no-http":
            self.wfile.write(b"SSH-2.0-OpenSSH_9.2\r\n")
            self.close_connection = True
        elif fault.startswith("denies-mounts") and "mount" in self.query:
            self.error(int(fault[-3:]), "DENIED", WWW_Authenticate='Basic realm="x"')
        elif fault == "redirect-post" and self.command == "POST":
            self.answer(307, Location=ELSEWHERE + self.path)
        else:
            return self.wait() if fault == "waits" else True
        return False

    def is_first(self):
        """Whether no other repository was shown this password."""
        name = re.match(r"/v2/(.+?)/(blobs|manifests|referrers)/", self.where).group(1)
        given = self.headers.get("Authorization")
        return given is not None and shown.setdefault(given, name) == name

    def wait(self):
        if self.command == "POST":
            open(path("waiting"), "w").close()
            while not os.path.exists(path("go")):
                time.sleep(0.02)
        return True

    def token(self):
        if self.fault == "401-bearer-redirect":
            self.answer(302, Location=ELSEWHERE + "/token")
        elif self.fault == "401-bearer-html":
            self.answer(200, HTML, Content_Type="text/html")
        elif self.fault == "401-bearer-endless":
            self.endless("application/json")
        elif self.fault == "401-bearer-line":
            self.answer(200, json.dumps({"token": "a\r\nX-Injected: b"}).encode())
        elif self.fault == "401-bearer-empty":
            self.answer(200, b"{}")
        else:
            self.answer(200, json.dumps({"token": "t" * 40, "expires_in": -1 if "past" in self.fault else 300}).encode())

    def do(self):
        if not self.begin():
            return
        found = re.fullmatch(r"/v2/(.+)/(blobs/uploads|blobs|manifests|referrers)/(.*)", self.where)
        if not found:
            self.error(404, "NAME_UNKNOWN")
            return
        self.name, what, self.reference = found.groups()
        {"blobs/uploads": self.upload, "blobs": self.blob, "manifests": self.manifest,
         "referrers": self.referrers}[what]()

    do_GET = do_HEAD = do_POST = do_PUT = do_PATCH = do

    # ---- blobs ----

    def blob(self):
        fault, data = self.fault, blobs.get((self.name, self.reference))
        if data is None and fault == "says-there":
            data = b"?"
        if fault == "length" and self.command == "HEAD":
            self.answer(200, b"x" * 5)
            return
        if data is None or (fault == "forgets" and self.command == "GET") or \
                (fault == "mounts" and self.command == "HEAD" and "mounted" in self.name):
            self.error(404, "BLOB_UNKNOWN")
        elif self.command == "HEAD":
            self.answer(200, data)
        elif fault == "other-blob":
            self.answer(200, bytes(len(data)))
        elif fault == "longer-blob":
            self.answer(200, data + b"x")
        elif fault == "shorter-blob":
            self.answer(200, data[:-1])
        elif fault == "endless-blob":
            self.endless("application/octet-stream")
        elif fault == "broken-off-blob":
            self.broken_off(data, "application/octet-stream")
        elif fault == "gzip":
            self.answer(200, data, Content_Encoding="gzip")
        elif fault == "partial":
            self.answer(206, data[: len(data) // 2], Content_Range=f"bytes 0-{len(data) // 2 - 1}/{len(data)}")
        elif fault == "redirect" and "localhost" not in self.host:
            self.answer(307, Location=ELSEWHERE + self.path)
        elif fault == "redirect-loop":
            self.answer(307, Location=self.path)
        elif fault == "redirect-file":
            self.answer(307, Location="file:///etc/passwd")
        elif fault == "redirect-remote":
            self.answer(307, Location="http://registry.example" + self.path)
        elif fault == "redirect-plain":
            self.answer(307, Location=ELSEWHERE.replace("https:", "http:") + self.path)
        elif fault == "redirect-nowhere":
            self.answer(307)
        else:
            self.answer(200, data)

    def upload(self):
        fault = self.fault
        if self.command == "POST":
            if "mount" in self.query:
                data = blobs.get((self.query["from"][0], self.query["mount"][0]))
                if fault == "mounts" or (data is not None and fault != "no-mounts"):
                    if data is not None:
                        blobs[(self.name, self.query["mount"][0])] = data
                    self.answer(201, Location="/x")
                    return
            self.session(uuid.uuid4().hex, b"", 202)
            return
        data = uploads.get(self.reference)
        if data is None or (fault == "forgets-session" and self.command == "PATCH" and once(fault)):
            self.error(404, "BLOB_UPLOAD_UNKNOWN")
        elif self.command == "GET":
            self.answer(204, Range=f"0-{max(len(data) - 1, 0)}", Location=self.path)
        elif self.command == "PATCH":
            data += self.body
            if fault == "stale":
                uploads[self.reference] = data
                self.answer(202, Location=f"/v2/{self.name}/blobs/uploads/{uuid.uuid4().hex}",
                            Range=f"0-{len(data) - 1}")
            else:
                del uploads[self.reference]
                self.session(uuid.uuid4().hex, data, 202)
        elif self.command == "PUT":
            data += self.body
            digest = self.query["digest"][0]
            if digest != "sha256:" + hashlib.sha256(data).hexdigest():
                self.error(400, "DIGEST_INVALID")
                return
            blobs[(self.name, digest)] = data
            self.answer(201, Location="/x",
                        Docker_Content_Digest="sha256:" + "0" * 64 if fault == "digest" else digest)

    def session(self, name, data, status):
        fault = self.fault
        where = f"/v2/{self.name}/blobs/uploads/{name}"
        uploads[name] = data
        location = {"location-elsewhere": ELSEWHERE + where, "location-none": None,
                    "location-file": "file://" + where, "location-password": f"http://a:b@127.0.0.1:{port}{where}",
                    "location-junk": "http://[::1"}.get(fault, where + "?state=1")
        size = len(data)
        reach = {"range-more": f"0-{size}", "range-less": f"0-{max(size - 2, 0)}", "range-junk": "all of it",
                 "range-huge": "0-99999999999999999999999", "range-none": None,
                 "range-part": f"{size // 2}-{size - 1}"}.get(fault, f"0-{max(size - 1, 0)}")
        least = {"least-huge": "9" * 40, "least-junk": "-5"}.get(fault)
        self.answer(status, Location=location, Range=reach, OCI_Chunk_Min_Length=least)

    # ---- manifests ----

    def manifest(self):
        fault = self.fault
        if self.command == "PUT":
            digest = "sha256:" + hashlib.sha256(self.body).hexdigest()
            kind = self.headers["Content-Type"]
            if fault == "refuses-manifest":
                self.error(400, "MANIFEST_INVALID")
                return
            data = self.body.replace(b",", b", ") if fault == "rewrites" else self.body
            manifests[(self.name, self.reference)] = manifests[(self.name, digest)] = (data, kind)
            if fault == "calls-otherwise":
                digest = "sha256:" + "0" * 64
            self.answer(201, Location="/x", Docker_Content_Digest=digest)
            return
        data, kind = manifests.get((self.name, self.reference), (None, ""))
        if fault == "tag-is-image" and re.fullmatch("sha256-[0-9a-f]{64}", self.reference):
            data, kind = manifests.get((self.name, self.reference.replace("-", ":")), (None, ""))
        if fault == "list-junk" and re.fullmatch("sha256-[0-9a-f]{64}", self.reference):
            data, kind = b"[" * 100000, INDEX
        if fault == "list-huge" and re.fullmatch("sha256-[0-9a-f]{64}", self.reference):
            self.endless(INDEX)
            return
        if fault == "taken" and self.reference == "1":
            data, kind = b'{"schemaVersion":2,"manifests":[]}', INDEX
        if data is None:
            self.error(404, "MANIFEST_UNKNOWN")
        elif fault == "other-manifest":
            self.answer(200, data + b" ", Content_Type=kind)
        elif fault == "other-type":
            self.answer(200, data, Content_Type=INDEX)
        elif fault == "endless-manifest":
            self.endless(kind)
        elif fault == "broken-off-manifest":
            self.broken_off(data, kind)
        else:
            self.answer(200, data, Content_Type=kind)

    def referrers(self):
        fault, me = self.fault, self.path
        if fault == "pages":
            self.list([], Link=f'<{me.split("?")[0]}?n={uuid.uuid4().hex}>; rel="next"')
        elif fault == "pages-elsewhere":
            self.list([], Link=f'<{ELSEWHERE}{me}>; rel="next"')
        elif fault == "leaves-out":
            self.list([])
        elif fault == "referrers-html":
            self.answer(200, HTML, Content_Type="text/html")
        elif fault == "referrers-junk":
            self.answer(200, b"{" * 100, Content_Type=INDEX)
        elif fault == "has-api":
            self.list([{"mediaType": kind, "digest": name, "size": len(data)}
                       for (where, name), (data, kind) in manifests.items()
                       if where == self.name and json.loads(data).get("subject", {}).get("digest") == self.reference])
        else:
            self.error(404, "UNSUPPORTED")

    def list(self, rows, **headers):
        self.answer(200, json.dumps({"schemaVersion": 2, "mediaType": INDEX, "manifests": rows}).encode(),
                    Content_Type=INDEX, **headers)


class Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True

    def handle_error(self, *_):
        pass


server = Server(("127.0.0.1", port), Handler)
if HTTP == "https":
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(sys.argv[4], sys.argv[3])
    context.load_verify_locations(sys.argv[5])
    context.verify_mode = ssl.CERT_OPTIONAL
    server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
server.serve_forever()
