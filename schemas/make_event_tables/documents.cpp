#include "schemas/make_event_tables/documents.hpp"

#include <algorithm>
#include <map>
#include <set>

#include "core/base/errc.hpp"
#include "core/base/file_store.hpp"
#include "core/content/schema.hpp"

namespace firebreak::event_tables {
namespace {

constexpr std::uint64_t kFileBytesMax = 1U << 20U;

using content::Document;

[[nodiscard]] Result<std::vector<Document>> read_documents(const std::filesystem::path& folder,
                                                           std::string_view schema) {
    const PosixFileStore disk;
    Result<std::vector<std::string>> names = disk.list(folder);
    if (!names) return fail(names.error());
    std::sort(names->begin(), names->end());
    std::vector<Document> documents;
    for (const std::string& name : *names) {
        if (!name.ends_with(".yaml")) continue;
        const Result<Bytes> bytes = disk.read(folder / name, kFileBytesMax);
        if (!bytes) return fail(bytes.error());
        Result<Document> document = content::read_yaml((folder / name).string(), text_of(*bytes));
        if (!document) return fail(document.error());
        if (const Result<void> valid = content::require_schema(schema, *document); !valid) {
            return fail(valid.error());
        }
        documents.push_back(std::move(*document));
    }
    return documents;
}

tl::unexpected<Error> wrong(const Document& document, const std::string& pointer,
                            const std::string& what) {
    return fail(Errc::kInvalid, document.place_of(pointer) + ": " + what);
}

std::string text_at(const json::value& object, const char* name) {
    const json::value* member = object.as_object().if_contains(name);
    return member == nullptr ? std::string() : std::string(member->as_string());
}

std::vector<std::string> texts_at(const json::value& object, const char* name) {
    std::vector<std::string> texts;
    for (const json::value& text : object.at(name).as_array()) {
        texts.emplace_back(text.as_string());
    }
    return texts;
}

std::string lower(std::string text) {
    for (char& c : text) {
        if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    }
    return text;
}

[[nodiscard]] Result<Contract> contract_of(const Document& document) {
    Contract contract;
    contract.name = text_at(document.value, "contract");
    contract.version = document.value.at("version").as_int64();
    contract.id = contract.name + "/v" + std::to_string(contract.version);
    if (std::filesystem::path(document.name).stem() != contract.name) {
        return wrong(document, "/contract", "must be the file's name without .yaml");
    }
    for (const json::value& source : document.value.at("log_sources").as_array()) {
        contract.log_sources.push_back(
            {text_at(source, "product"), text_at(source, "category"), text_at(source, "service")});
    }
    std::set<std::string> seen;
    for (const json::value& field : document.value.at("fields").as_array()) {
        const std::string name = text_at(field, "name");
        const std::string pointer = "/fields/" + std::to_string(contract.fields.size());
        if (!seen.insert(lower(name)).second) {
            return wrong(document, pointer, "the field " + name + " is there twice; case aside");
        }
        contract.fields.push_back({name, field.at("type") == "integer"});
    }
    return contract;
}

/// One condition: exactly one of its four questions.
[[nodiscard]] Result<Condition> condition_of(const Document& document, const json::value& value,
                                             const std::string& pointer) {
    Condition condition;
    condition.field = text_at(value, "field");
    for (const auto& [name, kind] :
         {std::pair{"is", "kIs"}, std::pair{"starts", "kStarts"}, std::pair{"not", "kNot"}}) {
        if (!value.as_object().contains(name)) continue;
        if (!condition.kind.empty()) return wrong(document, pointer, "ask one question only");
        condition.kind = kind;
        condition.values = texts_at(value, name);
    }
    if (const json::value* present = value.as_object().if_contains("present")) {
        if (!condition.kind.empty()) return wrong(document, pointer, "ask one question only");
        condition.kind = present->as_bool() ? "kPresent" : "kMissing";
    }
    if (condition.kind.empty()) {
        return wrong(document, pointer, "needs one of is, starts, not and present");
    }
    return condition;
}

Source source_of(const json::value& value, std::size_t field) {
    Source source;
    source.field = field;
    source.from = texts_at(value, "from");
    if (const json::value* values = value.as_object().if_contains("values")) {
        for (const json::value& meaning : values->as_array()) {
            source.values.push_back({text_at(meaning, "is"), text_at(meaning, "means")});
        }
    }
    return source;
}

/// Adds the sources in `list`, over those that are there. A field that the contract does not have
/// is left out when `optional`, and an error otherwise.
[[nodiscard]] Result<void> add_sources(const Document& document, const std::string& pointer,
                                       const Contract& contract,
                                       std::map<std::size_t, Source>& sources) {
    const bool optional = pointer == "/fields";
    boost::system::error_code missing;
    const json::value* list = document.value.find_pointer(pointer, missing);
    if (list == nullptr) return {};
    std::set<std::string> seen;
    for (const json::value& value : list->as_array()) {
        const std::string name = text_at(value, "field");
        const std::string here = pointer + "/" + std::to_string(seen.size());
        if (!seen.insert(name).second) return wrong(document, here, name + " is there twice");
        const auto field = std::find_if(contract.fields.begin(), contract.fields.end(),
                                        [&](const Field& f) { return f.name == name; });
        if (field == contract.fields.end()) {
            if (optional) continue;
            return wrong(document, here, contract.id + " has no field " + name);
        }
        const auto index = static_cast<std::size_t>(field - contract.fields.begin());
        sources[index] = source_of(value, index);
    }
    return {};
}

[[nodiscard]] Result<Route> route_of(const Document& document, const json::value& value,
                                     const std::string& pointer,
                                     const std::vector<Contract>& contracts) {
    Route route;
    const std::string to = text_at(value, "to");
    const auto contract = std::find_if(contracts.begin(), contracts.end(),
                                       [&](const Contract& c) { return c.id == to; });
    if (contract == contracts.end()) {
        return wrong(document, pointer + "/to", "there is no contract " + to);
    }
    route.contract = static_cast<std::size_t>(contract - contracts.begin());
    const std::int64_t supplies = value.at("supplies").as_int64();
    if (static_cast<std::size_t>(supplies) != contract->fields.size()) {
        return wrong(document, pointer + "/supplies",
                     to + " has " + std::to_string(contract->fields.size()) +
                         " fields and this mapping supplies " + std::to_string(supplies) +
                         "; say where the others come from, then change the number");
    }
    for (const json::value& condition : value.at("when").as_array()) {
        const std::string here = pointer + "/when/" + std::to_string(route.when.size());
        Result<Condition> read = condition_of(document, condition, here);
        if (!read) return fail(read.error());
        route.when.push_back(std::move(*read));
    }
    std::map<std::size_t, Source> sources;
    for (const std::string& list : {std::string("/fields"), pointer + "/fields"}) {
        const Result<void> added = add_sources(document, list, *contract, sources);
        if (!added) return fail(added.error());
    }
    for (auto& [field, source] : sources) route.sources.push_back(std::move(source));
    return route;
}

[[nodiscard]] Result<Mapping> mapping_of(const Document& document,
                                         const std::vector<Contract>& contracts) {
    Mapping mapping;
    mapping.name = text_at(document.value, "mapping");
    mapping.form = text_at(document.value, "form") == "windows" ? "kWindows" : "kJson";
    if (std::filesystem::path(document.name).stem() != mapping.name) {
        return wrong(document, "/mapping", "must be the file's name without .yaml");
    }
    for (const json::value& route : document.value.at("routes").as_array()) {
        const std::string pointer = "/routes/" + std::to_string(mapping.routes.size());
        Result<Route> read = route_of(document, route, pointer, contracts);
        if (!read) return fail(read.error());
        mapping.routes.push_back(std::move(*read));
    }
    return mapping;
}

}  // namespace

Result<std::vector<Contract>> read_contracts(const std::filesystem::path& folder) {
    const Result<std::vector<Document>> documents = read_documents(folder, "event-contract.v1");
    if (!documents) return fail(documents.error());
    std::vector<Contract> contracts;
    std::map<std::vector<std::string>, std::string> owners;
    for (const Document& document : *documents) {
        Result<Contract> contract = contract_of(document);
        if (!contract) return fail(contract.error());
        for (const LogSource& source : contract->log_sources) {
            const auto [owner, fresh] =
                owners.try_emplace({source.product, source.category, source.service}, contract->id);
            if (!fresh) {
                return wrong(document, "/log_sources", owner->second + " has the same log source");
            }
        }
        contracts.push_back(std::move(*contract));
    }
    std::sort(contracts.begin(), contracts.end(),
              [](const Contract& a, const Contract& b) { return a.id < b.id; });
    return contracts;
}

Result<std::vector<Mapping>> read_mappings(const std::filesystem::path& folder,
                                           const std::vector<Contract>& contracts) {
    const Result<std::vector<Document>> documents = read_documents(folder, "event-mapping.v1");
    if (!documents) return fail(documents.error());
    std::vector<Mapping> mappings;
    std::set<std::size_t> reached;
    for (const Document& document : *documents) {
        Result<Mapping> mapping = mapping_of(document, contracts);
        if (!mapping) return fail(mapping.error());
        for (const Route& route : mapping->routes) reached.insert(route.contract);
        mappings.push_back(std::move(*mapping));
    }
    for (std::size_t i = 0; i < contracts.size(); ++i) {
        if (reached.contains(i)) continue;
        return fail(Errc::kInvalid, folder.string() + ": no mapping leads to " + contracts[i].id);
    }
    return mappings;
}

}  // namespace firebreak::event_tables
