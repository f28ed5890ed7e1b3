#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/error.hpp"
#include "sensor/sigma/events/field_type.hpp"

namespace firebreak::sigma {

struct ContractField {
    std::string name;  ///< As rules write it: "CommandLine". Compared without regard to case.
    FieldType type = FieldType::kText;
};

/// A Sigma logsource. An empty part of a contract's stands for "not given".
struct LogSource {
    std::string product;
    std::string category;
    std::string service;
};

/// A named, ordered, typed list of fields: what rules may ask of one kind of event, and the order
/// in which a sensor hands the values over (fb_event_input.fields). Written in schemas/events/.
/// Fields are only ever added at the end; anything else is a new version.
struct EventContract {
    std::string name;  ///< "process_creation_windows".
    std::uint32_t version = 1;
    std::vector<LogSource> log_sources;  ///< The rules that it is for.
    std::vector<ContractField> fields;

    /// "process_creation_windows/v1".
    std::string id() const;
    /// @returns the position of a field, without regard to case.
    std::optional<std::uint16_t> find(std::string_view field) const;
};

/// Every contract of this build, in the order of their ids. They are made at build time out of
/// schemas/events/*.yaml, so that no program needs the files at run time.
const std::vector<EventContract>& event_contracts();

/// The contract for the rules of a log source: the one whose own log source says the same, part by
/// part. @returns nullptr when there is none.
const EventContract* contract_for(const LogSource& source);

}  // namespace firebreak::sigma
