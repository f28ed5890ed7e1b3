#pragma once

#include <string>

#include "core/base/error.hpp"
#include "core/trust/errc.hpp"

namespace firebreak::trust::detail {

/// What core/base says of a document's shape, in this room's vocabulary.
inline tl::unexpected<Error> malformed(const Error& error) {
    return fail(Errc::kMalformed, error.context());
}

inline tl::unexpected<Error> malformed(std::string context) {
    return fail(Errc::kMalformed, std::move(context));
}

}  // namespace firebreak::trust::detail
