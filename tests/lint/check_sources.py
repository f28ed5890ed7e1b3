#!/usr/bin/env python3
"""Style that is not tested decays: the rules a formatter cannot see.

Lines of at most 100 columns, files of a size a reader can hold in mind, Result-returning
declarations marked [[nodiscard]], and calls that have no place here.
"""
import pathlib
import re
import subprocess
import sys

LINES_MAX = 450
TEST_LINES_MAX = 700
COLUMNS_MAX = 100
# Files that may be longer, with the lines they may have. The list may only shrink.
LONG_FILES = {"validator/sandbox/executor.cpp": 510, "server/http/session.cpp": 470}
# Lines that cannot be broken: text as a person types or sees it.
WIDE_FILES = {"tests/unit/core/content/schema_samples.hpp", "server/main.cpp",
              "examples/sensor-engine/substring.c"}
BANNED = {
    r"\bstd::s?regex\b": "std::regex backtracks; use a parser",
    r"\bsystem\s*\(": "no shell",
    r"\bpopen\s*\(": "no shell",
    r"\brand\s*\(\)": "use core/base/random.hpp",
    r"\b(TODO|FIXME|XXX)\b": "finish it, or file an issue",
    r"\bthrow\b(?!\s*[(;])": "errors are values here",
    r"\bsleep_for\b|\busleep\s*\(": "wait for an event, not for a time",
}
# Where a banned call has its place.
ALLOWED = (
    # Tests drive programs, and throw on purpose.
    ("tests/", r"\bsystem\s*\("), ("tests/", r"\bpopen\s*\("),
    ("tests/", r"\bthrow\b(?!\s*[(;])"),
    # The patterns of our own schemas, on text of bounded length; valijson does the same.
    ("core/content/schema_explainer.cpp", r"\bstd::s?regex\b"),
)


def check(root):
    names = subprocess.run(["git", "ls-files", "*.cpp", "*.hpp", "*.h", "*.c"], cwd=root,
                           capture_output=True, text=True, check=True).stdout.split()
    for name in names:
        lines = (root / name).read_text().splitlines()
        lines_max = LONG_FILES.get(name, TEST_LINES_MAX if name.startswith("tests/") else LINES_MAX)
        if len(lines) > lines_max:
            yield f"{name}: {len(lines)} lines, at most {lines_max}: split it"
        for number, line in enumerate(lines, 1):
            if len(line) > COLUMNS_MAX and name not in WIDE_FILES:
                yield f"{name}:{number}: {len(line)} columns"
            code = re.sub(r'"(\\.|[^"\\])*"', '""', line.split("//")[0])
            for pattern, why in BANNED.items():
                text = line if "TODO" in pattern else code
                if re.search(pattern, text) and not any(
                        name.startswith(where) and pattern == what for where, what in ALLOWED):
                    yield f"{name}:{number}: {why}"
        if name.endswith(".hpp") and not name.startswith("tests/"):
            yield from check_nodiscard(name, lines)


def check_nodiscard(name, lines):
    for number, line in enumerate(lines, 1):
        declared = re.match(r"\s*(static |virtual )*Result<.*>\s+\w+\(", line)
        before = lines[number - 2] if number > 1 else ""
        body = "".join(lines[number - 1:number + 6]).split(";")[0]
        if declared and "[[nodiscard]]" not in line + before and "override" not in body:
            yield f"{name}:{number}: a Result must not be ignored: [[nodiscard]]"


if __name__ == "__main__":
    problems = list(check(pathlib.Path(sys.argv[1])))
    print("\n".join(problems) or "sources: ok")
    sys.exit(bool(problems))
