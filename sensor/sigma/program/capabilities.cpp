#include "sensor/sigma/program/capabilities.hpp"

#include <algorithm>
#include <array>
#include <set>

#include "core/base/check.hpp"

namespace firebreak::sigma {
namespace {

constexpr std::array kOps = {
    OpName{Op::kAbsent, "absent"},
    OpName{Op::kPresent, "present"},
    OpName{Op::kEquals, "equals"},
    OpName{Op::kContains, "contains"},
    OpName{Op::kStartsWith, "starts-with"},
    OpName{Op::kEndsWith, "ends-with"},
    OpName{Op::kGlob, "glob"},
    OpName{Op::kRegex, "regex"},
    OpName{Op::kCidr, "cidr"},
    OpName{Op::kIntegerEquals, "integer-equals"},
    OpName{Op::kLess, "less"},
    OpName{Op::kLessOrEqual, "less-or-equal"},
    OpName{Op::kGreater, "greater"},
    OpName{Op::kGreaterOrEqual, "greater-or-equal"},
    OpName{Op::kSameAs, "same-as"},
    OpName{Op::kSameStart, "same-start"},
    OpName{Op::kSameEnd, "same-end"},
    OpName{Op::kSameInside, "same-inside"},
};

}  // namespace

std::span<const OpName> all_ops() {
    return kOps;
}

std::string_view name_of(Op op) {
    const auto* const found = std::ranges::find(kOps, op, &OpName::op);
    FIREBREAK_CHECK(found != kOps.end());
    return found->name;
}

std::string capability_of(Op op) {
    return "sigma.op." + std::string(name_of(op));
}

std::vector<std::string> capabilities_of(const Program& program) {
    std::set<std::string> found{std::string(kFormatCapability)};
    for (const Predicate& predicate : program.predicates) found.insert(capability_of(predicate.op));
    return {found.begin(), found.end()};
}

std::string contract_of(std::string_view contract, std::size_t arity) {
    return std::string(contract) + ":" + std::to_string(arity);
}

}  // namespace firebreak::sigma
