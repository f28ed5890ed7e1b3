#include "sensor/sigma/compiler/rule_file.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <map>

#include "core/base/digest.hpp"
#include "core/content/document.hpp"
#include "core/content/printable.hpp"
#include "sensor/sigma/compiler/condition.hpp"
#include "sensor/sigma/compiler/detection.hpp"
#include "sensor/sigma/compiler/nearest.hpp"

namespace firebreak::sigma {
namespace {

constexpr content::DocumentLimits kRuleLimits{
    .bytes_max = 1U << 20U, .depth_max = 16, .nodes_max = 100'000};
constexpr std::size_t kTitleBytesMax = 1000;  ///< The specification's 256 characters, in bytes.
constexpr std::size_t kConditionsMax = 100;
constexpr std::size_t kLogSourcesShown = 4;
constexpr std::array<std::string_view, 5> kStatuses = {"stable", "test", "experimental",
                                                       "deprecated", "unsupported"};

using Texts = std::vector<std::string>;

/// One rule file on its way.
class RuleFile {
public:
    RuleFile(const content::Document& document, const std::vector<EventContract>& contracts,
             std::vector<CompileMessage>& messages)
        : document_(document), contracts_(contracts), reporter_(document, messages) {}

    std::optional<CompiledRule> compile();

private:
    /// The text at /name: nothing when it is not there, or after an error.
    std::optional<std::string> text(const json::object& map, const std::string& parent,
                                    std::string_view name);
    bool refused_kind();
    void take_title();
    void take_id();
    void check_metadata();
    void take_level();
    const EventContract* find_contract();
    void refuse_log_source(const LogSource& source);
    std::optional<Term> logic(const EventContract& contract, const json::object& detection);
    std::optional<Condition> condition(const json::object& detection, const Texts& names);
    std::optional<Condition> one_condition(const json::value& value, const std::string& pointer,
                                           const Texts& names);
    void refuse_name(const std::string& name, const std::string& pointer);
    void warn_unused(const Condition& condition, const Texts& names);

    const content::Document& document_;
    const std::vector<EventContract>& contracts_;
    Reporter reporter_;
    const json::object* root_ = nullptr;
    Rule rule_;
};

bool is_uuid(std::string_view text) {
    if (text.size() != 36) return false;
    for (std::size_t i = 0; i < text.size(); ++i) {
        const bool dash = i == 8 || i == 13 || i == 18 || i == 23;
        const char c = text[i];
        const bool digit = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
        if (dash ? c != '-' : !digit) return false;
    }
    return true;
}

/// A UUID made of a title (RFC 9562, version 8): the same for the same title.
std::string uuid_of(std::string_view title) {
    std::string hex = sha256(bytes_of("firebreak sigma rule: " + std::string(title))).hex();
    hex[12] = '8';
    hex[16] = 'a';
    return hex.substr(0, 8) + "-" + hex.substr(8, 4) + "-" + hex.substr(12, 4) + "-" +
           hex.substr(16, 4) + "-" + hex.substr(20, 12);
}

/// `text` in one line.
std::string one_line(std::string text) {
    for (char& c : text) {
        if (static_cast<unsigned char>(c) < 0x20 || c == 0x7F) c = '?';
    }
    return text;
}

std::string describe(const LogSource& source) {
    std::string text;
    for (const auto& [name, value] :
         {std::pair{"product", &source.product}, std::pair{"category", &source.category},
          std::pair{"service", &source.service}}) {
        if (value->empty()) continue;
        text += (text.empty() ? "" : ", ") + std::string(name) + " " + content::shown(*value);
    }
    return text;
}

bool same(const LogSource& a, const LogSource& b) {
    return a.product == b.product && a.category == b.category && a.service == b.service;
}

std::optional<std::string> RuleFile::text(const json::object& map, const std::string& parent,
                                          std::string_view name) {
    const json::value* value = map.if_contains(name);
    if (value == nullptr) return std::nullopt;
    if (const json::string* found = value->if_string()) return std::string(*found);
    reporter_.error(content::pointer_to(parent, name), "bad-metadata",
                    std::string(name) + " must be a text");
    return std::nullopt;
}

/// Documents of the Sigma family that are no detection rules.
bool RuleFile::refused_kind() {
    struct Other {
        std::string_view key, reason, text;
    };
    constexpr std::array<Other, 3> kOthers = {{
        {"correlation", "correlation",
         "correlation rules look at several events, and an engine sees one at a time; leave them "
         "to the place that collects the events"},
        {"filter", "filter",
         "Sigma filters are not applied here; write the exclusion into the rules, as 'and not'"},
        {"action", "collection",
         "rule collections (action) are gone from Sigma 2; one rule a file"},
    }};
    for (const Other& other : kOthers) {
        if (!root_->contains(other.key)) continue;
        reporter_.error(content::pointer_to("", other.key), other.reason, std::string(other.text));
        return true;
    }
    return false;
}

void RuleFile::take_title() {
    const std::optional<std::string> title = text(*root_, "", "title");
    if (!title || title->empty()) {
        if (!root_->contains("title") || title) {
            reporter_.error("/title", "bad-metadata", "a rule needs a title: what it detects");
        }
        return;
    }
    if (title->size() > kTitleBytesMax || content::has_control_character(*title, false)) {
        reporter_.error("/title", "bad-metadata",
                        "the title must be one line of at most 256 characters");
        return;
    }
    rule_.title = *title;
}

void RuleFile::take_id() {
    std::optional<std::string> id = text(*root_, "", "id");
    if (!root_->contains("id")) {
        rule_.id = uuid_of(rule_.title);
        reporter_.warning("", "no-id",
                          "the rule has no id; add 'id: " + rule_.id +
                              "', or findings lose it when the title changes");
        return;
    }
    if (!id) return;
    rule_.id = lower_case(*id);
    if (is_uuid(rule_.id)) return;
    reporter_.error("/id", "bad-metadata",
                    "the id must be a UUID, such as " + uuid_of(rule_.title));
}

void RuleFile::take_level() {
    const std::optional<std::string> level = text(*root_, "", "level");
    if (!level) return;
    rule_.level = lower_case(*level);
    constexpr std::array<std::string_view, 5> kNames = {"informational", "low", "medium", "high",
                                                        "critical"};
    if (std::ranges::find(kNames, rule_.level) != kNames.end()) return;
    reporter_.error("/level", "bad-metadata",
                    "the level must be informational, low, medium, high or critical, not '" +
                        content::shown(*level) + "'");
}

void RuleFile::check_metadata() {
    const std::optional<std::string> status = text(*root_, "", "status");
    if (status && std::ranges::find(kStatuses, *status) == kStatuses.end()) {
        reporter_.error("/status", "bad-metadata",
                        "the status must be stable, test, experimental, deprecated or unsupported, "
                        "not '" +
                            content::shown(*status) + "'");
    }
    const std::optional<std::string> taxonomy = text(*root_, "", "taxonomy");
    if (taxonomy && *taxonomy != "sigma") {
        reporter_.error("/taxonomy", "taxonomy",
                        "fields must be named as in the taxonomy 'sigma', not '" +
                            content::shown(*taxonomy) + "'; rename them and remove this");
    }
    for (const std::string_view name :
         {"tags", "references", "falsepositives", "fields", "scope", "related"}) {
        const json::value* value = root_->if_contains(name);
        if (value == nullptr || value->is_array() || value->is_null()) continue;
        reporter_.warning(content::pointer_to("", name), "bad-metadata",
                          std::string(name) + " should be a list");
    }
}

const EventContract* RuleFile::find_contract() {
    const json::value* value = root_->if_contains("logsource");
    if (value == nullptr || !value->is_object()) {
        Texts keys;
        for (const auto& [key, member] : *root_) keys.emplace_back(key);
        reporter_.error("/logsource", "no-logsource",
                        "a rule needs a logsource with category, product or service" +
                            (value == nullptr ? did_you_mean("logsource", keys) : ""));
        return nullptr;
    }
    LogSource source;
    for (const auto& [name, part] :
         {std::pair{"product", &LogSource::product}, std::pair{"category", &LogSource::category},
          std::pair{"service", &LogSource::service}}) {
        const json::value* given = value->get_object().if_contains(name);
        if (given == nullptr || given->is_null()) continue;
        const std::optional<std::string> word = text(value->get_object(), "/logsource", name);
        if (!word) return nullptr;
        source.*part = lower_case(*word);
    }
    for (const EventContract& contract : contracts_) {
        for (const LogSource& its : contract.log_sources) {
            if (same(its, source)) return &contract;
        }
    }
    refuse_log_source(source);
    return nullptr;
}

void RuleFile::refuse_log_source(const LogSource& source) {
    const std::string described = describe(source);
    if (described.empty()) {
        reporter_.error("/logsource", "no-logsource",
                        "the logsource names no category, product or service");
        return;
    }
    Texts near;
    for (const EventContract& contract : contracts_) {
        for (const LogSource& its : contract.log_sources) {
            const bool related = (!source.category.empty() && its.category == source.category) ||
                                 (!source.service.empty() && its.service == source.service);
            if (related && near.size() < kLogSourcesShown) near.push_back(describe(its));
        }
    }
    std::string remedy = "; change the logsource, or leave the rule out";
    if (!near.empty()) {
        remedy = "; there is one for ";
        for (std::size_t i = 0; i < near.size(); ++i) remedy += (i > 0 ? "; for " : "") + near[i];
    }
    reporter_.error("/logsource", "no-contract", "no event contract for " + described + remedy);
}

std::optional<Condition> RuleFile::one_condition(const json::value& value,
                                                 const std::string& pointer, const Texts& names) {
    const json::string* text = value.if_string();
    if (text == nullptr) {
        reporter_.error(pointer, "bad-condition", "a condition must be a text");
        return std::nullopt;
    }
    const std::string_view view(text->data(), text->size());
    tl::expected<Condition, Refusal> parsed = parse_condition(view, names);
    if (parsed) return std::move(*parsed);
    reporter_.error(pointer, parsed.error().reason,
                    "condition, character " + std::to_string(parsed.error().offset + 1) + ": " +
                        parsed.error().text);
    return std::nullopt;
}

std::optional<Condition> RuleFile::condition(const json::object& detection, const Texts& names) {
    const json::value* value = detection.if_contains("condition");
    if (value == nullptr) {
        reporter_.error("/detection", "no-condition",
                        "the detection has no condition; write, say, 'condition: " +
                            (names.empty() ? "selection" : content::shown(names.front())) + "'");
        return std::nullopt;
    }
    const std::string pointer = "/detection/condition";
    const json::array* list = value->if_array();
    if (list == nullptr) return one_condition(*value, pointer, names);
    if (list->empty() || list->size() > kConditionsMax) {
        reporter_.error(pointer, "bad-condition",
                        "a list of conditions has 1 to " + std::to_string(kConditionsMax));
        return std::nullopt;
    }
    Condition any{Condition::Kind::kAny, {}, {}};
    for (std::size_t i = 0; i < list->size(); ++i) {
        std::optional<Condition> one =
            one_condition((*list)[i], content::pointer_to(pointer, std::to_string(i)), names);
        if (!one) return std::nullopt;
        any.children.push_back(std::move(*one));
    }
    return any;
}

/// Names that `condition` speaks of. As deep as its brackets.
void collect(const Condition& condition, std::map<std::string, bool>& used) {
    if (condition.kind == Condition::Kind::kDetection) used[condition.name] = true;
    for (const Condition& child : condition.children) collect(child, used);
}

void RuleFile::warn_unused(const Condition& condition, const Texts& names) {
    std::map<std::string, bool> used;
    collect(condition, used);
    for (const std::string& name : names) {
        if (used.contains(name) || name.starts_with('_')) continue;
        reporter_.warning(content::pointer_to("/detection", name), "unused-detection",
                          "the condition does not speak of '" + content::shown(name) + "'");
    }
}

void RuleFile::refuse_name(const std::string& name, const std::string& pointer) {
    const bool modified = name.find('|') != std::string::npos;
    reporter_.error(pointer, "bad-name",
                    modified ? "modifiers belong to a field, and '" + content::shown(name) +
                                   "' is a detection; move them to the field below"
                             : "no condition can speak of a detection called '" +
                                   content::shown(name) + "'; use letters, digits, _ and -");
}

std::optional<Term> RuleFile::logic(const EventContract& contract, const json::object& detection) {
    DetectionCompiler compiler(contract, reporter_);
    Texts names;
    std::map<std::string, Term> terms;
    for (const auto& [key, value] : detection) {
        const std::string name(key);
        const std::string pointer = content::pointer_to("/detection", name);
        if (name == "condition") continue;
        if (name == "timeframe") {
            reporter_.error(pointer, "aggregation",
                            "a timeframe counts several events, and an engine sees one at a time");
            continue;
        }
        if (!can_be_referenced(name)) {
            refuse_name(name, pointer);
            continue;
        }
        names.push_back(name);
        if (names.size() > RuleLimits{}.detections_max) {
            reporter_.error(
                pointer, "too-large",
                "more than " + std::to_string(RuleLimits{}.detections_max) + " detections");
            return std::nullopt;
        }
        if (std::optional<Term> term = compiler.compile(value, pointer)) {
            terms.emplace(name, std::move(*term));
        }
    }
    const std::optional<Condition> parsed = condition(detection, names);
    if (!parsed || reporter_.failed()) return std::nullopt;
    warn_unused(*parsed, names);
    std::optional<Term> term = assembled(*parsed, terms, ProgramLimits{}.nodes_per_rule_max);
    if (!term) {
        reporter_.error("/detection/condition", "too-large",
                        "with all that the condition speaks of, the rule has more than " +
                            std::to_string(ProgramLimits{}.nodes_per_rule_max) +
                            " nodes; split it");
    }
    return term;
}

std::optional<CompiledRule> RuleFile::compile() {
    root_ = document_.value.if_object();
    if (root_ == nullptr) {
        reporter_.error("", "not-a-rule", "a Sigma rule is a map that starts with title:");
        return std::nullopt;
    }
    if (refused_kind()) return std::nullopt;
    take_title();
    take_id();
    take_level();
    check_metadata();
    const EventContract* contract = find_contract();
    const json::value* detection = root_->if_contains("detection");
    if (detection == nullptr || !detection->is_object()) {
        Texts keys;
        for (const auto& [key, member] : *root_) keys.emplace_back(key);
        reporter_.error("/detection", "no-detection",
                        "a rule needs a detection: a map with a condition" +
                            (detection == nullptr ? did_you_mean("detection", keys) : ""));
        return std::nullopt;
    }
    if (contract == nullptr) return std::nullopt;
    std::optional<Term> term = logic(*contract, detection->get_object());
    if (!term || reporter_.failed()) return std::nullopt;
    rule_.file = one_line(document_.name);
    rule_.line = static_cast<std::uint32_t>(document_.where("/title").line);
    return CompiledRule{contract, std::move(rule_), std::move(*term)};
}

/// The reader's "name:12:5: reason" as a message.
CompileMessage message_of(const std::string& name, const Error& error) {
    CompileMessage message{.file = name, .reason = "bad-yaml", .text = error.context()};
    std::string_view rest = error.context();
    if (!rest.starts_with(name + ":")) return message;
    rest.remove_prefix(name.size() + 1);
    for (std::size_t* number : {&message.line, &message.column}) {
        const auto [end, code] = std::from_chars(rest.data(), rest.data() + rest.size(), *number);
        const auto used = static_cast<std::size_t>(end - rest.data());
        if (code != std::errc() || used >= rest.size() || rest[used] != ':') break;
        rest.remove_prefix(used + 1);
    }
    while (rest.starts_with(' ')) rest.remove_prefix(1);
    // yaml-cpp quotes single bytes of the file in some of its messages.
    message.text = std::string(rest);
    std::ranges::replace_if(
        message.text, [](char c) { return c < ' ' || c > '~'; }, '?');
    return message;
}

}  // namespace

std::optional<CompiledRule> compile_rule(const RuleSource& source,
                                         const std::vector<EventContract>& contracts,
                                         std::vector<CompileMessage>& messages) {
    const Result<content::Document> document =
        content::read_yaml(source.name, source.text, kRuleLimits, content::PlainScalars::kText);
    if (!document) {
        messages.push_back(message_of(source.name, document.error()));
        return std::nullopt;
    }
    return RuleFile(*document, contracts, messages).compile();
}

}  // namespace firebreak::sigma
