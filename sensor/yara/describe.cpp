#include <yara.h>

#include <algorithm>
#include <map>

#include "sensor/kit/json_writer.hpp"
#include "sensor/kit/text.hpp"
#include "sensor/yara/rule_set.hpp"

namespace firebreak::yara {
namespace {

using sensor_kit::hex;
using sensor_kit::JsonWriter;

const char* kind_name(StringKind kind) {
    switch (kind) {
        case StringKind::kText: return "text";
        case StringKind::kHex: return "hex";
        case StringKind::kRegex: return "regex";
    }
    return "text";
}

/// The rule's strings as libyara holds them, in the order of the source: one each, without the
/// further parts that it cuts strings with long gaps into.
std::vector<const YR_STRING*> compiled_strings(const YR_RULE& rule) {
    std::vector<const YR_STRING*> strings;
    YR_STRING* string = nullptr;
    yr_rule_strings_foreach((&rule), string) {
        if (string->chained_to == nullptr) strings.push_back(string);
    }
    return strings;
}

void write_strings(JsonWriter& out, const YR_RULE& rule, const SourceRule& source) {
    const std::vector<const YR_STRING*> compiled = compiled_strings(rule);
    const bool paired = compiled.size() == source.strings.size();
    out.key("strings").open_array();
    for (std::size_t i = 0; i < source.strings.size(); ++i) {
        const SourceString& string = source.strings[i];
        out.open_object();
        out.key("id").value(string.identifier);
        out.key("kind").value(kind_name(string.kind));
        out.key("line").value(std::uint64_t{string.line});
        out.key("source").value(string.value);
        out.key("modifiers").value(string.modifiers);
        if (paired && string.kind == StringKind::kText && STRING_IS_LITERAL(compiled[i])) {
            const auto length = static_cast<std::size_t>(compiled[i]->length);
            out.key("bytes").value(hex(compiled[i]->string, length));
        }
        out.close_object();
    }
    out.close_array();
}

void write_tags(JsonWriter& out, const YR_RULE& rule) {
    out.key("tags").open_array();
    const char* tag = nullptr;
    yr_rule_tags_foreach((&rule), tag) {
        out.value(tag);
    }
    out.close_array();
}

/// A list and not an object: YARA allows a meta to be given twice.
void write_metas(JsonWriter& out, const YR_RULE& rule) {
    out.key("metas").open_array();
    YR_META* meta = nullptr;
    yr_rule_metas_foreach((&rule), meta) {
        out.open_object().key("name").value(meta->identifier).key("value");
        if (meta->type == META_TYPE_STRING) {
            out.value(meta->string);
        } else if (meta->type == META_TYPE_BOOLEAN) {
            out.value(meta->integer != 0);
        } else {
            out.value(meta->integer);
        }
        out.close_object();
    }
    out.close_array();
}

void write_rule(JsonWriter& out, const YR_RULE& rule, const SourceRule& source) {
    out.open_object();
    out.key("name").value(rule.identifier);
    out.key("file").value(rule.ns->name);
    out.key("line").value(std::uint64_t{source.line});
    out.key("global").value(RULE_IS_GLOBAL(&rule) != 0);
    out.key("private").value(RULE_IS_PRIVATE(&rule) != 0);
    write_tags(out, rule);
    write_metas(out, rule);
    write_strings(out, rule, source);
    out.key("condition").value(source.condition);
    out.close_object();
}

}  // namespace

std::string RuleSet::describe() const {
    std::map<std::string_view, const SourceRule*> outlines;
    for (const SourceFileMap& file : sources_) {
        for (const SourceRule& rule : file.map.rules) outlines.emplace(rule.name, &rule);
    }
    JsonWriter out;
    out.open_object();
    out.key("content_type").value("yara-source");
    out.key("modules").open_array();
    for (const std::string& module : modules_) out.value(module);
    out.close_array();
    out.key("rules").open_array();
    YR_RULE* rule = nullptr;
    yr_rules_foreach(rules_, rule) {
        write_rule(out, *rule, *outlines.at(rule->identifier));
    }
    out.close_array().close_object();
    return out.text();
}

}  // namespace firebreak::yara
