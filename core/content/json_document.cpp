#include <algorithm>
#include <optional>

#include "core/base/errc.hpp"
#include "core/content/document.hpp"
#include "core/content/place_book.hpp"
#include "core/content/printable.hpp"

namespace firebreak::content {
namespace {

/// Line and column of an offset, for a caller whose offsets only grow.
class PositionCounter {
public:
    explicit PositionCounter(std::string_view text) : text_(text) {}

    Position at(std::size_t offset) {
        for (; counted_ < std::min(offset, text_.size()); ++counted_) {
            if (text_[counted_] != '\n') continue;
            ++line_;
            line_start_ = counted_ + 1;
        }
        return {line_, offset - line_start_ + 1};
    }

private:
    std::string_view text_;
    std::size_t counted_ = 0;
    std::size_t line_ = 1;
    std::size_t line_start_ = 0;
};

/// Walks a text that parse_json has accepted, beside the value it became, and notes where each part
/// of the value starts. Only the shape of JSON matters here; what is in a string does not.
class PlaceFinder {
public:
    PlaceFinder(std::string_view text, const Document& document, PlaceBook& places)
        : text_(text), lines_(text), document_(document), places_(places) {}

    /// @returns false when the book is full, or a text holds a NUL (where C programs would end it).
    bool walk() {
        note("");
        return visit(document_.value, "");
    }

    /// "plan.json:1:5: reason", when it was not the book.
    const std::optional<std::string>& refused() const { return refused_; }

private:
    bool visit(const json::value& value, const std::string& pointer) {
        skip_space();
        if (const json::object* object = value.if_object()) return visit_members(*object, pointer);
        if (const json::array* array = value.if_array()) return visit_elements(*array, pointer);
        if (const json::string* text = value.if_string()) {
            if (!free_of_nul(*text)) return false;
            skip_string();
        } else {
            at_ = std::min(text_.find_first_of(",]} \t\r\n", at_), text_.size());
        }
        return true;
    }

    bool visit_members(const json::object& object, const std::string& pointer) {
        ++at_;  // '{'
        // parse_json keeps members in the order of the text.
        for (const auto& [name, member] : object) {
            const std::string here = pointer_to(pointer, name);
            if (!note(here) || !usable_key(name)) return false;
            skip_string();
            skip_space();
            ++at_;  // ':'
            if (!visit(member, here)) return false;
            skip_space();
            ++at_;  // ',' or '}'
        }
        if (object.empty()) close();
        return true;
    }

    bool visit_elements(const json::array& array, const std::string& pointer) {
        ++at_;  // '['
        for (std::size_t i = 0; i < array.size(); ++i) {
            const std::string here = pointer_to(pointer, std::to_string(i));
            if (!note(here) || !visit(array[i], here)) return false;
            skip_space();
            ++at_;  // ',' or ']'
        }
        if (array.empty()) close();
        return true;
    }

    bool note(const std::string& pointer) {
        skip_space();
        return places_.note(pointer, lines_.at(at_));
    }

    bool free_of_nul(std::string_view text) {
        return text.find('\0') == std::string_view::npos || refuse("text must not hold a NUL");
    }
    bool usable_key(std::string_view key) {
        return !has_control_character(key, false) ||
               refuse("a key must not hold control characters");
    }
    bool refuse(const char* reason) {
        refused_ = place(document_.name, lines_.at(at_)) + ": " + reason;
        return false;
    }

    void close() {
        skip_space();
        ++at_;
    }

    void skip_space() { at_ = std::min(text_.find_first_not_of(" \t\r\n", at_), text_.size()); }

    void skip_string() {
        for (++at_; at_ < text_.size() && text_[at_] != '"'; ++at_) {
            if (text_[at_] == '\\') ++at_;
        }
        ++at_;
    }

    std::string_view text_;
    PositionCounter lines_;
    const Document& document_;
    PlaceBook& places_;
    std::optional<std::string> refused_;
    std::size_t at_ = 0;
};

}  // namespace

Result<Document> read_json(std::string name, std::string_view text, DocumentLimits limits) {
    std::size_t failed_at = 0;
    Result<json::value> value =
        parse_json(text, {.bytes_max = limits.bytes_max, .depth_max = limits.depth_max}, failed_at);
    if (!value) {
        const Position position = PositionCounter(text).at(failed_at);
        return fail(value.error().seen_from(place(name, position)));
    }
    Document document{std::move(name), std::move(*value), {}};
    PlaceBook places(document.positions, limits);
    PlaceFinder finder(text, document, places);
    if (!finder.walk()) {
        if (finder.refused()) return fail(Errc::kMalformed, *finder.refused());
        return fail(Errc::kTooLarge, document.name + ": " + places.why_full());
    }
    return document;
}

}  // namespace firebreak::content
