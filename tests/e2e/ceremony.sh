#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# An image without trust (ENCLAVE=none) in QEMU: its first start is a ceremony. What is let in, what is said of
# a medium that is not the ceremony's, the words typed on the serial line and on a keyboard, the power gone in the
# middle; and that the door goes by the new trust afterwards, or is closed.

. "$(dirname "$0")/../lib/scenario.sh"
. "$LW_TOP/tests/lib/machine.sh"

APPLIANCE=$T/image
ok "make appliance ENCLAVE=none" env -C "$LW_TOP" ENCLAVE=none DATA_MIB=256 appliance/build.sh "$APPLIANCE"

# --- what is brought ----------------------------------------------------------------------------------------

make_keys alice bob mallory
tuf() {
	lw tuf "$@" >/dev/null 2>tuf.log || {
		cat tuf.log >&2
		return 1
	}
}
repository() { # DIR KEY [FILE]...
	tuf init "$1" --root "$2.pub" --key "$2.key"
	tuf add "$1" policy.json alice.pub "${@:3}" --key "$2.key"
}
words_of() { # DIR
	lw tuf show "$1" -o json | jq -r .firstRoot.words
}
stick() { # IMAGE REPOSITORY: root.json and repository/
	mkdir stick
	cp -r "$2" stick/repository
	cp "$2/metadata/1.root.json" stick/root.json
	fat "$1" stick/root.json stick/repository
	rm -r stick
}
printf '{"format":"landwaiter-policy/1","senders":{"acme":{"threshold":1,"signers":["alice"]}},
	"signers":{"alice":{"keys":[{"kind":"key","file":"alice.pub"}]}},"images":[]}' >policy.json
echo '{"format": "landwaiter-door/1"}' >door.json
echo '{"format":"landwaiter-media/1","media":[{"serial":"right","label":"green-01","disposition":"admit"}],"unlisted":"refuse"}' >media.json
repository trust bob door.json media.json
repository doorless bob
repository evil mallory
for name in trust doorless evil; do
	stick $name.img $name
done
fat holiday.img policy.json
truncate -s 16M blank.img

# --- refused ------------------------------------------------------------------------------------------------

refused_medium() { # NAME FILE PATTERN
	plug "$1" "$2"
	says "$1: let in" "port .*serial $1\): LET IN"
	says "$1: refused, and why" "$3"
	says "$1: what to do" 'next: '
	pull "$1"
	says "$1: pulled out" "port .*serial $1\): noted"
}
asked() { # NAME
	says "$1: let in" "port .*serial $1\): LET IN"
	says "$1: the digest is shown" "  sha256:$2"
	says "$1: asked" 'four letters of each are enough'
}
digest_of() { # REPOSITORY
	sha256sum <"$1/metadata/1.root.json" | cut -c 1-64
}
copy_disk disk.img
# shellcheck disable=SC2034 # for machine_disks
KEEP=disk.img
direct_boot "" disk.img
says "it says what it waits for" 'NO ENCLAVE YET: plug in the medium'
refused_medium holiday holiday.img '/dev/sda1: has no root.json'
refused_medium blank blank.img '/dev/sda: has no file system that is read here'
machine_do device_add '{"driver": "usb-mouse", "id": "mouse", "bus": "usb.0"}'
says "a mouse is refused" 'REFUSED, door.class'
plug evil evil.img
asked evil "$(digest_of evil)"
plug spare trust.img
says "a second medium is refused" 'serial spare\): REFUSED, door.second'
pull spare
for try in 1 2 3; do
	types "$(words_of trust)"
	says "another root, the paper's words: try $try" 'These are not the words of this root'
done
says "is refused" 'NO ENCLAVE YET: .*the words of this root were not typed'
pull evil
says "and pulled out" "port .*serial evil\): noted"

# --- the power gone, and again --------------------------------------------------------------------------------

plug right trust.img
asked right "$(digest_of trust)"
machine_off
direct_boot "" disk.img
says "after the power went it is a first start" 'NO ENCLAVE YET: plug in the medium'
ok "the file system was not made again" never_said 'is blank'
plug right trust.img
asked right "$(digest_of trust)"
types "acorn acorn acorn"
says "what is wrong is said" 'Want 12 words in one line, have 3'
types "$(words_of trust | sed -E 's/\<(....)\w*/\U\1/g')"
says "the words fit" 'The words fit'
says "it is shown who may sign" '1 of 1 must sign: bob'
says "the enclave is there" 'enclave sha256:[0-9a-f]{64}'
AUDIENCE=$(grep -oE 'enclave sha256:[0-9a-f]{64}' serial.log | tail -n 1)
ok "the words were never shown but as they were typed" never_said "$(words_of trust)"
says "its door lets the medium of its list in again" 'serial right, green-01\): LET IN'
says "it is ready" 'ready;'
machine_off
direct_boot "" disk.img
says "the next start asks nobody" "$AUDIENCE"
ok "really" never_said 'NO ENCLAVE YET'
machine_off

# --- by keyboard; a trust that says nothing of a door -----------------------------------------------------------

make_script script.img <<'END'
systemctl start multi-user.target
for at in /sys/bus/usb/devices/[0-9]*/authorized; do
	[[ $at == *:* ]] || echo "USB $(cat "${at%/*}/product") $(cat "$at")"
done
cat /sys/bus/usb/devices/usb*/authorized_default | sort -u | sed 's/^/NEW /'
ls /run/landwaiter/first /run/landwaiter/door | sed 's/^/MARK /'
echo "END OF SCRIPT"
END
copy_disk disk.img
direct_boot "$run_script" disk.img script.img
says "another machine" 'NO ENCLAVE YET: plug in the medium'
machine_do device_add '{"driver": "usb-kbd", "id": "keys", "bus": "usb.0"}'
says "a keyboard is let in" 'QEMU USB Keyboard.*LET IN'
machine_do device_add '{"driver": "usb-kbd", "id": "more", "bus": "usb.0"}'
says "one" 'QEMU USB Keyboard.*REFUSED, door.keyboard'
machine_do device_del '{"id": "more"}' # QEMU types on the last
plug right doorless.img
asked right "$(digest_of doorless)"
presses "$(words_of doorless | sed -E 's/\<(....)\w*/\1/g')"
says "words from a keyboard fit" 'The words fit'
says "the enclave is there" 'enclave sha256:[0-9a-f]{64}'
says "what may speak now is looked at" 'END OF SCRIPT'
is "nothing: it was shut out" "$(grep -E '^USB ' serial.log | grep -v ' 0$' || true)" ""
is "it was there, too" "$(grep -cE '^USB ' serial.log)" 2
is "nor will anything new" "$(grep '^NEW ' serial.log)" "NEW 0"
ok "no mark is left" never_said '^MARK [0-9]'
done_testing
