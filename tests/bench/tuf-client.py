# SPDX-License-Identifier: Apache-2.0
"""python-tuf's client follows a repository in a folder, from its first root, and fetches a target:

	tuf-client.py REPOSITORY STATE TARGET

The files are read as they stand there: no server is measured. Its caps are raised to ours.
"""

import pathlib
import sys

from tuf.api.exceptions import DownloadHTTPError
from tuf.ngclient import FetcherInterface, Updater, UpdaterConfig


class Folder(FetcherInterface):
	def _fetch(self, url):
		try:
			yield pathlib.Path(url.removeprefix("file:")).read_bytes()
		except FileNotFoundError:
			raise DownloadHTTPError("none", 404) from None


repository, state, target = pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2]), sys.argv[3]
(state / "downloads").mkdir(parents=True)
updater = Updater(str(state), f"file:{repository}/metadata/", str(state / "downloads"),
	f"file:{repository}/targets/", fetcher=Folder(),
	config=UpdaterConfig(snapshot_max_length=4 << 20, targets_max_length=20 << 20),
	bootstrap=(repository / "metadata/1.root.json").read_bytes())
updater.refresh()
updater.download_target(updater.get_targetinfo(target))
