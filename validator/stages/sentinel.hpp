#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "core/base/bytes.hpp"

namespace firebreak::validator {

/// Rules of the validator's own, for one type of content. They are loaded beside the content and
/// inside its files and must still match: one bad rule can silence all its neighbours while every
/// call says ok (a global rule that is never true does, in YARA), and content that disarms the
/// sensor is an outage.
struct Sentinel {
    std::string_view content_type;
    std::string_view file;  ///< The name of a file of its own; sorts last.
    std::string_view stem;  ///< Of the rules' names.
    std::string_view head;  ///< Text before the name,
    std::string_view tail;  ///< and after it.

    /// The name of the n-th rule: they must differ within one content.
    std::string rule(std::size_t number) const;

    /// The n-th rule as text that can stand alone or be put behind any file of this type.
    std::string text(std::size_t number) const;
};

/// nullptr when there is none for `content_type`.
const Sentinel* sentinel_for(std::string_view content_type);

/// An input on which a sentinel matches.
struct SentinelInput {
    std::string name;
    Bytes bytes;
};

/// Every kind of file that rules usually restrict themselves to, small, middling and large: a rule
/// may silence its neighbours for one kind only.
std::vector<SentinelInput> sentinel_inputs();

}  // namespace firebreak::validator
