#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "core/base/bytes.hpp"
#include "core/base/json.hpp"

namespace firebreak::validator {

/// One thing that a rule asks of a field of an event, as far as the engine describes it.
struct FieldWish {
    std::string contract{};
    std::string field{};  ///< Its name; "*": any.
    std::string op{};     ///< "equals", "starts_with", "greater", …; unknown ones are guessed at.
    Bytes bytes{};        ///< The constant, when it is text.
    std::int64_t integer = 0;
};

/// What the rules of a content look for: the words that a generator of inputs puts into them. From
/// describe() (docs/sensor-abi.md), of whatever engine, and from the content itself: an engine that
/// says little of its rules still has their constants in its files.
///
/// Limits: 50,000 words of at most 4 KiB, as many integers, wishes and groups; what comes after
/// is left out. The same for the same description and files, in the same order.
/// Thread safety: any thread.
/// Tests: tests/unit/validator/dictionary_test.cpp.
struct Dictionary {
    std::vector<Bytes> words;
    std::vector<std::int64_t> integers;
    /// Words that belong together: the strings of one rule, by index. Never empty ones.
    std::vector<std::vector<std::uint32_t>> groups;
    /// What the rules ask of fields; those of one program, or rule, stand together.
    std::vector<std::vector<FieldWish>> wishes;

    /// @param description  What describe() gave; anything else adds nothing.
    void add_description(const json::value& description);

    /// Adds the quoted texts and the integers of a text, or the printable runs of anything else.
    void add_file(ByteView content);

private:
    friend class DescriptionWalk;

    std::uint32_t add_word(Bytes word);
    void add_integer(std::int64_t integer);
};

}  // namespace firebreak::validator
