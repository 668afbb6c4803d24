#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# What tests/sweep/power.sh has done in the machine in which the power goes: $POWER_DO, `record` or `judge`, for what is
# in $POWER_LIST, in that script's own folder $T.

# shellcheck disable=SC2154 # the machine's command line
world=$T
. "$LW_TOP/tests/lib/strike.sh"
. "$LW_TOP/tests/lib/scenario.sh"
set +e
trap - ERR EXIT
T=$world
cd "$T" || exit 1
export HOME=$T LANDWAITER_ENCLAVE=$T/enclave LANDWAITER_SENDER_DIR=$T/sender
. "$LW_TOP/tests/lib/power.sh"
for name in ${POWER_LIST//,/ }; do
	"$POWER_DO" "$name"
done
