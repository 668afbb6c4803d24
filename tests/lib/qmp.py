# SPDX-License-Identifier: Apache-2.0
#
# One command for QEMU's monitor (QMP), its answer as JSON:
#
#	python3 qmp.py SOCKET COMMAND [ARGUMENTS-AS-JSON]

import json
import socket
import sys


def say(command, arguments):
    stream.write(json.dumps({"execute": command, "arguments": arguments}) + "\n")
    stream.flush()
    while True:
        answer = json.loads(stream.readline())
        if "error" in answer:
            sys.exit("qmp: " + command + ": " + answer["error"]["desc"])
        if "return" in answer:
            return answer["return"]


connection = socket.socket(socket.AF_UNIX)
connection.settimeout(60)
connection.connect(sys.argv[1])
stream = connection.makefile("rw")
stream.readline()  # its greeting
say("qmp_capabilities", {})
print(json.dumps(say(sys.argv[2], json.loads(sys.argv[3]) if len(sys.argv) > 3 else {})))
