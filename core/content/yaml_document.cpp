#include <optional>
#include <sstream>
#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/mark.h>
#include <yaml-cpp/parser.h>

#include "core/base/encoding.hpp"
#include "core/base/errc.hpp"
#include "core/content/document.hpp"
#include "core/content/place_book.hpp"
#include "core/content/printable.hpp"
#include "core/content/yaml_scalar.hpp"

namespace firebreak::content {
namespace {

Position position_of(const YAML::Mark& mark) {
    return {static_cast<std::size_t>(mark.line) + 1, static_cast<std::size_t>(mark.column) + 1};
}

/// yaml-cpp's events, turned into a value. Keeps the first thing it refuses, and from then on
/// ignores what comes: the parser cannot be told to stop.
class StrictHandler final : public YAML::EventHandler {
public:
    StrictHandler(Document& document, DocumentLimits limits, PlainScalars plain)
        : document_(document),
          limits_(limits),
          plain_(plain),
          places_(document.positions, limits) {}

    const std::optional<Error>& refused() const { return refused_; }
    bool met_document() const { return documents_ > 0; }

    void OnDocumentStart(const YAML::Mark& mark) override {
        if (++documents_ > 1) refuse(mark, Errc::kMalformed, "a second document; one a file");
    }
    void OnDocumentEnd() override {}

    void OnAnchor(const YAML::Mark& mark, const std::string&) override {
        refuse(mark, Errc::kMalformed, "anchors (&name) are not allowed; write it out");
    }
    void OnAlias(const YAML::Mark& mark, YAML::anchor_t) override {
        refuse(mark, Errc::kMalformed, "aliases (*name) are not allowed; write it out");
    }

    void OnNull(const YAML::Mark& mark, YAML::anchor_t) override { put(mark, nullptr, true); }

    void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t,
                  const std::string& text) override {
        // yaml-cpp 0.7 turns the escapes \N and \_ into single bytes of Latin-1.
        if (!is_utf8(text)) {
            return refuse(mark, Errc::kMalformed,
                          "not UTF-8; write the character, or \\u and its code");
        }
        if (text.find('\0') != std::string::npos) {
            return refuse(mark, Errc::kMalformed, "text must not hold a NUL character");
        }
        // "?" is a plain scalar, "!" a quoted or block one; anything else somebody wrote.
        if (tag == "!") return put(mark, json::string(text), false);
        if (tag != "?") return refuse_tag(mark);
        if (plain_ == PlainScalars::kText && !is_null(text)) {
            return put(mark, json::string(text), true);
        }
        Result<json::value> value = plain_scalar(text);
        if (!value) return refuse(mark, Errc::kMalformed, value.error().context());
        put(mark, std::move(*value), true);
    }

    void OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t,
                         YAML::EmitterStyle::value) override {
        open(mark, tag, json::array());
    }
    void OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t,
                    YAML::EmitterStyle::value) override {
        open(mark, tag, json::object());
    }
    void OnSequenceEnd() override { close(); }
    void OnMapEnd() override { close(); }

private:
    struct Open {
        json::value value;
        std::string pointer;
        std::optional<std::string> key;  ///< Of the member whose value comes next.
    };

    void refuse(const YAML::Mark& mark, Errc code, const std::string& reason) {
        if (!refused_)
            refused_ = Error(code, place(document_.name, position_of(mark)) + ": " + reason);
    }
    void refuse_tag(const YAML::Mark& mark) {
        refuse(mark, Errc::kMalformed, "tags (!name) are not allowed");
    }

    bool expects_key() const {
        return !open_.empty() && open_.back().value.is_object() && !open_.back().key;
    }

    /// True when a key came before: it has been noted as the place.
    bool is_member() const { return !open_.empty() && open_.back().key.has_value(); }

    std::string next_pointer() const {
        if (open_.empty()) return "";
        const Open& parent = open_.back();
        if (parent.key) return pointer_to(parent.pointer, *parent.key);
        return pointer_to(parent.pointer, std::to_string(parent.value.get_array().size()));
    }

    bool note(const YAML::Mark& mark, const std::string& pointer) {
        if (places_.note(pointer, position_of(mark))) return true;
        refuse(mark, Errc::kTooLarge, places_.why_full());
        return false;
    }

    void take_key(const YAML::Mark& mark, const json::value& value, bool plain) {
        const json::string* text = value.if_string();
        if (text == nullptr) {
            return refuse(mark, Errc::kMalformed, "a key must be text; put it in quotes");
        }
        if (has_control_character(*text, false)) {
            return refuse(mark, Errc::kMalformed, "a key must not hold control characters");
        }
        if (plain && *text == "<<") {
            return refuse(mark, Errc::kMalformed, "merge keys (<<) are not allowed; write it out");
        }
        Open& parent = open_.back();
        if (parent.value.get_object().contains(*text)) {
            return refuse(mark, Errc::kMalformed, "the key '" + shown(*text) + "' is there twice");
        }
        parent.key = std::string(*text);
        note(mark, next_pointer());
    }

    void put(const YAML::Mark& mark, json::value value, bool plain) {
        if (refused_) return;
        if (expects_key()) return take_key(mark, value, plain);
        if (is_member() || note(mark, next_pointer())) attach(std::move(value));
    }

    void open(const YAML::Mark& mark, const std::string& tag, json::value value) {
        if (refused_) return;
        if (tag != "?") return refuse_tag(mark);
        if (expects_key()) return refuse(mark, Errc::kMalformed, "a key must be text");
        if (open_.size() >= limits_.depth_max) {
            return refuse(mark, Errc::kTooLarge,
                          "nested deeper than " + std::to_string(limits_.depth_max));
        }
        const std::string pointer = next_pointer();
        if (is_member() || note(mark, pointer)) open_.push_back({std::move(value), pointer, {}});
    }

    void close() {
        if (refused_) return;
        json::value done = std::move(open_.back().value);
        open_.pop_back();
        attach(std::move(done));
    }

    void attach(json::value value) {
        if (open_.empty()) {
            document_.value = std::move(value);
            return;
        }
        Open& parent = open_.back();
        if (json::array* array = parent.value.if_array()) {
            array->push_back(std::move(value));
        } else {
            parent.value.get_object().emplace(*parent.key, std::move(value));
            parent.key.reset();
        }
    }

    Document& document_;
    DocumentLimits limits_;
    PlainScalars plain_;
    PlaceBook places_;
    std::vector<Open> open_;
    std::optional<Error> refused_;
    int documents_ = 0;
};

/// Refuses what yaml-cpp would read in its own way: another encoding than UTF-8, control
/// characters.
Result<void> check_bytes(const std::string& name, std::string_view text, DocumentLimits limits) {
    if (text.size() > limits.bytes_max) {
        return fail(Errc::kTooLarge, name + ": has " + std::to_string(text.size()) +
                                         " bytes, limit " + std::to_string(limits.bytes_max));
    }
    Position position{1, 1};
    for (const char c : text) {
        const auto byte = static_cast<unsigned char>(c);
        if ((byte < 0x20 && c != '\n' && c != '\r' && c != '\t') || byte == 0x7F) {
            return fail(Errc::kMalformed, place(name, position) + ": a control character");
        }
        ++position.column;
        if (c == '\n') position = {position.line + 1, 1};
    }
    if (!is_utf8(text)) return fail(Errc::kMalformed, name + ": not UTF-8; save it as UTF-8");
    return {};
}

/// The one place where yaml-cpp's exceptions end.
Result<void> run_parser(const std::string& name, std::string_view text, StrictHandler& handler) {
    try {
        std::istringstream stream{std::string(text)};
        YAML::Parser parser(stream);
        while (!handler.refused() && parser.HandleNextDocument(handler)) {}
    } catch (const YAML::Exception& error) {
        if (handler.refused()) return fail(*handler.refused());
        return fail(Errc::kMalformed, place(name, position_of(error.mark)) + ": " + error.msg);
    }
    if (handler.refused()) return fail(*handler.refused());
    if (!handler.met_document()) return fail(Errc::kMalformed, name + ": is empty");
    return {};
}

}  // namespace

Result<Document> read_yaml(std::string name, std::string_view text, DocumentLimits limits,
                           PlainScalars plain) {
    if (Result<void> checked = check_bytes(name, text, limits); !checked) {
        return fail(checked.error());
    }
    Document document{std::move(name), {}, {}};
    StrictHandler handler(document, limits, plain);
    if (Result<void> parsed = run_parser(document.name, text, handler); !parsed) {
        return fail(parsed.error());
    }
    return document;
}

}  // namespace firebreak::content
