#!/usr/bin/env python3
"""Fails when a file includes a room that the layer map does not let it use.

The map is read from cmake/firebreak_targets.cmake, so there is one copy of it. CMake checks what is
linked; this checks what is included, because a header can be reached without linking anything.
"""
import pathlib
import re
import sys

# A folder inside another's comes first.
ROOM_OF_DIRECTORY = {"sensor/sigma/events": "sigma_events", "sensor/sigma/program": "sigma_rules",
                     "sensor/sigma/run": "sigma_rules", "sensor/sigma/museum": "sigma_rules",
                     "sensor/sigma/compiler": "sigma",
                     "core/base": "base", "core/trust": "trust", "core/content": "content",
                     "core/rollout": "rollout", "core/health": "health",
                     "core/signing": "signing", "core/net": "net", "sensor": "sensor",
                     "server": "server", "validator": "validator", "client": "client",
                     "cli": "cli"}


def room_of(path):
    return next((room for folder, room in ROOM_OF_DIRECTORY.items()
                 if path.startswith(folder + "/")), None)


def main(root):
    text = (root / "cmake/firebreak_targets.cmake").read_text()
    allowed = {room: set(uses.replace('"', "").split())
               for room, uses in re.findall(r"set\(FIREBREAK_LAYER_(\w+) ([^)]*)\)", text)}
    errors = []
    for file in sorted({f for room in ROOM_OF_DIRECTORY
                        for f in (root / room).glob("**/*.[ch]pp")}):
        name = file.relative_to(root).as_posix()
        room = room_of(name)
        if room is None:
            continue
        for number, line in enumerate(file.read_text().splitlines(), 1):
            included = re.match(r'#include "([^"]+)"', line)
            target = included and room_of(included[1])
            if target and target != room and target not in allowed[room]:
                errors.append(f"{name}:{number}: {room} may not include {target}")
    print("\n".join(errors) or "layers: ok")
    return bool(errors)


if __name__ == "__main__":
    sys.exit(main(pathlib.Path(sys.argv[1])))
