// Where workers get cgroups of their own: against a folder that looks like the kernel's, as most
// machines delegate nothing to a test.

#include "validator/sandbox/cgroup.hpp"

#include <gtest/gtest.h>

#include "core/base/file_store.hpp"
#include "tests/support/temporary_folder.hpp"

namespace firebreak::validator {
namespace {

namespace fs = std::filesystem;

class CgroupTest : public ::testing::Test {
protected:
    void SetUp() override {
        fs::create_directories(home());
        put(tree().self, "9:name=systemd:/elsewhere\n0::/user.slice/run-7.scope\n");
        put(home() / "cgroup.controllers", "cpu io memory pids\n");
        put(home() / "cgroup.subtree_control", "");
    }

    CgroupTree tree() const {
        return {.root = folder_.path() / "cgroup", .self = folder_.path() / "self"};
    }
    fs::path home() const { return tree().root / "user.slice/run-7.scope"; }

    static void put(const fs::path& path, std::string_view text) {
        PosixFileStore files;
        ASSERT_TRUE(files.write(path, bytes_of(text), FileMode::kPublic)) << path;
    }
    static std::string get(const fs::path& path) {
        const Result<Bytes> bytes = PosixFileStore().read(path, 4096);
        return bytes ? to_text(*bytes) : "none";
    }

private:
    test::TemporaryFolder folder_;
};

TEST_F(CgroupTest, MovesIntoAChildAndHandsTheControllersOn) {
    EXPECT_EQ(delegated_cgroup(tree()), home());
    EXPECT_EQ(get(home() / "firebreak-supervisor/cgroup.procs"), "0");
    EXPECT_EQ(get(home() / "cgroup.subtree_control"), "+memory +pids");
}

TEST_F(CgroupTest, MovesOnce) {
    put(tree().self, "0::/user.slice/run-7.scope/firebreak-supervisor\n");
    put(home() / "cgroup.subtree_control", "memory pids\n");
    EXPECT_EQ(delegated_cgroup(tree()), home());
    EXPECT_FALSE(fs::exists(home() / "firebreak-supervisor"));
}

TEST_F(CgroupTest, TakesNothingThatIsNotDelegated) {
    put(home() / "cgroup.controllers", "cpu io pids\n");
    EXPECT_EQ(delegated_cgroup(tree()), std::nullopt);

    put(home() / "cgroup.controllers", "cpu io memory pids\n");
    put(tree().self, "9:memory:/user.slice/run-7.scope\n");  // Version 1.
    EXPECT_EQ(delegated_cgroup(tree()), std::nullopt);
    put(tree().self, "0::/../run-7.scope\n");
    EXPECT_EQ(delegated_cgroup(tree()), std::nullopt);
    fs::remove(tree().self);
    EXPECT_EQ(delegated_cgroup(tree()), std::nullopt);
}

TEST_F(CgroupTest, GoesBackWhenItIsNotAlone) {
    // What the kernel answers with EBUSY: here the file cannot be written, as it is a folder.
    fs::remove(home() / "cgroup.subtree_control");
    fs::create_directory(home() / "cgroup.subtree_control");
    EXPECT_EQ(delegated_cgroup(tree()), std::nullopt);
    EXPECT_EQ(get(home() / "cgroup.procs"), "0");
}

TEST_F(CgroupTest, SetsTheLimitsOfAWorker) {
    const Result<Cgroup> made =
        Cgroup::make(home(), "worker-1", {.memory_bytes_max = 1000, .processes_max = 7});
    ASSERT_TRUE(made) << made.error().to_string();
    EXPECT_GE(made->descriptor(), 0);
    EXPECT_EQ(get(home() / "worker-1/memory.max"), "1000");
    EXPECT_EQ(get(home() / "worker-1/memory.swap.max"), "0");
    EXPECT_EQ(get(home() / "worker-1/pids.max"), "7");

    EXPECT_FALSE(Cgroup::make(home(), "worker-1", {}));  // It is there.
}

TEST_F(CgroupTest, KillsWhatIsLeftInIt) {
    { ASSERT_TRUE(Cgroup::make(home(), "worker-1", {})); }
    EXPECT_EQ(get(home() / "worker-1/cgroup.kill"), "1");
}

}  // namespace
}  // namespace firebreak::validator
