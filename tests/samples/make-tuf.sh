#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# Makes a TUF repository with python-tuf, the reference implementation:
#
#	tests/samples/make-tuf.sh [FOLDER]		(tests/samples/tuf)
#
#	FOLDER/repository	metadata/ and targets/
#	FOLDER/answers.json	what python-tuf says of each role: version, threshold, keys, targets
#	FOLDER/keys		the private keys; in the tree there are none
#
# tests/samples/tuf/README.md explains it. Keys and signatures are others each time. python-tuf comes
# from Debian sid and is not installed.

set -euo pipefail
top=$(cd "$(dirname "$0")/../.." && pwd)
out=${1:-$top/tests/samples/tuf}
. "$top/tests/lib/python-tuf.sh"
python_tuf "$top/build/interop"
mkdir -p "$out"
rm -rf "$out/repository" "$out/answers.json" "$out/keys"
tuf_python "$top/tests/samples/make-tuf.py" "$out"
[ $# -gt 0 ] || rm -rf "$out/keys"
