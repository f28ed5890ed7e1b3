#include "sensor/yara/stdio_symbols.hpp"

#include <cstdio>

/// Debian's libyara.a is compiled for programs (-fPIE), and that is position independent enough for
/// a shared library but for one thing: it addresses the C library's stdin, stdout and stderr
/// directly. The build renames those three, in a copy of the archive, to the symbols below. So
/// libyara is inside the engine file, and the file's SHA-256 covers the parser that it stands for.
///
/// libyara itself uses two of them as defaults that are never read or written, and stderr for the
/// message of an assertion right before it aborts.
extern "C" {
__attribute__((visibility("hidden"))) FILE* firebreak_yara_stdin = nullptr;
__attribute__((visibility("hidden"))) FILE* firebreak_yara_stdout = nullptr;
__attribute__((visibility("hidden"))) FILE* firebreak_yara_stderr = nullptr;
}

namespace firebreak::yara {

void connect_streams() noexcept {
    firebreak_yara_stdin = stdin;
    firebreak_yara_stdout = stdout;
    firebreak_yara_stderr = stderr;
}

}  // namespace firebreak::yara
