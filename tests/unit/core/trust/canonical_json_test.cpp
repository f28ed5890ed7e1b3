// Vectors worked out by hand from the rules of OLPC canonical JSON; each is a rule that RFC 8785,
// or a plain serialiser, has otherwise.

#include "core/trust/canonical_json.hpp"

#include <gtest/gtest.h>
#include <limits>

#include "core/trust/errc.hpp"
#include "tests/support/refusal.hpp"

namespace firebreak::trust {
namespace {

using test::refused;

std::string canonical(std::string_view text) {
    const Result<json::value> value = parse_json(text);
    if (!value) return "not JSON: " + value.error().context();
    const Result<Bytes> bytes = canonical_json(*value);
    return bytes ? to_text(*bytes) : "refused: " + bytes.error().context();
}

TEST(CanonicalJson, HasNoWhiteSpaceAndSortsMembers) {
    EXPECT_EQ(canonical(R"( { "b" : [ 1 , 2 ] , "a" : { } , "B" : null } )"),
              R"({"B":null,"a":{},"b":[1,2]})");
}

TEST(CanonicalJson, SortsByUtf8BytesAndNotByUtf16Units) {
    // U+FF5E sorts before U+1F600 by code point, after it by UTF-16 (RFC 8785).
    EXPECT_EQ(canonical(R"({"😀":1,"～":2,"z":3,"é":4})"), R"({"z":3,"é":4,"～":2,"😀":1})");
}

TEST(CanonicalJson, SortsAPrefixFirstAndNestedObjectsToo) {
    EXPECT_EQ(canonical(R"({"ab":{"y":1,"x":2},"a":0,"":3})"),
              R"({"":3,"a":0,"ab":{"x":2,"y":1}})");
}

TEST(CanonicalJson, EscapesOnlyQuoteAndBackslash) {
    EXPECT_EQ(canonical(R"("a\"b\\c\/d\u00e9")"), "\"a\\\"b\\\\c/d\xc3\xa9\"");
}

TEST(CanonicalJson, LeavesControlCharactersRaw) {
    // A PEM key's line feeds are real 0x0A bytes in what is signed.
    const std::string expected{"\"a\nb\tc\x01\x00\x7f\"", 10};
    EXPECT_EQ(canonical(R"("a\nb\tc\u0001\u0000\u007f")"), expected);
}

TEST(CanonicalJson, EscapesMemberNamesAsWell) {
    EXPECT_EQ(canonical(R"({"a\"\n":1})"), "{\"a\\\"\n\":1}");
}

TEST(CanonicalJson, WritesEveryKindOfValue) {
    EXPECT_EQ(canonical(R"([true,false,null,"",[],{},0,-1])"),
              R"([true,false,null,"",[],{},0,-1])");
}

TEST(CanonicalJson, KeepsTheWholeRangeOfInt64) {
    EXPECT_EQ(canonical("[9223372036854775807,-9223372036854775808]"),
              "[9223372036854775807,-9223372036854775808]");
    EXPECT_EQ(*canonical_json(json::value(std::uint64_t{7})), to_bytes("7"));
}

class CanonicalJsonNumbers : public ::testing::TestWithParam<const char*> {};

TEST_P(CanonicalJsonNumbers, RefusesWhatIsNotAnInt64) {
    const Result<json::value> value = parse_json(GetParam());
    ASSERT_TRUE(value);

    EXPECT_TRUE(refused(canonical_json(*value), Errc::kMalformed));
}

INSTANTIATE_TEST_SUITE_P(Table, CanonicalJsonNumbers,
                         ::testing::Values("1.5", "1.0", "1e2", "[{\"a\":0.1}]",
                                           "9223372036854775808", "18446744073709551615",
                                           "-9223372036854775809", "1e300"));

}  // namespace
}  // namespace firebreak::trust
