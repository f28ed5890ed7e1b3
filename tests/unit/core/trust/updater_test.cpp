#include "core/trust/updater.hpp"

#include <gtest/gtest.h>

#include "core/trust/errc.hpp"
#include "tests/support/repository_simulator.hpp"

namespace firebreak::trust {
namespace {

constexpr std::chrono::sys_seconds kNow{std::chrono::seconds{1'800'000'000}};

TEST(Updater, FirstRefreshFetchesAndKeepsEachRoleOnce) {
    test::RepositorySimulator repository(kNow);
    LocalMetadata local = repository.first_install();

    const auto updater = repository.refresh(local, kNow);

    ASSERT_TRUE(updater) << updater.error().to_string();
    EXPECT_EQ(repository.requests, (std::vector<std::string>{"2.root.json", "timestamp.json",
                                                             "1.snapshot.json", "1.targets.json"}));
    EXPECT_EQ(local.size(), 4U);
}

}  // namespace
}  // namespace firebreak::trust
