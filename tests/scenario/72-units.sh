#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# flavours: release
#
# The services: each stands behind walls that systemd itself rates at 2.0 or better, and what systemd is
# told by `serve`. That they do their work behind them is shown in tests/e2e/appliance.sh.

. "$(dirname "$0")/../lib/scenario.sh"

if ! command -v systemd-analyze >/dev/null; then
	skip "walls of the services" "no systemd-analyze"
	done_testing
fi
rated() { # FILE: at most 2.0; an instance of a template
	systemd-analyze security --offline=true --threshold=20 --no-pager "$1"
}
for unit in "$LW_TOP"/appliance/systemd/*.service \
	"$LW_TOP"/appliance/overlay/usr/lib/systemd/system/*.service; do
	copy=$T/$(basename "${unit/@./@example.}")
	cp "$unit" "$copy"
	ok "${unit##*/}: exposed at most 2.0" rated "$copy"
done
sed '/^Protect/d' "$LW_TOP/appliance/systemd/landwaiter-serve.service" >weaker.service
fails "without some of them it is more" rated "$T/weaker.service"

# --- what systemd is told ---------------------------------------------------------------------------------

make_keys alice
make_enclave 1 alice
cat >listen.py <<'END'
import os, socket, subprocess, sys
s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
s.bind(sys.argv[1])
s.settimeout(30)
name = sys.argv[1]
env = dict(os.environ, NOTIFY_SOCKET=name, WATCHDOG_USEC="300000")
p = subprocess.Popen(sys.argv[2:], env=env)
print(s.recv(64).decode(), s.recv(64).decode(), s.recv(64).decode(), flush=True)
p.kill()
END
is "that it is up, and goes on being" "$(timeout 60 python3 listen.py "$T/socket" "$LW_BIN/landwaiter" serve \
	--listen 127.0.0.1:0 2>/dev/null)" "READY=1 WATCHDOG=1 WATCHDOG=1"
is "so does the status service" "$(LANDWAITER_STATUS=$T/report timeout 60 python3 listen.py "$T/socket2" \
	"$LW_BIN/landwaiter-status" --view "$T/view")" "READY=1 WATCHDOG=1 WATCHDOG=1"
is "and the console, though nobody tells it anything" "$(timeout 60 python3 listen.py "$T/socket3" \
	"$LW_BIN/landwaiter-console" --plain --view "$T/nothing" | tail -n 1)" "READY=1 WATCHDOG=1 WATCHDOG=1"
done_testing
