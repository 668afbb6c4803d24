# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
#
# python-tuf, the reference implementation, from Debian sid, not installed:
#
#	. tests/lib/python-tuf.sh; python_tuf FOLDER; tuf_python SCRIPT...
#
# FOLDER keeps what was fetched. Debian's python3-cryptography must be installed.

. "$(dirname "${BASH_SOURCE[0]}")/debian.sh"

python_tuf() { # FOLDER
	local package

	debian_fetch "$1" python3-tuf/sid python3-securesystemslib/sid python3-urllib3/trixie
	tuf_path=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)/python-tuf
	for package in python3-tuf-sid python3-securesystemslib-sid python3-urllib3-trixie; do
		tuf_path+=:$(realpath "$1")/$package/usr/lib/python3/dist-packages
	done
}

tuf_python() { # after what PYTHONPATH says
	PYTHONPATH=${PYTHONPATH:+$PYTHONPATH:}$tuf_path PYTHONDONTWRITEBYTECODE=1 /usr/bin/python3 "$@"
}
