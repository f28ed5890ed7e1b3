#pragma once

#include <string>
#include <string_view>
#include <vector>

struct _YR_COMPILER;
struct YR_RULES;

namespace firebreak::yara {

/// Starts libyara once for the process, with our limits, and keeps it.
///
/// (yr_initialize() calls srand(time(NULL)): a host that needs repeatable numbers must not take
/// them from rand(). It installs nothing else.)
///
/// @returns false when libyara refuses; every call of the engine then answers FB_INTERNAL.
bool start_library();

/// A libyara compiler with includes off, so that content cannot name files of this machine.
class Compiler {
public:
    Compiler();
    ~Compiler();
    Compiler(const Compiler&) = delete;
    Compiler& operator=(const Compiler&) = delete;

    /// nullptr when memory ran out.
    _YR_COMPILER* get() const { return compiler_; }

private:
    _YR_COMPILER* compiler_ = nullptr;
};

/// True when this build compiles `source`.
bool compiles(const char* source);

/// The modules content may import: those that this libyara was really built with, of those that the
/// engine supplies. Sorted.
///
/// Not supplied, on purpose: `time` (a verdict that depends on the clock is not the verdict that
/// was validated), `magic` (opens a database outside the content), `cuckoo` (needs a report that no
/// endpoint has), `console` (output nobody reads), `tests` (libyara's own).
const std::vector<std::string>& supplied_modules();

/// supplied_modules() as "yara.module.pe" and the operators and modifiers this build compiles as
/// "yara.operator.icontains": each found by compiling a rule with it. Sorted.
const std::vector<std::string>& capabilities();

/// The build id of the file that this code was loaded from (its GNU build-id note), in hex;
/// "unknown" when the linker left none.
std::string build_id();

}  // namespace firebreak::yara
