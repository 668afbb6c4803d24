# SPDX-License-Identifier: Apache-2.0
#
# USB devices that come and go while a program listens:
#
#	umockdev-wrapper python3 usb-bed.py OUTPUT COMMAND... <SCRIPT
#
# Makes a bed, starts COMMAND in it with its standard output in the file OUTPUT, and follows SCRIPT:
#
#	bed FILE		what is there (umockdev's text); before the program starts
#	start			the program
#	plug FILE		what is plugged in: its devices are added and announced
#	pull PATH		and pulled out
#	put PATH ATTRIBUTE HEX	another value, announced as a change
#	make FOLDER		makes it
#	ended			waits until the program has
#	says WORD		waits until it has said that on standard error
#	hold FILE		as one who writes; until `release`
#	lines N			waits until the program has printed so many
#	show PATH ATTRIBUTE	prints what is there now
#	await PATH ATTRIBUTE VALUE	waits until that is there
#
# At the end the program is asked to end. libumockdev is called as it is, without its headers.

import ctypes
import fcntl
import os
import re
import subprocess
import sys
import time

lib = ctypes.CDLL("libumockdev.so.0")
lib.umockdev_testbed_new.restype = ctypes.c_void_p
P, S = ctypes.c_void_p, ctypes.c_char_p
lib.umockdev_testbed_add_from_string.argtypes = [P, S, P]
lib.umockdev_testbed_uevent.argtypes = [P, S, S]
lib.umockdev_testbed_remove_device.argtypes = [P, S]
lib.umockdev_testbed_set_attribute_binary.argtypes = [P, S, S, S, ctypes.c_int]

bed = lib.umockdev_testbed_new()
output, command = sys.argv[1], sys.argv[2:]
program = None


def lines():
    with open(output, "rb") as f:
        return f.read().count(b"\n")


def add(file):
    with open(file, "rb") as f:
        text = f.read()
    if not lib.umockdev_testbed_add_from_string(bed, text, None):
        sys.exit("usb-bed: not taken: " + file)
    return re.findall(rb"^P: (.*)$", text, re.M)


def value_of(path, name):
    with open("/sys" + path + "/" + name, "rb") as f:
        return f.read().decode(errors="replace").strip()


for line in sys.stdin:
    word, *rest = line.split()
    if word == "bed":
        add(rest[0])
    elif word == "start":
        program = subprocess.Popen(
            command, stdout=open(output, "wb"), stderr=open(output + ".err", "wb")
        )
    elif word == "plug":
        for path in add(rest[0]):
            lib.umockdev_testbed_uevent(bed, b"/sys" + path, b"add")
    elif word == "pull":
        path = b"/sys" + rest[0].encode()
        lib.umockdev_testbed_uevent(bed, path, b"remove")
        lib.umockdev_testbed_remove_device(bed, path)
    elif word == "make":
        os.mkdir(rest[0])
    elif word == "ended":
        print("ended", program.wait(20), flush=True)
    elif word == "says":
        until = time.monotonic() + 20
        while rest[0].encode() not in open(output + ".err", "rb").read():
            if time.monotonic() > until:
                sys.exit("usb-bed: never said: " + line)
            time.sleep(0.01)
    elif word == "hold":
        held = open(rest[0], "rb+")
        fcntl.flock(held, fcntl.LOCK_EX)
    elif word == "release":
        held.close()
    elif word == "put":
        path, value = b"/sys" + rest[0].encode(), bytes.fromhex(rest[2])
        lib.umockdev_testbed_set_attribute_binary(bed, path, rest[1].encode(), value, len(value))
        lib.umockdev_testbed_uevent(bed, path, b"change")
    elif word == "lines":
        until = time.monotonic() + 20
        while lines() < int(rest[0]) and time.monotonic() < until:
            if program.poll() is not None:
                sys.exit("usb-bed: the program ended with %d" % program.returncode)
            time.sleep(0.01)
        if lines() != int(rest[0]):
            sys.exit("usb-bed: %d lines, want %s" % (lines(), rest[0]))
    elif word == "show":
        print(value_of(rest[0], rest[1]), flush=True)
    elif word == "await":
        until = time.monotonic() + 20
        while value_of(rest[0], rest[1]) != rest[2]:
            if time.monotonic() > until:
                sys.exit("usb-bed: never: " + line)
            time.sleep(0.01)
    else:
        sys.exit("usb-bed: " + line)
program.terminate()
program.wait()
