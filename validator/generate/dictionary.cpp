#include "validator/generate/dictionary.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <string_view>

#include "core/base/encoding.hpp"

namespace firebreak::validator {
namespace {

constexpr std::size_t kEntriesMax = 50'000;
constexpr std::size_t kWordBytesMax = 4096;
constexpr std::size_t kGroupMax = 64;
constexpr std::uint32_t kNoWord = 0xFFFF'FFFF;

/// A description is read by our parser, which keeps to a depth; this is for who calls it otherwise.
constexpr int kDepthMax = 32;

/// What is read of one file.
constexpr std::size_t kFileBytesMax = 8U << 20U;

/// Members of a description that say where something is, or what it is called.
constexpr std::array<std::string_view, 16> kNotConstants{
    "name",        "file",         "title",  "level",    "id",        "kind",
    "op",          "field",        "source", "contract", "modifiers", "modules",
    "other_field", "content_type", "tags",   "build_id"};

bool is_constant(std::string_view key) {
    return std::ranges::find(kNotConstants, key) == kNotConstants.end();
}

bool is_digit(char c) {
    return c >= '0' && c <= '9';
}

bool is_letter(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

bool is_printable(std::uint8_t byte) {
    return byte >= 0x20 && byte < 0x7F;
}

std::string_view text_member(const json::object& object, std::string_view key) {
    const json::value* value = object.if_contains(key);
    return value != nullptr && value->is_string() ? std::string_view(value->get_string())
                                                  : std::string_view();
}

/// The runs of plain hexadecimal digits in a hex string: "{ 4D 5A ?? [2-4] 90 }" has two.
std::vector<Bytes> hex_runs(std::string_view source) {
    std::vector<Bytes> runs(1);
    for (std::size_t at = 0; at < source.size();) {
        if (source[at] == ' ' || source[at] == '\n' || source[at] == '\t' || source[at] == '\r') {
            ++at;
            continue;
        }
        const Result<Bytes> byte = hex_decode(source.substr(at, 2));
        if (source[at] == '[') {
            at = std::min(source.find(']', at), source.size() - 1) + 1;
            runs.emplace_back();
        } else if (byte && byte->size() == 1) {
            runs.back().push_back(byte->front());
            at += 2;
        } else {
            ++at;
            runs.emplace_back();
        }
    }
    std::erase_if(runs, [](const Bytes& run) { return run.empty(); });
    return runs;
}

/// The literal parts of a regular expression, as far as they can be told at a glance.
std::vector<Bytes> literal_runs(std::string_view pattern) {
    std::vector<Bytes> runs(1);
    for (std::size_t at = 0; at < pattern.size(); ++at) {
        const char c = pattern[at];
        const bool escaped = c == '\\' && at + 1 < pattern.size();
        if (escaped && !is_letter(pattern[at + 1]) && !is_digit(pattern[at + 1])) {
            runs.back().push_back(static_cast<std::uint8_t>(pattern[++at]));
        } else if (escaped ||
                   std::string_view("[](){}|*+?.^$/").find(c) != std::string_view::npos) {
            if (escaped) ++at;
            runs.emplace_back();
        } else {
            runs.back().push_back(static_cast<std::uint8_t>(c));
        }
    }
    std::erase_if(runs, [](const Bytes& run) { return run.size() < 2; });
    return runs;
}

}  // namespace

std::uint32_t Dictionary::add_word(Bytes word) {
    if (word.empty() || word.size() > kWordBytesMax || words.size() >= kEntriesMax) return kNoWord;
    words.push_back(std::move(word));
    return static_cast<std::uint32_t>(words.size() - 1);
}

void Dictionary::add_integer(std::int64_t integer) {
    if (integers.size() < kEntriesMax) integers.push_back(integer);
}

/// Goes through a description once, in its order.
class DescriptionWalk {
public:
    explicit DescriptionWalk(Dictionary& dictionary) : dictionary_(dictionary) {}

    void walk(const json::value& value, std::string_view key, int depth);

private:
    void walk_object(const json::object& object, std::string_view key, int depth);
    void add(std::vector<Bytes> words);
    void add_pattern(const json::object& object);
    void add_wishes(const json::object& program);

    Dictionary& dictionary_;
    std::vector<std::uint32_t>* group_ = nullptr;  ///< Of the rule that we are in.
};

void DescriptionWalk::add(std::vector<Bytes> words) {
    for (Bytes& word : words) {
        const std::uint32_t index = dictionary_.add_word(std::move(word));
        if (index != kNoWord && group_ != nullptr && group_->size() < kGroupMax) {
            group_->push_back(index);
        }
    }
}

/// {"kind": "hex", "source": "{ 4D 5A }"}, {"kind": "regex", "source": "/a+b/"}.
void DescriptionWalk::add_pattern(const json::object& object) {
    const std::string_view source = text_member(object, "source");
    if (source.empty() || object.contains("bytes")) return;
    const std::string_view kind = text_member(object, "kind");
    if (kind == "hex") {
        add(hex_runs(source));
    } else if (kind == "regex") {
        add(literal_runs(source));
    } else {
        add({to_bytes(source)});
    }
}

/// {"contract": …, "predicates": [{"field": …, "op": …, "bytes" or "integer": …}]}
void DescriptionWalk::add_wishes(const json::object& program) {
    const json::value* predicates = program.if_contains("predicates");
    if (predicates == nullptr || !predicates->is_array()) return;
    std::vector<FieldWish> wishes;
    for (const json::value& each : predicates->get_array()) {
        if (!each.is_object() || dictionary_.wishes.size() >= kEntriesMax) continue;
        const json::object& predicate = each.get_object();
        FieldWish wish{.contract = std::string(text_member(program, "contract")),
                       .field = std::string(text_member(predicate, "field")),
                       .op = std::string(text_member(predicate, "op"))};
        if (Result<Bytes> bytes = hex_decode(text_member(predicate, "bytes"))) {
            wish.bytes = *std::move(bytes);
        }
        const json::value* integer = predicate.if_contains("integer");
        if (integer != nullptr && integer->is_int64()) wish.integer = integer->get_int64();
        const bool usable = !wish.field.empty() && wish.bytes.size() <= kWordBytesMax;
        if (usable && wishes.size() < kEntriesMax) wishes.push_back(std::move(wish));
    }
    if (!wishes.empty()) dictionary_.wishes.push_back(std::move(wishes));
}

void DescriptionWalk::walk_object(const json::object& object, std::string_view key, int depth) {
    add_pattern(object);
    add_wishes(object);
    std::vector<std::uint32_t> group;
    const bool is_rule = key == "rules";
    if (is_rule) group_ = &group;
    for (const auto& member : object) walk(member.value(), member.key(), depth + 1);
    if (!is_rule) return;
    group_ = nullptr;
    if (!group.empty() && dictionary_.groups.size() < kEntriesMax) {
        dictionary_.groups.push_back(std::move(group));
    }
}

void DescriptionWalk::walk(const json::value& value, std::string_view key, int depth) {
    if (depth > kDepthMax) return;
    if (value.is_object()) return walk_object(value.get_object(), key, depth);
    if (value.is_array()) {
        for (const json::value& element : value.get_array()) walk(element, key, depth + 1);
        return;
    }
    if (value.is_int64() && (key == "integer" || key == "value")) {
        return dictionary_.add_integer(value.get_int64());
    }
    if (!value.is_string() || !is_constant(key)) return;
    const std::string_view text = value.get_string();
    if (key == "bytes" || key == "network") {
        if (Result<Bytes> bytes = hex_decode(text)) add({*std::move(bytes)});
    } else if (key != "text") {  // What has a text has its bytes too.
        add({to_bytes(text)});
    }
}

void Dictionary::add_description(const json::value& description) {
    DescriptionWalk(*this).walk(description, {}, 0);
}

namespace {

/// 0x5A4D, 4096, 2MB, -1: what a rule's condition compares with.
std::int64_t integer_at(std::string_view text, std::size_t& at) {
    const bool hexadecimal = text.substr(at, 2) == "0x";
    const std::string_view digits = text.substr(at + (hexadecimal ? 2 : 0));
    std::uint64_t value = 0;
    const auto [stopped, code] =
        std::from_chars(digits.data(), digits.data() + digits.size(), value, hexadecimal ? 16 : 10);
    at = std::max(at + 1, static_cast<std::size_t>(stopped - text.data()));
    if (text.substr(at, 2) == "KB") value <<= 10U;
    if (text.substr(at, 2) == "MB") value <<= 20U;
    return code == std::errc() ? static_cast<std::int64_t>(value) : -1;
}

}  // namespace

void Dictionary::add_file(ByteView content) {
    const std::string_view text = text_of(content.first(std::min(content.size(), kFileBytesMax)));
    const bool is_text = std::ranges::find(text, '\0') == text.end();
    for (std::size_t at = 0; at < text.size();) {
        const char c = text[at];
        if (is_text && is_letter(c)) {
            while (at < text.size() && (is_letter(text[at]) || is_digit(text[at]))) ++at;
        } else if (is_text && is_digit(c)) {
            add_integer(integer_at(text, at));
        } else if (is_text && c == '"') {
            const std::size_t end = text.find_first_of("\"\n", at + 1);
            if (end == std::string_view::npos) return;
            add_word(to_bytes(text.substr(at + 1, end - at - 1)));
            at = end + 1;
        } else if (!is_text && is_printable(static_cast<std::uint8_t>(c))) {
            std::size_t end = at;
            while (end < text.size() && is_printable(static_cast<std::uint8_t>(text[end]))) ++end;
            if (end - at >= 3) add_word(to_bytes(text.substr(at, end - at)));
            at = end;
        } else {
            ++at;
        }
    }
}

}  // namespace firebreak::validator
