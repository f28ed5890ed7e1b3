#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/bytes.hpp"
#include "validator/sandbox/shared_memory.hpp"

namespace firebreak::validator {

/// Rules of the validator's own, for one type of content. They are loaded beside the content and
/// inside its files and must still match: one bad rule can silence all its neighbours while every
/// call says ok (a global rule that is never true does, in YARA), and content that disarms the
/// sensor is an outage.
struct Sentinel {
    std::string_view content_type;
    std::string_view file;    ///< The name of a file of its own; sorts last.
    std::string_view stem;    ///< Of the rules' names.
    std::string_view head{};  ///< Content that is text: before the name,
    std::string_view tail{};  ///< and after it.
    /// Content that is binary rule files for events: the contracts of the content, the first of
    /// which is that of the sentinel's own file.
    std::vector<std::string> contracts{};

    /// The name of the n-th rule: they must differ within one content.
    std::string rule(std::size_t number) const;

    /// The n-th rule as text that can stand alone or be put behind any file of this type.
    std::string text(std::size_t number) const;

    /// A file with rule 0 and nothing else.
    Bytes alone() const;
    /// `content` with the n-th rule in it. What cannot be read stays as it is: the engine will say
    /// so.
    Bytes inside(ByteView content, std::size_t number) const;
};

/// The sentinel for content of a type; `content` says for which events, where that matters.
/// Nothing when there is none.
std::optional<Sentinel> sentinel_for(std::string_view content_type,
                                     const std::vector<FileView>& content);

/// An input on which a sentinel matches.
struct SentinelInput {
    std::string name;
    Bytes bytes;
    bool own = true;  ///< False: it is for rules of other files, and rule 0 does not match.
};

/// Inputs for the rules of `sentinel`: files, or an event for each contract.
std::vector<SentinelInput> sentinel_inputs(const Sentinel& sentinel);

/// Every kind of file that rules usually restrict themselves to, small, middling and large: a rule
/// may silence its neighbours for one kind only.
std::vector<SentinelInput> sentinel_inputs();

}  // namespace firebreak::validator
