// The tests start workers, and a worker is this very program: so it must be able to be one.

#include <gtest/gtest.h>
#include <string_view>

#include "validator/sandbox/launch.hpp"
#include "validator/sandbox/worker.hpp"

int main(int argc, char** argv) {
    using namespace firebreak::validator;
    if (argc == 2 && std::string_view(argv[1]) == kWorkerCommand) return run_worker();
    ::testing::InitGoogleTest(&argc, argv);
    return RUN_ALL_TESTS();
}
