#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# The same altered TUF metadata for our client and for python-tuf's, the reference implementation:
# what we take it takes, and sees the same in it (tuf-mutated.py). COUNT alterations, SEED.

. "$(dirname "$0")/../lib/scenario.sh"
. "$LW_TOP/tests/lib/python-tuf.sh"
python_tuf "$LW_TOP/build/interop"

ok "both take the same, but for what is known" tuf_python "$LW_TOP/tests/interop/tuf-mutated.py" \
	"$(realpath "$LW_BIN")/tools/tuftry" "$T/mutated" "${COUNT:-4000}" "${SEED:-1}"
done_testing
