// What does not agree does not build: the checks of schemas/make_event_tables.

#include <unistd.h>

#include <filesystem>
#include <gtest/gtest.h>

#include "core/base/file_store.hpp"
#include "schemas/make_event_tables/documents.hpp"

namespace firebreak::event_tables {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kContract =
    "contract: things\nversion: 1\ndescription: A thing.\nlog_sources: [{product: things}]\n"
    "fields:\n  - {name: A, type: text}\n  - {name: B, type: integer}\n";

std::string mapping(const std::string& route) {
    return "mapping: m\nversion: 1\ndescription: M.\nform: json\nroutes:\n  - " + route + "\n";
}

class EventDocuments : public ::testing::Test {
protected:
    EventDocuments() {
        const auto* info = ::testing::UnitTest::GetInstance()->current_test_info();
        folder_ = fs::path(::testing::TempDir()) /
                  (std::string("firebreak-tables-") + info->name() + std::to_string(::getpid()));
        fs::create_directories(folder_ / "events");
        fs::create_directories(folder_ / "mappings");
        write("events/things.yaml", kContract);
    }
    ~EventDocuments() override { fs::remove_all(folder_); }

    void write(const std::string& name, std::string_view text) {
        ASSERT_TRUE(PosixFileStore().write(folder_ / name, bytes_of(text), FileMode::kPublic));
    }

    Result<std::vector<Mapping>> read(const std::string& route) {
        write("mappings/m.yaml", mapping(route));
        const Result<std::vector<Contract>> contracts = read_contracts(folder_ / "events");
        if (!contracts) return fail(contracts.error());
        return read_mappings(folder_ / "mappings", *contracts);
    }

    std::string refusal(const std::string& route) {
        const Result<std::vector<Mapping>> mappings = read(route);
        return mappings ? "taken" : mappings.error().context();
    }

    fs::path folder_;
};

TEST_F(EventDocuments, TakeAMappingThatAgrees) {
    const Result<std::vector<Mapping>> mappings =
        read("{to: things/v1, supplies: 2, when: [{field: k, is: [t]}]}");

    ASSERT_TRUE(mappings) << mappings.error().to_string();
    EXPECT_EQ(mappings->at(0).routes.at(0).when.at(0).kind, "kIs");
}

TEST_F(EventDocuments, RefuseAMappingThatSuppliesOneFieldLessThanTheContractHas) {
    const std::string why = refusal("{to: things/v1, supplies: 1, when: [{field: k, is: [t]}]}");

    EXPECT_NE(why.find("m.yaml:6:"), std::string::npos) << why;
    EXPECT_NE(why.find("things/v1 has 2 fields and this mapping supplies 1"), std::string::npos);
}

TEST_F(EventDocuments, RefuseWhatIsNotThere) {
    EXPECT_NE(refusal("{to: other/v1, supplies: 2, when: [{field: k, is: [t]}]}")
                  .find("there is no contract other/v1"),
              std::string::npos);
    EXPECT_NE(refusal("{to: things/v1, supplies: 2, when: [{field: k, is: [t]}], "
                      "fields: [{field: C, from: [x]}]}")
                  .find("things/v1 has no field C"),
              std::string::npos);
}

TEST_F(EventDocuments, RefuseAConditionOfNoneOrTwoQuestions) {
    EXPECT_NE(refusal("{to: things/v1, supplies: 2, when: [{field: k}]}").find("needs one of"),
              std::string::npos);
    EXPECT_NE(refusal("{to: things/v1, supplies: 2, when: [{field: k, is: [t], present: true}]}")
                  .find("one question"),
              std::string::npos);
}

TEST_F(EventDocuments, RefuseAContractThatNothingSupplies) {
    write("events/more.yaml",
          "contract: more\nversion: 1\ndescription: M.\nlog_sources: [{product: more}]\n"
          "fields: [{name: A, type: text}]\n");

    EXPECT_NE(refusal("{to: things/v1, supplies: 2, when: [{field: k, is: [t]}]}")
                  .find("no mapping leads to more/v1"),
              std::string::npos);
}

TEST_F(EventDocuments, RefuseTwoFieldsOrLogSourcesOfOneName) {
    write("events/more.yaml",
          "contract: more\nversion: 1\ndescription: M.\nlog_sources: [{product: things}]\n"
          "fields: [{name: A, type: text}]\n");
    EXPECT_FALSE(read_contracts(folder_ / "events"));

    write("events/more.yaml",
          "contract: more\nversion: 1\ndescription: M.\nlog_sources: [{product: more}]\n"
          "fields: [{name: A, type: text}, {name: a, type: text}]\n");
    EXPECT_FALSE(read_contracts(folder_ / "events"));
}

}  // namespace
}  // namespace firebreak::event_tables
