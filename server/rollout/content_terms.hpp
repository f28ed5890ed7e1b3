#pragma once

#include <string>
#include <vector>

#include "core/base/bytes.hpp"
#include "core/trust/ring_rule.hpp"

namespace firebreak::server {

/// What the offline keys signed about each of `targets`, in that order.
///
/// @param content_role  From the store: its signatures were checked when it came in.
/// @returns Errc::kCorrupt for one that it does not list, or the error of a document that does not
///   read back.
[[nodiscard]] Result<std::vector<trust::ContentTerms>> content_terms(
    ByteView content_role, const std::vector<std::string>& targets);

}  // namespace firebreak::server
