# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
#
# What is done in the machine of tests/sweep/power.sh, beside tests/lib/strike.sh: an operation on a disk whose
# every write is logged, and questions to each state that the disk may have been left in.
#
# What is planted is done wrongly on purpose; the same questions must find it out.

# shellcheck disable=SC2034,SC2154 # shared with tests/lib/strike.sh
most_states=${POWER_MOST:-60}

# --- what is planted: each writes, and says when that is done -------------------------------------------

is_planted() {
	[[ $1 == planted-* ]]
}

planted-rename() { # renamed into place, and the folder not synced
	echo new >enclave/value.tmp
	sync enclave/value.tmp
	mv enclave/value.tmp enclave/value
}
planted-rename-synced() { # as it is right
	planted-rename
	sync enclave
}
planted-delete() { # SQLite as many use it: the journal's end is not synced
	sqlite3 enclave/value.db 'PRAGMA journal_mode=DELETE; PRAGMA synchronous=FULL;
		UPDATE t SET v = "new"' >/dev/null
}
planted-extra() { # as it is right
	sqlite3 enclave/value.db 'PRAGMA journal_mode=DELETE; PRAGMA synchronous=EXTRA;
		UPDATE t SET v = "new"' >/dev/null
}
# A load whose syncs do nothing.
planted-nosync() {
	operation load
	LD_PRELOAD=$LW_BIN/tools/nosync.so lw "${command[@]}" >out.log 2>err.log
}

# The base of what is planted, in a folder.
plant() { # FOLDER
	echo old >"$1/value"
	sqlite3 "$1/value.db" 'CREATE TABLE t (v); INSERT INTO t VALUES ("old")'
}

judge_planted() { # NAME
	local have

	case $1 in
	planted-nosync)
		where=load
		check_enclave
		return
		;;
	*rename*) have=$(cat enclave/value 2>&1) ;;
	*) have=$(sqlite3 enclave/value.db 'SELECT v FROM t' 2>&1) ;;
	esac
	[ "$have" = new ] || { [ "$have" = old ] && [ "$status" -ne 0 ]; } || wrong "it has '$have'"
}

# --- recorded ---------------------------------------------------------------------------------------------

record() { # OPERATION
	local disk log code=0

	cp "power/$1.disk" /run/disk
	truncate -s 300M /run/log
	disk=$(losetup -f --show /run/disk)
	log=$(losetup -f --show /run/log)
	dmsetup create power --table "0 $(blockdev --getsz "$disk") log-writes $disk $log" || return
	mkdir -p /run/mounted
	mount -t ext4 "$(dmsetup_device)" /run/mounted || return
	mount --bind /run/mounted/enclave enclave
	dmsetup message power 0 mark start
	if is_planted "$1"; then
		"$1" || code=$?
	else
		operation "$1"
		lw "${command[@]}" >out.log 2>err.log || code=$?
		[ $code -ne "$done_status" ] || code=0
	fi
	[ $code -ne 0 ] || dmsetup message power 0 mark "done"
	umount enclave /run/mounted
	dmsetup remove power
	losetup -d "$disk" "$log"
	cp --sparse=always /run/log "power/$1.log"
	rm /run/log /run/disk
	echo "recorded $1 $code $(head -n 2 err.log | tr '\n' ' ')"
}

dmsetup_device() {
	local number

	number=$(dmsetup info -c --noheadings -o major,minor --separator ' ' power)
	# shellcheck disable=SC2086 # two words
	[ -e /dev/mapper/power ] || mknod /dev/mapper/power b $number
	echo /dev/mapper/power
}

# --- judged -----------------------------------------------------------------------------------------------

judge() { # OPERATION
	local number acked seen=0 before=$violations

	mkdir -p /run/mounted
	where=$1
	case $1 in
	planted-nosync) operation load ;;
	planted-*) ;;
	*) operation "$1" ;;
	esac
	coproc STATES { exec python3 "$LW_TOP/tests/lib/power.py" "power/$1.log" "power/$1.disk" /run/state \
		"$most_states" "$1"; }
	while read -r -u "${STATES[0]}" number acked; do
		[ "$number" != end ] || break
		problems=0 told=$acked what="state $number" status=137
		seen=$((seen + 1))
		[ "$acked" != acked ] || status=${done_status:-0}
		: >out.log
		if mount -o loop -t ext4 /run/state /run/mounted && mount --bind /run/mounted/enclave enclave; then
			if is_planted "$1"; then
				judge_planted "$1"
			else
				check_enclave
			fi
			umount enclave
		else
			wrong "cannot be mounted"
		fi
		umount /run/mounted
		echo next >&"${STATES[1]}"
	done
	echo "judged $1 states $seen of ${acked#* } violations $((violations - before))"
	wait "$STATES_PID"
}
