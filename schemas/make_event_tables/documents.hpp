#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "core/content/document.hpp"

// What make_event_tables reads: the documents in schemas/events and schemas/mappings, checked
// against their schemas and against each other.
namespace firebreak::event_tables {

struct Field {
    std::string name;
    bool integer = false;
};

struct LogSource {
    std::string product;
    std::string category;
    std::string service;
};

struct Contract {
    std::string id;  ///< "process_creation_windows/v1".
    std::string name;
    std::int64_t version = 1;
    std::vector<LogSource> log_sources;
    std::vector<Field> fields;
};

struct Condition {
    std::string field;
    std::string kind;  ///< "kIs", …
    std::vector<std::string> values;
};

struct Meaning {
    std::string is;
    std::string means;
};

struct Source {
    std::size_t field = 0;
    std::vector<std::string> from;
    std::vector<Meaning> values;
};

struct Route {
    std::size_t contract = 0;
    std::vector<Condition> when;
    std::vector<Source> sources;
};

struct Mapping {
    std::string name;
    std::string form;  ///< "kWindows" or "kJson".
    std::vector<Route> routes;
};

/// Reads every *.yaml in `folder`, by id.
///
/// @returns what is wrong, with its place: not YAML, against the schema, a name that is not the
///   file's, two fields or log sources of one name, …
[[nodiscard]] Result<std::vector<Contract>> read_contracts(const std::filesystem::path& folder);

/// The same for mappings. A route that supplies another number of fields than its contract has, or
/// a contract that no route leads to, is an error: nothing may be promised that is not supplied.
[[nodiscard]] Result<std::vector<Mapping>> read_mappings(const std::filesystem::path& folder,
                                                         const std::vector<Contract>& contracts);

}  // namespace firebreak::event_tables
