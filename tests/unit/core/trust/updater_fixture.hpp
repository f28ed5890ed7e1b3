#pragma once

#include <algorithm>
#include <gtest/gtest.h>

#include "core/trust/updater.hpp"
#include "tests/support/refusal.hpp"
#include "tests/support/repository_simulator.hpp"

namespace firebreak::trust {

/// A client with its local metadata in memory, and the repository that it updates from.
class UpdaterTest : public ::testing::Test {
protected:
    static constexpr std::chrono::sys_seconds kNow{std::chrono::seconds{1'800'000'000}};

    Result<Updater> refresh(const std::vector<std::string>& paths = {}) {
        repository_.requests.clear();
        return repository_.refresh(local_, kNow, paths);
    }

    /// Refreshes, expects `code`, and that of the local metadata only `changed` did change.
    void expect_refused(std::error_code code, const std::vector<std::string>& changed = {}) {
        const LocalMetadata before = local_;
        EXPECT_TRUE(test::refused(refresh(), code));
        for (const auto& [role, bytes] : local_) {
            const bool may_change = std::ranges::find(changed, role) != changed.end();
            const auto old = before.find(role);
            const bool same = old != before.end() && old->second == bytes;
            EXPECT_EQ(same, !may_change) << role;
        }
    }

    Bytes& file(const std::string& name) { return repository_.metadata.at(name); }

    test::RepositorySimulator repository_{kNow};
    LocalMetadata local_ = repository_.first_install();
};

}  // namespace firebreak::trust
