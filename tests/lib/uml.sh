# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
#
# A kernel of a test's own (user-mode Linux), with the host's files as its root: it has loop devices, partitions,
# a device mapper, and may lose its power.
#
#	uml SECONDS SCRIPT MODULE,MODULE NAME=VALUE...	# what the script says is in guest.out
#
# The script is run by tests/lib/uml-guest.sh, with those variables, T, LW_TOP, LW_BIN and PATH.

uml() {
	timeout "$1" linux.uml mem=1G root=/dev/root rootfstype=hostfs rootflags=/ rw quiet con=null con0=null,fd:1 \
		init="$LW_TOP/tests/lib/uml-guest.sh" "GUEST_SCRIPT=$2" "GUEST_MODULES=$3" "${@:4}" \
		"T=$T" "LW_TOP=$LW_TOP" "LW_BIN=$LW_BIN" "PATH=$PATH" >machine.log 2>&1 </dev/null || true
	[ -s guest.out ] || cat machine.log
}

# Ends the test where there is none.
needs_uml() {
	command -v linux.uml >/dev/null || {
		fail "user-mode Linux" "there is no linux.uml: make deps LANES=sweep"
		done_testing
	}
}
