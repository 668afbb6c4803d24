# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
#
# A machine in software (QEMU, no help of the processor), driven by what it says on its serial line:
#
#	direct_boot "words for the command line" DISK... # the kernel, as the firmware would
#	firmware_boot VARIABLES DISK...                  # the firmware, with Secure Boot
#	bios_boot DISK...                                # a BIOS
#	sees 'ready;' 180                                # waits for a line, says whether it came
#	plug green stick.img                             # a USB stick with that serial number
#	pull green
#	types "words"                                    # and Enter, on that line
#	presses "words"                                  # and Enter, on a keyboard
#	machine_off
#
# Disks are not written to, but for $KEEP; $READ_ONLY says that it cannot be. $DISC lies in a drive, from which
# is started before them. Disks have the serial numbers disk1, disk2 ... $network: QEMU's options for one, where
# there is to be any. What was said is in $T/serial.log. Nothing here sleeps.

APPLIANCE=${APPLIANCE:-$LW_TOP/build/appliance}
trap 'machine_off; scenario_end' EXIT

# Ends the script where `make appliance` has not made that.
needs() { # FILE
	[ -e "$APPLIANCE/$1" ] || {
		fail "make appliance" "there is no $1 in $APPLIANCE"
		done_testing
	}
}

network=()
machine_pid=
machine_start() { # OPTION...
	: >"$T/serial.log"
	rm -f "$T/keys"
	mkfifo "$T/keys"
	exec {keys_fd}<>"$T/keys"
	[ ${#network[@]} -gt 0 ] || network=(-nic none)
	exec {machine_fd}< <(exec qemu-system-x86_64 -accel tcg,thread=multi,tb-size=512 -cpu max \
		-smp 2 -m 1024 -nodefaults -display none -no-reboot -serial stdio \
		-object rng-random,id=rng,filename=/dev/urandom -device virtio-rng-pci,rng=rng \
		-qmp "unix:$T/qmp,server=on,wait=off" -device qemu-xhci,id=usb,p2=12,p3=12 \
		"${network[@]}" "$@" 2>"$T/machine.log" <"$T/keys")
	machine_pid=$!
}

machine_do() { # COMMAND [ARGUMENTS-AS-JSON]: one for QEMU's monitor
	python3 "$LW_TOP/tests/lib/qmp.py" "$T/qmp" "$@" >"$T/qmp.out"
}

# A stick, which nobody can write to. NAME is its serial number and how it is called here; MORE may be
# more of the block device that the file is read through, or another driver of USB.
plug() { # NAME FILE [JSON-AROUND-THE-FILE]
	local around=${3:-'{"driver": "raw", "file": FILE}'} file

	file='{"driver": "file", "filename": "'$(realpath "$2")'", "read-only": true, "auto-read-only": false}'
	machine_do blockdev-add "$(jq -c --arg name "$1" '. + {"node-name": $name, "read-only": true}' \
		<<<"${around/FILE/$file}")" &&
		machine_do device_add "{\"driver\": \"usb-storage\", \"id\": \"usb-$1\", \"bus\": \"usb.0\",
			\"serial\": \"$1\", \"drive\": \"$1\"}"
}

# A stick as they are sold: one partition with FAT.
fat() { # IMAGE [FILE-OR-FOLDER]...
	truncate -s 64M "$1"
	sfdisk -q "$1" <<<'start=1MiB, type=c'
	mkfs.vfat --offset 2048 -F 32 "$1" 64512 >/dev/null
	[ $# -eq 1 ] || mcopy -s -i "$1@@1M" "${@:2}" ::/
}

pull() { # NAME
	machine_do device_del "{\"id\": \"usb-$1\"}"
}

# Waits until so much of it was read, and for what is said meanwhile.
was_read() { # NAME BYTES SECONDS
	local end=$((SECONDS + $3))

	while ((SECONDS < end)); do
		machine_do query-blockstats
		! jq -e --arg name "$1" --argjson bytes "$2" 'any(.[]; ."node-name" == $name and
			.stats.rd_bytes >= $bytes)' "$T/qmp.out" >/dev/null || return 0
		! sees 'nothing says this' 1 || return 1
	done
	cat "$T/qmp.out"
	return 1
}

machine_disks() { # FILE...: prints options
	local file count=0 how

	[ -z "${DISC:-}" ] || printf '%s\n' -device ide-cd,drive=disc,bootindex=0 \
		-drive "if=none,id=disc,media=cdrom,format=raw,readonly=on,file=$DISC"
	for file in "$@"; do
		how=snapshot=on
		[[ " ${KEEP:-} " != *" $file "* ]] || how=snapshot=off
		[ "$file" != "${READ_ONLY:-}" ] || how=readonly=on
		count=$((count + 1))
		printf '%s\n' -drive "if=none,id=disk$count,format=raw,file=$file,$how" \
			-device "virtio-blk-pci,drive=disk$count,serial=disk$count,bootindex=$count"
	done
}

direct_boot() { # WORDS DISK...
	local options words=$1

	shift
	mapfile -t options < <(machine_disks "$@")
	machine_start -machine q35 -kernel "$APPLIANCE/vmlinuz" -initrd "$APPLIANCE/initrd.img" \
		-append "$(cat "$APPLIANCE/cmdline") $words" "${options[@]}"
}

firmware_boot() { # VARIABLES DISK...
	local options variables=$1

	shift
	mapfile -t options < <(machine_disks "$@")
	machine_start -machine q35,smm=on \
		-global driver=cfi.pflash01,property=secure,value=on \
		-drive if=pflash,format=raw,unit=0,readonly=on,file=/usr/share/OVMF/OVMF_CODE_4M.secboot.fd \
		-drive "if=pflash,format=raw,unit=1,file=$variables" "${options[@]}"
}

bios_boot() { # DISK...
	local options

	mapfile -t options < <(machine_disks "$@")
	machine_start -machine q35 "${options[@]}"
}

types() { # WORDS
	printf '%s\r' "$1" >&"$keys_fd"
}

# On the keyboard that came last, and Enter: letters and spaces.
presses() { # WORDS
	local i key

	for ((i = 0; i <= ${#1}; i++)); do
		key=${1:i:1}
		[ "$key" != ' ' ] || key=spc
		machine_do send-key "{\"keys\": [{\"type\": \"qcode\", \"data\": \"${key:-ret}\"}], \"hold-time\": 20}"
	done
}

# Whether a line like that comes, within so many seconds, before the machine ends.
sees() { # PATTERN SECONDS
	local line end=$((SECONDS + $2)) left

	while left=$((end - SECONDS)) && ((left > 0)); do
		IFS= read -r -t "$left" line <&"$machine_fd" || [ -n "$line" ] || return 1
		line=$(tr -d '\r' <<<"$line" | sed 's/\x1b\[[0-9;?=]*[A-Za-z]//g')
		printf '%s\n' "$line" >>"$T/serial.log"
		[[ ! $line =~ $1 ]] || return 0
	done
	return 1
}

# The test that a line like that comes.
boot_limit=240 # seconds; a quiet machine takes a tenth
says() { # TEXT PATTERN [SECONDS]
	if sees "$2" "${3:-$boot_limit}"; then
		pass "$1"
	else
		fail "$1" "never said: $2"
		tail -n 40 "$T/serial.log" | sed 's/^/# | /'
	fi
}

# The enclave is there: sets $AUDIENCE.
says_who_it_is() { # TEXT
	says "$1" 'enclave sha256:[0-9a-f]{64}'
	# shellcheck disable=SC2034 # for make_bundle
	AUDIENCE=$(grep -oE 'enclave sha256:[0-9a-f]{64}' "$T/serial.log" | cut -d ' ' -f 2)
}

answers() { # TEXT WORDS PATTERN
	types "$2"
	says "$1" "$3"
}

# Whether it never came, until now.
never_said() { # PATTERN
	! grep -E "$1" "$T/serial.log"
}

machine_off() {
	[ -n "$machine_pid" ] || return 0
	kill "$machine_pid" 2>/dev/null || true
	exec {machine_fd}<&- {keys_fd}<&-
	wait "$machine_pid" 2>/dev/null || true
	machine_pid=
}

# Whether the machine ends by itself within so many seconds.
ends() { # SECONDS
	local end=$((SECONDS + $1))

	! sees 'nothing says this' "$1" && ((SECONDS < end))
}

# A disk with the script on standard input, for bash in the guest, which is told of it on the command
# line: the image has no part in its tests. The disks are vda (the image), vdb (this), vdc ...
make_script() { # FILE
	local text

	text=$(printf 'exec >/dev/ttyS0 2>&1\n' && cat && printf '\nexit 0')
	printf '%-65536s' "$text" >"$1"
}
# shellcheck disable=SC2034 # for direct_boot
run_script='systemd.run="/bin/bash /dev/vdb"'

# The image's disk once more, to be changed; what is empty takes no room.
copy_disk() { # FILE
	cp --sparse=always "$APPLIANCE/landwaiter.img" "$1"
}

# Where a partition begins, in bytes.
partition_at() { # FILE NUMBER
	sfdisk --json "$1" | jq ".partitiontable.partitions[$2 - 1].start * 512"
}
