#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# The demo, as `make demo` runs it, twice.

. "$(dirname "$0")/../lib/scenario.sh"

ok "make demo" "$LW_TOP/tests/demo/run.sh"
ok "make demo, again" "$LW_TOP/tests/demo/run.sh"
export LANDWAITER_ENCLAVE=$LW_TOP/build/demo/enclave
accepted lw load "$LW_TOP/build/demo/next.lwb"
lw log export >book
ok "the book still holds" lw log verify book
done_testing
