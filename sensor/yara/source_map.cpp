#include "sensor/yara/source_map.hpp"

#include <optional>
#include <utility>

namespace firebreak::yara {
namespace {

enum class TokenKind { kWord, kText, kRegex, kHex, kSign, kEnd };

struct Token {
    TokenKind kind = TokenKind::kEnd;
    std::string_view text;
    std::uint32_t line = 0;
};

bool word_char(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

/// Cuts the source into tokens. "/" always starts a regex or a comment: division is "\".
class Lexer {
public:
    explicit Lexer(std::string_view text) : text_(text) {}

    Token next() {
        skip_space_and_comments();
        const std::size_t start = at_;
        const std::uint32_t line = line_;
        if (at_ >= text_.size()) return {TokenKind::kEnd, {}, line};
        TokenKind kind = TokenKind::kSign;
        const char c = text_[at_];
        if (c == '"') {
            kind = TokenKind::kText;
            skip_delimited('"');
        } else if (c == '/') {
            kind = TokenKind::kRegex;
            skip_delimited('/');
            while (peek() == 'i' || peek() == 's') ++at_;
        } else if (c == '{' && after_equals_) {
            kind = TokenKind::kHex;
            skip_hex();
        } else if (word_char(c) || c == '$') {
            kind = TokenKind::kWord;
            ++at_;
            while (word_char(peek())) ++at_;
        } else {
            ++at_;
        }
        after_equals_ = c == '=' && kind == TokenKind::kSign;
        return {kind, text_.substr(start, at_ - start), line};
    }

    bool whole() const { return whole_; }

private:
    char peek(std::size_t ahead = 0) const {
        return at_ + ahead < text_.size() ? text_[at_ + ahead] : '\0';
    }

    void advance() {
        if (text_[at_] == '\n') ++line_;
        ++at_;
    }

    void skip_space_and_comments() {
        while (at_ < text_.size()) {
            if (peek() == '/' && peek(1) == '/') {
                while (at_ < text_.size() && text_[at_] != '\n') ++at_;
            } else if (peek() == '/' && peek(1) == '*') {
                skip_block_comment();
            } else if (peek() == ' ' || peek() == '\t' || peek() == '\r' || peek() == '\n') {
                advance();
            } else {
                return;
            }
        }
    }

    void skip_block_comment() {
        at_ += 2;
        while (at_ < text_.size() && !(peek() == '*' && peek(1) == '/')) advance();
        if (at_ >= text_.size()) {
            whole_ = false;
            return;
        }
        at_ += 2;
    }

    /// Past a string or regex: to the next `end` that no backslash stands before, on one line.
    void skip_delimited(char end) {
        ++at_;
        while (at_ < text_.size() && text_[at_] != end && text_[at_] != '\n') {
            at_ += text_[at_] == '\\' && peek(1) != '\n' && at_ + 1 < text_.size() ? 2 : 1;
        }
        if (peek() == end && at_ < text_.size()) {
            ++at_;
        } else {
            whole_ = false;
        }
    }

    void skip_hex() {
        while (at_ < text_.size() && text_[at_] != '}') {
            if (peek() == '/' && (peek(1) == '/' || peek(1) == '*')) {
                skip_space_and_comments();
            } else {
                advance();
            }
        }
        if (at_ < text_.size()) {
            ++at_;
        } else {
            whole_ = false;
        }
    }

    std::string_view text_;
    std::size_t at_ = 0;
    std::uint32_t line_ = 1;
    bool after_equals_ = false;
    bool whole_ = true;
};

std::optional<StringKind> string_kind(TokenKind kind) {
    switch (kind) {
        case TokenKind::kText: return StringKind::kText;
        case TokenKind::kHex: return StringKind::kHex;
        case TokenKind::kRegex: return StringKind::kRegex;
        default: return std::nullopt;
    }
}

/// Follows the few words that matter: import, rule, strings:, condition:.
class OutlineReader {
public:
    explicit OutlineReader(std::string_view text) : lexer_(text) { advance(); }

    SourceMap read() {
        while (token_.kind != TokenKind::kEnd) step();
        map_.whole = lexer_.whole();
        return std::move(map_);
    }

private:
    void advance() {
        token_ = ahead_ ? *ahead_ : lexer_.next();
        ahead_.reset();
    }

    const Token& peek() {
        if (!ahead_) ahead_ = lexer_.next();
        return *ahead_;
    }

    bool is_word(std::string_view word) const {
        return token_.kind == TokenKind::kWord && token_.text == word;
    }

    void step() {
        if (is_word("import") && peek().kind == TokenKind::kText) {
            advance();
            std::string_view module = token_.text.substr(1);
            if (module.ends_with('"')) module.remove_suffix(1);
            map_.imports.push_back({std::string(module), token_.line});
        } else if (is_word("rule") && peek().kind == TokenKind::kWord) {
            advance();
            map_.rules.push_back({.name = std::string(token_.text),
                                  .line = token_.line,
                                  .is_global = std::exchange(global_, false),
                                  .is_private = std::exchange(private_, false)});
            in_strings_ = false;
            in_condition_ = false;
        } else if (is_word("global")) {
            global_ = true;
        } else if (is_word("private")) {
            private_ = true;
        } else if (is_word("meta") && peek().text == ":") {
            advance();
            advance();
            read_metas();
            return;
        } else if (is_word("strings") && peek().text == ":") {
            in_strings_ = true;
        } else if (is_word("condition")) {
            in_strings_ = false;
            in_condition_ = peek().text == ":";
            if (in_condition_) advance();
        } else if (in_condition_) {
            read_condition();
        } else if (in_strings_ && token_.kind == TokenKind::kWord && token_.text[0] == '$') {
            read_string();
            return;
        }
        advance();
    }

    /// "name = value", again and again. Leaves token_ on what comes after.
    void read_metas() {
        while (token_.kind == TokenKind::kWord && peek().text == "=") {
            SourceMeta meta{std::string(token_.text), {}, token_.line};
            advance();
            advance();
            if (token_.text == "-") {
                meta.value = "-";
                advance();
            }
            if (token_.kind == TokenKind::kEnd) return;
            meta.value += token_.text;
            advance();
            if (!map_.rules.empty()) map_.rules.back().metas.push_back(std::move(meta));
        }
    }

    /// One token of it: to the brace that ends the rule.
    void read_condition() {
        in_condition_ = token_.text != "}" && !map_.rules.empty();
        if (!in_condition_) return;
        std::string& condition = map_.rules.back().condition;
        if (!condition.empty()) condition += ' ';
        condition += token_.text;
        map_.rules.back().condition_tokens.emplace_back(token_.text);
    }

    /// "$a = <value> <modifiers>". Leaves token_ on what comes after.
    void read_string() {
        SourceString string;
        string.identifier = token_.text;
        string.line = token_.line;
        advance();
        if (token_.text != "=") return;
        advance();
        const std::optional<StringKind> kind = string_kind(token_.kind);
        if (!kind || map_.rules.empty()) return;
        string.kind = *kind;
        string.value = token_.text;
        advance();
        read_modifiers(string.modifiers);
        map_.rules.back().strings.push_back(std::move(string));
    }

    /// "wide xor(0x01-0xff)": words, each with what stands in brackets behind it.
    void read_modifiers(std::string& out) {
        while (token_.kind == TokenKind::kWord && token_.text[0] != '$' && !is_word("condition")) {
            if (!out.empty()) out += ' ';
            out += token_.text;
            advance();
            if (token_.text != "(") continue;
            while (token_.kind != TokenKind::kEnd && token_.text != ")") {
                out += token_.text;
                advance();
            }
            out += ')';
            advance();
        }
    }

    Lexer lexer_;
    Token token_;
    std::optional<Token> ahead_;
    SourceMap map_;
    bool in_strings_ = false;
    bool in_condition_ = false;
    bool global_ = false;   ///< Was said of the rule that is to come.
    bool private_ = false;  ///< Likewise.
};

}  // namespace

SourceMap read_source(std::string_view text) {
    return OutlineReader(text).read();
}

}  // namespace firebreak::yara
