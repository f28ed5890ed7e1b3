#pragma once

#include <gtest/gtest.h>
#include <system_error>

#include "core/base/error.hpp"

namespace firebreak::test {

/// `EXPECT_TRUE(refused(result, Errc::kRollback));` says, when it is not so, what came instead.
template <class T>
::testing::AssertionResult refused(const Result<T>& result, std::error_code code) {
    if (result) return ::testing::AssertionFailure() << "it was accepted";
    if (result.error() == code) return ::testing::AssertionSuccess();
    return ::testing::AssertionFailure() << "refused with \"" << result.error().to_string()
                                         << "\" instead of \"" << code.message() << "\"";
}

/// The same for success.
template <class T>
::testing::AssertionResult accepted(const Result<T>& result) {
    if (result) return ::testing::AssertionSuccess();
    return ::testing::AssertionFailure() << result.error().to_string();
}

}  // namespace firebreak::test
