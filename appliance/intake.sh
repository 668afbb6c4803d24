#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# Takes in what is on a disk or partition that the door let in, as the enclave's owner.
#
#	landwaiter-intake files NAME	as root: mounts it (sdb1), for this unit alone; takes in the
#					bundles at its root
#	landwaiter-intake raw NAME	as the owner: the bundle that was written raw to it (sdb)

set -u

how=$1 name=$2 owner=landwaiter

property() {
	udevadm info --query=property --property="$1" --value "/dev/$name"
}

say() {
	echo "/dev/$name: $*" >&2
}

label=$(cat "/run/landwaiter/door/$(property LANDWAITER_PORT)")
set -- landwaiter load --no-progress --medium "${label:-not known}"
if [ "$how" = files ]; then
	# Where it cannot be mounted the folder is empty, and that is what is said and recorded of it.
	said=$("$(dirname "$0")/landwaiter-mount" "$name" "$RUNTIME_DIRECTORY") || say "$said"
	setpriv --reuid=$owner --regid=$owner --clear-groups --inh-caps=-all --ambient-caps=-all \
		--bounding-set=-all --no-new-privs "$@" --all-of "$RUNTIME_DIRECTORY"
	code=$?
	umount -q "$RUNTIME_DIRECTORY"
else
	"$@" "/dev/$name"
	code=$?
fi

# A disc is handed out; whoever put it there need not look for the button.
case $name in sr*) eject "/dev/$name" || say "is to be taken out by hand" ;; esac
exit $code
