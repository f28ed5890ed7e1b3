#pragma once

#include <span>
#include <string_view>
#include <vector>

#include "core/base/bytes.hpp"

namespace firebreak::validator {

/// A rule of the validator's own, for one type of content. It is loaded beside the content and must
/// still match: one bad rule can silence all its neighbours while every call says ok (a global rule
/// that is never true does, in YARA), and content that disarms the sensor is an outage.
struct Sentinel {
    std::string_view content_type;
    std::string_view file;  ///< The name it is loaded under; sorts last.
    std::string_view text;
    std::string_view rule;  ///< What must be among the matches.
};

/// nullptr when there is none for `content_type`.
const Sentinel* sentinel_for(std::string_view content_type);

/// Inputs on which the sentinel must match: small and large, plain and with the headers of
/// programs,
/// because a rule may silence its neighbours for one kind of input only.
struct SentinelInput {
    std::string_view name;
    Bytes bytes;
};

std::vector<SentinelInput> sentinel_inputs();

}  // namespace firebreak::validator
