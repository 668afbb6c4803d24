# SPDX-License-Identifier: Apache-2.0
"""python-tuf's client against a repository in a folder, over HTTP on the loopback device:

	tuf-client.py REPOSITORY STATE [TARGET...]

Starts from 1.root.json where STATE is new, refreshes, downloads the targets, and prints a line: the
versions that it trusts now, and the targets it found, each with a digest and who named it.
"""

import functools
import hashlib
import http.server
import json
import pathlib
import sys
import threading

from tuf.api.metadata import Metadata
from tuf.ngclient import Updater


class Quiet(http.server.SimpleHTTPRequestHandler):
	def log_message(self, *args):
		pass


def main(repository, state, targets):
	server = http.server.ThreadingHTTPServer(
		("127.0.0.1", 0), functools.partial(Quiet, directory=repository))
	threading.Thread(target=server.serve_forever, daemon=True).start()
	url = f"http://127.0.0.1:{server.server_address[1]}"
	state = pathlib.Path(state)
	bootstrap = None
	if not state.exists():
		(state / "downloads").mkdir(parents=True)
		bootstrap = (pathlib.Path(repository) / "metadata/1.root.json").read_bytes()
	updater = Updater(str(state), f"{url}/metadata/", str(state / "downloads"),
		f"{url}/targets/", bootstrap=bootstrap)
	updater.refresh()
	found = {}
	for target in targets:
		info = updater.get_targetinfo(target)
		if info is None:
			found[target] = None
			continue
		path = updater.download_target(info)
		found[target] = hashlib.sha256(pathlib.Path(path).read_bytes()).hexdigest()
	versions = {
		role: Metadata.from_file(str(state / f"{role}.json")).signed.version
		for role in ("root", "timestamp", "snapshot", "targets")
	}
	print(json.dumps({"found": found, "versions": versions}, sort_keys=True))


main(sys.argv[1], sys.argv[2], sys.argv[3:])
