#pragma once

#include <optional>

#include "cli/command.hpp"

namespace firebreak::cli {

struct PackOptions {
    std::string folder;  ///< Holds firebreak-pack.yaml and the content it names.
    std::string out;     ///< The .fbb to write.
    std::int64_t counter = 0;
};

/// Packs a folder of content into a bundle (schemas/pack.v1.json says what firebreak-pack.yaml may
/// hold). The same folder and counter give the same bytes. Sigma rules are compiled on the way, all
/// of them or none: when one does not compile, the output is every message, its exit code 2, and
/// nothing is written.
[[nodiscard]] Result<Output> pack(const Context& context, const PackOptions& options);

}  // namespace firebreak::cli
