# SPDX-License-Identifier: Apache-2.0
#
# Runs a program on a terminal of its own and prints what is to be seen on it (pyte draws it):
#
#	/usr/bin/python3 screen.py [--rows N] [--columns N] [--resize NxN] [--term NAME] [--keys KEYS]
#		[--then COMMAND] [--svg FILE] --until WORDS COMMAND...
#
# WORDS must come within 20 seconds. Then KEYS are pressed. With --then, that is run by a shell once they are there, and its
# own words (after a tab in the same argument) waited for. Then the program is asked to end. --svg
# draws the picture, too. Exits with 1 where the words did not come.

import argparse
import fcntl
import os
import pty
import select
import signal
import struct
import subprocess
import sys
import termios
import time
from xml.sax.saxutils import escape

import pyte

COLORS = {"green": "#2fb344", "red": "#e5484d", "brown": "#e0a000", "default": "#d0d0d0"}


def size_of(fd, rows, columns):
    fcntl.ioctl(fd, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))


def draw(screen, path):
    w, h = 8.4, 17
    out = [
        '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" font-family="monospace" font-size="14">'
        % (screen.columns * w + 16, screen.lines * h + 16),
        '<rect width="100%" height="100%" fill="#101010"/>',
    ]
    for y in range(screen.lines):
        x = 0
        while x < screen.columns:
            cell, start = screen.buffer[y][x], x
            style = (cell.fg, cell.bold, cell.reverse)
            text = ""
            while x < screen.columns:
                c = screen.buffer[y][x]
                if (c.fg, c.bold, c.reverse) != style:
                    break
                text += c.data
                x += 1
            color = COLORS.get(cell.fg, COLORS["default"])
            at, width = 8 + start * w, len(text) * w
            if cell.reverse:
                out.append(
                    '<rect x="%.1f" y="%d" width="%.1f" height="%d" fill="%s"/>'
                    % (at, 8 + y * h, width, h, color)
                )
            if text.strip():
                out.append(
                    '<text x="%.1f" y="%d" fill="%s" xml:space="preserve" textLength="%.1f"%s>%s</text>'
                    % (
                        at,
                        8 + y * h + 13,
                        "#101010" if cell.reverse else color,
                        width,
                        ' font-weight="bold"' if cell.bold else "",
                        escape(text),
                    )
                )
    out.append("</svg>")
    with open(path, "w") as f:
        f.write("\n".join(out) + "\n")


class Terminal:
    def __init__(self, command, rows, columns, term):
        self.screen = pyte.Screen(columns, rows)
        self.stream = pyte.ByteStream(self.screen)
        self.raw = b""
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            size_of(0, rows, columns)
            os.environ["TERM"] = term
            os.execv(command[0], command)

    def read(self, sec):
        if select.select([self.fd], [], [], sec)[0]:
            try:
                data = os.read(self.fd, 65536)
            except OSError:
                data = b""
            if not data:
                return False
            self.raw += data
            self.stream.feed(data)
        return True

    def wait(self, words):
        until = time.monotonic() + 20
        while time.monotonic() < until:
            if not self.read(0.1):
                break
            if any(words in line for line in self.screen.display):
                while select.select([self.fd], [], [], 0.1)[0] and self.read(0):
                    pass
                return True
        return False

    def resize(self, rows, columns):
        self.screen.resize(rows, columns)
        size_of(self.fd, rows, columns)
        os.kill(self.pid, signal.SIGWINCH)


def main():
    p = argparse.ArgumentParser()
    p.add_argument("--rows", type=int, default=24)
    p.add_argument("--columns", type=int, default=80)
    p.add_argument("--resize")
    p.add_argument("--term", default="linux")
    p.add_argument("--keys", default="")
    p.add_argument("--then")
    p.add_argument("--svg")
    p.add_argument("--raw")
    p.add_argument("--until", required=True)
    p.add_argument("command", nargs=argparse.REMAINDER)
    a = p.parse_args()
    t = Terminal(a.command, a.rows, a.columns, a.term)
    good = t.wait(a.until)
    if good and a.resize:
        t.resize(*map(int, a.resize.split("x")))
        t.screen.reset()
        good = t.wait(a.until)
    os.write(t.fd, a.keys.encode())
    if good and a.then:
        command, words = a.then.split("\t")
        subprocess.run(command, shell=True, check=False)
        good = t.wait(words)
    os.kill(t.pid, signal.SIGTERM)
    for line in t.screen.display:
        print(line.rstrip())
    if a.svg:
        draw(t.screen, a.svg)
    if a.raw:
        with open(a.raw, "wb") as f:
            f.write(t.raw)
    while t.read(0.2):
        pass
    status = os.waitstatus_to_exitcode(os.waitpid(t.pid, 0)[1])
    sys.exit(0 if good and status == 0 else 1)


main()
