#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# flavours: release sweep-san
# The console: what a load, the door and scripts report, what stands on the screen and on the
# serial line then, and that neither strangers nor slow viewers change that.
. "$(dirname "$0")/../lib/scenario.sh"

make_keys alice bob
make_enclave 2 alice bob
view=$T/view
console=("$LW_BIN/landwaiter-console" --view "$view")
pids=()
end_all() {
	local status=$?

	[ ${#pids[@]} -eq 0 ] || kill "${pids[@]}" 2>/dev/null || true
	scenario_end $status
}
trap end_all EXIT

await() { # COMMAND...: within 20 seconds
	local until=$((SECONDS + 20))

	until "$@"; do
		((SECONDS < until)) || return 1
		sleep 0.02
	done
}
cat >look.py <<'END'
import socket, sys
s = socket.socket(socket.AF_UNIX)
s.settimeout(20)
s.connect(sys.argv[1])
sys.stdout.write(s.makefile(encoding="utf-8").readline())
END
look() { # JQ-FILTER: of what the service says to a new viewer
	/usr/bin/python3 look.py "$view" | jq -c "$1"
}
looks() { # JQ-FILTER VALUE
	[ "$(look "$1")" = "$2" ]
}
status_start() { # OPTION...
	LANDWAITER_STATUS=$T/report "$LW_BIN/landwaiter-status" --view "$view" "$@" 2>>status.log &
	status_pid=$!
	pids+=($!)
	await looks .format '"landwaiter-status/1"' 2>/dev/null
}
reports() { # OPTION... <LINES
	/usr/bin/python3 "$LW_TOP/tests/lib/reports.py" "$T/report" "$@"
}
says() { # WORDS: a line of the plain console
	await grep -qF -- "$1" plain || { tail -n 20 plain && return 1; }
}
screen() { # OPTION... --until WORDS: screen.txt
	timeout 60 /usr/bin/python3 "$LW_TOP/tests/lib/screen.py" "$@" "${console[@]}" >screen.txt
}
shows() { # TEXT WORDS...: all of them stand on screen.txt
	local text=$1 words

	shift
	for words in "$@"; do
		grep -qF -- "$words" screen.txt || {
			fail "$text" "not there: $words" "$(cat screen.txt)"
			return
		}
	done
	pass "$text"
}

# --- without a service, and with one ----------------------------------------------------------------

"${console[@]}" --plain >>plain &
pids+=($!)
ok "without a service it says so" says "THE STATUS SERVICE IS DOWN: No such file or directory"
make_bundle one.lwb --sequence 1
approve one.lwb alice
export LANDWAITER_STATUS=$T/report
exits 5 "a load that tells nobody is a load" lw load one.lwb
status_start --linger 600
ok "it finds the service" says "console: enclave evaluation $AUDIENCE"
ok "what it believes" says "console: trust version"
ok "what it holds" says "console: images 0, withheld 0; records 2, head 2:"
ok "an enclave for evaluation" says "console: EVALUATION ONLY"

# --- real loads, in lines ---------------------------------------------------------------------------

load=(lw load)
# verdict EXIT WORDS LOAD-ARGUMENT...: the load ends so, and the console says the same of the same record.
verdict() {
	local code=$1 words=$2 head

	shift 2
	exits "$code" "$words" "${load[@]}" "$@"
	ok "$words: said" says "console: $words"
	head=$(sed -nE 's/^  head +([0-9]+):(.{4})(.{4})(.{4})(.{4}).*/\1:\2 \3 \4 \5/p' out.log | tail -n 1)
	[ -z "$head" ] || ok "$words: the record and the head" says "record $((${head%%:*} - 1)), head $head"
}
verdict 5 "INCOMPLETE seal.threshold: one.lwb" one.lwb
ok "what it means" says "reason: Some of the sender's approvers signed"
ok "what was found, in ASCII" says "Found: 1 of 2: alice OK bob absent."
ok "what to do" says "next: have another approver run"
approve one.lwb bob
verdict 0 "ACCEPTED: one.lwb, from acme, sequence 1, marked TEST" one.lwb
verdict 3 "REFUSED freshness.replay: one.lwb, from acme, sequence 1, marked TEST" one.lwb
make_bundle two.lwb --sequence 2
verdict 3 "REFUSED seal.unapproved: two.lwb" two.lwb
approve two.lwb alice bob
cp two.lwb damaged.lwb
flip damaged.lwb $(($(size_of damaged.lwb) - 3000))
verdict 4 "REFUSED content." damaged.lwb
truncate -s 1000 short.lwb
verdict 3 "REFUSED seal.format: short.lwb" short.lwb
load=(env FAKETIME_DONT_FAKE_MONOTONIC=1 faketime '2000-01-01 00:00:00' "$LW_BIN/landwaiter" load)
verdict 6 "HOLD time.behind-floor: two.lwb" two.lwb
load=(flock enclave/lock "$LW_BIN/landwaiter" load)
verdict 1 "HOLD: two.lwb" two.lwb
ok "and that there is no record" says "no record was made"
ok "who holds it" says "reason: Another process is writing to this enclave"
load=(lw load)
exits 2 "a slip of the hand" lw load no-such.lwb
ok "is told" says "HOLD: no-such.lwb"
fails "nothing but text in the lines" grep -qP '[^\x20-\x7e]' plain
is "none of them too often" "$(grep -c 'console: REFUSED freshness.replay' plain)" 1

# --- the screen -------------------------------------------------------------------------------------

ok "a verdict on the screen" screen --until "verdict    HOLD"
shows "the word, why, what next" "#   #   ###   #      ####" "  verdict    HOLD" \
	"  next       " "  log        no record was made"
lw load two.lwb >/dev/null 2>&1
ok "accepted" screen --raw raw --until "verdict    ACCEPTED"
head=$(lw log show 2>&1 >/dev/null | sed -nE 's/.*head ([0-9]+):(.{4})(.{4})(.{4})(.{4}).*/\1:\2 \3 \4 \5/p')
shows "in letters to be seen from afar" "#####  #      #      ###    ####     #    ###    #   #"
shows "its record, and the head for the log on paper" "record $((${head%%:*} - 1))    head $head" \
	"two.lwb, from acme, sequence 2, marked TEST"
shows "whose enclave" "enclave $AUDIENCE" " Landwaiter  evaluation "
ok "in colour, too" grep -q "$(printf '\033')\[[0-9;]*32" raw
ok "no colours, the same words" screen --term vt100 --until "verdict    ACCEPTED"
ok "a larger terminal" screen --resize 40x120 --until "verdict    ACCEPTED"
is "is used in its middle" "$(grep -c '^                      verdict    ACCEPTED' screen.txt)" 1
ok "a smaller one" screen --rows 10 --columns 60 --until "80 x 24 characters"
TERM=dumb script -qc "timeout 1 ${console[*]}" dumb.txt </dev/null >/dev/null 2>&1 || true
ok "a terminal that can nothing has lines" grep -q '^console: enclave' dumb.txt

# At work, as a load of gigabytes would be.
work='{"format":"landwaiter-report/1","what":"gate","gate":"content","bundle":"big.lwb","index":2,"bundles":3,"sender":"acme","sequence":7,"marking":"SECRET","volume":1,"volumes":4}'
bytes='{"format":"landwaiter-report/1","what":"bytes","bundle":"big.lwb","index":2,"bundles":3,"done":1073741824,"total":4294967296}'
medium='{"format":"landwaiter-report/1","what":"medium","label":"green-07","port":"1-2"}'
/usr/bin/python3 "$LW_TOP/tests/lib/reports.py" "$T/report" --pause 0.3 --stay <<<"$medium
$work
${bytes/1073741824/104857600}
$bytes" &
worker=$!
ok "at work" screen --until "1.0 GiB of 4.0 GiB, 25%"
shows "at which gate, with what" "==> gate 4 of 6  content" "    gate 2 of 6  seal" "[###############......" \
	"2 of 3, volume 1 of 4" "big.lwb, from acme, sequence 7, marked SECRET" "green-07, port 1-2" "Leave the medium in."
ok "in lines" says "bundle 2 of 3, big.lwb, from acme, sequence 7: gate 4 of 6, content"
ok "how much" says "1.0 GiB of 4.0 GiB, 25%"
ok "how fast, and how long still" await grep -qE '25%, [0-9.]+ [GM]iB/s, 0:[0-5][0-9] left$' plain
kill -KILL $worker
ok "one that was killed" says "reason: The load was ended before it could say its verdict."
is "is on hold" "$(look '[.last.word, .last.bundle, .work, .screen]')" '["HOLD","big.lwb",null,"verdict"]'
reports <<<'{"format":"landwaiter-report/1","what":"pulled","port":"1-2"}'
is "pulled out: it stays" "$(look '[.medium, .screen, .last.word]')" '[null,"verdict","HOLD"]'
reports <<<"$medium"
ok "the next medium" screen --until "A medium is in port 1-2: green-07"
shows "and the last verdict below" "last       HOLD" "  reason     The load was ended before"

# --- what strangers say -------------------------------------------------------------------------------

before=$(look 'del(.now)')
reports <<'END'
garbage
{}
{"format":"landwaiter-report/2","what":"pulled","port":"1-2"}
{"format":"landwaiter-report/1","what":"unplugged","port":"1-2"}
{"format":"landwaiter-report/1","what":"pulled","port":"1-2","port":"1-2"}
{"format":"landwaiter-report/1","what":"pulled","port":"1-2","more":1}
{"format":"landwaiter-report/1","what":"pulled","port":"1-2"} {}
{"format":"landwaiter-report/1","what":"verdict"}
{"format":"landwaiter-report/1","what":"verdict","verdict":"good"}
{"format":"landwaiter-report/1","what":"bytes","done":2,"total":1}
{"format":"landwaiter-report/1","what":"medium","port":"\u001b[2J"}
{"format":"landwaiter-report/1","what":"medium","port":"1-9","label":"a\u202eb"}
{"format":"landwaiter-report/1","what":"notice","source":"Not A Label","text":"x"}
END
printf '{"format":"landwaiter-report/1","what":"notice","source":"x","text":"\377"}\n' | reports
printf '{"format":"landwaiter-report/1","what":"notice","source":"x","text":"%09000d"}\n' 1 | reports
is "what is no report is dropped" "$(look 'del(.now)')" "$before"
if [ "$(id -u)" -eq 0 ]; then
	reports --uid 65534 <<<'{"format":"landwaiter-report/1","what":"pulled","port":"1-2"}'
	is "what another user says, too" "$(look 'del(.now)')" "$before"
else
	skip "what another user says" "not root"
fi
reports <<<'{"format":"landwaiter-report/1","what":"medium","port":"1-9","label":"\u0430dm\u0131n"}'
ok "letters that look like others" screen --until 'port 1-9: \u{0430}dm\u{0131}n'
fails "nothing but text on the screen" grep -qP '[^\x20-\x7e]' screen.txt

# Names of files on a medium.
mkdir medium
cp one.lwb "medium/$(printf 'a\033[2J\n\342\200\256\377.lwb')"
cp two.lwb "medium/b$(printf 'x%.0s' {1..240}).lwb"
make_bundle medium/c.lwb --sequence 3
approve medium/c.lwb alice bob
exits 3 "a medium of several" lw load --all-of medium
ok "the gravest is shown" screen --until "verdict    REFUSED: freshness.replay"
shows "inert, and how many of each" 'a\x1b[2J\x0a\u{202e}\xff.lwb' \
	"3 bundles: accepted 1, refused 2, incomplete 0, on hold 0"
shows "with the head after all of them" "head $(lw log show 2>&1 >/dev/null |
	sed -nE 's/.*head ([0-9]+):(.{4})(.{4})(.{4})(.{4}).*/\1:\2 \3 \4 \5/p')"
fails "nothing but text in the lines" grep -qP '[^\x20-\x7e]' plain
mkdir empty
another() { # medium in the same port
	reports <<<'{"format":"landwaiter-report/1","what":"pulled","port":"1-9"}'
	reports <<<'{"format":"landwaiter-report/1","what":"medium","port":"1-9","label":"green-08"}'
}
another
exits 2 "no bundle on it" lw load --all-of empty
ok "is said" says "reason: There is no bundle (*.lwb) at the medium's root."
is "the medium is the wrong one" "$(look .last.word)" '"REFUSED"'

# Volumes of a folder are one bundle, whose word is that of the last.
"$LW_BIN/tools/mklayout" big big 1 1MiB 300KiB
mkdir volumes
make_bundle volumes/big.lwb --sequence 4 --volume-size 900KiB --key alice.key --key bob.key oci:big:b0
mkdir rest && mv volumes/big.1of*.lwb rest/
another
exits 5 "a volume is missing" lw load --all-of volumes
is "that is one bundle" "$(look '[.last.word, .last.code, .last.incomplete]')" '["INCOMPLETE","content.volume-missing",1]'
ok "which, and what to do" says "Found: missing: 1."
mv rest/* volumes/
another
exits 0 "all volumes, of which some were in" lw load --all-of volumes
is "are one accepted, though others come after it" "$(look '[.last.word, .last.accepted, .last.incomplete, .last.refused]')" \
	'["ACCEPTED",1,0,0]'
is "and the head is the book's last" "$(look .last.head)" "\"$(sed -n 's/^  head *//p' out.log | tail -n 1)\""
another

# So are those of an increment, each of which finds the same prerequisite damaged until a supplement brings it.
mkdir increment
"$LW_BIN/tools/mklayout" big more 2 1MiB 300KiB
base=(volumes/big.1of*.lwb)
make_bundle increment/a.lwb --since "${base[0]}" --sequence 5 --volume-size 900KiB --key alice.key --key bob.key \
	registry.example/again:1=oci:big:b0 oci:more:b1
first=(increment/a.1of*.lwb)
flip "$(find enclave/store/blobs/sha256 -type f -size +900k | head -n 1)" 100
exits 4 "a damaged prerequisite" lw verify "${first[0]}" -o json
cp out.log need.json
another
exits 4 "in each of its volumes" lw load --all-of increment
is "is one bundle" "$(look '[.last.word, .last.accepted, .last.incomplete, .last.refused]')" '["REFUSED",0,0,1]'
exits 0 "a supplement" lw pack -o increment/b.lwb --only need.json --of "${first[0]}" oci:big:b0
another
exits 0 "completes it" lw load --all-of increment
is "which is accepted, and nothing else" "$(look '[.last.word, .last.accepted, .last.incomplete, .last.refused]')" \
	'["ACCEPTED",1,0,0]'
another

# Parts of a medium, each read by a process of its own, and what the door says meanwhile.
make_bundle medium.lwb --sequence 9
approve medium.lwb alice bob
accepted lw load medium.lwb
is "what is on one part outweighs that there is nothing on another" "$(look '[.last.word, .last.accepted, .last.refused]')" '["ACCEPTED",1,0]'
exits 2 "nor does that come after it" lw load --all-of empty
is "and take its place" "$(look .last.word)" '"ACCEPTED"'
refused 3 freshness.replay lw load medium.lwb
is "of several parts the gravest is shown" "$(look .last.word)" '"REFUSED"'
accept_again() {
	make_bundle "$1" --sequence "$2" && approve "$1" alice bob && lw load "$1"
}
ok "another is accepted" accept_again more.lwb 10
is "and does not hide it" "$(look .last.word)" '"REFUSED"'
another
ok "on the next medium" accept_again most.lwb 11
refusal='{"format":"landwaiter-report/1","what":"verdict","gate":"door","verdict":"refused","code":"door.second","object":"port 1-2: x","port":"1-2"}'
reports <<<"$refusal"
is "a second device does not take the place of the verdict" \
	"$(look '[.last.word, (.notices | map(select(.source == "refused")) | .[0].text)]')" '["ACCEPTED","port 1-2: x: refused, door.second"]'
another
is "until the next medium" "$(look '.notices | map(select(.source == "refused")) | length')" 0
part=${refusal/door.second/door.file-system}
part=${part//1-2/1-9}
reports <<<"$part"
is "a part that nobody reads is not the word while others may come" "$(look .screen)" '"idle"'
ok "it is, where none does" await looks .last.code '"door.file-system"'
another
reports <<<"$part"
ok "where one does" accept_again last.lwb 12
is "that is the word, and the part stands below" "$(look '[.last.word, (.notices | map(select(.source == "refused")) | length)]')" \
	'["ACCEPTED",1]'
kill -STOP "$status_pid"
reports <<<'{"format":"landwaiter-report/1","what":"gate","gate":"seal","bundle":"dead.lwb"}'
kill -CONT "$status_pid"
ok "a load that was dead before it was heard is not at work" await looks '[.work, .last.bundle, .last.word]' '[null,"dead.lwb","HOLD"]'

# --- many ---------------------------------------------------------------------------------------------

/usr/bin/python3 - "$view" <<'END' &
import socket, sys, time
for _ in range(20):
    s = socket.socket(socket.AF_UNIX)
    s.connect(sys.argv[1])
    globals()["s%d" % _] = s
time.sleep(600)
END
pids+=($!)
start=$EPOCHREALTIME
reports --times 50000 <<<"$medium
$bytes"
printf '# 100,000 reports in %d ms\n' $(((${EPOCHREALTIME/./} - ${start/./}) / 1000))
"$LW_BIN/landwaiter-status" --report data "the disk is gone" "look for it"
ok "after 100,000 reports, with viewers that never read" says "console: the disk is gone; next: look for it"
timeout 60 /usr/bin/python3 "$LW_TOP/tests/lib/reports.py" "$T/report" --times 400 <<<'{"bundle":"x.lwb","format":"landwaiter-report/1","verdict":"refused","what":"verdict"}'
ok "who never reads is dropped" await looks .last.bundle '"x.lwb"'
kill "${pids[-1]}"
unset 'pids[-1]'
"$LW_BIN/landwaiter-status" --report data
ok "no longer" says "console: no longer: the disk is gone"

# Where nobody hears, a load is a load.
/usr/bin/python3 - "$T/deaf" <<'END' &
import socket, sys, time
s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
s.bind(sys.argv[1])
t = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
t.setblocking(False)
try:
    while True:
        t.sendto(b"x", sys.argv[1])
except BlockingIOError:
    open(sys.argv[1] + ".full", "w").close()
time.sleep(600)
END
pids+=($!)
await test -e deaf.full
start=$EPOCHREALTIME
LANDWAITER_STATUS=$T/deaf refused 3 freshness.replay timeout -s KILL 20 "$LW_BIN/landwaiter" load one.lwb
is "nor does it take long" $(((${EPOCHREALTIME/./} - ${start/./}) / 1000 / 5000)) 0
LANDWAITER_STATUS=$T/$(printf 'x%.0s' {1..200}) refused 3 freshness.replay timeout -s KILL 20 "$LW_BIN/landwaiter" load one.lwb
LANDWAITER_STATUS=/dev/null refused 3 freshness.replay timeout -s KILL 20 "$LW_BIN/landwaiter" load one.lwb
rm deaf

# --- killed, and started again --------------------------------------------------------------------------

: >plain
kill -KILL "$status_pid"
ok "who is killed is missed" says "THE STATUS SERVICE IS DOWN: "
status_start --linger 0
ok "and found again" says "console: the status service is up"
# shellcheck disable=SC2016 # for the shell within
ok "who has a keyboard stops nothing" screen --keys $'\x13\x03\x1a' --until "Ready: plug in one medium." \
	--then "'$LW_BIN/landwaiter-status' --report data gone	gone"
"$LW_BIN/landwaiter-status" --report data
ok "idle" screen --until "Ready: plug in one medium."
shows "what there is" "  images     4 accepted, 0 of them withheld" "  time       trusted" "  trust      version"
kill "$status_pid"
ok "the screen says that nobody is there" screen --until "The status service is down."
is "nothing stays behind" "$(find . -maxdepth 1 -type s)" ""

# --- an enclave that is not as it should be ---------------------------------------------------------------

LANDWAITER_ENCLAVE=$T/nowhere status_start
ok "none" screen --until "NO ENCLAVE"
shows "is a state" "there is none: the data partition is missing" "Nothing can be loaded or served."
kill "$status_pid"
soon=$(date -u -d '+10 days' +%Y-%m-%dT%H:%M:%SZ)
printf '{"format":"landwaiter-policy/1","senders":{"acme":{"threshold":1,"signers":["alice"]}},
	"signers":{"alice":{"keys":[{"kind":"key","file":"alice.pub"}]},
	"vendor":{"keys":[{"kind":"key","file":"bob.pub"}],"valid":["2026-01-01T00:00:00Z","%s"]}},"images":[]}' \
	"$soon" >policy.json
lw init --enclave soon --policy policy.json --trust alice.pub=alice.pub --trust bob.pub=bob.pub >init.log 2>&1
LANDWAITER_ENCLAVE=$T/soon status_start
ok "what expires soon" screen --until "expires    signer vendor: until $soon"
kill "$status_pid"

if unshare -Urm mount -t tmpfs none "$T/empty" 2>/dev/null; then
	cat >disk.sh <<-'END'
		cd "$T"
		mount -t tmpfs -o size=8m,mode=0755 none empty
		cp -r soon empty/enclave
		[ "$1" = full ] || mount -o remount,ro empty
		LANDWAITER_STATUS=$T/report2 LANDWAITER_ENCLAVE=$T/empty/enclave "$LW_BIN/landwaiter-status" --view "$T/view2" &
		for _ in $(seq 500); do
			! /usr/bin/python3 look.py "$T/view2" 2>/dev/null || break
			sleep 0.02
		done
		kill $!
	END
	export T LW_BIN
	for how in full read-only; do
		like "a data partition that is $how" \
			"$(unshare -Urm bash disk.sh $how | jq -r '.notices[] | select(.source == "disk").text')" \
			"^THE DATA PARTITION IS ${how^^}: .*nothing can be loaded"
	done
else
	skip "a data partition that is full, or read-only" "no user namespaces"
fi

# --- slips of the hand ------------------------------------------------------------------------------------

exits 2 "usage of the console" "$LW_BIN/landwaiter-console" --keys
exits 2 "usage of the service" "$LW_BIN/landwaiter-status" --enclave
exits 2 "a report of nobody" "$LW_BIN/landwaiter-status" --report "Not A Label" x
exits 1 "a place where no socket can be" "$LW_BIN/landwaiter-status" --reports /nowhere/report
is "the service had nothing to say" "$(cat status.log)" ""
done_testing
