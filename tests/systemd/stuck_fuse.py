"""stuck_fuse.py DIRECTORY META: mounts an episode there, read-only, whose telemetry file never answers a read.

Speaks to /dev/fuse directly (linux/fuse.h), so that no library is needed. What hangs is let go, with an error, when this
process ends.
"""
import ctypes
import os
import stat
import struct
import sys

LOOKUP, FORGET, GETATTR, OPEN, READ, RELEASE, FLUSH, INIT = 1, 2, 3, 14, 15, 18, 25, 26
OPENDIR, READDIR, RELEASEDIR, INTERRUPT, BATCH_FORGET = 27, 28, 29, 36, 42
ENOENT, ENOSYS = 2, 38
ROOT, META, TELEMETRY = 1, 2, 3
MINUTES_AGO = 1_700_000_000

meta = sys.argv[2].encode()
files = {b"meta.json": (META, len(meta)), b"telemetry": (TELEMETRY, 1 << 20)}


def attributes(node):
    size = {ROOT: 0, META: len(meta), TELEMETRY: 1 << 20}[node]
    mode = stat.S_IFDIR | 0o755 if node == ROOT else stat.S_IFREG | 0o644
    times = [MINUTES_AGO] * 3
    return struct.pack("<6Q10I", node, size, size // 512, *times, 0, 0, 0, mode, 1, 0, 0, 0, 4096, 0)


def directory():
    entries = [(b".", ROOT, 4), (b"..", ROOT, 4)] + [(n, f[0], 8) for n, f in files.items()]
    out = b""
    for number, (name, node, kind) in enumerate(entries, 1):
        out += struct.pack("<QQII", node, number, len(name), kind) + name
        out += b"\0" * (-len(name) % 8)
    return out


def answer(opcode, node, body):
    """The answer's bytes, an errno, or None for silence."""
    if opcode == INIT:
        major, _, readahead = struct.unpack_from("<3I", body)
        return struct.pack("<4I2H2I2HI", major, 31, readahead, 0, 12, 9, 65536, 1, 16, 0, 0) + b"\0" * 28
    if opcode == LOOKUP:
        found = files.get(body.rstrip(b"\0"))
        if found is None:
            return ENOENT
        return struct.pack("<4Q2I", found[0], 0, 1, 1, 0, 0) + attributes(found[0])
    if opcode == GETATTR:
        return struct.pack("<Q2I", 1, 0, 0) + attributes(node)
    if opcode in (OPEN, OPENDIR):
        return struct.pack("<Q2I", 0, 0, 0)
    if opcode in (READ, READDIR):
        if node == TELEMETRY:
            return None
        offset, size = struct.unpack_from("<8xQI", body)
        if opcode == READDIR:
            return b"" if offset else directory()
        return meta[offset : offset + size]
    if opcode in (RELEASE, RELEASEDIR, FLUSH):
        return b""
    return None if opcode in (FORGET, BATCH_FORGET, INTERRUPT) else ENOSYS


device = os.open("/dev/fuse", os.O_RDWR)
options = f"fd={device},rootmode=40000,user_id=0,group_id=0,allow_other"
libc = ctypes.CDLL(None, use_errno=True)
if libc.mount(b"stuck", sys.argv[1].encode(), b"fuse", 0, options.encode()) != 0:
    sys.exit(f"mount: {os.strerror(ctypes.get_errno())}")
while True:
    try:
        request = os.read(device, 1 << 20)
    except OSError:
        break
    _, opcode, unique, node = struct.unpack_from("<IIQQ", request)
    said = answer(opcode, node, request[40:])
    if said is None:
        continue
    error, said = (-said, b"") if isinstance(said, int) else (0, said)
    os.write(device, struct.pack("<IiQ", 16 + len(said), error, unique) + said)
