#include "validator/generate/mutator.hpp"

#include <algorithm>
#include <array>
#include <limits>

#include "validator/generate/changes.hpp"

namespace firebreak::validator {
namespace {

/// Most files are small: what a rule looks for stands anywhere, and small is many a second.
constexpr std::size_t kFillerMax = 512;

/// Now and then a large one.
constexpr std::uint64_t kLargeOneIn = 64;

Bytes header(Random& random) {
    // What rules ask of the first bytes: DOS, ELF, ZIP, PDF, OLE, and nothing.
    static const std::array<Bytes, 6> kHeaders{
        Bytes{0x4D, 0x5A, 0x90, 0x00, 0x03, 0x00, 0x00, 0x00, 0x04, 0x00, 0x00, 0x00, 0xFF, 0xFF},
        Bytes{0x7F, 0x45, 0x4C, 0x46, 0x02, 0x01, 0x01, 0x00},
        Bytes{0x50, 0x4B, 0x03, 0x04},
        Bytes{0x25, 0x50, 0x44, 0x46, 0x2D, 0x31, 0x2E, 0x37},
        Bytes{0xD0, 0xCF, 0x11, 0xE0, 0xA1, 0xB1, 0x1A, 0xE1},
        Bytes{}};
    // Half of all rules are about executables of Windows.
    const std::uint64_t choice = random.below(2 * kHeaders.size());
    return choice < kHeaders.size() ? kHeaders.at(choice) : kHeaders.front();
}

/// An executable as small as the loader's checks let it be, so that rules and modules which look at
/// its headers get past the first of them.
void make_executable(Bytes& input) {
    constexpr std::size_t kHeaderAt = 0x40;
    constexpr std::array<std::uint8_t, 28> kPe{'P',  'E',  0,    0,    0x4C, 0x01, 0x01, 0, 0, 0,
                                               0,    0,    0,    0,    0,    0,    0,    0, 0, 0,
                                               0xE0, 0x00, 0x02, 0x01, 0x0B, 0x01, 0,    0};
    if (input.size() < kHeaderAt + 256) input.resize(kHeaderAt + 256);
    input[0] = 'M';
    input[1] = 'Z';
    input[0x3C] = kHeaderAt;
    input[0x3D] = input[0x3E] = input[0x3F] = 0;
    std::ranges::copy(kPe, input.begin() + kHeaderAt);
}

}  // namespace

void FileMutator::put_word(Random& random, Bytes& input) const {
    if (dictionary_.words.empty()) return;
    Bytes word = dictionary_.words[random.below(dictionary_.words.size())];
    vary_word(random, word);
    insert_or_overwrite(random, input, word);
}

/// The strings of one rule, or some words, in filler behind a header.
Bytes FileMutator::fresh(Random& random) const {
    Bytes input = header(random);
    if (random.below(4) == 0) make_executable(input);
    const std::size_t filler = random.below(kLargeOneIn) == 0 ? random.below(bytes_max_ / 2 + 1)
                                                              : random.below(kFillerMax);
    const auto byte = static_cast<std::uint8_t>(random.below(3) == 0 ? random.below(256) : 0x20);
    if (!dictionary_.groups.empty() && random.below(4) != 0) {
        const auto& group = dictionary_.groups[random.below(dictionary_.groups.size())];
        for (const std::uint32_t index : group) {
            const Bytes& word = dictionary_.words[index];
            input.insert(input.end(), word.begin(), word.end());
            input.resize(input.size() + random.below(8), byte);
        }
    } else {
        for (std::uint64_t words = random.below(6); words > 0; --words) put_word(random, input);
    }
    input.resize(input.size() + filler, byte);
    return input;
}

void FileMutator::change(Random& random, const std::vector<Bytes>& corpus, Bytes& input) const {
    switch (random.below(8)) {
        case 0:
        case 1:
        case 2: return put_word(random, input);
        case 3: return put_integer(random, dictionary_.integers, input);
        case 4:
            if (!corpus.empty()) splice(random, corpus[random.below(corpus.size())], input);
            return;
        case 5: return resize_somehow(random, bytes_max_, input);
        default: return damage(random, input);
    }
}

Bytes FileMutator::next(Random& random, const std::vector<Bytes>& corpus) const {
    const bool again = !corpus.empty() && random.below(3) != 0;
    Bytes input = again ? corpus[random.below(corpus.size())] : fresh(random);
    // What is fresh is also tried as it is.
    const std::uint64_t least = again ? 1 : 0;
    for (std::uint64_t left = least + random.below(5); left > 0; --left) {
        change(random, corpus, input);
        if (input.size() > bytes_max_) input.resize(bytes_max_);
    }
    if (input.size() > bytes_max_) input.resize(bytes_max_);
    return input;
}

}  // namespace firebreak::validator
