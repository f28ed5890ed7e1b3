#!/usr/bin/python3 -IS
"""The engine of substring.c over a pipe: a rule is one line, "name: text", and matches an input
that contains the text. Standard library only. docs/formats/sensor-pipe.md has the bytes."""
import json
import re
import struct
import sys

OK, REFUSED, LIMIT, TIMEOUT = 0, 1, 2, 3
OPEN, INFO, LOAD, DESCRIBE, INPUTS, EVALUATE, RESET, UNLOAD = range(1, 9)
DONE, TEXT, DIAGNOSTIC, MATCH = range(64, 68)
FILE_INPUT = 1
RULES_MAX = 1000
MANIFEST = {
    "manifest_version": 1, "name": "substring-py", "version": "1.0", "build_id": "example",
    "content_types": ["substring-list"], "input_kinds": ["file"], "contracts": [], "capabilities": [],
    "limits": {"content_bytes_max": 1 << 20, "input_bytes_max": 1 << 26, "rules_max": RULES_MAX}}
FILE_FIELDS = {"type": "file", "fields": [{"name": "bytes", "type": "bytes", "bytes_max": 1 << 26}]}

contents = {}  # The host's number for a content -> {rule name: (text, line)}


class Fields:
    """Reads the fields of one request in order."""

    def __init__(self, frame):
        self.frame, self.at = frame, 0

    def number(self, form):
        (value,) = struct.unpack_from("<" + form, self.frame, self.at)
        self.at += struct.calcsize(form)
        return value

    def bytes(self):
        length = self.number("I")
        self.at += length
        return self.frame[self.at - length:self.at]


def say(kind, *fields):
    """Writes one frame: numbers are u32, text and bytes are a length and what they hold."""
    body = b"".join(struct.pack("<I", field) if isinstance(field, int)
                    else struct.pack("<I", len(field)) + field for field in fields)
    sys.stdout.buffer.write(struct.pack("<IB", 1 + len(body), kind) + body)


def say_json(value):
    say(TEXT, json.dumps(value, sort_keys=True).encode())
    return OK


def load(request):
    number, rules_max, _memory_max = request.number("I"), request.number("Q"), request.number("Q")
    files = [(request.bytes(), request.bytes()) for _ in range(request.number("I"))]
    rules, seen = {}, 0
    for name, content in files:
        for line, rule in enumerate(content.split(b"\n"), 1):
            if not rule:
                continue
            seen += 1
            parts = re.fullmatch(rb"([A-Za-z0-9_-]{1,64}): ?+(.{4,})", rule, re.DOTALL)
            if not parts or parts[1] in rules:
                say(DIAGNOSTIC, 1, line, name, b'expected "name: text", with a name of its own')
                return REFUSED
            if len(rules) >= min(rules_max, RULES_MAX):
                return LIMIT
            rules[parts[1]] = (parts[2], line)
    contents[number] = rules
    return OK, len(files), seen, len(rules)


def evaluate(request):
    rules, timeout_ms = contents[request.number("I")], request.number("I")
    matches_left, kind = request.number("Q"), request.number("I")
    if kind != FILE_INPUT:
        return REFUSED
    if timeout_ms == 0:
        return TIMEOUT
    _name, data = request.bytes(), request.bytes()
    for name, (text, _line) in rules.items():
        if text in data:
            if matches_left == 0:
                return LIMIT
            matches_left -= 1
            say(MATCH, name, b"at %d" % data.index(text))
    return OK


def answer(kind, request):
    if kind == OPEN:
        return OK if request.number("I") == 1 else REFUSED
    if kind == INFO:
        return say_json(MANIFEST)
    if kind == LOAD:
        return load(request)
    if kind == DESCRIBE:
        rules = contents[request.number("I")]
        return say_json({"rules": [{"name": name.decode(), "line": line}
                                   for name, (_text, line) in rules.items()]})
    if kind == INPUTS:
        return say_json(FILE_FIELDS) if request.bytes() == b"file" else REFUSED
    if kind == EVALUATE:
        return evaluate(request)
    if kind == UNLOAD:
        contents.pop(request.number("I"), None)
    return OK  # RESET: nothing is kept between inputs.


while header := sys.stdin.buffer.read(5):
    length, kind = struct.unpack("<IB", header)
    done = answer(kind, Fields(sys.stdin.buffer.read(length - 1)))
    status, *counts = done if isinstance(done, tuple) else (done, 0, 0, 0)
    sys.stdout.buffer.write(struct.pack("<IBiQQQ", 29, DONE, status, *counts))
    sys.stdout.buffer.flush()
