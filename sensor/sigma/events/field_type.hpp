#pragma once

#include <cstdint>

namespace firebreak::sigma {

/// What the values of a field are. Any of them can be asked as text (an integer in decimal); only
/// kInteger may be compared with < and >.
enum class FieldType : std::uint8_t { kText, kInteger };

}  // namespace firebreak::sigma
