#include "validator/generate/changes.hpp"

#include <algorithm>
#include <array>
#include <string>
#include <string_view>

namespace firebreak::validator {
namespace {

/// What one change adds at most.
constexpr std::size_t kGrowthMax = 64U << 10U;

std::ptrdiff_t offset(std::size_t at) {
    return static_cast<std::ptrdiff_t>(at);
}

struct Range {
    std::size_t first;
    std::size_t length;
};

/// A part of `bytes`, mostly short. @pre not empty.
Range some_range(Random& random, std::size_t bytes) {
    const std::size_t first = random.below(bytes);
    const std::size_t rest = bytes - first;
    const std::size_t most = random.below(4) == 0 ? rest : std::min<std::size_t>(rest, 16);
    return {first, std::min<std::size_t>(1 + random.below(most), kGrowthMax)};
}

void replace(Bytes& input, Range range, ByteView by) {
    const auto first = input.begin() + offset(range.first);
    const auto at = input.erase(first, first + offset(range.length));
    input.insert(at, by.begin(), by.end());
}

}  // namespace

std::int64_t boundary_integer(Random& random, const std::vector<std::int64_t>& known) {
    const std::int64_t beside = static_cast<std::int64_t>(random.below(3)) - 1;
    std::uint64_t base = 0;
    if (!known.empty() && random.below(2) == 0) {
        base = static_cast<std::uint64_t>(known[random.below(known.size())]);
    } else {
        constexpr std::array<unsigned, 10> kBits{64, 0, 7, 8, 15, 16, 31, 32, 62, 63};
        const unsigned bit = kBits.at(random.below(kBits.size()));
        base = bit == 64 ? 0 : std::uint64_t{1} << bit;
        if (random.below(4) == 0) base = ~base + 1;
    }
    return static_cast<std::int64_t>(base + static_cast<std::uint64_t>(beside));
}

void vary_word(Random& random, Bytes& word) {
    if (word.empty()) return;
    switch (random.below(10)) {
        case 0: {
            Bytes wide;
            for (const std::uint8_t byte : word) wide.insert(wide.end(), {byte, 0});
            word = std::move(wide);
            return;
        }
        case 1: {
            const auto key = static_cast<std::uint8_t>(1 + random.below(255));
            for (std::uint8_t& byte : word) byte ^= key;
            return;
        }
        case 2:
            for (std::uint8_t& byte : word) {
                const bool letter = (byte | 0x20U) >= 'a' && (byte | 0x20U) <= 'z';
                if (letter) byte ^= 0x20U;
            }
            return;
        case 3:
            word[random.below(word.size())] ^= static_cast<std::uint8_t>(1 + random.below(255));
            return;
        case 4: word.pop_back(); return;
        case 5: {
            const Bytes once = word;
            word.insert(word.end(), once.begin(), once.end());
            return;
        }
        default: return;
    }
}

void insert_or_overwrite(Random& random, Bytes& input, ByteView word) {
    const std::size_t at = random.below(8) == 0 ? 0 : random.below(input.size() + 1);
    if (random.below(2) == 0) {
        input.insert(input.begin() + offset(at), word.begin(), word.end());
        return;
    }
    if (input.size() < at + word.size()) input.resize(at + word.size());
    std::ranges::copy(word, input.begin() + offset(at));
}

void put_integer(Random& random, const std::vector<std::int64_t>& known, Bytes& input) {
    const auto value = static_cast<std::uint64_t>(boundary_integer(random, known));
    const std::size_t bytes = std::size_t{1} << random.below(4);
    Bytes word;
    for (std::size_t index = 0; index < bytes; ++index) {
        word.push_back(static_cast<std::uint8_t>(value >> (8 * index)));
    }
    if (random.below(4) == 0) std::ranges::reverse(word);
    insert_or_overwrite(random, input, word);
}

void splice(Random& random, ByteView other, Bytes& input) {
    if (other.empty()) return;
    const Range piece = some_range(random, other.size());
    const Range hole = input.empty() ? Range{0, 0} : some_range(random, input.size());
    replace(input, hole, other.subspan(piece.first, piece.length));
}

void resize_somehow(Random& random, std::size_t bytes_max, Bytes& input) {
    switch (random.below(4)) {
        case 0: input.resize(random.below(input.size() + 1)); return;
        case 1: input.resize(random.below(2)); return;
        case 2: {
            const std::size_t power = std::size_t{1} << random.below(17);
            input.resize(std::min(power + random.below(3) - 1, bytes_max));
            return;
        }
        default: {
            if (input.empty()) return;
            const Range range = some_range(random, input.size());
            const Bytes piece(input.begin() + offset(range.first),
                              input.begin() + offset(range.first + range.length));
            std::size_t left =
                std::min(std::size_t{1} << random.below(10), kGrowthMax / piece.size());
            for (; left > 0; --left) input.insert(input.end(), piece.begin(), piece.end());
            return;
        }
    }
}

void damage(Random& random, Bytes& input) {
    if (input.empty()) {
        input.push_back(static_cast<std::uint8_t>(random.below(256)));
        return;
    }
    const Range range = some_range(random, input.size());
    switch (random.below(5)) {
        case 0: input[range.first] ^= static_cast<std::uint8_t>(1U << random.below(8)); return;
        case 1: input[range.first] = static_cast<std::uint8_t>(random.below(256)); return;
        case 2: return replace(input, range, {});
        case 3: {
            const Bytes piece(input.begin() + offset(range.first),
                              input.begin() + offset(range.first + range.length));
            return replace(input, {range.first, 0}, piece);
        }
        default: {
            constexpr std::array<std::uint8_t, 4> kFills{0x00, 0xFF, 0x41, 0x80};
            const std::uint8_t fill = kFills.at(random.below(kFills.size()));
            std::fill_n(input.begin() + offset(range.first), range.length, fill);
            return;
        }
    }
}

void damage_text(Random& random, const std::vector<std::int64_t>& known, Bytes& text) {
    // Whatever a rule language has that can be nested, repeated, or computed with.
    constexpr std::array<std::string_view, 24> kTokens{
        "(",  ")", "{",  "}",     "[",     "]",    "|", "*", "+",    "?",  "{0,}", "{,0}",
        "\\", "/", "\"", " not ", " and ", " or ", "~", "-", " * 2", "??", "[-]",  "\n"};
    const std::size_t at = random.below(text.size() + 1);
    switch (random.below(5)) {
        case 0:
        case 1: {
            const ByteView token = bytes_of(kTokens.at(random.below(kTokens.size())));
            return replace(text, {at, 0}, token);
        }
        case 2: {
            // In the place of the next number, if there is one.
            const auto is_digit = [](std::uint8_t byte) { return byte >= '0' && byte <= '9'; };
            const auto first = std::find_if(text.begin() + offset(at), text.end(), is_digit);
            const auto last = std::find_if_not(first, text.end(), is_digit);
            const std::string number = std::to_string(boundary_integer(random, known));
            return replace(text,
                           {static_cast<std::size_t>(first - text.begin()),
                            static_cast<std::size_t>(last - first)},
                           bytes_of(number));
        }
        case 3: {
            if (text.empty()) return;
            const Range range = some_range(random, text.size());
            const Bytes piece(text.begin() + offset(range.first),
                              text.begin() + offset(range.first + range.length));
            return replace(text, {at, 0}, piece);
        }
        default: return damage(random, text);
    }
}

}  // namespace firebreak::validator
