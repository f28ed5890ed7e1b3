#include "sensor/sigma/run/content.hpp"

#include <algorithm>
#include <set>

#include "core/base/errc.hpp"
#include "sensor/sigma/program/layout.hpp"
#include "sensor/sigma/run/detail.hpp"

namespace firebreak::sigma {
namespace {

std::string_view view(fb_text text) {
    return {text.data, text.length};
}
ByteView view(fb_bytes bytes) {
    return {bytes.data, bytes.length};
}

void report(const fb_load_request& request, std::string_view file, const std::string& message) {
    if (request.diagnostics == nullptr) return;
    fb_diagnostic diagnostic{};
    diagnostic.struct_size = sizeof diagnostic;
    diagnostic.severity = FB_SEVERITY_ERROR;
    diagnostic.file = {file.data(), file.size()};
    diagnostic.message = {message.data(), message.size()};
    request.diagnostics->report(request.diagnostics->user, &diagnostic);
}

/// The number of rules that a file's header states; 0 when it has no room for one.
std::uint64_t rules_in_header(fb_bytes file) {
    constexpr std::size_t kAt = 24;
    if (file.length < kAt + 4) return 0;
    std::uint64_t rules = 0;
    for (std::size_t i = 0; i < 4; ++i) rules |= std::uint64_t{file.data[kAt + i]} << (8 * i);
    return rules;
}

/// What the rules of `program` need and this build does not have; empty: nothing.
std::string mismatch(const Program& program, const SuppliedContract* contract) {
    if (contract == nullptr) {
        return "rules for " + program.contract + ", which this build does not supply";
    }
    if (program.arity <= contract->fields.size()) return {};
    return "rules written against " + std::to_string(program.arity) + " fields of " +
           program.contract + ", of which this build supplies " +
           std::to_string(contract->fields.size()) +
           ": load them into a later build, or compile them for this one";
}

fb_status status_of(const Error& error) {
    return error == Errc::kTooLarge ? FB_LIMIT : FB_REFUSED;
}

bool within(std::uint64_t bytes, const fb_load_request& request) {
    return bytes <= (request.memory_bytes_max != 0 ? request.memory_bytes_max : kMemoryBytesMax);
}

}  // namespace

const SuppliedContract* supplied(std::string_view contract) {
    const std::span<const SuppliedContract> all = supplied_contracts();
    const auto found = std::ranges::find(all, contract, &SuppliedContract::contract);
    return found == all.end() ? nullptr : &*found;
}

std::unique_ptr<Content> Content::load(const fb_load_request& request, fb_status& status) {
    std::unique_ptr<Content> content(new Content());
    std::uint64_t bytes = 0;
    for (std::size_t i = 0; i < request.file_count; ++i) {
        bytes += request.files[i].bytes.length;
        content->rules_seen_ += rules_in_header(request.files[i].bytes);
    }
    status = FB_LIMIT;
    if (bytes > kContentBytesMax || !within(bytes * kReadBytesPerByte, request)) {
        report(request, {}, "more bytes of rules than may be loaded");
        return nullptr;
    }
    if (content->rules_seen_ > std::min(request.rules_max, kRulesMax)) {
        report(request, {}, "more rules than may be loaded");
        return nullptr;
    }
    content->files_.reserve(request.file_count);
    status = FB_OK;
    for (std::size_t i = 0; i < request.file_count; ++i) {
        const fb_status loaded = content->load_file(request.files[i], request);
        if (status == FB_OK) status = loaded;
    }
    if (status == FB_OK) status = content->check_ids(request);
    if (status != FB_OK) return nullptr;
    std::size_t fields_max = 0;
    for (const LoadedFile& file : content->files_) {
        fields_max = std::max<std::size_t>(fields_max, file.rules.program().arity);
    }
    content->event_.emplace(fields_max, kInputBytesMax);
    if (!within(content->memory_bytes(), request)) {
        report(request, {}, "the rules take more memory than they may");
        status = FB_LIMIT;
        return nullptr;
    }
    return content;
}

fb_status Content::load_file(const fb_file& file, const fb_load_request& request) {
    const std::string_view name = view(file.name);
    const auto refuse = [&](const Error& error) {
        report(request, name, error.context());
        return status_of(error);
    };
    Result<Program> program = read_program(view(file.bytes));
    if (!program) return refuse(program.error());
    const SuppliedContract* contract = supplied(program->contract);
    if (const std::string fault = mismatch(*program, contract); !fault.empty()) {
        report(request, name, fault);
        return FB_REFUSED;
    }
    // Before any is compiled: they are what takes the most.
    const auto regexes = std::ranges::count(program->predicates, Op::kRegex, &Predicate::op);
    if (!within(memory_bytes() + static_cast<std::uint64_t>(regexes) * kRegexBytesMax, request)) {
        report(request, name, "the regular expressions take more memory than they may");
        return FB_LIMIT;
    }
    Result<RuleSet> rules = RuleSet::make(std::move(*program));
    if (!rules) return refuse(rules.error());
    rule_bytes_ += rules->memory_bytes() + name.size();
    files_.push_back({std::string(name), contract, std::move(*rules)});
    if (within(memory_bytes(), request)) return FB_OK;
    report(request, name, "the rules take more memory than they may");
    return FB_LIMIT;
}

/// An id is how a match is reported: two rules of one id could not be told apart.
fb_status Content::check_ids(const fb_load_request& request) const {
    std::set<std::string_view> ids;
    fb_status status = FB_OK;
    for (const LoadedFile& file : files_) {
        for (const Rule& rule : file.rules.program().rules) {
            if (ids.insert(rule.id).second) continue;
            report(request, file.name, "rule " + rule.id + ": another file has a rule of this id");
            status = FB_REFUSED;
        }
    }
    return status;
}

fb_status Content::evaluate(const fb_event_input& input, const fb_budget& budget,
                            const fb_match_sink& matches) {
    const std::string_view contract = view(input.contract);
    if (supplied(contract) == nullptr) return FB_REFUSED;
    Budget time(std::chrono::milliseconds(budget.timeout_ms), &std::chrono::steady_clock::now);
    if (time.out()) return FB_TIMEOUT;
    std::uint64_t matches_left = budget.matches_max;
    for (LoadedFile& file : files_) {
        if (file.rules.contract() != contract) continue;
        const std::size_t arity = file.rules.program().arity;
        if (input.field_count < arity) return FB_REFUSED;
        const fb_status taken = event_->take({input.fields, arity});
        if (taken != FB_OK) return taken;
        const auto on_match = [&](const RuleMatch& found) {
            if (matches_left-- == 0) return false;
            DetailText detail(found, *file.contract, *event_);
            fb_match match{};
            match.struct_size = sizeof match;
            match.rule = {found.rule.id.data(), found.rule.id.size()};
            match.detail = {detail.text().data(), detail.text().size()};
            return matches.match(matches.user, &match) == 0;
        };
        // By reference: a copy of this many captures would be allocated.
        const fb_status status = file.rules.evaluate(*event_, time, std::ref(on_match));
        if (status != FB_OK) return status;
    }
    return FB_OK;
}

std::uint64_t Content::rule_count() const {
    std::uint64_t count = 0;
    for (const LoadedFile& file : files_) count += file.rules.program().rules.size();
    return count;
}

std::uint64_t Content::always_count() const {
    std::uint64_t count = 0;
    for (const LoadedFile& file : files_) count += file.rules.always_count();
    return count;
}

std::uint64_t Content::memory_bytes() const {
    return rule_bytes_ + (event_ ? event_->memory_bytes() : 0);
}

}  // namespace firebreak::sigma
