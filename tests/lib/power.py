# SPDX-License-Identifier: Apache-2.0
"""What a disk may hold after the power went, from what dm-log-writes saw.

    power.py LOG DISK STATE MOST SEED

LOG: the log of a disk that began as DISK and was marked "start" and "done". For each state, at most
MOST of them, it makes STATE and prints "NUMBER acked" or "NUMBER before", and waits for a line. A state
is all that was flushed, or forced, up to some write, and of the writes since any part: all of them, or
some (drawn by SEED), of which contents of files may be torn; a file system reckons with
blocks of its own that are whole.
"""

import random
import struct
import sys

MAGIC = 0x6A736677736872
FLUSH, FUA, DISCARD, MARK, METADATA = 1, 2, 4, 8, 16
SECTOR = 512


def read_log(name):
    """Yields (flags, byte offset, data) of each entry; of a mark, data is its text."""
    with open(name, "rb") as log:
        magic, _, count, sector = struct.unpack("<QQQI", log.read(28))
        if magic != MAGIC:
            sys.exit(f"{name}: not a log")
        at = sector
        for _ in range(count):
            log.seek(at)
            head = log.read(sector)
            where, sectors, flags, length = struct.unpack("<QQQQ", head[:32])
            at += sector
            if flags & MARK:
                yield flags, 0, head[32 : 32 + length].rstrip(b"\0")
            elif flags & DISCARD:
                sys.exit(f"{name}: discards are not replayed here")
            else:
                yield flags, where * sector, log.read(sectors * sector)
                at += sectors * sector


class Disk:
    """What is surely there, and what was written since."""

    def __init__(self, image):
        self.sure = bytearray(image)
        self.since = []  # (offset, data, forced, whole), in order

    def write(self, flags, offset, data):
        if flags & FLUSH:
            for at, old, _, _ in self.since:
                self.sure[at : at + len(old)] = old
            self.since = []
        if data:
            self.since.append((offset, data, bool(flags & FUA), bool(flags & METADATA)))

    def choices(self):
        return sum(not forced for _, _, forced, _ in self.since)

    def state(self, draw):
        """Everything, where there is nobody to draw."""
        image = bytearray(self.sure)
        for at, data, forced, whole in self.since:
            if draw and not forced:
                if draw.random() < 0.5:
                    continue
                if not whole and draw.random() < 0.2:
                    data = data[: draw.randrange(len(data) // SECTOR + 1) * SECTOR]
            image[at : at + len(data)] = data
        return image


def states(log, image, draw):
    """Yields (acknowledged, function that makes the image)."""
    disk, begun, acked = Disk(image), False, False
    for flags, offset, data in read_log(log):
        if flags & MARK:
            begun = begun or data == b"start"
            acked = acked or data == b"done"
        else:
            disk.write(flags, offset, data)
        if not begun:
            continue
        yield acked, lambda: disk.state(None)
        for _ in range(2 if disk.choices() > 1 else disk.choices()):
            yield acked, lambda: disk.state(draw)


def main(log, disk, out, most, seed):
    with open(disk, "rb") as f:
        image = f.read()
    total = sum(1 for _ in states(log, image, None))
    done = 0
    for number, (acked, make) in enumerate(states(log, image, random.Random(seed))):
        # Spread evenly over all of them, the last one too.
        if (number + 1) * most // total == number * most // total and most < total:
            continue
        with open(out, "wb") as f:
            f.write(make())
        done += 1
        print(number, "acked" if acked else "before", flush=True)
        sys.stdin.readline()
    print("end", done, total, flush=True)


main(*sys.argv[1:4], int(sys.argv[4]), sys.argv[5])
