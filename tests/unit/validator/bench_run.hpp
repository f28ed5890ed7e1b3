#pragma once

#include <optional>

#include "tests/support/fake_clock.hpp"
#include "tests/support/memory_file_store.hpp"
#include "validator/run.hpp"

namespace firebreak::validator::test {

/// A run with nothing real behind it: a clock that stands still and a disk in memory.
struct BenchRun {
    explicit BenchRun(RunRequest request = {.bundle_name = "yara-7.fbb",
                                            .bundle = to_bytes("the bundle")})
        : run(std::move(request), {program, clock, files, progress}) {}

    firebreak::test::FakeClock clock;
    firebreak::test::MemoryFileStore files;
    NoProgress progress;
    WorkerProgram program = *WorkerProgram::self();
    Run run;
};

}  // namespace firebreak::validator::test
