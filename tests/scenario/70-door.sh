#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# flavours: release sweep-san
# Gate 1: which USB devices may speak, in a bed of devices that are not there (umockdev).
. "$(dirname "$0")/../lib/scenario.sh"

usb=/devices/pci0000:00/0000:00:14.0/usb1

# --- devices ----------------------------------------------------------------------------------------

hex() { # of standard input
	od -An -v -tx1 | tr -d ' \n'
}
bot=0904000002080650000705810200020007050202000200
keys=0904010001030101000921110100012241000705830308000a
of_device() { # CLASS CONFIGURATIONS
	printf '12010002%s0000408107675500010102%s%s' "$1" 03 "$2"
}
config() { # INTERFACES VALUE HEX: with its length
	printf '0902%02x%02x%s%s008032%s' $(((9 + ${#3} / 2) % 256)) $(((9 + ${#3} / 2) / 256)) "$1" "$2" "$3"
}
stick=$(of_device 00 01)$(config 01 01 $bot)
keyboard=$(of_device 00 01)$(config 01 01 ${keys/0904010001/0904000001})
hub=$(of_device 09 01)$(config 01 01 0904000001090000000705810301000c)

# device PORT SERIAL DESCRIPTORS [AUTHORIZED [SECTORS]]: the serial number with escapes, as printf %b has them.
device() {
	local path=$usb/$1

	[[ $1 == *.* ]] && path=$usb/${1%.*}/$1
	printf 'P: %s\nE: SUBSYSTEM=usb\nE: DEVTYPE=usb_device\nE: DEVNAME=/dev/bus/usb/001/%s\n' "$path" "$1"
	printf 'N: bus/usb/001/%s\nA: authorized=%s\\n\nA: devnum=2\\n\nA: speed=480\\n\n' "$1" "${4:-0}"
	[ -z "$2" ] || printf 'H: serial=%s0a\n' "$(printf '%b' "$2" | hex)"
	printf 'A: product=Cruzer\\n\n'
	[ "$3" = none ] || printf 'H: descriptors=%s\n' "$3"
	printf '\n'
	[ -z "${5:-}" ] ||
		printf 'P: %s\nN: sd%s\nE: SUBSYSTEM=block\nE: DEVTYPE=disk\nE: DEVNAME=/dev/sd%s\nA: size=%s\\n\n\n' \
			"$path/$1:1.0/host6/target6:0:0/6:0:0:0/block/sd$1" "$1" "$1" "$5"
}
root_hub() {
	printf 'P: %s\nE: SUBSYSTEM=usb\nE: DEVTYPE=usb_device\nE: DEVNAME=/dev/bus/usb/001/001\nN: bus/usb/001/001\n' $usb
	printf 'A: authorized=1\\n\nA: authorized_default=1\\n\n\n'
}

# --- an enclave that has a door -----------------------------------------------------------------------

printf '%s' '{"format":"landwaiter-door/1","keyboard":"1-3","hubs":[{"port":"1-4","vendor":"0781","product":"5567"}],
	"internal":[{"port":"1-5","vendor":"0781","product":"5567"}]}' >door.json
printf '%s' '{"format":"landwaiter-media/1","unlisted":"refuse","media":[
	{"serial":"S1","label":"green-01","owner":"acme","disposition":"admit"},
	{"serial":"S2","label":"green-02","disposition":"admit"},
	{"serial":"R1","label":"grey-01","disposition":"retire"},
	{"serial":"L1","label":"red-01","disposition":"lost"},
	{"serial":"M1","model":"Voyager","label":"blue-01","disposition":"admit"}]}' >media.json
make_keys alice
printf '{"format":"landwaiter-policy/1","senders":{"acme":{"threshold":1,"signers":["alice"]}},
	"signers":{"alice":{"keys":[{"kind":"key","file":"alice.pub"}]}},"images":[]}' >policy.json
new_enclave() { # DIR [--trust NAME=FILE]...
	lw init --enclave "$1" --policy policy.json --trust alice.pub=alice.pub "${@:2}" >init.out 2>init.log
}
new_enclave enclave --trust door.json=door.json --trust media.json=media.json
mkdir marks

# door BED [OPTION]...: once, in a bed; afterwards `shown` has what stands at each port.
door() {
	local bed=$1

	shift
	cat >run.sh <<-'EOF'
		status=0
		"$LW_BIN/landwaiter-door" --once --marks marks "$@" || status=$?
		: >shown
		for at in /sys/bus/usb/devices/*/authorized; do
			port=${at%/authorized}
			read -r may <"$at" || true
			echo "${port##*/} $may" >>shown
		done
		exit $status
	EOF
	LW_BIN=$LW_BIN timeout 60 umockdev-run -d "$bed" -- bash run.sh "$@"
}
may() { # PORT
	sed -n "s/^$1 //p" shown
}

# judged NAME EXIT MAY CODE DEVICE-ARGUMENTS...: alone in a bed; one record of it.
judged() {
	local name=$1 records problem=0

	{ root_hub && device "${@:5}"; } >bed
	records=$(record_count)
	ok "$name: exit $2" expect "$2" door bed -o json
	is "$name: authorised, code, one record" \
		"$(may "$5") $(jq -r '.code // "-"' out.log) $(($(record_count) - records))" "$3 $4 1"
	last_record | jq -e --arg port "$5" --arg code "${4/#-/}" '.event == "door" and .detail.port == $port and
		(.reason == $code) and .detail.vendor != null and (.detail | has("size"))' >/dev/null || problem=1
	grep -q "$(printf '[\001-\011\013-\037]')" out.log err.log && problem=1
	is "$name: the record says so" $problem 0
}

judged "a listed stick" 0 1 - 1-1 S1 "$stick" 0 131072
is "its size, label, owner" "$(last_record | jq -c '[.result, .detail.size, .detail.label, .detail.owner, .detail.what]')" \
	'["accepted",67108864,"green-01","acme","present-at-start"]'
is "a mark for udev's rule" "$(ls marks)" 1-1
judged "one that was let in before the door was there" 0 1 - 1-1 S1 "$stick" 1

# All that needs no bed of its own: PORT CODE SERIAL DESCRIPTORS, each with its own record.
escapes=$(printf '\\033[2J%.0s' {1..1024})
other=$(of_device ff 01)$(config 01 01 0904000000ffffff00)
second=${keys/0904010001/0904000001}
cases=(
	"1-11 door.unlisted X9 $stick"
	"1-12 door.retired R1 $stick"
	"1-13 door.lost L1 $stick"
	"1-14 door.unlisted M1 $stick" # another model
	"1-15 door.serial - $stick"
	"1-16 door.serial $escapes $stick"
	"1-17 door.serial \\377\\376\\200 $stick"
	"1-18 door.serial S1\\nS1 $stick"
	"1-21 door.composite S1 $(of_device 00 01)$(config 02 01 $bot$keys)"
	"1-22 door.composite S1 $(of_device 00 02)$(config 01 01 $bot)$(config 01 02 "$second")"
	"1-23 door.composite S1 $(of_device 00 01)$(config 01 01 "$bot${keys/0904010001/0904000101}")"
	"1-24 door.composite S1 $(of_device 00 01)$(config 02 01 ${bot}0904010000ffffff00)"
	"1-25 door.class S1 $other"
	"1-26 door.class S1 $(of_device 02 01)$(config 01 01 09040000010202010007058103080010)"
	"1-27 door.composite S1 $(of_device 09 01)$(config 02 01 ${bot}0904010001090000000705810301000c)"
	"1-31 door.descriptors S1 none"
	"1-32 door.descriptors S1 ${stick::40}"
	"1-33 door.descriptors S1 ${stick}00"
	"1-34 door.descriptors S1 $(of_device 00 01)$(head -c 65600 /dev/zero | hex)"
	"1-35 door.descriptors S1 ${stick/09022000/09021f00}"
	"1-3 door.port S1 $stick"
	"1-41 door.keyboard - $keyboard"
	"1-42 door.hub - $hub"
	"1-4 - - $hub"
	"1-5 - - $other"
)
root_hub >bed
for case in "${cases[@]}"; do
	read -r port _ serial descriptors <<<"$case"
	device "$port" "${serial#-}" "$descriptors" 1 >>bed
done
records=$(record_count)
exits 3 "two dozen devices that were there at the start" door bed -o json
is "a record each" $(($(record_count) - records)) ${#cases[@]}
is "and a line" "$(wc -l <out.log)" ${#cases[@]}
fails "nothing in them but text" grep -q "$(printf '[\001-\011\013-\037]')" out.log err.log
for case in "${cases[@]}"; do
	read -r port code _ <<<"$case"
	let_in=0
	[ "$code" != - ] || let_in=1
	is "$port: $(jq -r --arg port "$port" 'select(.port == $port) | "\(.code) \(.found)"' out.log)" \
		"$(may "$port") $(jq -r --arg port "$port" 'select(.port == $port) | .code // "-"' out.log)" "$let_in $code"
done
sql "SELECT CAST(leaf AS TEXT) FROM record WHERE idx >= $records ORDER BY idx" >leaves
is "the records say the same" "$(jq -c '[.detail.port, .reason, .detail.code]' leaves)" \
	"$(jq -c '[.port, .code // "", .code]' out.log)"
is "a serial number is cut and inert" \
	"$(jq -r 'select(.detail.port == "1-16") | .detail.serial | (length <= 256) and startswith("\\x1b[2J")' leaves)" true
is "one of them" "$(jq -c 'select(.detail.port == "1-11") | [.result, .detail.decision, .detail.expected, .detail.serial, .detail.size]' \
	leaves)" '["refused","refused","a medium of the media list","X9",null]'
judged "a keyboard at its port" 0 1 - 1-3 "" "$keyboard"
is "no mark" "$(ls marks)" ""

{ root_hub && device 1-1 S1 "$stick" 1 && device 1-2 S2 "$stick"; } >bed
exits 3 "two sticks at the start" door bed
is "none speaks" "$(may 1-1)$(may 1-2)" 00
is "said in words" "$(grep -c 'REFUSED, door.second' out.log)" 2
like "with what to do" "$(cat out.log)" "next:     pull out all media but one"
is "new devices of the bus start without" "$(may usb1)" 1

# One that shows another face once it may speak.
device 1-1 S1 "$stick" >bed
sed -i "s/^H: descriptors=.*/&\nH: descriptors.after=$(of_device 00 01)$(config 02 01 $bot$keys)/" bed
records=$(record_count)
# shellcheck disable=SC2016 # for the shell within
ok "a turncoat" expect 3 env TURNCOAT="$LW_BIN/tools/turncoat.so" bash -c '
	printf "LD_PRELOAD=%s:\$LD_PRELOAD exec \"%s/landwaiter-door\" --once --marks marks -o json\n" "$TURNCOAT" "$1" >run.sh
	timeout 60 umockdev-run -d bed -- sh -c "sh run.sh; s=\$?; cat /sys/bus/usb/devices/1-1/authorized; exit \$s"' - "$LW_BIN"
is "is let in, and out again" "$(jq -rs '[.[:2][] | .decision + " " + (.code // "-")] | join(", ")' <(grep '^{' out.log)) $(tail -n 1 out.log)" \
	"let-in -, refused door.changed 0"
is "two records" $(($(record_count) - records)) 2
is "no mark" "$(ls marks)" ""

# --- as it is in use ------------------------------------------------------------------------------------

root_hub >bed
device 1-1 S1 "$stick" 0 >one
device 1-2 S2 "$stick" >two
device 1-1 S1 "$(of_device 00 01)$(config 02 01 $bot$keys)" >bad
printf 'P: %s\nN: sda\nE: SUBSYSTEM=block\nE: DEVTYPE=disk\nE: DEVNAME=/dev/sda\nA: size=2048\\n\n' \
	"$usb/1-1/1-1:1.0/host6/target6:0:0/6:0:0:0/block/sda" >disk
records=$(record_count)
cat >script <<EOF
bed bed
start
await $usb authorized_default 0
plug one
lines 1
await $usb/1-1 authorized 1
plug disk
lines 2
put $usb/1-1/1-1:1.0/host6/target6:0:0/6:0:0:0/block/sda size 34303936
lines 3
plug two
lines 4
show $usb/1-2 authorized
pull $usb/1-1
lines 5
pull $usb/1-2
plug bad
lines 6
show $usb/1-1 authorized
pull $usb/1-1
hold enclave/lock
plug two
says nothing
pull $usb/1-2
release
lines 8
plug two
lines 9
await $usb/1-2 authorized 1
put $usb/1-2 descriptors $keyboard
lines 10
show $usb/1-2 authorized
EOF
ok "devices come and go" expect 0 timeout 60 umockdev-wrapper python3 "$LW_TOP/tests/lib/usb-bed.py" events \
	"$LW_BIN/landwaiter-door" --marks marks -o json <script
is "what it had to say" "$(cat events.err)" \
	"landwaiter-door: nothing is let in until the book can be written: another process is writing to this enclave"
is "may not speak, the others" "$(paste -sd ' ' out.log)" "0 0 0"
is "what happened" "$(jq -r '"\(.port) \(.what) \(.decision) \(.code // "-")"' events)" "1-1 plugged let-in -
1-1 disk disk -
1-1 disk disk -
1-2 plugged refused door.second
1-1 pulled pulled -
1-1 plugged refused door.changed
1-2 plugged let-in -
1-2 pulled pulled -
1-2 plugged let-in -
1-2 plugged refused door.changed"
is "sizes" "$(jq -c .size events | paste -sd " ")" "null 1048576 2097152 null 2097152 null null null null null"
is "all in the book" $(($(record_count) - records)) 10
lw log export >book 2>/dev/null
exits 0 "which is whole" lw log verify book

# --- what is on a medium, a flood of disks, a full queue ---------------------------------------------------

root_hub >bed
block=$usb/1-1/1-1:1.0/host6/target6:0:0/6:0:0:0/block/sda
part() { # NAME TYPE: a partition of which udev's rule says that nobody reads it
	printf 'P: %s/%s\nN: %s\nE: SUBSYSTEM=block\nE: DEVTYPE=partition\nE: DEVNAME=/dev/%s\nE: LANDWAITER_STRANGE=%s\nA: size=8\\n\n' \
		"$block" "$1" "$1" "$1" "$2"
}
part sda1 ext4 >part1
part sda2 "$(printf 'ext4\033[2J')" >part2
{
	printf '%s\n' "bed bed" start "await $usb authorized_default 0" "plug one" "lines 1" "await $usb/1-1 authorized 1" \
		"plug disk" "lines 2" "plug part1" "lines 3" "plug part2" "lines 4"
	for i in {1..20}; do
		printf 'put %s size %s\n' "$block" "$(printf '%d' $((4096 * i)) | hex)"
		[ "$i" -gt 15 ] || echo "lines $((4 + i))"
	done
	printf '%s\n' "pull $usb/1-1" "lines 20" "hold enclave/lock"
	for i in {20..69}; do
		device "1-$i" "X$i" "$stick" 1 >"many.$i"
		printf '%s\n' "plug many.$i" "await $usb/1-$i authorized 0"
	done
	printf '%s\n' "plug two" release "await $usb/1-2 authorized 1"
} >script
ok "what is on it, too many disks, too many devices" expect 0 timeout 60 umockdev-wrapper python3 \
	"$LW_TOP/tests/lib/usb-bed.py" events "$LW_BIN/landwaiter-door" --marks marks -o json <script
is "what nobody reads is refused, and the medium stays" "$(jq -rs '.[2:4][] | "\(.what) \(.decision) \(.code) \(.found)"' events)" \
	"content refused door.file-system sda1: ext4
content refused door.file-system sda2: ext4\\x1b[2J"
is "of a disk that changes size again and again so many are written down" "$(jq -s 'map(select(.what == "disk")) | length' events)" 16
is "of devices that wait for the book a medium is not forgotten" "$(jq -rs '.[-1] | "\(.port) \(.decision) \(.unrecorded)"' events)" \
	"1-2 let-in 2"

# --- without a book, no door ----------------------------------------------------------------------------

device 1-1 S1 "$stick" >bed
flock enclave/lock sleep 0.5 &
exits 0 "it waits for who writes" door bed -o json
is "then lets in" "$(may 1-1)" 1
wait
new_enclave bare
exits 2 "nothing was commissioned" door bed --enclave bare
is "nothing is let in" "$(may 1-1)" 0
like "it says how" "$(cat err.log)" "not commissioned"
new_enclave half --trust door.json=door.json
exits 2 "no media list" door bed --enclave half
printf '{"format":"landwaiter-media/1","media":[],"unlisted":"maybe"}' >bad.json
ok "a list that is none is no trust" expect 3 lw init --enclave worse --policy policy.json --trust alice.pub=alice.pub \
	--trust door.json=door.json --trust media.json=bad.json
exits 2 "no enclave" door bed --enclave nowhere
exits 2 "usage" "$LW_BIN/landwaiter-door" --admit

# Any medium, where the list says so; and the list is the document's own.
sed -n 's/^{"format":"landwaiter-media\/1".*/&/p' "$LW_TOP/docs/format/media.md" >vector.json
new_enclave vector --trust door.json=door.json --trust media.json=vector.json
device 1-1 20043512321411d34721 "$stick" >bed
exits 0 "the medium of the test vector" door bed --enclave vector -o json
is "is green-07" "$(jq -r .label out.log)" green-07
sed 's/"unlisted":"refuse"/"unlisted":"admit"/' media.json >any.json
new_enclave any --trust door.json=door.json --trust media.json=any.json
device 1-1 "" "$stick" >bed
exits 0 "any medium" door bed --enclave any -o json
is "is noted as not listed" "$(jq -r '"\(.result) \(.code)"' out.log) $(may 1-1)" "accepted door.not-listed 1"
device 1-1 green-02 "$stick" >bed
exits 0 "one that says a label as its serial number" door bed --enclave any -o json
is "does not pass for it" "$(cat marks/1-1)" "unlisted, serial green-02"
device 1-1 S1 "$stick" >bed
exits 0 "a listed one" door bed -o json
is "is known by its label" "$(cat marks/1-1)" green-01
is "what a device is, for who has no door" "$(device 1-3 "" "$keyboard" >bed && umockdev-run -d bed -- \
	"$LW_BIN/landwaiter-door" --kind "/sys$usb/1-3") $(device 1-1 S1 "$stick" >bed && umockdev-run -d bed -- \
	"$LW_BIN/landwaiter-door" --kind "/sys$usb/1-1")" "keyboard mass storage"
device 1-3 "" "$(of_device 00 01)$(config 02 01 $bot$keys)" >bed
is "a keyboard and more is none" "$(umockdev-run -d bed -- "$LW_BIN/landwaiter-door" --kind "/sys$usb/1-3")" other
exits 1 "what is not there" "$LW_BIN/landwaiter-door" --kind "/sys$usb/1-9"
exits 2 "two things at once" "$LW_BIN/landwaiter-door" --kind "/sys$usb/1-3" --shut

# --- what it tells the status service -------------------------------------------------------------------

export LANDWAITER_STATUS=$T/report
"$LW_BIN/landwaiter-status" --view view &
service=$!
seen() { # JQ-FILTER
	/usr/bin/python3 -c 'import socket
s = socket.socket(socket.AF_UNIX)
s.connect("view")
print(s.makefile().readline())' | jq -c "$1"
}
until seen . >/dev/null 2>&1; do sleep 0.05; done
device 1-1 S1 "$stick" >bed
exits 0 "a medium" door bed
is "is told" "$(seen .medium)" '{"label":"green-01","port":"1-1"}'
device 1-2 X9 "$stick" >bed
exits 3 "one that is not on the list" door bed
is "is refused, and that is told with its record and the head" \
	"$(seen '.last | [.word, .code, .gate, .object, .record, .head]')" \
	"[\"REFUSED\",\"door.unlisted\",\"door\",\"port 1-2: Cruzer, serial X9\",$(($(record_count) - 1)),\"$(lw log show 2>&1 \
		>/dev/null | sed 's/.*head //')\"]"
device 1-3 "" "$keyboard" >bed
exits 0 "a keyboard" door bed
is "is nothing to tell" "$(seen '.medium.port')" '"1-1"'
exits 2 "a door that nobody commissioned" door bed --enclave bare
like "is said" "$(seen '.notices[] | select(.source == "door").text')" "not commissioned"
kill $service
unset LANDWAITER_STATUS

# --- before there is an enclave ---------------------------------------------------------------------------

first() { # OPTION...: once, in the bed; no enclave comes of it
	door bed --first --enclave unborn -o json "$@"
}
codes() {
	jq -r '"\(.port) \(.decision) \(.code // "-") \(.record)"' out.log | paste -sd ,
}
{ root_hub && device 1-1 X9 "$stick" && device 1-3 "" "$keyboard"; } >bed
exits 0 "first: a medium and a keyboard, whatever they are" first
is "first: let in, and in no book" "$(codes)" "1-1 let-in door.not-listed null,1-3 let-in - null"
is "first: may speak, a mark" "$(may 1-1)$(may 1-3) $(ls marks)" "11 1-1"
like "first: the same in words" "$(door bed --first --enclave unborn)" "no record: there is no book yet"
root_hub >bed
for case in "${cases[@]}"; do
	read -r port code serial descriptors <<<"$case"
	case $code in door.unlisted | door.retired | door.lost | door.serial | door.port) ;; *)
		device "$port" "${serial#-}" "$descriptors" 1 >>bed ;;
	esac
done
device 1-61 "" "$keyboard" 1 >>bed
exits 3 "first: all that is no medium and no keyboard" first
is "first: let in is one keyboard" "$(jq -r 'select(.decision == "let-in") | .port' out.log | paste -sd " ")" 1-41
is "first: the other is not" "$(jq -r 'select(.port == "1-61") | .code' out.log)$(may 1-61)" door.keyboard0
is "first: nor a hub or a device that others have inside" "$(may 1-4)$(may 1-5)" 00
{ root_hub && device 1-1 S1 "$stick" && device 1-2 S2 "$stick"; } >bed
exits 3 "first: of two media at the start none" first
is "first: none" "$(codes)" "1-1 refused door.second null,1-2 refused door.second null"
fails "first: nothing was made" [ -e unborn ]
exits 2 "first: never where there is an enclave" door bed --first
like "first: says why" "$(cat err.log)" "there is an enclave"

root_hub >bed
device 1-3 "" "$keyboard" 0 >board
cat >script <<EOF
bed bed
start
await $usb authorized_default 0
plug board
lines 1
await $usb/1-3 authorized 1
plug one
lines 2
await $usb/1-1 authorized 1
plug two
lines 3
show $usb/1-2 authorized
make unborn
ended
show $usb/1-1 authorized
show $usb/1-3 authorized
show $usb authorized_default
EOF
ok "first: until there is an enclave" expect 0 timeout 60 umockdev-wrapper python3 "$LW_TOP/tests/lib/usb-bed.py" events \
	"$LW_BIN/landwaiter-door" --first --enclave unborn --marks marks -o json <script
is "first: then all are shut out again" "$(paste -sd ' ' out.log)" "0 ended 0 0 0 0"
is "first: no mark is left" "$(ls marks)" ""
touch marks/1-1
{ root_hub && device 1-1 S1 "$stick" 1 && device 1-3 "" "$keyboard" 1; } >bed
# shellcheck disable=SC2016 # for the shell within
exits 0 "shut: everything, whatever the trust says" timeout 60 umockdev-run -d bed -- bash -c '"$1" --shut --marks marks &&
	cat /sys/bus/usb/devices/1-1/authorized /sys/bus/usb/devices/1-3/authorized /sys/bus/usb/devices/usb1/authorized_default' - "$LW_BIN/landwaiter-door"
is "shut: it is, and stays" "$(tr -d "\n" <out.log) $(ls marks)" "000 "
exits 2 "shut: and nothing else" "$LW_BIN/landwaiter-door" --shut --once

# --- udev's rule ----------------------------------------------------------------------------------------

rules=$LW_TOP/appliance/udev/61-landwaiter.rules
is "it runs nothing" "$(grep -cE 'RUN|PROGRAM|IMPORT\{[^p]' "$rules")" 0
like "it sorts between what looks and what assembles" "$(basename "$rules")" '^6[123]-'
rule() { # MARK FS-TYPE [FOLDER-OF-THE-MARK]: what udev makes of a disk
	{ device 1-1 S1 "$stick" 1 2048 | sed "s|^E: DEVNAME=/dev/sd.*|&${2:+\nE: ID_FS_TYPE=$2\nE: ID_FS_USAGE=filesystem}|"; } >bed
	# shellcheck disable=SC2016 # for the shell within
	unshare -Urm sh -c 'mount -t tmpfs none /run && mkdir -p /run/udev/rules.d "/run/landwaiter/$4" &&
		cp "$1" /run/udev/rules.d/ && touch "/run/landwaiter/$4/$2" &&
		exec umockdev-run -d bed -- udevadm test "/sys$3" 2>&1' - "$rules" "$1" \
		"$usb/1-1/1-1:1.0/host6/target6:0:0/6:0:0:0/block/sd1-1" "${3:-door}" |
		grep -E '^(ID_FS_TYPE|SYSTEMD_WANTS|UDISKS_IGNORE)=' | sort | paste -sd ' ' || true
}
if command -v udevadm >/dev/null && unshare -Urm mount -t tmpfs none /run 2>/dev/null; then
	for type in vfat exfat iso9660 udf; do
		is "$type: taken in" "$(rule 1-1 $type)" \
			"ID_FS_TYPE=$type SYSTEMD_WANTS=landwaiter-intake@sd1-1.service UDISKS_IGNORE=1"
	done
	is "ext4: nobody learns of it" "$(rule 1-1 ext4)" UDISKS_IGNORE=1
	is "a RAID member: nor of that" "$(rule 1-1 linux_raid_member)" UDISKS_IGNORE=1
	is "nothing: perhaps a bundle" "$(rule 1-1 "")" "SYSTEMD_WANTS=landwaiter-raw@sd1-1.service UDISKS_IGNORE=1"
	is "not let in" "$(rule 1-2 vfat)" UDISKS_IGNORE=1
	ceremony="SYSTEMD_WANTS=appliance-ceremony@sd1-1.service UDISKS_IGNORE=1"
	is "first: for the ceremony alone" "$(rule 1-1 vfat first)" "ID_FS_TYPE=vfat $ceremony"
	is "first: ext4, which it says it does not read" "$(rule 1-1 ext4 first)" "$ceremony"
	is "first: nothing, the same" "$(rule 1-1 "" first)" "$ceremony"
	is "first: not let in" "$(rule 1-2 vfat first)" UDISKS_IGNORE=1
else
	skip "what udev makes of it" "no user namespaces, or no udevadm"
fi
done_testing
