#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# Draws the pictures in docs/pictures anew: the real console, on a terminal of 80 by 24, of real loads.
# (How far a load of gigabytes has come is told to it, so that it stands still.)
#
#	tests/pictures.sh

. "$(dirname "$0")/lib/scenario.sh"

pictures=$LW_TOP/docs/pictures
mkdir -p "$pictures"
make_keys alice bob
make_enclave 2 alice bob
export LANDWAITER_STATUS=$T/report
service=
trap '[ -z "$service" ] || kill $service; scenario_end' EXIT
serve() { # OPTION...
	[ -z "$service" ] || kill "$service"
	"$LW_BIN/landwaiter-status" --view view "$@" &
	service=$!
	until [ -S view ]; do sleep 0.1; done
	sleep 0.5
}
report() {
	/usr/bin/python3 "$LW_TOP/tests/lib/reports.py" "$T/report"
}
picture() { # NAME WORDS: what the screen shows once these are there
	/usr/bin/python3 "$LW_TOP/tests/lib/screen.py" --svg "$pictures/$1.svg" --until "$2" \
		"$LW_BIN/landwaiter-console" --view view
}
medium='{"format":"landwaiter-report/1","label":"green-07","port":"1-2","what":"medium"}'

make_bundle next.lwb --sequence 41 --marking 'COMPANY INTERNAL'
serve
report <<<"$medium"
approve next.lwb alice
lw load next.lwb >/dev/null 2>&1 || true
picture incomplete "verdict    INCOMPLETE"
approve next.lwb bob
lw load next.lwb >/dev/null 2>&1
picture accepted "verdict    ACCEPTED"
make_bundle other.lwb --sequence 42
lw load other.lwb >/dev/null 2>&1 || true
picture refused "verdict    REFUSED"
approve other.lwb alice bob
FAKETIME_DONT_FAKE_MONOTONIC=1 faketime '2000-01-01 00:00:00' "$LW_BIN/landwaiter" load other.lwb >/dev/null 2>&1 || true
picture hold "verdict    HOLD"
serve --linger 0
report <<<"$medium"
lw load next.lwb >/dev/null 2>&1 || true
report <<<'{"format":"landwaiter-report/1","port":"1-2","what":"pulled"}'
sleep 1.5
picture idle "last       REFUSED"
/usr/bin/python3 "$LW_TOP/tests/lib/reports.py" "$T/report" --pause 1.4 --stay <<END &
$medium
{"bundle":"next.lwb","bundles":1,"format":"landwaiter-report/1","gate":"content","index":1,"marking":"COMPANY INTERNAL","sender":"acme","sequence":43,"volume":1,"volumes":1,"what":"gate"}
{"bundle":"next.lwb","bundles":1,"done":104857600,"format":"landwaiter-report/1","gate":"content","index":1,"total":4831838208,"what":"bytes"}
{"bundle":"next.lwb","bundles":1,"done":2147483648,"format":"landwaiter-report/1","gate":"content","index":1,"total":4831838208,"what":"bytes"}
END
picture work "2.0 GiB of 4.5 GiB"
kill $!
LANDWAITER_ENCLAVE=$T/nowhere serve
"$LW_BIN/landwaiter-status" --report start "NO DATA PARTITION: /dev/sda has none named landwaiter-data" \
	"make one on that disk, or write the image again"
picture no-data "NO DATA PARTITION"
