#pragma once

#include <functional>
#include <string>
#include <vector>

#include "validator/abi/check.hpp"
#include "validator/sandbox/executor.hpp"

namespace firebreak::validator {

/// What it takes to run workers. All outlive the examination.
struct Laboratory {
    const WorkerProgram& program;
    const SandboxPolicy& policy;
    const Clock& clock;
};

/// What an engine is examined with. All views outlive the examination.
struct ExaminationMaterial {
    std::vector<FileView> files;  ///< Content that it should load; empty: none is to be had.
    std::string input_name;
    ByteView input;  ///< A file that the content matches, or an event as JSON; may be empty.
};

struct CheckReport {
    std::string_view id;
    std::string_view rule;
    CheckResult result;
};

/// What came of all checks of one engine.
struct Examination {
    std::vector<CheckReport> checks;
    std::optional<sensor::CapabilityManifest> manifest;  ///< When the engine opened.
    Confinement confinement;
    std::string could_not_look{};  ///< Why the machine did not let us; empty when it did.

    bool broken() const;
    bool complete() const;  ///< Every rule was looked at that concerns this engine.
};

/// Opens the engine, once, to learn what content it takes.
///
/// @returns its manifest, or the verdict that says why not.
OpenRun introduce(const Laboratory& laboratory, const EngineFile& engine);

/// Runs one check. An engine that does not open breaks every one.
CheckResult run_check(const Laboratory& laboratory, const EngineFile& engine,
                      const ExaminationMaterial& material, const AbiCheck& check);

/// Runs every ABI check, each in a sealed worker of its own, so that a crash, a hang or a forbidden
/// call is a finding of that check and of no other.
///
/// Thread safety: none. Tests: tests/integration/validator/engine_check_test.cpp.
Examination examine(const Laboratory& laboratory, const EngineFile& engine,
                    const ExaminationMaterial& material);

}  // namespace firebreak::validator
