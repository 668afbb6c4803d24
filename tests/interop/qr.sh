#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# flavours: release
#
# What the screen shows of a request, read by somebody else's reader of QR codes.

. "$(dirname "$0")/../lib/scenario.sh"

# Half blocks become a picture, 4 dots a module: what is printed is light, and on a terminal dark.
picture() { # FILE LIGHT(0|1)
	python3 - "$1" "$2" <<-'END'
		import re, sys
		printed = sys.argv[2] == "1"
		halves = {" ": (0, 0), "▀": (1, 0), "▄": (0, 1), "█": (1, 1)}
		rows = []
		for line in open(sys.argv[1], encoding="utf-8"):
		    line = re.sub(r"\x1b\[[0-9;]*m", "", line.rstrip("\r\n"))
		    if line and set(line) <= set(halves):
		        for half in (0, 1):
		            rows.append([halves[c][half] == (0 if printed else 1) for c in line])
		print("P1", 4 * len(rows[0]), 4 * len(rows))
		for row in rows:
		    for _ in range(4):
		        print(" ".join(str(int(dark)) for dark in row for _ in range(4)))
	END
}
reads() { # TEXT PICTURE FILE: the code says what the file has
	zbarimg -q --raw --oneshot "$2" >read.log 2>/dev/null || true
	is "$1" "$(cat read.log)" "$(cat "$3")"
}

make_keys alice bob
make_enclave 2 alice bob
lw request --qr -O one.lwr 2>/dev/null | tail -n +2 >code
picture code 1 >code.pbm
reads "the whole request" code.pbm one.lwr
nonce=$(lw request --nonce-only -O nonce --qr 2>/dev/null >code && head -n 1 code)
picture <(tail -n +2 code) 1 >code.pbm
reads "its nonce" code.pbm nonce
is "which is printed, too" "$nonce" "$(cat nonce)"
script -qec "stty cols 200; $LW_BIN/landwaiter request -O tty.lwr" /dev/null >code
picture code 0 >code.pbm
reads "as a terminal has it" code.pbm tty.lwr
done_testing
