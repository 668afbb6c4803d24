#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# The public TUF conformance suite (github.com/theupdateframework/tuf-conformance) drives our
# client, with no failure expected: TUF_CONFORMANCE names a checkout of it. What it is written
# with comes from Debian sid and trixie, into a private folder.

. "$(dirname "$0")/../lib/scenario.sh"
. "$LW_TOP/tests/lib/python-tuf.sh"

if [ -z "${TUF_CONFORMANCE-}" ]; then
	printf 'ok 1 - the TUF conformance suite # SKIP set TUF_CONFORMANCE=DIR to a checkout of it\n1..1\n'
	exit 0
fi
# What the suite is written with.
python_tuf "$LW_TOP/build/interop"

# It runs one after the other, each with a server of its own on this machine.
PYTHONPATH=$TUF_CONFORMANCE tuf_python -m pytest -q -p no:cacheprovider -rfE \
	"$TUF_CONFORMANCE/tuf_conformance" --entrypoint "$(realpath "$LW_BIN")/tools/tuf-client" \
	>suite.log 2>&1 || true
tail -n 40 suite.log | sed 's/^/# /'
summary=$(tail -n 1 suite.log)
like "all of them pass" "$summary" '^=* *[0-9]+ passed in '
total=$(sed -nE 's/.* ([0-9]+) passed.*/\1/p' <<<" $summary")
ok "and they are not fewer than they were: ${total:-none}" [ "${total:-0}" -ge 113 ]
done_testing
