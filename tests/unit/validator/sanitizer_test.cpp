#include "validator/sandbox/sanitizer.hpp"

#include <gtest/gtest.h>

#include "core/base/file_store.hpp"
#include "validator/sandbox/verdict.hpp"

namespace firebreak::validator {
namespace {

constexpr std::string_view kOverRead =
    "=================================================================?==ERROR: AddressSanitizer: "
    "heap-buffer-overflow on address 0x at pc 0x bp 0x sp 0x?READ of size 8 at 0x thread T0?"
    "    #0 0x  (/proc/self/fd/7+0x1139)?    #1 0x  (/proc/self/fd/7+0x22)?";

TEST(SanitizerReport, ComesDownToKindAccessAndPlace) {
    EXPECT_EQ(report_summary(kOverRead),
              "heap-buffer-overflow, READ of size 8, at +0x1139 in the engine");
    EXPECT_EQ(report_summary("x==ERROR: AddressSanitizer: attempting double-free on 0x in thread"),
              "attempting");
    EXPECT_EQ(report_summary("a.cpp:3:9: runtime error: shift exponent 40 is too large?more"),
              "shift exponent 40 is too large");
}

TEST(SanitizerReport, IsEmptyForOtherWords) {
    EXPECT_EQ(report_summary(""), "");
    EXPECT_EQ(report_summary("terminate called without an active exception"), "");
}

TEST(SanitizerReport, IsBoundedWhateverItIsMadeOf) {
    const std::string digits(100'000, '1');
    const std::string all = "ERROR: AddressSanitizer: " + digits + "READ of size " + digits +
                            "#0 (" + digits + "+0x" + digits;
    EXPECT_LT(report_summary(all).size(), 1000U);
    for (std::size_t length = 0; length <= kOverRead.size(); ++length) {
        EXPECT_LT(report_summary(kOverRead.substr(0, length)).size(), 200U);
    }
}

TEST(SteadyWords, KeepPlacesInALibraryAndNothingElseThatMoves) {
    EXPECT_EQ(steady_words("at 0x602000001f10 (/lib/a.so+0x1139) ==12==x"),
              "at 0x (/lib/a.so+0x1139) ====x");
}

TEST(SanitizerBuild, IsSeenByWhatItAsksTheLoaderFor) {
    constexpr std::string_view kAsks("names\0__asan_init\0more", 22);
    EXPECT_TRUE(needs_address_sanitizer(bytes_of(kAsks)));
    constexpr std::string_view kOnlySays("names\0 __asan_init is missing\0", 30);
    EXPECT_FALSE(needs_address_sanitizer(bytes_of(kOnlySays)));
    EXPECT_FALSE(needs_address_sanitizer({}));
}

TEST(SanitizerBuild, IsWhatThisOneIs) {
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
    EXPECT_TRUE(has_sanitizer_runtime());
#elif defined(__GNUC__) && !defined(__clang__)
    EXPECT_FALSE(has_sanitizer_runtime());
#endif
}

}  // namespace
}  // namespace firebreak::validator
