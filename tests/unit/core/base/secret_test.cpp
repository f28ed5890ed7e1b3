#include "core/base/secret.hpp"

#include <algorithm>
#include <gtest/gtest.h>
#include <type_traits>

namespace firebreak {
namespace {

// No second copy of a key, and no way to print one.
static_assert(!std::is_copy_constructible_v<SecretBytes>);
static_assert(!std::is_copy_assignable_v<SecretBytes>);
static_assert(std::is_nothrow_move_constructible_v<SecretBytes>);
static_assert(!std::is_convertible_v<SecretBytes, ByteView>);

TEST(SecretBytes, StartsAsZeros) {
    const SecretBytes secret(32);

    EXPECT_EQ(secret.size(), 32U);
    EXPECT_EQ(copy_of(secret.view()), Bytes(32, 0));
}

TEST(SecretBytes, TakesOverAndWipesTheSource) {
    Bytes source = to_bytes("passphrase");

    const SecretBytes secret = SecretBytes::take(source);

    EXPECT_EQ(to_text(secret.view()), "passphrase");
    EXPECT_EQ(source, Bytes(10, 0));
}

TEST(SecretBytes, MayBeEmpty) {
    const SecretBytes secret(0);

    EXPECT_EQ(secret.size(), 0U);
    EXPECT_TRUE(secret.view().empty());
}

TEST(SecretBytes, KeepsItsContentsWhenItMoves) {
    Bytes source = to_bytes("key");
    SecretBytes secret = SecretBytes::take(source);

    const SecretBytes moved = std::move(secret);

    EXPECT_EQ(to_text(moved.view()), "key");
}

#if !defined(__SANITIZE_ADDRESS__)
TEST(SecretBytesDeathTest, HasAGuardBehindItsLastByte) {
    SecretBytes secret(32);
    volatile std::uint8_t* const behind = secret.writable().data() + secret.size();
    EXPECT_DEATH(*behind = 1, "");
}
#endif

TEST(Wipe, LeavesZeros) {
    Bytes bytes(100, 7);
    wipe(bytes);
    EXPECT_EQ(bytes, Bytes(100, 0));
    wipe({});
}

}  // namespace
}  // namespace firebreak
