#include "sensor/yara/library.hpp"

#include <yara.h>

#include <algorithm>
#include <array>
#include <ctime>

#include "sensor/kit/build_id.hpp"
#include "sensor/yara/stdio_symbols.hpp"

namespace firebreak::yara {
namespace {

// libyara's defaults, but set by us: they decide what content loads, and must not change because
// somebody's default did.
constexpr std::uint32_t kStackSize = 16'384;          // Values on the stack of a condition.
constexpr std::uint32_t kStringsPerRuleMax = 10'000;  // Strings in one rule.
constexpr std::uint32_t kMatchDataBytesMax = 32;      // Of each match; we report places only.

constexpr std::array kModules = {"dex", "dotnet", "elf", "hash", "macho", "math", "pe"};

struct Probe {
    const char* capability;
    const char* source;
};

/// What differs between the versions of libyara that are in use (3.11 to 4.5).
constexpr std::array kProbes = {
    Probe{"yara.modifier.base64", R"(rule p { strings: $a = "abcdef" base64 condition: $a })"},
    Probe{"yara.modifier.private", R"(rule p { strings: $a = "abcdef" private condition: $a })"},
    Probe{"yara.modifier.xor-range",
          R"(rule p { strings: $a = "abcdef" xor(1-255) condition: $a })"},
    Probe{"yara.operator.at-set", R"(rule p { strings: $a = "ab" condition: any of them at 0 })"},
    Probe{"yara.operator.defined", R"(rule p { condition: defined uint8(0) })"},
    Probe{"yara.operator.endswith", R"(rule p { condition: "ab" endswith "b" })"},
    Probe{"yara.operator.icontains", R"(rule p { condition: "ab" icontains "B" })"},
    Probe{"yara.operator.iequals", R"(rule p { condition: "ab" iequals "AB" })"},
    Probe{"yara.operator.in-set",
          R"(rule p { strings: $a = "ab" condition: any of them in (0..9) })"},
    Probe{"yara.operator.none", R"(rule p { strings: $a = "ab" condition: none of them })"},
    Probe{"yara.operator.percent", R"(rule p { strings: $a = "ab" condition: 50% of them })"},
    Probe{"yara.operator.text-set",
          R"(rule p { condition: for any s in ("a", "b") : (s == "a") })"},
};

std::vector<std::string> probe_modules() {
    std::vector<std::string> found;
    for (const char* module : kModules) {
        const std::string source = "import \"" + std::string(module) + "\"";
        if (compiles(source.c_str())) found.emplace_back(module);
    }
    return found;
}

std::vector<std::string> probe_capabilities() {
    std::vector<std::string> found;
    for (const std::string& module : supplied_modules()) found.push_back("yara.module." + module);
    for (const Probe& probe : kProbes) {
        if (compiles(probe.source)) found.emplace_back(probe.capability);
    }
    std::sort(found.begin(), found.end());
    return found;
}

/// Stopped when the engine is unmapped.
class Library {
public:
    Library() : started_(start()) {}
    ~Library() {
        if (started_) yr_finalize();
    }
    Library(const Library&) = delete;
    Library& operator=(const Library&) = delete;

    bool started() const { return started_; }

private:
    static bool start() {
        connect_streams();
        // The pe module turns a certificate's dates into numbers by mktime(), which reads
        // /etc/localtime the first time: now, while a sandbox still lets files be opened.
        ::tzset();
        return yr_initialize() == ERROR_SUCCESS && set(YR_CONFIG_STACK_SIZE, kStackSize) &&
               set(YR_CONFIG_MAX_STRINGS_PER_RULE, kStringsPerRuleMax) &&
               set(YR_CONFIG_MAX_MATCH_DATA, kMatchDataBytesMax);
    }

    static bool set(YR_CONFIG_NAME name, std::uint32_t value) {
        return yr_set_configuration_uint32(name, value) == ERROR_SUCCESS;
    }

    bool started_;
};

}  // namespace

bool start_library() {
    static const Library library;
    return library.started();
}

Compiler::Compiler() {
    if (yr_compiler_create(&compiler_) != ERROR_SUCCESS) {
        compiler_ = nullptr;
        return;
    }
    yr_compiler_set_include_callback(compiler_, nullptr, nullptr, nullptr);
}

Compiler::~Compiler() {
    if (compiler_ != nullptr) yr_compiler_destroy(compiler_);
}

bool compiles(const char* source) {
    const Compiler compiler;
    return compiler.get() != nullptr &&
           yr_compiler_add_string(compiler.get(), source, nullptr) == 0;
}

const std::vector<std::string>& supplied_modules() {
    static const std::vector<std::string> modules = probe_modules();
    return modules;
}

const std::vector<std::string>& capabilities() {
    static const std::vector<std::string> found = probe_capabilities();
    return found;
}

std::string build_id() {
    return sensor_kit::build_id();
}

}  // namespace firebreak::yara
