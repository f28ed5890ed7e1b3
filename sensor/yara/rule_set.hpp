#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "sensor/sensor.h"
#include "sensor/yara/memory.hpp"
#include "sensor/yara/source_map.hpp"

struct YR_RULES;
struct YR_SCAN_CONTEXT;

namespace firebreak::yara {

/// Tells the host what is wrong with content, and where.
class Reporter {
public:
    explicit Reporter(const fb_diagnostic_sink* sink) : sink_(sink) {}

    void error(std::string_view file, std::uint32_t line, std::string_view message) const {
        report(FB_SEVERITY_ERROR, file, line, message);
    }
    void warning(std::string_view file, std::uint32_t line, std::string_view message) const {
        report(FB_SEVERITY_WARNING, file, line, message);
    }

private:
    void report(std::uint32_t severity, std::string_view file, std::uint32_t line,
                std::string_view message) const;

    const fb_diagnostic_sink* sink_;
};

/// One source file, and its outline.
struct SourceFileMap {
    std::string name;
    SourceMap map;
};

/// Compiled content: all files of one load, or none.
///
/// Each file is a namespace of its own, so a rule can refer only to rules of its own file, an
/// import serves only its own file, and a global rule silences only its own file. Rule names are
/// unique over all files nevertheless, because a name is how a match is reported.
class RuleSet {
public:
    /// Compiles every file of `request`.
    ///
    /// Refused, with file and line: a compile error in any file, an include, an import of a module
    /// that supplied_modules() does not have, a rule name used twice, a NUL byte (libyara would
    /// read up to it and call that success), no rule at all, and a file in which libyara and our
    /// own outline count different rules.
    ///
    /// @param status  FB_OK, FB_REFUSED, FB_LIMIT, or FB_INTERNAL.
    /// @returns nullptr unless FB_OK.
    static std::unique_ptr<RuleSet> compile(const fb_load_request& request, fb_status& status);

    ~RuleSet();
    RuleSet(const RuleSet&) = delete;
    RuleSet& operator=(const RuleSet&) = delete;

    /// Scans `bytes`. See sensor.h, evaluate().
    fb_status scan(fb_bytes bytes, const fb_budget& budget, const fb_match_sink& matches);

    /// Drops the scanner and what it holds.
    void reset();

    /// Everything the rules declare, as JSON (docs/sensor-abi.md, "Description").
    std::string describe() const;

    /// What libyara loaded, and what our own outline of the source saw: the same number, or
    /// compile() would have refused.
    std::uint64_t rule_count() const;
    std::uint64_t rules_seen() const;

private:
    RuleSet() = default;

    fb_status compile_files(const fb_load_request& request, const Reporter& reporter);
    fb_status check_names(const Reporter& reporter) const;

    MemoryAccount memory_;
    std::vector<SourceFileMap> sources_;
    std::vector<std::string> modules_;
    YR_RULES* rules_ = nullptr;
    YR_SCAN_CONTEXT* scanner_ = nullptr;
};

}  // namespace firebreak::yara
