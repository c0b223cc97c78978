"""Runs a command, and tells what it and all it started took, from its fork to the sync of the file system behind it.

    measure.py RESULT DIRECTORY COMMAND [ARGUMENT...]

RESULT gets one line of JSON: seconds of wall time and CPU, and the peak resident set, in bytes, of the largest process.
wait4(2) is the only one to know all of that when a process is gone, and Deno has no such call.
"""

import ctypes
import json
import os
import sys
import time

result, directory, *command = sys.argv[1:]
disk = os.open(directory, os.O_RDONLY)
libc = ctypes.CDLL(None, use_errno=True)
began = time.monotonic()
child = os.posix_spawnp(command[0], command, os.environ)
_, status, used = os.wait4(child, 0)
if libc.syncfs(disk) != 0:
    raise OSError(ctypes.get_errno(), "syncfs", directory)
ended = time.monotonic()
with open(result, "w", encoding="ascii") as file:
    json.dump(
        {
            "code": os.waitstatus_to_exitcode(status),
            "wallS": ended - began,
            "cpuS": used.ru_utime + used.ru_stime,
            "peakRssBytes": used.ru_maxrss * 1024,
        },
        file,
    )
