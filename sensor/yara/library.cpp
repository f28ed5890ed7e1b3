#include "sensor/yara/library.hpp"

#include <elf.h>
#include <link.h>
#include <yara.h>

#include <algorithm>
#include <array>
#include <cstring>

#include "sensor/kit/text.hpp"
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

/// The NT_GNU_BUILD_ID note in one note segment (ELF gABI, "Note Section").
std::string build_id_in(const unsigned char* notes, std::size_t length) {
    const auto aligned = [](std::size_t size) { return (size + 3) & ~std::size_t{3}; };
    while (length >= sizeof(ElfW(Nhdr))) {
        ElfW(Nhdr) note;
        std::memcpy(&note, notes, sizeof note);
        const std::size_t total = sizeof note + aligned(note.n_namesz) + aligned(note.n_descsz);
        if (total > length) break;
        const unsigned char* name = notes + sizeof note;
        if (note.n_type == NT_GNU_BUILD_ID && note.n_namesz == 4 &&
            std::memcmp(name, "GNU", 4) == 0) {
            return sensor_kit::hex(name + aligned(note.n_namesz), note.n_descsz);
        }
        notes += total;
        length -= total;
    }
    return {};
}

int find_build_id(dl_phdr_info* object, std::size_t, void* out) {
    const auto ours = reinterpret_cast<std::uintptr_t>(&find_build_id);
    bool contains_us = false;
    std::string id;
    for (int i = 0; i < object->dlpi_phnum; ++i) {
        const ElfW(Phdr)& segment = object->dlpi_phdr[i];
        const std::uintptr_t start = object->dlpi_addr + segment.p_vaddr;
        if (segment.p_type == PT_LOAD && ours >= start && ours - start < segment.p_memsz) {
            contains_us = true;
        }
        if (segment.p_type == PT_NOTE && id.empty()) {
            id = build_id_in(reinterpret_cast<const unsigned char*>(start), segment.p_memsz);
        }
    }
    if (!contains_us) return 0;
    *static_cast<std::string*>(out) = std::move(id);
    return 1;
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
    std::string id;
    dl_iterate_phdr(&find_build_id, &id);
    return id.empty() ? "unknown" : id;
}

}  // namespace firebreak::yara
