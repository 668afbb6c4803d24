#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# The public TUF conformance suite (github.com/theupdateframework/tuf-conformance) drives our
# client, with no failure expected: TUF_CONFORMANCE names a checkout of it. What it is written
# with comes from Debian sid and trixie, into a private folder.

. "$(dirname "$0")/../lib/scenario.sh"
. "$LW_TOP/tests/lib/debian.sh"

if [ -z "${TUF_CONFORMANCE-}" ]; then
	printf 'ok 1 - the TUF conformance suite # SKIP set TUF_CONFORMANCE=DIR to a checkout of it\n1..1\n'
	exit 0
fi
tools=$LW_TOP/build/interop
packages=(python3-tuf/sid python3-securesystemslib/sid python3-urllib3/trixie)
ok "what the suite needs" debian_fetch "$tools" "${packages[@]}"
path=$TUF_CONFORMANCE
for package in "${packages[@]}"; do
	path+=:$tools/${package/\//-}/usr/lib/python3/dist-packages
done

# Two names that bookworm's cryptography spells in capitals, and later ones as written here.
mkdir shim
cat >shim/sitecustomize.py <<-'PYTHON'
	from cryptography.hazmat.primitives.asymmetric import types
	types.PrivateKeyTypes = types.PRIVATE_KEY_TYPES
	types.PublicKeyTypes = types.PUBLIC_KEY_TYPES
PYTHON
path+=:$PWD/shim

# It runs one after the other, each with a server of its own on this machine.
PYTHONDONTWRITEBYTECODE=1 PYTHONPATH=$path /usr/bin/python3 -m pytest -q -p no:cacheprovider -rfE \
	"$TUF_CONFORMANCE/tuf_conformance" --entrypoint "$(realpath "$LW_BIN")/tools/tuf-client" \
	>suite.log 2>&1 || true
tail -n 40 suite.log | sed 's/^/# /'
summary=$(tail -n 1 suite.log)
like "all of them pass" "$summary" '^=* *[0-9]+ passed in '
total=$(sed -nE 's/.* ([0-9]+) passed.*/\1/p' <<<" $summary")
ok "and they are not fewer than they were: ${total:-none}" [ "${total:-0}" -ge 113 ]
done_testing
