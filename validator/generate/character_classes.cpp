#include "validator/generate/character_classes.hpp"

namespace firebreak::validator {

ByteSet range(unsigned first, unsigned last) {
    ByteSet set;
    for (unsigned byte = first; byte <= last; ++byte) set.set(byte);
    return set;
}

ByteSet one(std::uint8_t byte) {
    ByteSet set;
    set.set(byte);
    return set;
}

const ByteSet& digits() {
    static const ByteSet set = range('0', '9');
    return set;
}
const ByteSet& letters() {
    static const ByteSet set = range('a', 'z') | range('A', 'Z');
    return set;
}
const ByteSet& words() {
    static const ByteSet set = letters() | digits() | one('_');
    return set;
}
const ByteSet& spaces() {
    static const ByteSet set = range('\t', '\r') | one(' ');
    return set;
}

std::optional<ByteSet> posix_class(std::string_view name) {
    if (name == "alpha") return letters();
    if (name == "digit") return digits();
    if (name == "alnum") return letters() | digits();
    if (name == "word") return words();
    if (name == "space") return spaces();
    if (name == "upper") return range('A', 'Z');
    if (name == "lower") return range('a', 'z');
    if (name == "punct") return range('!', '~') & ~(letters() | digits());
    if (name == "xdigit") return digits() | range('a', 'f') | range('A', 'F');
    if (name == "blank") return one(' ') | one('\t');
    if (name == "cntrl") return range(0, 0x1F) | one(0x7F);
    if (name == "print") return range(' ', '~');
    if (name == "graph") return range('!', '~');
    if (name == "ascii") return range(0, 0x7F);
    return std::nullopt;
}

std::optional<ByteSet> perl_class(char letter) {
    switch (letter) {
        case 'd': return digits();
        case 'D': return ~digits();
        case 'w': return words();
        case 'W': return ~words();
        case 's': return spaces();
        case 'S': return ~spaces();
        default: return std::nullopt;
    }
}

Bytes utf8(std::uint32_t point) {
    Bytes bytes;
    const auto add = [&](std::uint32_t byte) { bytes.push_back(static_cast<std::uint8_t>(byte)); };
    const auto tail = [&](unsigned shift) { add(0x80U | ((point >> shift) & 0x3FU)); };
    if (point < 0x80) {
        add(point);
    } else if (point < 0x800) {
        add(0xC0U | (point >> 6U));
        tail(0);
    } else if (point < 0x10000) {
        add(0xE0U | (point >> 12U));
        tail(6);
        tail(0);
    } else {
        add(0xF0U | ((point >> 18U) & 0x7U));
        tail(12);
        tail(6);
        tail(0);
    }
    return bytes;
}

}  // namespace firebreak::validator
