#include "sensor/yara/rule_set.hpp"

#include <yara.h>

#include <algorithm>
#include <map>
#include <set>

#include "sensor/yara/library.hpp"

namespace firebreak::yara {
namespace {

fb_text text_view(std::string_view text) {
    return {text.data(), text.size()};
}

std::string_view view_of(const fb_text& text) {
    return text.length == 0 ? std::string_view() : std::string_view(text.data, text.length);
}

struct CompileReport {
    const Reporter* reporter;
    std::string_view file;
    bool said_error = false;
};

// The six parameters are libyara's (YR_COMPILER_CALLBACK_FUNC).
void on_compiler_message(int level, const char*, int line,  // NOLINT(readability-function-size)
                         const YR_RULE* rule, const char* message, void* user) {
    auto& report = *static_cast<CompileReport*>(user);
    std::string text = message != nullptr ? message : "no reason given";
    if (rule != nullptr && rule->identifier != nullptr) {
        text = "rule " + std::string(rule->identifier) + ": " + text;
    }
    const std::uint32_t at = line > 0 ? static_cast<std::uint32_t>(line) : 0;
    if (level == YARA_ERROR_LEVEL_WARNING) {
        report.reporter->warning(report.file, at, text);
    } else {
        report.said_error = true;
        report.reporter->error(report.file, at, text);
    }
}

int collect_key(void* key, std::size_t length, void*, void* out) {
    static_cast<std::set<std::string>*>(out)->emplace(static_cast<const char*>(key), length);
    return ERROR_SUCCESS;
}

/// What the file really imported: the compiler's own table of objects, which holds modules and
/// external variables, and we define none of the latter.
std::set<std::string> imports_of(YR_COMPILER* compiler, const std::string& file) {
    std::set<std::string> modules;
    yr_hash_table_iterate(compiler->objects_table, file.c_str(), &collect_key, &modules);
    return modules;
}

bool supplied(const std::string& module) {
    const std::vector<std::string>& modules = supplied_modules();
    return std::binary_search(modules.begin(), modules.end(), module);
}

/// What can be said about a file before libyara sees it.
bool acceptable(const SourceFileMap& source, std::string_view text, const Reporter& reporter) {
    if (const std::size_t nul = text.find('\0'); nul != std::string_view::npos) {
        const auto line = 1 + std::count(text.begin(), text.begin() + static_cast<long>(nul), '\n');
        reporter.error(source.name, static_cast<std::uint32_t>(line),
                       "a NUL byte: rules are text; everything behind it would be ignored");
        return false;
    }
    for (const SourceImport& import : source.map.imports) {
        if (supplied(import.module)) continue;
        reporter.error(source.name, import.line,
                       "import \"" + import.module +
                           "\": this engine does not supply that module (see its capabilities)");
        return false;
    }
    return true;
}

/// Compiles one file in its own namespace.
fb_status compile_file(YR_COMPILER* compiler, const SourceFileMap& source, const std::string& text,
                       const Reporter& reporter) {
    CompileReport report{.reporter = &reporter, .file = source.name};
    yr_compiler_set_callback(compiler, &on_compiler_message, &report);
    const int errors = yr_compiler_add_string(compiler, text.c_str(), source.name.c_str());
    if (errors == 0) return FB_OK;
    if (compiler->last_error == ERROR_INSUFFICIENT_MEMORY) return FB_LIMIT;
    if (!report.said_error) reporter.error(source.name, 0, "does not compile");
    return FB_REFUSED;
}

std::uint64_t rules_in(const std::vector<SourceFileMap>& sources) {
    std::uint64_t count = 0;
    for (const SourceFileMap& source : sources) count += source.map.rules.size();
    return count;
}

}  // namespace

void Reporter::report(std::uint32_t severity, std::string_view file, std::uint32_t line,
                      std::string_view message) const {
    if (sink_ == nullptr || sink_->report == nullptr) return;
    const fb_diagnostic diagnostic = {sizeof(fb_diagnostic), severity, text_view(file),
                                      text_view(message),    line,     0};
    sink_->report(sink_->user, &diagnostic);
}

std::unique_ptr<RuleSet> RuleSet::compile(const fb_load_request& request, fb_status& status) {
    const Reporter reporter(request.diagnostics);
    supplied_modules();  // Probed once, before anything is on the content's account.
    std::unique_ptr<RuleSet> set(new RuleSet);
    set->memory_.bytes_max = request.memory_bytes_max;
    status = set->compile_files(request, reporter);
    if (set->memory_.refused) {
        reporter.error({}, 0,
                       "the content needs more than " + std::to_string(request.memory_bytes_max) +
                           " bytes of memory");
        status = FB_LIMIT;
    }
    if (status != FB_OK) return nullptr;
    return set;
}

fb_status RuleSet::compile_files(const fb_load_request& request, const Reporter& reporter) {
    const AccountScope account(memory_);
    const Compiler compiler;
    if (compiler.get() == nullptr) return FB_LIMIT;
    std::set<std::string> modules;
    for (std::size_t i = 0; i < request.file_count; ++i) {
        const fb_file& file = request.files[i];
        const std::string text(reinterpret_cast<const char*>(file.bytes.data), file.bytes.length);
        sources_.push_back({std::string(view_of(file.name)), read_source(text)});
        const SourceFileMap& source = sources_.back();
        if (!acceptable(source, text, reporter)) return FB_REFUSED;
        if (rules_in(sources_) > request.rules_max) {
            reporter.error(source.name, 0,
                           "more than " + std::to_string(request.rules_max) + " rules");
            return FB_LIMIT;
        }
        const fb_status status = compile_file(compiler.get(), source, text, reporter);
        if (status != FB_OK) return status;
        for (const std::string& module : imports_of(compiler.get(), source.name)) {
            if (!supplied(module)) {
                reporter.error(source.name, 0, "imports \"" + module + "\", which is not supplied");
                return FB_REFUSED;
            }
            modules.insert(module);
        }
    }
    modules_.assign(modules.begin(), modules.end());
    if (yr_compiler_get_rules(compiler.get(), &rules_) != ERROR_SUCCESS) return FB_LIMIT;
    return check_names(reporter);
}

/// The second count: every rule our outline saw is one that libyara loaded, and the reverse.
fb_status RuleSet::check_names(const Reporter& reporter) const {
    struct Place {
        std::string file;
        std::uint32_t line;
    };
    std::map<std::string, Place> places;
    for (const SourceFileMap& source : sources_) {
        for (const SourceRule& rule : source.map.rules) {
            const auto [first, is_new] = places.insert({rule.name, {source.name, rule.line}});
            if (is_new) continue;
            reporter.error(source.name, rule.line,
                           "rule " + rule.name + " is already in " + first->second.file + ":" +
                               std::to_string(first->second.line) +
                               "; names must be unique in the whole content");
            return FB_REFUSED;
        }
    }
    if (rules_->num_rules == 0) {
        reporter.error({}, 0, "the content has no rule");
        return FB_REFUSED;
    }
    std::uint64_t confirmed = 0;
    YR_RULE* rule = nullptr;
    yr_rules_foreach(rules_, rule) {
        const auto place = places.find(rule->identifier);
        if (place != places.end() && place->second.file == rule->ns->name) ++confirmed;
    }
    if (confirmed != rules_->num_rules || confirmed != places.size()) {
        reporter.error({}, 0,
                       "libyara loaded " + std::to_string(rules_->num_rules) +
                           " rules, the source has " + std::to_string(places.size()) +
                           ": not all of the content would run");
        return FB_REFUSED;
    }
    return FB_OK;
}

RuleSet::~RuleSet() {
    reset();
    if (rules_ != nullptr) yr_rules_destroy(rules_);
}

void RuleSet::reset() {
    if (scanner_ != nullptr) yr_scanner_destroy(scanner_);
    scanner_ = nullptr;
}

std::uint64_t RuleSet::rule_count() const {
    return rules_->num_rules;
}

std::uint64_t RuleSet::rules_seen() const {
    return rules_in(sources_);
}

}  // namespace firebreak::yara
