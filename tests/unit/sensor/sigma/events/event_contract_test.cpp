#include "sensor/sigma/events/event_contract.hpp"

#include <algorithm>
#include <gtest/gtest.h>
#include <set>

#include "sensor/sigma/events/event_reader.hpp"
#include "sensor/sigma/events/supplied_contracts.hpp"

namespace firebreak::sigma {
namespace {

TEST(EventContract, IsFoundByItsWholeLogSourceAndNothingLess) {
    const EventContract* contract = contract_for({"windows", "process_creation", ""});

    ASSERT_NE(contract, nullptr);
    EXPECT_EQ(contract->id(), "process_creation_windows/v1");
    EXPECT_EQ(contract_for({"Windows", "Process_Creation", ""}), contract);
    EXPECT_EQ(contract_for({"windows", "process_creation", "security"}), nullptr);
    EXPECT_EQ(contract_for({"", "process_creation", ""}), nullptr);
    EXPECT_EQ(contract_for({"", "", ""}), nullptr);
}

TEST(EventContract, FindsFieldsWithoutRegardToCase) {
    const EventContract& contract = *contract_for({"windows", "process_creation", ""});

    EXPECT_EQ(contract.find("commandLINE"), contract.find("CommandLine"));
    EXPECT_TRUE(contract.find("CommandLine"));
    EXPECT_FALSE(contract.find("CommandLin"));
    EXPECT_FALSE(contract.find(""));
}

TEST(EventContract, IsListedOnceInTheOrderOfIds) {
    std::vector<std::string> ids;
    for (const EventContract& contract : event_contracts()) ids.push_back(contract.id());

    EXPECT_TRUE(std::is_sorted(ids.begin(), ids.end()));
    EXPECT_EQ(std::set<std::string>(ids.begin(), ids.end()).size(), ids.size());
    EXPECT_EQ(contract_named("process_creation_windows"),
              contract_named("process_creation_windows/v1"));
    EXPECT_EQ(contract_named("process_creation_windows/v2"), nullptr);
}

// The defect of 19 July 2024 was a contract of 21 fields and an integration that supplied 20.
TEST(SuppliedContracts, AreWhatTheContractsPromiseFieldByField) {
    const auto supplied = supplied_contracts();
    ASSERT_EQ(supplied.size(), event_contracts().size());
    for (std::size_t i = 0; i < supplied.size(); ++i) {
        const EventContract& contract = event_contracts()[i];
        ASSERT_EQ(supplied[i].contract, contract.id());
        ASSERT_EQ(supplied[i].fields.size(), contract.fields.size()) << contract.id();
        for (std::size_t field = 0; field < contract.fields.size(); ++field) {
            EXPECT_EQ(supplied[i].fields[field].name, contract.fields[field].name);
            EXPECT_EQ(supplied[i].fields[field].type, contract.fields[field].type);
        }
    }
}

}  // namespace
}  // namespace firebreak::sigma
