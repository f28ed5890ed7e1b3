#include "sensor/sigma/program/program.hpp"

#include <functional>
#include <gtest/gtest.h>
#include <set>

#include "core/base/errc.hpp"
#include "sensor/sigma/program/capabilities.hpp"
#include "tests/unit/sensor/sigma/program/sample_program.hpp"

namespace firebreak::sigma {
namespace {

using namespace test;

Bytes sample_bytes() {
    return *write_program(sample_program());
}

TEST(RuleFile, ComesBackAsItWasWritten) {
    const Program program = sample_program();

    const Result<Bytes> bytes = write_program(program);
    ASSERT_TRUE(bytes) << bytes.error().to_string();
    const Result<Program> back = read_program(*bytes);

    ASSERT_TRUE(back) << back.error().to_string();
    EXPECT_EQ(*back, program);
    EXPECT_EQ(*write_program(*back), *bytes);
}

TEST(RuleFile, StartsAsTheDocumentSays) {
    const Bytes bytes = sample_bytes();
    const Bytes start(bytes.begin(), bytes.begin() + 24);

    EXPECT_EQ(start, (Bytes{0x89, 'F', 'B', 'S', 0x0D, 0x0A, 0x1A, 0x0A,  // magic
                            1,    0,   0,   0,                            // version
                            6,    0,   0,   0,                            // arity, reserved
                            0,    0,   0,   0,   9,    0,    0,    0}));  // contract
}

TEST(RuleFile, IsRefusedCutShortAnywhere) {
    const Bytes bytes = sample_bytes();
    for (std::size_t length = 0; length < bytes.size(); ++length) {
        EXPECT_FALSE(read_program(ByteView(bytes).first(length))) << length;
    }
}

TEST(RuleFile, IsRefusedWithAnythingBehind) {
    Bytes bytes = sample_bytes();
    bytes.push_back(0);
    EXPECT_EQ(read_program(bytes).error(), Errc::kMalformed);
}

/// Whatever one changed byte makes of a file: it is refused, or it is the one file of another
/// program.
TEST(RuleFile, HasOneFormForEachProgram) {
    const Bytes bytes = sample_bytes();
    std::size_t accepted = 0;
    for (std::size_t at = 0; at < bytes.size(); ++at) {
        for (const unsigned mask : {0x01U, 0x80U, 0xFFU}) {
            Bytes changed = bytes;
            changed[at] = static_cast<std::uint8_t>(changed[at] ^ mask);
            const Result<Program> read = read_program(changed);
            if (!read) continue;
            ++accepted;
            const Result<Bytes> written = write_program(*read);
            ASSERT_TRUE(written) << written.error().to_string();
            ASSERT_EQ(*written, changed) << "byte " << at << " mask " << mask;
        }
    }
    EXPECT_GT(accepted, 0U);  // Letters of a title, say.
}

TEST(RuleFile, OfALaterVersionIsUnsupported) {
    Bytes bytes = sample_bytes();
    bytes[8] = 2;
    EXPECT_EQ(read_program(bytes).error(), Errc::kUnsupported);
    bytes[8] = 0;
    EXPECT_EQ(read_program(bytes).error(), Errc::kMalformed);
}

TEST(RuleFile, HoldsToItsLimits) {
    const Program program = sample_program();
    const Bytes bytes = sample_bytes();
    const std::vector<ProgramLimits> tight = {{.bytes_max = bytes.size() - 1},
                                              {.rules_max = program.rules.size() - 1},
                                              {.predicates_max = program.predicates.size() - 1},
                                              {.nodes_per_rule_max = 5},
                                              {.text_bytes_max = 14},
                                              {.regex_bytes_max = 16},
                                              {.name_bytes_max = 15}};
    for (std::size_t i = 0; i < tight.size(); ++i) {
        EXPECT_FALSE(write_program(program, tight[i])) << i;
        EXPECT_FALSE(read_program(bytes, tight[i])) << i;
    }
}

struct Fault {
    const char* name;
    std::function<void(Program&)> make;
};

const Fault kFaults[] = {
    {"no contract", [](Program& p) { p.contract.clear(); }},
    {"a contract with a space", [](Program& p) { p.contract = "a b"; }},
    {"no rules", [](Program& p) { p.rules.clear(); }},
    {"a field past the arity", [](Program& p) { p.arity = 5; }},
    {"an op past the last", [](Program& p) { p.predicates[0].op = static_cast<Op>(19); }},
    {"op 0", [](Program& p) { p.predicates[0].op = static_cast<Op>(0); }},
    {"absent of any field", [](Program& p) { p.predicates[0].field = kAnyField; }},
    {"the other field past the arity", [](Program& p) { p.predicates[16].other_field = 6; }},
    {"an other field where none is", [](Program& p) { p.predicates[2].other_field = 1; }},
    {"a cased regex", [](Program& p) { p.predicates[8].cased = true; }},
    {"a text for a number", [](Program& p) { p.predicates[11].text = "1"; }},
    {"a number for a text", [](Program& p) { p.predicates[2].integer = 1; }},
    {"a glob without pieces", [](Program& p) { p.predicates[7].pieces.clear(); }},
    {"pieces without a glob", [](Program& p) { p.predicates[2].pieces.emplace_back(); }},
    {"a wildcard over a letter", [](Program& p) { p.predicates[7].pieces[0].any = {0}; }},
    {"a wildcard past the piece", [](Program& p) { p.predicates[7].pieces[0].any = {3}; }},
    {"a wildcard twice",
     [](Program& p) {
         p.predicates[7].pieces[0].any = {1, 1};
     }},
    {"a network of 5 bytes", [](Program& p) { p.predicates[9].network.push_back(0); }},
    {"a prefix past the address", [](Program& p) { p.predicates[9].prefix_bits = 33; }},
    {"bits past the prefix", [](Program& p) { p.predicates[9].network[3] = 1; }},
    {"a network for a text",
     [](Program& p) {
         p.predicates[2].network = {1, 2, 3, 4};
     }},
    {"a predicate twice", [](Program& p) { p.predicates[18] = p.predicates[19]; }},
    {"a predicate that no rule uses",
     [](Program& p) { p.predicates.push_back(text_predicate(Op::kEquals, "unused")); }},
    {"no condition", [](Program& p) { p.rules[0].nodes.clear(); }},
    {"a predicate past the last", [](Program& p) { p.rules[0].nodes[0].predicate = 20; }},
    {"a predicate with a child", [](Program& p) { p.rules[0].nodes[0].children = {0}; }},
    {"a child that is itself",
     [](Program& p) {
         p.rules.back().nodes[5].children = {4, 5};
     }},
    {"a child past its parent",
     [](Program& p) {
         p.rules.back().nodes[3].children = {0, 4};
     }},
    {"a child of two",
     [](Program& p) {
         p.rules.back().nodes[5].children = {3, 4, 2};
     }},
    {"a child without a parent", [](Program& p) { p.rules.back().nodes[5].children = {4}; }},
    {"not of two",
     [](Program& p) {
         p.rules.back().nodes[2].children = {0, 1};
     }},
    {"all of none", [](Program& p) { p.rules.back().nodes[5].children.clear(); }},
    {"a kind past the last",
     [](Program& p) { p.rules.back().nodes[5].kind = static_cast<Node::Kind>(5); }},
    {"an id twice", [](Program& p) { p.rules[1].id = p.rules[0].id; }},
    {"ids out of order", [](Program& p) { std::swap(p.rules[0], p.rules[1]); }},
    {"an id of two lines", [](Program& p) { p.rules[0].id = "a\nb"; }},
    {"a title of two lines", [](Program& p) { p.rules[0].title = "a\nb"; }},
    {"a title that is no UTF-8", [](Program& p) { p.rules[0].title = "\xFF"; }},
    {"an unknown level", [](Program& p) { p.rules[0].level = "urgent"; }},
};

TEST(RuleFile, IsNotWrittenForAProgramThatBreaksARule) {
    for (const Fault& fault : kFaults) {
        Program program = sample_program();
        fault.make(program);
        const Result<Bytes> written = write_program(program);
        ASSERT_FALSE(written) << fault.name;
        EXPECT_EQ(written.error(), Errc::kInvalid) << fault.name;
    }
}

TEST(RuleFile, KeepsLongAndStrangeTexts) {
    std::string every_byte;
    for (int byte = 0; byte < 256; ++byte) every_byte += static_cast<char>(byte);
    const Program program =
        one_rule_each({text_predicate(Op::kContains, every_byte),
                       text_predicate(Op::kEquals, std::string(64U << 10U, 'x')),
                       text_predicate(Op::kEquals, "")});

    const Result<Program> back = read_program(*write_program(program));

    ASSERT_TRUE(back) << back.error().to_string();
    EXPECT_EQ(*back, program);
}

TEST(Capabilities, AreWhatAProgramUses) {
    const Program program =
        one_rule_each({text_predicate(Op::kContains, "a"),
                       text_predicate(Op::kContains, "b"),
                       {.op = Op::kCidr, .network = {10, 0, 0, 0}, .prefix_bits = 8}});

    EXPECT_EQ(capabilities_of(program),
              (std::vector<std::string>{"sigma.format.1", "sigma.op.cidr", "sigma.op.contains"}));
    EXPECT_EQ(contract_of("sample/v1", 6), "sample/v1:6");
}

TEST(Capabilities, NameEveryOpOnce) {
    std::set<std::string_view> names;
    for (const OpName& op : all_ops()) names.insert(op.name);
    EXPECT_EQ(names.size(), static_cast<std::size_t>(Op::kSameInside));
}

}  // namespace
}  // namespace firebreak::sigma
