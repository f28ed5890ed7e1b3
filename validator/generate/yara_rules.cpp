#include "validator/generate/yara_rules.hpp"

#include <algorithm>
#include <charconv>

#include "core/base/errc.hpp"

namespace firebreak::validator {
namespace {

Result<YaraString> read_string(const json::value& element) {
    const Result<JsonObject> object = JsonObject::of(element, "string");
    if (!object) return fail(object.error());
    const Result<std::string> id = object->string("id");
    const Result<std::string> kind = object->string("kind");
    const Result<std::string> source = object->string("source");
    const Result<std::string> modifiers = object->string("modifiers");
    for (const Result<std::string>* member : {&id, &kind, &source, &modifiers}) {
        if (!*member) return fail(member->error());
    }
    YaraString string{*id, YaraStringKind::kText, *source, *modifiers};
    if (*kind == "hex") {
        string.kind = YaraStringKind::kHex;
    } else if (*kind == "regex") {
        string.kind = YaraStringKind::kRegex;
    } else if (*kind != "text") {
        return fail(Errc::kMalformed, "a string of kind " + *kind);
    }
    return string;
}

Result<YaraRule> read_rule(const json::value& element) {
    const Result<JsonObject> object = JsonObject::of(element, "rule");
    if (!object) return fail(object.error());
    const Result<std::string> name = object->string("name");
    if (!name) return fail(name.error());
    YaraRule rule{.name = *name, .file = {}, .line = 0, .strings = {}, .condition = {}};
    // An engine says as much as its parser knows: only the name is always there.
    rule.file = object->string("file").value_or("");
    rule.line = static_cast<std::uint32_t>(object->integer("line", 0, 0x7FFFFFFF).value_or(0));
    rule.condition = object->string("condition").value_or("");
    rule.is_private = object->boolean("private").value_or(false);
    const Result<const json::array*> strings = object->array("strings");
    if (!strings) return rule;
    for (const json::value& entry : **strings) {
        Result<YaraString> string = read_string(entry);
        if (!string) return fail(string.error().seen_from(rule.name));
        rule.strings.push_back(*std::move(string));
    }
    return rule;
}

/// The tokens of a condition. Texts and regular expressions hold spaces of their own.
std::vector<std::string_view> tokens_of(std::string_view text) {
    std::vector<std::string_view> tokens;
    for (std::size_t begin = 0; begin < text.size();) {
        std::size_t end = begin;
        if (text[begin] == '"' || text[begin] == '/') {
            for (++end; end < text.size() && text[end] != text[begin]; ++end) {
                if (text[end] == '\\') ++end;
            }
        }
        end = std::min(text.find(' ', std::min(end, text.size())), text.size());
        if (end > begin) tokens.push_back(text.substr(begin, end - begin));
        begin = end + 1;
    }
    return tokens;
}

/// "0x5A4D", "64", "10KB", "5MB".
std::optional<std::uint64_t> number_of(std::string_view token) {
    std::uint64_t unit = 1;
    if (token.ends_with("KB")) unit = 1U << 10U;
    if (token.ends_with("MB")) unit = 1U << 20U;
    if (unit > 1) token.remove_suffix(2);
    const bool hexadecimal = token.starts_with("0x");
    if (hexadecimal) token.remove_prefix(2);
    std::uint64_t value = 0;
    const char* end = token.data() + token.size();
    const auto [stopped, code] = std::from_chars(token.data(), end, value, hexadecimal ? 16 : 10);
    constexpr std::uint64_t kLargest = 1ULL << 40U;
    if (code != std::errc() || stopped != end || value > kLargest) return std::nullopt;
    return value * unit;
}

/// Reads hints off the tokens, from each place at which something known begins.
class HintReader {
public:
    explicit HintReader(std::string_view condition) : tokens_(tokens_of(condition)) {}

    ConditionHints read() {
        for (at_ = 0; at_ < tokens_.size(); ++at_) {
            const std::string_view token = tokens_[at_];
            if (token.starts_with("uint") || token.starts_with("int")) {
                fixed_bytes(token);
            } else if (token.starts_with('$')) {
                string_place(std::string(token));
            } else if (token == "#") {
                string_count();
            } else if (token == "filesize") {
                file_size();
            } else if (follows({"pe", "."})) {
                hints_.pe = true;
                signature();
            } else if (follows({"elf", "."})) {
                hints_.elf = true;
            } else if (token == "not" && peek(1).starts_with('$')) {
                hints_.left_out.emplace_back(peek(1));
            }
        }
        return std::move(hints_);
    }

private:
    std::string_view peek(std::size_t ahead) const {
        return at_ + ahead < tokens_.size() ? tokens_[at_ + ahead] : std::string_view{};
    }

    bool follows(std::initializer_list<std::string_view> expected, std::size_t ahead = 0) const {
        return std::ranges::all_of(expected,
                                   [&](std::string_view token) { return peek(ahead++) == token; });
    }

    /// "uint16 ( 0 ) = = 0x5A4D"; "be" behind it turns the bytes around.
    void fixed_bytes(std::string_view name) {
        const bool big_endian = name.ends_with("be");
        if (big_endian) name.remove_suffix(2);
        const std::size_t bytes = name.ends_with("8") ? 1 : name.ends_with("16") ? 2 : 4;
        const std::optional<std::uint64_t> offset = number_of(peek(2));
        const std::optional<std::uint64_t> value = number_of(peek(6));
        constexpr std::uint64_t kOffsetMax = 64U << 10U;
        if (!offset || !value || *offset > kOffsetMax || peek(1) != "(") return;
        if (!follows({")", "=", "="}, 3)) return;
        FixedBytes fixed{.offset = *offset, .bytes = {}};
        for (std::size_t i = 0; i < bytes; ++i) {
            fixed.bytes.push_back(static_cast<std::uint8_t>(*value >> (8 * i)));
        }
        if (big_endian) std::ranges::reverse(fixed.bytes);
        hints_.pe = hints_.pe || (fixed.offset == 0 && fixed.bytes == to_bytes("MZ"));
        hints_.elf = hints_.elf || (fixed.offset == 0 && fixed.bytes == to_bytes("\x7F"
                                                                                 "ELF"));
        hints_.fixed.push_back(std::move(fixed));
    }

    void string_place(std::string id) {
        if (peek(1) == "at" && peek(4) == "entry_point") {
            hints_.at_entry_point.push_back(std::move(id));
        } else if (peek(1) == "at") {
            if (const auto offset = number_of(peek(2))) hints_.offsets[std::move(id)] = *offset;
        } else if (follows({"in", "("}, 1)) {
            if (const auto offset = number_of(peek(3))) hints_.offsets[std::move(id)] = *offset;
        }
    }

    /// "# a > 3"
    void string_count() {
        const bool or_equal = peek(3) == "=";
        const std::optional<std::uint64_t> number = number_of(peek(or_equal ? 4 : 3));
        const bool at_least = peek(2) == ">" || (peek(2) == "=" && or_equal);
        if (!number || !at_least) return;
        hints_.counts["$" + std::string(peek(1))] = or_equal ? *number : *number + 1;
    }

    void file_size() {
        const std::optional<std::uint64_t> size = number_of(peek(peek(2) == "=" ? 3 : 2));
        if (!size) return;
        if (peek(1) == ">") hints_.size_min = std::max(hints_.size_min, *size + 1);
        if (peek(1) == "<") hints_.size_max = std::min(hints_.size_max.value_or(*size), *size);
    }

    /// "pe . signatures [ i ] . subject contains "…"", or another member.
    void signature() {
        if (!follows({"signatures", "["}, 2) || !follows({"]", "."}, 5)) return;
        const std::string_view member = peek(7);
        const std::size_t value = follows({"=", "="}, 8) ? 10 : 9;
        if (!peek(value).starts_with('"')) return;
        const std::string text(text_of(unescaped(peek(value))));
        SignatureHints& hints = hints_.signature;
        // Of alternatives the first one.
        if (member == "subject" && hints.subject.empty()) hints.subject = text;
        if (member == "issuer" && hints.issuer.empty()) hints.issuer = text;
        if (member == "serial" && hints.serial.empty()) hints.serial = text;
    }

    std::vector<std::string_view> tokens_;
    std::size_t at_ = 0;
    ConditionHints hints_;
};

int hex_digit(char c) {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return -1;
}

}  // namespace

Result<std::vector<YaraRule>> yara_rules(const json::value& description) {
    const Result<JsonObject> object = JsonObject::of(description, "description");
    if (!object) return fail(object.error());
    const Result<const json::array*> elements = object->array("rules");
    if (!elements) return fail(elements.error());
    std::vector<YaraRule> rules;
    for (const json::value& element : **elements) {
        Result<YaraRule> rule = read_rule(element);
        if (!rule) return fail(rule.error());
        rules.push_back(*std::move(rule));
    }
    return rules;
}

ConditionHints hints_of(const std::string& condition) {
    return HintReader(condition).read();
}

Bytes unescaped(std::string_view quoted) {
    if (quoted.starts_with('"')) quoted.remove_prefix(1);
    if (quoted.ends_with('"')) quoted.remove_suffix(1);
    Bytes bytes;
    for (std::size_t i = 0; i < quoted.size(); ++i) {
        char c = quoted[i];
        if (c == '\\' && i + 1 < quoted.size()) {
            c = quoted[++i];
            const bool coded = c == 'x' && i + 2 < quoted.size() && hex_digit(quoted[i + 1]) >= 0 &&
                               hex_digit(quoted[i + 2]) >= 0;
            if (coded) {
                bytes.push_back(static_cast<std::uint8_t>(hex_digit(quoted[i + 1]) * 16 +
                                                          hex_digit(quoted[i + 2])));
                i += 2;
                continue;
            }
            if (c == 'n') c = '\n';
            if (c == 't') c = '\t';
            if (c == 'r') c = '\r';
        }
        bytes.push_back(static_cast<std::uint8_t>(c));
    }
    return bytes;
}

}  // namespace firebreak::validator
