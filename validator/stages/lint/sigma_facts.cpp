#include <algorithm>
#include <array>
#include <optional>
#include <utility>

#include "core/base/encoding.hpp"
#include "sensor/sigma/events/supplied_contracts.hpp"
#include "sensor/sigma/program/capabilities.hpp"
#include "validator/stages/lint/regex_tree.hpp"
#include "validator/stages/lint/rule_facts.hpp"

namespace firebreak::validator::lint {
namespace {

using sigma::Node;
using sigma::Op;
using sigma::Predicate;
using sigma::Program;

/// A number is compared whole, whatever its digits.
constexpr Demand kNumberDemand = 4;
constexpr Demand kOtherFieldDemand = 4;
constexpr Demand kOrderDemand = 1;

/// Criteria on less than this leave the choice to the others of their rule.
constexpr Demand kSelective = 4;

/// Parts of places, in lower case, that every system of a kind has, and programs that it cannot do
/// without.
constexpr std::array<std::string_view, 30> kSystemPlaces{
    R"(\windows\)",   R"(\system32)",    R"(\syswow64)", R"(\program files)",
    R"(\start menu)", R"(\startup\)",    R"(\desktop\)", R"(\drivers\etc)",
    "explorer.exe",   "svchost.exe",     "lsass.exe",    "winlogon.exe",
    "csrss.exe",      "services.exe",    "wininit.exe",  "smss.exe",
    "/bin/",          "/sbin/",          "/usr/",        "/lib/",
    "/lib64/",        "/etc/",           "/boot/",       "/system/library",
    "/applications/", "/library/launch", "systemd",      "launchd",
    "winsxs",         "kernel32.dll",
};

/// Contracts whose events come by the thousand on every host: to exclude a few of them is no
/// choice. Of the others a rule may well want all but some.
constexpr std::array<std::string_view, 24> kFirehoses{
    "apache/",
    "aws_cloudtrail/",
    "dns/",
    "dns_query_",
    "file_access_",
    "file_change_",
    "file_delete_",
    "file_event_",
    "file_rename_",
    "firewall/",
    "image_load_",
    "linux_auditd/",
    "linux_syslog/",
    "network_connection_",
    "nginx/",
    "pipe_created_",
    "process_access_",
    "process_creation_",
    "process_termination_",
    "proxy/",
    "registry_",
    "webserver/",
    "windows_security/",
    "zeek_conn/",
};

std::string lower(std::string_view text) {
    std::string result(text);
    std::ranges::transform(result, result.begin(), [](char c) {
        return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    });
    return result;
}

bool names_system_place(std::string_view text) {
    const std::string where = lower(text);
    return std::ranges::any_of(kSystemPlaces, [&](std::string_view place) {
        return where.find(place) != std::string::npos;
    });
}

std::string all_text(const Predicate& predicate) {
    std::string text = predicate.text;
    for (const sigma::GlobPiece& piece : predicate.pieces) text += piece.text;
    return text;
}

Demand glob_demand(const Predicate& predicate) {
    std::size_t bytes = 0;
    for (const sigma::GlobPiece& piece : predicate.pieces) {
        bytes += piece.text.size() - piece.any.size();
    }
    return static_cast<Demand>(std::min<std::size_t>(bytes, kDemandUnknown));
}

Demand regex_demand(const std::string& source) {
    const std::optional<RegexNode> regex = parse_regex(source);
    return regex ? demanded_bytes(*regex) : kDemandUnknown;
}

/// "/" is how each path, and the path of each URL, starts.
bool starts_every_path(std::string_view text) {
    return text == "/" || text == "\\";
}

Demand demand_of(const Predicate& predicate) {
    const auto bytes =
        static_cast<Demand>(std::min<std::size_t>(predicate.text.size(), kDemandUnknown));
    switch (predicate.op) {
        // "Has a value" and "has none" are each true of half of all events.
        case Op::kAbsent:
        case Op::kPresent: return 0;
        // To be equal pins down the length as well, even to the empty text.
        case Op::kEquals: return std::max(bytes, kNumberDemand);
        case Op::kContains: return bytes > 1 ? bytes : 0;
        case Op::kStartsWith: return starts_every_path(predicate.text) ? 0 : bytes;
        case Op::kEndsWith: return bytes;
        case Op::kGlob: return glob_demand(predicate);
        case Op::kRegex: return regex_demand(predicate.text);
        case Op::kCidr: return predicate.prefix_bits == 0 ? 0 : kNumberDemand;
        case Op::kIntegerEquals: return kNumberDemand;
        case Op::kLess:
        case Op::kLessOrEqual:
        case Op::kGreater:
        case Op::kGreaterOrEqual: return kOrderDemand;
        case Op::kSameAs:
        case Op::kSameStart:
        case Op::kSameEnd:
        case Op::kSameInside: return kOtherFieldDemand;
    }
    return kDemandUnknown;
}

/// Whether the criterion compares with nothing where it should compare with something.
bool blank(const Predicate& predicate) {
    switch (predicate.op) {
        case Op::kContains:
        case Op::kStartsWith:
        case Op::kEndsWith:
        case Op::kRegex: return predicate.text.empty();
        default: return false;
    }
}

/// What a node comes to, from its children, which stand before it.
struct NodeFacts {
    Demand demand = kDemandUnknown;
    bool selective = false;  ///< Pins down something other than a place of the system.
    bool system_place = false;
    bool excludes = false;  ///< Says of something that it must not be there.
};

NodeFacts facts_of(const Predicate& predicate) {
    const Demand demand = demand_of(predicate);
    const bool place = names_system_place(all_text(predicate));
    return {.demand = demand, .selective = !place && demand >= kSelective, .system_place = place};
}

NodeFacts combine(const Node& node, const std::vector<NodeFacts>& known) {
    NodeFacts result = known[node.children.front()];
    if (node.kind == Node::Kind::kNot) {
        return {.demand = demand_of_not(result.demand),
                .excludes = result.demand > 0 || result.excludes};
    }
    for (std::size_t index = 1; index < node.children.size(); ++index) {
        const NodeFacts& child = known[node.children[index]];
        result.system_place |= child.system_place;
        result.excludes |= child.excludes;
        if (node.kind == Node::Kind::kAll) {
            result.demand = demand_of_all(result.demand, child.demand);
            result.selective |= child.selective;
        } else {
            result.demand = demand_of_any(result.demand, child.demand);
            result.selective &= child.selective;
        }
    }
    return result;
}

/// The contract as this validator knows it, for names; an unknown one leaves numbers.
class FieldNames {
public:
    explicit FieldNames(const std::string& contract) {
        const auto all = sigma::supplied_contracts();
        const auto found = std::ranges::find(all, contract, &sigma::SuppliedContract::contract);
        if (found != all.end()) fields_ = found->fields;
    }

    std::string of(std::uint16_t field) const {
        if (field == sigma::kAnyField) return "*";
        if (field < fields_.size()) return std::string(fields_[field].name);
        return "#" + std::to_string(field);
    }

private:
    std::span<const sigma::SuppliedField> fields_{};
};

/// A number that two predicates share only when they ask the same.
std::uint64_t criterion(const Predicate& predicate, const FieldNames& names) {
    std::string text = names.of(predicate.field) + "|" + std::string(sigma::name_of(predicate.op)) +
                       "|" + (predicate.cased ? "cased|" : "|") + predicate.text + "|" +
                       std::to_string(predicate.integer) + "|" +
                       std::to_string(predicate.other_field) + "|" + hex_encode(predicate.network) +
                       "/" + std::to_string(predicate.prefix_bits);
    for (const sigma::GlobPiece& piece : predicate.pieces) text += "*" + piece.text;
    return short_digest(text);
}

/// A predicate is stored once and asked by many rules: what is long about it is kept once as well,
/// with the first rule that asks it.
struct PredicateFacts {
    std::uint64_t criterion = 0;
    NodeFacts node{};
    bool told = false;
};

class ProgramReader {
public:
    ProgramReader(const Program& program, ContentFacts& facts)
        : program_(program), names_(program.contract), facts_(facts) {
        for (const Predicate& predicate : program.predicates) {
            predicates_.push_back({criterion(predicate, names_), facts_of(predicate)});
        }
    }

    void read(const std::vector<std::string>& actions) {
        for (const Predicate& predicate : program_.predicates) {
            for (const std::string& action : actions) {
                facts_.uses.insert({program_.contract, names_.of(predicate.field),
                                    std::string(sigma::name_of(predicate.op)), action});
            }
        }
        for (const sigma::Rule& rule : program_.rules) facts_.rules.push_back(read(rule));
    }

private:
    RuleFacts read(const sigma::Rule& rule);
    void take(std::uint32_t index, RuleFacts& facts);

    const Program& program_;
    FieldNames names_;
    ContentFacts& facts_;
    std::vector<PredicateFacts> predicates_;
};

void ProgramReader::take(std::uint32_t index, RuleFacts& facts) {
    PredicateFacts& known = predicates_[index];
    facts.criteria.push_back(known.criterion);
    if (std::exchange(known.told, true)) return;
    const Predicate& predicate = program_.predicates[index];
    const std::string field = names_.of(predicate.field);
    if (blank(predicate)) {
        facts.blank_criteria.push_back(field + "|" + std::string(sigma::name_of(predicate.op)));
    }
    if (predicate.op == Op::kRegex) {
        facts.regexes.push_back({predicate.text, field, facts.place.line});
    }
}

RuleFacts ProgramReader::read(const sigma::Rule& rule) {
    RuleFacts facts{.place = {.file = rule.file, .line = rule.line, .rule = rule.id},
                    .title = rule.title,
                    .contract = program_.contract};
    if (rule.title.find_first_not_of(' ') == std::string::npos) facts.blank_fields = {"title"};
    std::vector<NodeFacts> known;
    known.reserve(rule.nodes.size());
    std::string condition;
    for (const Node& node : rule.nodes) {
        condition += std::to_string(static_cast<int>(node.kind));
        if (node.kind == Node::Kind::kPredicate) {
            take(node.predicate, facts);
            known.push_back(predicates_[node.predicate].node);
            condition += ":" + std::to_string(predicates_[node.predicate].criterion);
        } else {
            known.push_back(combine(node, known));
            for (const std::uint32_t child : node.children)
                condition += "," + std::to_string(child);
        }
        condition += ";";
    }
    facts.condition = short_digest(condition);
    std::ranges::sort(facts.criteria);
    facts.criteria.erase(std::unique(facts.criteria.begin(), facts.criteria.end()),
                         facts.criteria.end());
    facts.demand = known.back().demand;
    const bool firehose = std::ranges::any_of(
        kFirehoses, [&](std::string_view start) { return program_.contract.starts_with(start); });
    facts.matches_everything = facts.demand == 0 && (firehose || !known.back().excludes);
    facts.only_system_places = known.back().system_place && !known.back().selective;
    return facts;
}

}  // namespace

void read_sigma_file(const content::ContentFile& file, const std::vector<std::string>& actions,
                     ContentFacts& facts) {
    const Result<Program> program = sigma::read_program(file.bytes);
    if (!program) {
        facts.trouble = file.name + ": " + program.error().context();
        return;
    }
    ProgramReader(*program, facts).read(actions);
}

}  // namespace firebreak::validator::lint
