# An engine over a pipe that misbehaves in one way. Tests put "#!/usr/bin/python3 -IS" and a line
# SIN = "..." in front of it; without a sin it is quiet, complete, and right.
import json
import os
import struct
import sys

OPEN, INFO, LOAD, DESCRIBE, INPUTS, EVALUATE, RESET, UNLOAD, COVERAGE = range(1, 10)
DONE, TEXT, DIAGNOSTIC, MATCH = range(64, 68)
# Where a sin that is not a lie about one answer is committed: when an input is evaluated, unless
# its name begins with the name of another call.
PLACE = {"open": OPEN, "info": INFO, "load": LOAD}.get(SIN.split("-")[0], EVALUATE)
MANIFEST = json.dumps({
    **({"measures_coverage": True} if SIN.startswith("measures") else {}),
    "manifest_version": 1, "name": "pipe-rogue", "version": "1", "build_id": "none",
    "content_types": ["yara-source"], "input_kinds": ["file"], "contracts": [], "capabilities": [],
    "limits": {"content_bytes_max": 1 << 24, "input_bytes_max": 1 << 24, "rules_max": 1000}})


def write(data):
    os.write(1, data)


def say(kind, body=b""):
    write(struct.pack("<IB", 1 + len(body), kind) + body)


def text(value):
    return struct.pack("<I", len(value)) + value


def done(status=0, files=0, seen=0, loaded=0):
    say(DONE, struct.pack("<iQQQ", status, files, seen, loaded))


def read(length):
    data = b""
    while len(data) < length:
        piece = os.read(0, length - len(data))
        if not piece:
            sys.exit(0)
        data += piece
    return data


def spin():
    while True:
        pass


def sin():
    """What is done instead of an answer; what returns lets the answer follow."""
    acts = {
        "hang": spin,
        "exit": lambda: os._exit(7),
        "crash": os.abort,
        "complain": lambda: (os.write(2, b"out of \x1b[2Jcheese\n"), os._exit(1)),
        # More than a pipe holds, and no excuse for a write that is cut short.
        "flood": lambda: [os.write(2, b"x" * 1024) for _ in range(1000)],
        "open-flood": lambda: [os.write(2, b"x" * 65536) for _ in iter(int, 1)],
        "mute": lambda: (os.close(1), spin()),
        "huge-frame": lambda: write(struct.pack("<IB", 0xFFFFFFFF, MATCH)),
        "empty-frame": lambda: write(struct.pack("<IB", 0, DONE)),
        "unknown-frame": lambda: say(99, b"hello"),
        "long-field": lambda: say(MATCH, struct.pack("<I", 1000) + b"short"),
        "trailing": lambda: say(MATCH, text(b"r") + text(b"") + b"more"),
        "text-in-evaluate": lambda: say(TEXT, text(b"{}")),
        "diagnostic-in-evaluate": lambda: say(DIAGNOSTIC, struct.pack("<II", 1, 1) + text(b"") * 2),
        "half-a-frame": lambda: (write(struct.pack("<IB", 40, DONE) + b"\0" * 3), os._exit(0)),
        "two-answers": lambda: write(struct.pack("<IBiQQQ", 29, DONE, 0, 0, 0, 0) * 2),
        "endless": lambda: [say(MATCH, text(b"r") + text(b"")) for _ in range(20000)],
        "socket": lambda: __import__("socket").socket(),
        "fork": os.fork,
        "write-file": lambda: refused(lambda: open("/tmp/rogue-was-here", "w")),
        "read-secret": lambda: refused(lambda: open("/etc/passwd").read()),
        "exec": lambda: refused(lambda: os.execv("/bin/true", ["true"])),
        "kill-parent": lambda: refused(lambda: os.kill(os.getppid(), 9)),
        "descriptors": lambda: only_standard(),
        "environment": lambda: sorted(os.environ) == ["LC_ALL", "PATH"] or os._exit(9),
        "info-garbage": lambda: write(os.urandom(64)),
        "load-exit": lambda: os._exit(0),
        "open-exit": lambda: os._exit(0),
        "open-hang": spin,
    }
    if SIN in acts:
        acts[SIN]()


def refused(act):
    try:
        act()
    except OSError:
        return
    os._exit(8)  # It was let through.


def only_standard():
    found = []
    for number in range(1024):
        try:
            os.fstat(number)
            found.append(number)
        except OSError:
            pass
    if found != [0, 1, 2, 3]:
        os._exit(9)


measured = None  # Inputs since coverage began; None: it did not.
while True:
    length, kind = struct.unpack("<IB", read(5))
    request = read(length - 1)
    if kind == PLACE:
        sin()
    if kind == OPEN:
        version = struct.unpack("<I", request)[0]
        done(0 if version == 1 and SIN != "open-refuse" else 1)
    elif kind == INFO:
        say(TEXT, text(b"{}" if SIN == "info-empty" else MANIFEST.encode()))
        done()
    elif kind == LOAD:
        rules_max, count = struct.unpack_from("<QQI", request, 4)[0::2]
        if SIN == "load-partial":
            done(0, count, count + 1, count)
        elif SIN == "load-status":
            done(-7)
        elif rules_max < count:
            done(2)
        else:
            done(0, count, count, count)
    elif kind == DESCRIBE:
        say(TEXT, text(b'{"rules":[]}'))
        done()
    elif kind == COVERAGE:
        # "measures" does it right; an engine that never said so must not be asked.
        content, write_it = struct.unpack("<II", request)
        if not SIN.startswith("measures"):
            os._exit(9)
        if SIN == "measures-too-early" and not write_it:
            say(TEXT, text(b"{}"))
        elif write_it and measured is None:
            done(1)
            continue
        elif write_it:
            say(TEXT, text(json.dumps({"rules": [
                {"name": "rogue_rule", "reads": []}] if measured else []}).encode()))
        else:
            measured = 0
        done()
    elif kind == EVALUATE:
        if measured is not None:
            measured += 1
        if b"MATCH ME" in request:
            say(MATCH, text(b"rogue_rule") + text(b""))
        done()
    else:
        done(1 if kind == INPUTS else 0)
