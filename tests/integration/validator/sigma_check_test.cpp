// The ABI suite over the sigma engine: rules as an author writes them, packed by the program that
// packs them, and an event made of the fields that the engine says it is supplied with.

#include <cstdlib>
#include <fstream>
#include <gtest/gtest.h>

#include "core/content/bundle.hpp"
#include "tests/integration/validator/sandbox_fixture.hpp"
#include "tests/support/temporary_folder.hpp"
#include "validator/abi/examination.hpp"

namespace firebreak::validator::test {
namespace {

constexpr std::string_view kContract = "process_creation_windows/v1";

constexpr std::string_view kPack =
    "stream: sigma\ncontent_type: sigma-rules\nfiles: [\"*.yml\"]\nactions: [report]\n"
    "author: tests\nrelease_notes: For the ABI suite.\n";

/// @param source  Of Windows: "category: dns_query".
std::string rule(const std::string& id, const std::string& source, const std::string& field) {
    return "title: Check " + field + "\nid: 00000000-0000-4000-8000-00000000000" + id +
           "\nstatus: test\ndescription: For the ABI suite.\nauthor: tests\ndate: 2024-01-01\n"
           "logsource: {product: windows, " +
           source + "}\ndetection:\n  selection: {" + field +
           "|contains: check-me}\n  condition: selection\nlevel: low\n";
}

/// "check-me" in each text field that `engine` is supplied with for the contract.
std::string matching_event(const std::string& engine) {
    const auto opened = sensor::Engine::open(engine, nullptr);
    EXPECT_TRUE(opened) << opened.error().to_string();
    if (!opened) return {};
    const Result<json::value> supplied = (*opened)->inputs(kContract);
    EXPECT_TRUE(supplied) << supplied.error().to_string();
    if (!supplied) return {};
    std::string fields;
    for (const json::value& field : supplied->at("fields").as_array()) {
        fields += fields.empty() ? "" : ",";
        fields += field.at("type") == "text" ? "\"check-me\"" : "null";
    }
    return R"({"contract":")" + std::string(kContract) + R"(","values":[)" + fields + "]}";
}

TEST(AbiSuite, IsKeptBySigma) {
    const firebreak::test::TemporaryFolder folder;
    std::ofstream(folder.path() / "firebreak-pack.yaml") << kPack;
    std::ofstream(folder.path() / "a.yml")
        << rule("1", "category: process_creation", "CommandLine");
    std::ofstream(folder.path() / "b.yml") << rule("2", "category: process_creation", "Image");
    std::ofstream(folder.path() / "c.yml") << rule("3", "category: dns_query", "QueryName");
    // The contract with the most fields: together they must stay within what an engine takes.
    std::ofstream(folder.path() / "d.yml") << rule("4", "service: security", "SubjectUserName");
    const std::string bundle_path = (folder.path() / "sigma.fbb").string();
    const std::string command = std::string(FIREBREAK_CLI) + " pack " + folder.path().string() +
                                " --counter 1 --out " + bundle_path + " > /dev/null";
    ASSERT_EQ(std::system(command.c_str()), 0);
    const Result<Bytes> packed = PosixFileStore().read(bundle_path, 1U << 24U);
    ASSERT_TRUE(packed);
    const Result<content::Bundle> bundle = content::unpack_bundle(*packed);
    ASSERT_TRUE(bundle);
    const std::string engine = std::string(FIREBREAK_ENGINE_DIR) + "/sigma.so";
    const std::string event = matching_event(engine);
    ExaminationMaterial material{.files = {}, .input_name = "event", .input = bytes_of(event)};
    for (const content::ContentFile& file : bundle->files) {
        material.files.push_back({file.name, file.bytes});
    }
    const WorkerProgram program = *WorkerProgram::self();
    const SandboxPolicy policy = strict_policy();
    const SystemClock clock;

    const Examination examination = examine({program, policy, clock}, engine_at(engine), material);

    for (const CheckReport& check : examination.checks) {
        EXPECT_NE(to_string(check.result.kind), "broken") << check.id << check.result.message;
        EXPECT_NE(to_string(check.result.kind), "not-possible") << check.id << check.result.message;
    }
    EXPECT_TRUE(examination.complete());
}

}  // namespace
}  // namespace firebreak::validator::test
