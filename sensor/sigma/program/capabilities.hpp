#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "sensor/sigma/program/program.hpp"

namespace firebreak::sigma {

/// What bundles of binary rule files say they are, and the engine that it loads.
inline constexpr std::string_view kContentType = "sigma-binary";

/// An op and its name: "contains".
struct OpName {
    Op op;
    std::string_view name;
};

/// Every op of the format, in the order of their numbers.
std::span<const OpName> all_ops();

/// "contains".
std::string_view name_of(Op op);

/// What a build must offer to run the op: "sigma.op.contains".
std::string capability_of(Op op);

/// What a build must offer to run `program`: its ops and the version of the format. Sorted, none
/// twice: the manifest's `capabilities`. (Its `contracts` gets program.contract and the arity, as
/// contract_of() spells them.)
std::vector<std::string> capabilities_of(const Program& program);

/// "process_creation_windows/v1:28".
std::string contract_of(std::string_view contract, std::size_t arity);

/// What every build that reads this version of the format offers.
inline constexpr std::string_view kFormatCapability = "sigma.format.1";

}  // namespace firebreak::sigma
