#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# Takes in what is on a disk or partition that the door let in, as the enclave's owner.
#
#	landwaiter-intake files NAME	as root: mounts it (sdb1), for this unit alone, with the one
#					driver of what udev found on it; takes in the bundles at its root
#	landwaiter-intake raw NAME	as the owner: the bundle that was written raw to it (sdb)

set -u

how=$1 name=$2 owner=landwaiter

property() {
	udevadm info --query=property --property="$1" --value "/dev/$name"
}

say() {
	echo "/dev/$name: $*" >&2
}

# Where it cannot be mounted the folder is empty, and that is what is said and recorded of it.
mount_it() {
	type=$(property ID_FS_TYPE)
	case $type in
	vfat) options=uid=$owner,gid=$owner,fmask=0377,dmask=0277,utf8 ;;
	exfat) options=uid=$owner,gid=$owner,fmask=0377,dmask=0277,iocharset=utf8 ;;
	iso9660 | udf) options=uid=$owner,gid=$owner,mode=0400,dmode=0500,iocharset=utf8 ;;
	*)
		say "is no medium to be mounted (${type:-nothing known})"
		exit 2
		;;
	esac
	mount -i -t "$type" -o "ro,nosuid,nodev,noexec,nosymfollow,$options" "/dev/$name" \
		"$RUNTIME_DIRECTORY" || say "cannot be mounted as $type: is it damaged?"
}

label=$(cat "/run/landwaiter/door/$(property LANDWAITER_PORT)")
set -- landwaiter load --no-progress --medium "${label:-not known}"
if [ "$how" = files ]; then
	mount_it
	setpriv --reuid=$owner --regid=$owner --clear-groups --inh-caps=-all --ambient-caps=-all \
		--bounding-set=-all --no-new-privs "$@" --all-of "$RUNTIME_DIRECTORY"
	code=$?
	umount "$RUNTIME_DIRECTORY"
else
	"$@" "/dev/$name"
	code=$?
fi

# A disc is handed out; whoever put it there need not look for the button.
case $name in sr*) eject "/dev/$name" || say "is to be taken out by hand" ;; esac
exit $code
