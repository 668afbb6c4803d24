#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# flavours: release
#
# All or nothing: every part of `tuf` that writes is killed at every other system call that changes
# something, and one of seven is made to fail (with FULL=1 all of them). There is the old
# repository, or the new one; the same command, run again, finds its way to the new one, and
# leaves nothing behind.
. "$(dirname "$0")/../lib/scenario.sh"

faultat=$LW_BIN/tools/faultat
make_keys alice bob carol
lw keygen --no-passphrase alice-2 >/dev/null 2>&1
echo one >one
echo two >two

# What clients can see: the bytes of all metadata, and the targets that it names.
seen() {
	if [ -e work/repo/metadata ]; then
		(cd work/repo/metadata && sha256sum -- *)
	else
		echo nothing
	fi
}

# What is staged; the bytes of targets that nobody names yet do not count.
staged() {
	cat work/repo/*.lwc work/*.lwc 2>/dev/null || echo nothing
}

litter() {
	find work -name '.lw-tmp-*'
}

snapshot() { # NAME
	rm -rf "snap-$1"
	mkdir "snap-$1"
	cp -a work/. "snap-$1"
}

restore() { # NAME
	rm -rf work
	cp -a "snap-$1" work
}

# strike NAME AGAIN COMMAND...: COMMAND from snapshot NAME, killed or failed at each call; then once
# more undisturbed, with exit status AGAIN where it was done already (0 where it was not).
strike() {
	local name=$1 again=$2 old new old_staged new_staged calls n mode points=0 wrong=0 done_already
	local problems=()

	shift 2
	restore "$name"
	old=$(seen) old_staged=$(staged)
	"$LW_BIN/landwaiter" "$@" >/dev/null 2>&1 || true
	new=$(seen) new_staged=$(staged)
	restore "$name"
	calls=$("$faultat" --count "$LW_BIN/landwaiter" "$@" 2>/dev/null)
	for mode in --kill "--errno EIO" "--errno ENOSPC" "--errno EINTR" --short; do
		for ((n = 1; n <= calls; n++)); do
			local status=0 now now_staged

			[ -n "${FULL:-}" ] || ((n % 7 == 0)) || { [ "$mode" = --kill ] && ((n % 2)); } ||
				continue
			restore "$name"
			# shellcheck disable=SC2086 # an option and its argument
			"$faultat" --at "$n" $mode "$LW_BIN/landwaiter" "$@" >strike.log 2>&1 ||
				status=$?
			points=$((points + 1))
			now=$(seen) now_staged=$(staged)
			done_already=no
			if [ "$now" = "$new" ] && [ "$now_staged" = "$new_staged" ]; then
				done_already=yes
			elif [ "$now" != "$old" ] && [ "$now" != "$new" ]; then
				problems+=("$mode at $n: neither the old metadata nor the new")
			elif [ "$now_staged" != "$old_staged" ] &&
				[ "$now_staged" != "$new_staged" ]; then
				problems+=("$mode at $n: neither the old change nor the new")
			fi
			if [ "$status" -eq 0 ] && [ "$now" != "$new" ]; then
				problems+=("$mode at $n: it said so, and it is not")
			fi
			# Of what was published, the old folder may be left.
			if [ "$mode" != --kill ] && [ "$now" != "$new" ] && [ -n "$(litter)" ]; then
				problems+=("$mode at $n: litter")
			fi
			status=0
			"$LW_BIN/landwaiter" "$@" >again.log 2>&1 || status=$?
			if [ "$status" -ne 0 ] &&
				{ [ $done_already = no ] || [ "$status" -ne "$again" ]; }; then
				problems+=("$mode at $n, again: $status: $(head -n 1 again.log)")
			fi
			[ "$(seen)" = "$new" ] ||
				problems+=("$mode at $n, again: not the new metadata")
			[ "$(staged)" = "$new_staged" ] ||
				problems+=("$mode at $n, again: not the new change")
			# Of a killed signing: the next to write into the repository removes it.
			[ -z "$(litter)" ] || lw tuf renew work/repo --change x.lwc \
				>/dev/null 2>&1 || true
			[ -z "$(litter)" ] || problems+=("$mode at $n, again: litter")
		done
	done
	wrong=${#problems[@]}
	if [ "$wrong" -eq 0 ] && [ "$calls" -ge 4 ]; then
		pass "$name: $points strikes at $calls calls"
	else
		fail "$name: $points strikes at $calls calls, $wrong wrong" "${problems[@]:0:10}"
	fi
}

signs() { # FILE WHO...
	local file=$1 who

	shift
	for who in "$@"; do
		lw tuf sign "$file" --key "$who.key" --yes >/dev/null 2>&1
	done
}

mkdir work
lw tuf init work/repo --root alice.pub --root bob.pub --targets carol.pub >/dev/null 2>&1
cp work/repo/change.lwc first.lwc
signs work/repo/change.lwc alice bob carol
snapshot first
strike first 2 tuf publish work/repo

restore first
lw tuf publish work/repo >/dev/null 2>&1
# Root, and the keys of the timestamp with it: what clients must never see one without the other.
lw tuf rotate work/repo alice=alice-2.pub >/dev/null 2>&1
lw tuf key work/repo timestamp --add bob.pub --drop carol --threshold 1 >/dev/null 2>&1
lw tuf add work/repo one >/dev/null 2>&1
mkdir elsewhere
cp work/repo/change.lwc elsewhere/alice.lwc
signs elsewhere/alice.lwc alice alice-2
signs work/repo/change.lwc bob carol
snapshot rotation
strike rotation 2 tuf publish work/repo work/repo/change.lwc elsewhere/alice.lwc

restore rotation
lw tuf publish work/repo work/repo/change.lwc elsewhere/alice.lwc >/dev/null 2>&1
lw tuf add work/repo two >/dev/null 2>&1
snapshot signing
strike signing 2 tuf sign work/repo/change.lwc --key carol.key --yes

# The time stands still, so that two runs stage the same.
for library in /usr/lib/*/faketime/libfaketime.so.1; do
	FAKETIME="$(date -u +%F) 12:00:00"
	export LD_PRELOAD=$library FAKETIME FAKETIME_DONT_FAKE_MONOTONIC=1
done
restore rotation
"$LW_BIN/landwaiter" tuf publish work/repo work/repo/change.lwc elsewhere/alice.lwc \
	>/dev/null 2>&1
snapshot adding
strike adding 2 tuf add work/repo two dir/one=one
rm -r work
mkdir work
snapshot beginning
strike beginning 2 tuf init work/repo --root alice.pub --key alice.key
done_testing
