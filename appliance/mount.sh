#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# Mounts a disk or partition (sdb1) that the door let in, for nobody to write to, with the one driver of
# what udev found on it; what is on it belongs to the enclave's owner. For units with mounts of their own.
#
#	landwaiter-mount NAME FOLDER
#
# Ends with 2 where that is no file system that is read here, with 1 where it cannot be mounted; says why.

set -u

device=/dev/$1 owner=uid=landwaiter,gid=landwaiter

type=$(udevadm info --query=property --property=ID_FS_TYPE --value "$device")
case $type in
vfat) options=$owner,fmask=0377,dmask=0277,utf8 ;;
exfat) options=$owner,fmask=0377,dmask=0277,iocharset=utf8 ;;
iso9660 | udf) options=$owner,mode=0400,dmode=0500,iocharset=utf8 ;;
*)
	echo "has no file system that is read here (${type:-nothing known})"
	exit 2
	;;
esac
mount -i -t "$type" -o "ro,nosuid,nodev,noexec,nosymfollow,$options" "$device" "$2" || {
	echo "cannot be mounted as $type: is it damaged?"
	exit 1
}
