// A program of its own, because it counts every allocation of the process.

#include <cstdlib>
#include <gtest/gtest.h>
#include <new>

#include "tests/unit/sensor/sigma/program/sample_program.hpp"
#include "tests/unit/sensor/sigma/run/fields.hpp"

namespace {

std::size_t allocations = 0;

}  // namespace

void* operator new(std::size_t bytes) {
    ++allocations;
    if (void* block = std::malloc(bytes != 0 ? bytes : 1)) return block;
    std::abort();
}
void* operator new(std::size_t bytes, const std::nothrow_t&) noexcept {
    ++allocations;
    return std::malloc(bytes != 0 ? bytes : 1);
}
void operator delete(void* block) noexcept {
    std::free(block);
}
void operator delete(void* block, std::size_t) noexcept {
    std::free(block);
}

namespace firebreak::sigma {
namespace {

using namespace test;

TEST(Interpreter, TakesNoMemoryWhileEvaluating) {
    Program program = sample_program();
    program.predicates[8] = text_predicate(Op::kContains, "no regular expression", 3);
    Result<RuleSet> rules = RuleSet::make(program);
    ASSERT_TRUE(rules);
    const ReferenceEvent reference = {"C:\\aXcyz", "c:\\mimikatz\\powershell.exe",
                                      "abc..z",    std::string(100'000, 'm'),
                                      "10.1.2.3",  std::int64_t{4688}};
    const std::vector<fb_field> fields = fields_of(reference);
    Event event(kArity, 1U << 20U);
    std::size_t matches = 0;
    const auto on_match = [&matches](const RuleMatch&) {
        ++matches;
        return true;
    };

    const std::size_t before = allocations;
    for (int i = 0; i < 10; ++i) {
        ASSERT_EQ(event.take(fields), FB_OK);
        Budget budget = long_budget();
        ASSERT_EQ(rules->evaluate(event, budget, on_match), FB_OK);
    }

    EXPECT_EQ(allocations, before);
    EXPECT_GT(matches, 30U);
}

}  // namespace
}  // namespace firebreak::sigma
