#pragma once

#include <array>
#include <string_view>

#include "sensor/sigma/events/supplied_contracts.hpp"
#include "sensor/sigma/run/event.hpp"
#include "sensor/sigma/run/rule_set.hpp"

namespace firebreak::sigma {

/// What a match says of itself, on one line of UTF-8:
///
///     Suspicious Encoded PowerShell: CommandLine="powershell -enc aGk=", Image="…"
///
/// Takes no memory; long values are cut.
class DetailText {
public:
    DetailText(const RuleMatch& match, const SuppliedContract& contract, Event& event);

    std::string_view text() const { return {buffer_.data(), length_}; }

private:
    void put(std::string_view text);
    void put_value(std::string_view value);

    std::array<char, 1024> buffer_;
    std::size_t length_ = 0;
};

}  // namespace firebreak::sigma
