#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""A token server as registries name it (distribution's "Token Authentication Specification"):

    token-server.py PORT KEY CERTIFICATE USER PASSWORD LOG [SECONDS]

Gives whoever shows USER and PASSWORD, or the identity token "identity-" and PASSWORD, what is asked
for, for so many seconds. One line of LOG a request: method, authorization scheme, scopes. Signs by
openssl.
"""

import base64
import json
import subprocess
import sys
import time
from http.server import BaseHTTPRequestHandler, HTTPServer
from urllib.parse import parse_qs, urlsplit

port, key, certificate, user, password, log = sys.argv[1:7]
seconds = int(sys.argv[7]) if len(sys.argv) > 7 else 300


def text(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def sign(data):
    return subprocess.run(["openssl", "dgst", "-sha256", "-sign", key], input=data, check=True,
                          stdout=subprocess.PIPE).stdout


def token(service, scopes):
    der = "".join(line for line in open(certificate) if "-----" not in line).replace("\n", "")
    now = int(time.time())
    access = []
    for scope in scopes:
        kind, name, actions = scope.split(":")
        access.append({"type": kind, "name": name, "actions": actions.split(",")})
    head = {"typ": "JWT", "alg": "RS256", "x5c": [der]}
    claims = {"iss": "tests", "sub": user, "aud": service, "exp": now + seconds, "nbf": now - 10,
              "iat": now, "jti": str(now), "access": access}
    body = ".".join(text(json.dumps(part).encode()) for part in (head, claims)).encode()
    return body.decode() + "." + text(sign(body))


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def log_message(self, *_):
        pass

    def answer(self, query, good, scheme):
        with open(log, "a") as out:
            print(self.command, scheme, " ".join(query.get("scope", [])), file=out)
        body = b'{"errors":[{"code":"UNAUTHORIZED","message":"no"}]}'
        if good:
            body = json.dumps({"token": token(query["service"][0], query.get("scope", [])),
                               "expires_in": seconds}).encode()
        self.send_response(200 if good else 401)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_GET(self):
        given = self.headers.get("Authorization", "none")
        pair = "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()
        self.answer(parse_qs(urlsplit(self.path).query), given == pair, given.split()[0])

    def do_POST(self):
        form = parse_qs(self.rfile.read(int(self.headers["Content-Length"])).decode())
        good = form.get("grant_type") == ["refresh_token"] and \
            form.get("refresh_token") == ["identity-" + password]
        self.answer(form, good, "identity")


HTTPServer(("127.0.0.1", int(port)), Handler).serve_forever()
