#include "validator/sandbox/event_input.hpp"

#include <gtest/gtest.h>

namespace firebreak::validator {
namespace {

Result<std::vector<EventInput>> read(std::string_view text) {
    return read_event(bytes_of(text));
}

std::string_view text_of_field(const fb_field& field) {
    return {reinterpret_cast<const char*>(field.data), field.length};
}

TEST(EventByPosition, HoldsEveryKindOfValue) {
    const auto events = read(
        R"({"contract": "c", "values": ["a", -7, true, null, {"hex": "ff00"}, {"bytes": "61"}]})");

    ASSERT_TRUE(events) << events.error().to_string();
    const std::vector<fb_field>& fields = events->at(0).fields;
    ASSERT_EQ(fields.size(), 6U);
    EXPECT_EQ(text_of_field(fields[0]), "a");
    EXPECT_EQ(fields[1].integer, -7);
    EXPECT_EQ(fields[2].type, std::uint32_t{FB_FIELD_BOOLEAN});
    EXPECT_EQ(fields[3].type, std::uint32_t{FB_FIELD_ABSENT});
    EXPECT_EQ(fields[4].type, std::uint32_t{FB_FIELD_TEXT});
    EXPECT_EQ(text_of_field(fields[4]), std::string_view("\xff\0", 2));
    EXPECT_EQ(fields[5].type, std::uint32_t{FB_FIELD_BYTES});
    EXPECT_FALSE(events->at(0).field_count);
}

TEST(EventByPosition, SaysHowManyFieldsThereAre) {
    const auto events = read(R"({"contract": "c/v1", "values": ["a"], "fields": 21})");

    ASSERT_TRUE(events) << events.error().to_string();
    EXPECT_EQ(events->at(0).field_count, 21U);
}

TEST(EventByPosition, RefusesWhatIsNoValue) {
    for (const char* text :
         {R"({"contract": "c/v1", "values": [1.5]})", R"({"contract": "c/v1", "values": [{}]})",
          R"({"contract": "c/v1", "values": [{"hex": "f"}]})",
          R"({"contract": "c/v1", "values": [{"hex": "ff", "bytes": "ff"}]})",
          R"({"contract": "c/v1", "values": ["a", "b"], "fields": 1})",
          R"({"contract": "c/v1", "values": [], "fields": 4097})"}) {
        EXPECT_FALSE(read(text)) << text;
    }
}

using FieldAreaDeathTest = testing::Test;

TEST(FieldAreaDeathTest, EndsAtMemoryThatMayNotBeTouched) {
    FieldArea area = *FieldArea::make();
    const fb_field value{FB_FIELD_INTEGER, 0, 7, nullptr, 0};
    const std::span<const fb_field> fields = area.place(std::span(&value, 1), 20);

    EXPECT_EQ(fields[0].integer, 7);
    EXPECT_EQ(fields[19].type, std::uint32_t{FB_FIELD_ABSENT});
    const volatile fb_field* const past = fields.data() + 20;
    EXPECT_DEATH(static_cast<void>(past->type), "");
    const volatile fb_field* const far = fields.data() + 20 + 65'000;
    EXPECT_DEATH(static_cast<void>(far->type), "");
}

TEST(FieldArea, IsPoisonBeforeTheFirstField) {
    FieldArea area = *FieldArea::make();
    const std::span<const fb_field> many = area.place({}, 30);
    const fb_field* const tenth = many.data() + 9;

    const std::span<const fb_field> few = area.place({}, 20);

    EXPECT_EQ(tenth, few.data() - 1);
    EXPECT_EQ(tenth->type, std::uint32_t{FB_FIELD_TEXT});
    EXPECT_EQ(reinterpret_cast<std::uintptr_t>(tenth->data) >> 48U, 0xDEADU);
    EXPECT_EQ(few[0].type, std::uint32_t{FB_FIELD_ABSENT});
}

}  // namespace
}  // namespace firebreak::validator
