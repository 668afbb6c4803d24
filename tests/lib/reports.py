# SPDX-License-Identifier: Apache-2.0
#
# Sends datagrams to the status service as whoever:
#
#	python3 reports.py SOCKET [--uid N] [--times N] [--pause SECONDS] [--stay] <LINES
#
# each line of standard input is one, with a pause behind each. With --stay, it stays until it is killed, as a load that is at work.

import argparse
import os
import signal
import socket
import sys
import time

p = argparse.ArgumentParser()
p.add_argument("socket")
p.add_argument("--uid", type=int)
p.add_argument("--times", type=int, default=1)
p.add_argument("--pause", type=float, default=0)
p.add_argument("--stay", action="store_true")
a = p.parse_args()
s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
s.connect(a.socket)
lines = sys.stdin.buffer.read().splitlines()
if a.uid is not None:
    os.setresuid(a.uid, a.uid, a.uid)
for _ in range(a.times):
    for line in lines:
        s.send(line)
        if a.pause:
            time.sleep(a.pause)
if a.stay:
    signal.pause()
