#include "validator/generate/mutator.hpp"

#include <algorithm>
#include <gtest/gtest.h>

#include "validator/generate/changes.hpp"
#include "validator/sandbox/event_input.hpp"

namespace firebreak::validator {
namespace {

constexpr std::size_t kBytesMax = 4096;

Dictionary some_words() {
    Dictionary dictionary;
    dictionary.words = {to_bytes("needle"), to_bytes("haystack")};
    dictionary.integers = {4711};
    dictionary.groups = {{0, 1}};
    dictionary.wishes = {
        {{.contract = "c/v1", .field = "b", .op = "greater", .integer = 70000},
         {.contract = "c/v1", .field = "c", .op = "equals", .bytes = to_bytes("x.exe")},
         {.contract = "other/v1", .field = "a", .op = "equals"},
         {.contract = "c/v1", .field = "missing", .op = "equals"}}};
    return dictionary;
}

std::vector<SuppliedFields> some_fields() {
    return {{"c/v1", {{"a", "text"}, {"b", "integer"}, {"c", "text"}, {"d", "boolean"}}}};
}

/// The first inputs of a run whose corpus is what it made.
std::vector<Bytes> inputs_of(const Mutator& mutator, std::uint64_t seed, std::size_t count) {
    SeededRandom random(seed);
    std::vector<Bytes> inputs;
    while (inputs.size() < count) inputs.push_back(mutator.next(random, inputs));
    return inputs;
}

bool holds(const Bytes& input, std::string_view word) {
    return text_of(input).find(word) != std::string_view::npos;
}

TEST(FileMutator, MakesTheSameOfTheSameSeed) {
    const Dictionary dictionary = some_words();
    const FileMutator mutator(dictionary, kBytesMax);

    EXPECT_EQ(inputs_of(mutator, 7, 300), inputs_of(mutator, 7, 300));
    EXPECT_NE(inputs_of(mutator, 7, 20), inputs_of(mutator, 8, 20));
}

TEST(FileMutator, PutsTheWordsOfARuleTogetherBehindHeaders) {
    const Dictionary dictionary = some_words();
    const std::vector<Bytes> inputs = inputs_of(FileMutator(dictionary, kBytesMax), 1, 200);

    EXPECT_TRUE(std::ranges::any_of(inputs, [](const Bytes& input) {
        return holds(input, "needle") && holds(input, "haystack") && holds(input, "MZ");
    }));
    EXPECT_TRUE(std::ranges::any_of(inputs, [](const Bytes& input) {
        return holds(input, std::string_view("n\0e\0e\0d\0l\0e\0", 12));
    }));
}

TEST(FileMutator, KeepsToItsLargestSize) {
    const Dictionary dictionary = some_words();
    for (const std::size_t bytes_max : {std::size_t{0}, std::size_t{1}, std::size_t{100}}) {
        for (const Bytes& input : inputs_of(FileMutator(dictionary, bytes_max), 3, 500)) {
            ASSERT_LE(input.size(), bytes_max);
        }
    }
}

TEST(FileMutator, NeedsNoWords) {
    const Dictionary nothing;
    EXPECT_EQ(inputs_of(FileMutator(nothing, kBytesMax), 1, 200).size(), 200U);
}

TEST(EventMutator, MakesEventsThatTheWorkerReads) {
    const Dictionary dictionary = some_words();
    const std::vector<SuppliedFields> fields = some_fields();
    const EventMutator mutator(dictionary, fields, kBytesMax);

    for (const Bytes& input : inputs_of(mutator, 5, 500)) {
        ASSERT_LE(input.size(), kBytesMax);
        EXPECT_TRUE(mutator.takes(input)) << to_text(input);
        const auto events = read_event(input);
        ASSERT_TRUE(events) << to_text(input);
        EXPECT_LE(events->at(0).fields.size(), 4U);
    }
}

TEST(EventMutator, GrantsAllThatARuleAsksForAtOnce) {
    const Dictionary dictionary = some_words();
    const std::vector<SuppliedFields> fields = some_fields();
    const std::vector<Bytes> inputs =
        inputs_of(EventMutator(dictionary, fields, kBytesMax), 5, 100);

    EXPECT_TRUE(std::ranges::any_of(inputs, [](const Bytes& input) {
        const std::optional<EventShape> event = EventShape::of(input);
        const auto* size = std::get_if<std::int64_t>(&event->values.at(1));
        return size != nullptr && *size > 70000 &&
               event->values.at(2) == FieldValue{to_bytes("x.exe")};
    }));
}

TEST(EventMutator, MakesTheSameOfTheSameSeed) {
    const Dictionary dictionary = some_words();
    const std::vector<SuppliedFields> fields = some_fields();
    const EventMutator mutator(dictionary, fields, kBytesMax);
    EXPECT_EQ(inputs_of(mutator, 7, 200), inputs_of(mutator, 7, 200));
}

TEST(EventMutator, TakesOnlyEventsOfItsContracts) {
    const Dictionary dictionary = some_words();
    const std::vector<SuppliedFields> fields = some_fields();
    const EventMutator mutator(dictionary, fields, kBytesMax);

    EXPECT_TRUE(mutator.takes(bytes_of(R"({"contract":"c/v1","values":["a",1]})")));
    EXPECT_FALSE(mutator.takes(bytes_of(R"({"contract":"d/v1","values":[]})")));
    EXPECT_FALSE(mutator.takes(bytes_of(R"({"contract":"c/v1","values":[1,2,3,4,5]})")));
    EXPECT_FALSE(mutator.takes(bytes_of(R"({"contract":"c/v1","values":[1.5]})")));
    // Another number of fields than the build's is for whoever asks for it.
    EXPECT_FALSE(mutator.takes(bytes_of(R"({"contract":"c/v1","values":["a"],"fields":3})")));
    EXPECT_FALSE(mutator.takes(bytes_of("MZ")));
}

TEST(EventShape, KeepsTheNumberOfFields) {
    const EventShape event{.contract = "c/v1", .values = {FieldValue{true}}, .fields = 21};
    EXPECT_EQ(EventShape::of(event.document()), event);
    EXPECT_FALSE(EventShape::of(bytes_of(R"({"contract":"c/v1","values":[],"fields":"3"})")));
    EXPECT_FALSE(EventShape::of(bytes_of(R"({"contract":"c/v1","values":[],"field":3})")));
}

TEST(EventShape, ReadsWhatItWrites) {
    const EventShape event{"c/v1",
                           {FieldValue{}, FieldValue{true}, FieldValue{std::int64_t{-7}},
                            FieldValue{to_bytes("text")}, FieldValue{Bytes{0xFF, 0x00}}},
                           {}};
    EXPECT_EQ(EventShape::of(event.document()), event);
    EXPECT_EQ(EventShape::of(bytes_of("{}")), std::nullopt);
    EXPECT_EQ(EventShape::of(bytes_of("[")), std::nullopt);
}

TEST(Changes, ReachEveryBoundary) {
    SeededRandom random(1);
    std::vector<std::int64_t> seen;
    for (int draw = 0; draw < 3000; ++draw) seen.push_back(boundary_integer(random, {4711}));
    for (const std::int64_t wanted :
         {std::int64_t{0}, std::int64_t{-1}, std::int64_t{256}, std::int64_t{0x7FFF'FFFF},
          INT64_MAX, INT64_MIN, std::int64_t{4712}}) {
        EXPECT_NE(std::ranges::find(seen, wanted), seen.end()) << wanted;
    }
}

TEST(Changes, BearEmptyAndTinyInputs) {
    SeededRandom random(2);
    for (int round = 0; round < 2000; ++round) {
        Bytes bytes = random.bytes(random.below(3));
        damage(random, bytes);
        damage_text(random, {}, bytes);
        resize_somehow(random, 16, bytes);
        splice(random, {}, bytes);
        splice(random, bytes_of("ab"), bytes);
        vary_word(random, bytes);
        put_integer(random, {}, bytes);
        ASSERT_LT(bytes.size(), 1U << 18U);
    }
}

}  // namespace
}  // namespace firebreak::validator
