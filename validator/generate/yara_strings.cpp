#include "validator/generate/yara_strings.hpp"

#include <algorithm>
#include <charconv>
#include <optional>

#include "core/base/errc.hpp"

namespace firebreak::validator {
namespace {

constexpr std::uint32_t kDepthMax = 50;
constexpr std::uint64_t kMoreSome = 4;
constexpr std::uint64_t kMoreMost = 40;
constexpr std::string_view kAlphabet =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

int hex_digit(char c) {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return -1;
}

/// Writes bytes for a hex string while reading it: "{ 4D 5? [2-4] ( AA | BB CC ) ~00 }".
class HexSampler {
public:
    HexSampler(std::string_view source, Random& random, Repeats repeats, std::size_t room)
        : source_(source), random_(random), repeats_(repeats), room_(room) {}

    Result<Bytes> sample() {
        skip_space();
        if (!take('{')) return fail(Errc::kMalformed, "a hex string without {");
        sequence(0);
        if (!take('}') || malformed_) return fail(Errc::kMalformed, "a hex string");
        if (bytes_.size() > room_) return fail(Errc::kTooLarge, "a hex string");
        return std::move(bytes_);
    }

private:
    char peek(std::size_t ahead = 0) const {
        return at_ + ahead < source_.size() ? source_[at_ + ahead] : '\0';
    }
    bool take(char c) {
        if (peek() != c || at_ >= source_.size()) return false;
        ++at_;
        return true;
    }

    void skip_space() {
        while (at_ < source_.size()) {
            if (peek() == '/' && peek(1) == '/') {
                at_ = std::min(source_.find('\n', at_), source_.size());
            } else if (peek() == '/' && peek(1) == '*') {
                const std::size_t end = source_.find("*/", at_ + 2);
                at_ = end == std::string_view::npos ? source_.size() : end + 2;
            } else if (std::string_view(" \t\r\n").find(peek()) != std::string_view::npos) {
                ++at_;
            } else {
                return;
            }
        }
    }

    bool more() {
        skip_space();
        return !malformed_ && at_ < source_.size() && peek() != '}' && peek() != ')' &&
               peek() != '|';
    }

    void sequence(std::uint32_t depth) {
        while (more()) {
            if (bytes_.size() > room_) return skip_rest(depth);
            if (peek() == '(') {
                alternatives(depth + 1);
            } else if (peek() == '[') {
                jump();
            } else {
                byte();
            }
        }
    }

    /// Too long already: only the end of what was begun is looked for.
    void skip_rest(std::uint32_t depth) {
        const char end = depth == 0 ? '}' : ')';
        at_ = std::min(source_.find(end, at_), source_.size());
    }

    void alternatives(std::uint32_t depth) {
        if (depth > kDepthMax || !take('(')) {
            malformed_ = true;
            return;
        }
        const std::size_t before = bytes_.size();
        // One of them is kept, each as likely as the others, however many are to come.
        Bytes kept;
        std::uint64_t seen = 0;
        do {
            bytes_.resize(before);
            sequence(depth);
            if (random_.below(++seen) == 0) {
                kept.assign(bytes_.begin() + static_cast<std::ptrdiff_t>(before), bytes_.end());
            }
        } while (take('|'));
        if (!take(')')) malformed_ = true;
        bytes_.resize(before);
        bytes_.insert(bytes_.end(), kept.begin(), kept.end());
    }

    void byte() {
        const bool inverted = take('~');
        const std::optional<std::uint8_t> high = nibble();
        const std::optional<std::uint8_t> low = nibble();
        if (!high || !low) {
            malformed_ = true;
            return;
        }
        const auto value = static_cast<std::uint8_t>(*high << 4U | *low);
        bytes_.push_back(inverted ? static_cast<std::uint8_t>(~value) : value);
    }

    std::optional<std::uint8_t> nibble() {
        if (take('?')) return static_cast<std::uint8_t>(random_.below(16));
        const int digit = hex_digit(peek());
        if (digit < 0) return std::nullopt;
        ++at_;
        return static_cast<std::uint8_t>(digit);
    }

    /// "[4]", "[2-4]", "[2-]", "[-]".
    void jump() {
        take('[');
        const std::optional<std::uint64_t> first = number();
        std::optional<std::uint64_t> last = first;
        if (take('-')) {
            last = number();
        } else if (!first) {
            malformed_ = true;
        }
        skip_space();
        const std::uint64_t least = first.value_or(0);
        if (!take(']') || (last && *last < least)) malformed_ = true;
        if (malformed_) return;
        std::uint64_t most = last.value_or(least + kMoreMost);
        if (repeats_ == Repeats::kFewest) most = least;
        if (repeats_ == Repeats::kSome) most = std::min(most, least + kMoreSome);
        if (repeats_ == Repeats::kMost) most = std::min(most, least + kMoreMost);
        const std::uint64_t count =
            repeats_ == Repeats::kSome ? least + random_.below(most - least + 1) : most;
        const std::uint64_t fits = std::min<std::uint64_t>(count, room_ + 1);
        for (std::uint64_t i = 0; i < fits; ++i) {
            bytes_.push_back(static_cast<std::uint8_t>(random_.below(256)));
        }
    }

    std::optional<std::uint64_t> number() {
        skip_space();
        constexpr std::uint64_t kLargest = 1U << 30U;
        std::optional<std::uint64_t> value;
        while (peek() >= '0' && peek() <= '9') {
            const auto digit = static_cast<std::uint64_t>(source_[at_++] - '0');
            value = std::min(value.value_or(0) * 10 + digit, kLargest);
        }
        skip_space();
        return value;
    }

    std::string_view source_;
    Random& random_;
    Repeats repeats_;
    std::size_t room_;
    std::size_t at_ = 0;
    bool malformed_ = false;
    Bytes bytes_;
};

bool has_word(std::string_view modifiers, std::string_view word) {
    for (std::size_t at = modifiers.find(word); at != std::string_view::npos;
         at = modifiers.find(word, at + 1)) {
        const std::size_t end = at + word.size();
        const bool begins = at == 0 || modifiers[at - 1] == ' ';
        const bool ends = end == modifiers.size() || modifiers[end] == ' ' || modifiers[end] == '(';
        if (begins && ends) return true;
    }
    return false;
}

/// What stands in brackets behind a modifier: "0x01-0xff" of "xor(0x01-0xff)".
std::string_view argument_of(std::string_view modifiers, std::string_view word) {
    const std::size_t at = modifiers.find(std::string(word) + "(");
    if (at == std::string_view::npos) return {};
    const std::size_t begin = at + word.size() + 1;
    return modifiers.substr(begin, modifiers.find(')', begin) - begin);
}

Bytes widened(const Bytes& bytes) {
    Bytes wide;
    for (const std::uint8_t byte : bytes) {
        wide.push_back(byte);
        wide.push_back(0);
    }
    return wide;
}

/// The key that xor(a-b) begins at; some key when it names none.
std::uint8_t xor_key(std::string_view range, Random& random) {
    if (range.empty()) return static_cast<std::uint8_t>(1 + random.below(255));
    const bool hexadecimal = range.starts_with("0x");
    if (hexadecimal) range.remove_prefix(2);
    unsigned key = 0;
    std::from_chars(range.data(), range.data() + range.size(), key, hexadecimal ? 16 : 10);
    return static_cast<std::uint8_t>(key);
}

/// RFC 4648 without padding, in an alphabet of one's own.
Bytes base64_in(const Bytes& bytes, std::string_view alphabet) {
    Bytes text;
    std::uint32_t bits = 0;
    unsigned held = 0;
    const auto put = [&](std::uint32_t six) {
        text.push_back(static_cast<std::uint8_t>(alphabet[six & 0x3FU]));
    };
    for (const std::uint8_t byte : bytes) {
        bits = (bits << 8U | byte) & 0xFFFFU;
        for (held += 8; held >= 6; held -= 6) put(bits >> (held - 6));
    }
    if (held > 0) put(bits << (6 - held));
    return text;
}

Bytes sample_text(const YaraString& string, Random& random) {
    Bytes bytes = unescaped(string.source);
    const std::string_view modifiers = string.modifiers;
    const bool wide = has_word(modifiers, "wide");
    const bool both = wide && has_word(modifiers, "ascii");
    if (wide && (!both || random.below(2) == 0)) bytes = widened(bytes);
    if (has_word(modifiers, "xor")) {
        const std::uint8_t key = xor_key(argument_of(modifiers, "xor"), random);
        for (std::uint8_t& byte : bytes) byte ^= key;
    }
    for (const std::string_view word : {"base64", "base64wide"}) {
        if (!has_word(modifiers, word)) continue;
        const Bytes own = unescaped(argument_of(modifiers, word));
        bytes = base64_in(bytes, own.size() == kAlphabet.size() ? text_of(own) : kAlphabet);
        return word == "base64" ? bytes : widened(bytes);
    }
    return bytes;
}

Result<Bytes> sample_regex(const YaraString& string, Random& random, Repeats repeats,
                           std::size_t bytes_max) {
    const std::size_t end = string.source.rfind('/');
    if (!string.source.starts_with('/') || end == 0) return fail(Errc::kMalformed, "a regex");
    const std::string_view flags = std::string_view(string.source).substr(end + 1);
    const Result<RegexSampler> sampler = RegexSampler::parse(
        std::string_view(string.source).substr(1, end - 1),
        {.dialect = RegexDialect::kYara, .dot_all = flags.find('s') != std::string_view::npos});
    if (!sampler) return fail(sampler.error());
    std::optional<Bytes> bytes = sampler->sample(random, repeats, bytes_max);
    if (!bytes) return fail(Errc::kTooLarge, "a sample of a regex");
    const bool only_wide =
        has_word(string.modifiers, "wide") && !has_word(string.modifiers, "ascii");
    return only_wide ? widened(*bytes) : *std::move(bytes);
}

}  // namespace

Result<Bytes> sample_string(const YaraString& string, Random& random, Repeats repeats,
                            std::size_t bytes_max) {
    Result<Bytes> bytes = fail(Errc::kMalformed, string.id);
    switch (string.kind) {
        case YaraStringKind::kText: bytes = sample_text(string, random); break;
        case YaraStringKind::kHex:
            bytes = HexSampler(string.source, random, repeats, bytes_max).sample();
            break;
        case YaraStringKind::kRegex:
            bytes = sample_regex(string, random, repeats, bytes_max);
            break;
    }
    if (!bytes) return fail(bytes.error().seen_from(string.id));
    if (bytes->size() > bytes_max) return fail(Errc::kTooLarge, string.id);
    return bytes;
}

}  // namespace firebreak::validator
