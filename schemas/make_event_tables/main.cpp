// firebreak-make-event-tables SCHEMAS OUTPUT: at build time, writes schemas/events and
// schemas/mappings as the tables that sensor/sigma/events/event_tables.hpp and
// supplied_contracts.hpp declare.
#include <fstream>
#include <iostream>

#include "schemas/make_event_tables/documents.hpp"

namespace firebreak::event_tables {
namespace {

std::string literal(std::string_view text) {
    std::string written = "\"";
    for (const char c : text) {
        if (c == '"' || c == '\\') written += '\\';
        written += c;
    }
    return written + "\"";
}

void open(std::ostream& out, std::string_view header) {
    out << "// Made from schemas/ by firebreak-make-event-tables.\n#include \"" << header
        << "\"\n\nnamespace firebreak::sigma {\nnamespace {\n\n";
}

/// `constexpr <type> <name>[] = {…};`, or nothing for an empty list, and what refers to it.
std::string array(std::ostream& out, std::string_view type, const std::string& name,
                  const std::vector<std::string>& elements) {
    if (elements.empty()) return "{}";
    out << "constexpr " << type << " " << name << "[] = {";
    for (const std::string& element : elements) out << element << ", ";
    out << "};\n";
    return name;
}

std::string texts(std::ostream& out, const std::string& name,
                  const std::vector<std::string>& values) {
    std::vector<std::string> elements;
    for (const std::string& value : values) elements.push_back(literal(value));
    return array(out, "std::string_view", name, elements);
}

std::string fields(std::ostream& out, std::string_view type, const std::string& name,
                   const Contract& contract) {
    std::vector<std::string> elements;
    for (const Field& field : contract.fields) {
        elements.push_back("{" + literal(field.name) +
                           ", FieldType::" + (field.integer ? "kInteger" : "kText") + "}");
    }
    return array(out, type, name, elements);
}

void write_contracts(std::ostream& out, const std::vector<Contract>& contracts) {
    open(out, "sensor/sigma/events/event_tables.hpp");
    std::vector<std::string> rows;
    for (const Contract& contract : contracts) {
        const std::string number = std::to_string(rows.size());
        std::vector<std::string> sources;
        for (const LogSource& source : contract.log_sources) {
            sources.push_back("{" + literal(source.product) + ", " + literal(source.category) +
                              ", " + literal(source.service) + "}");
        }
        const std::string own = array(out, "LogSourceRow", "kSources" + number, sources);
        const std::string list = fields(out, "ContractFieldRow", "kFields" + number, contract);
        rows.push_back("{" + literal(contract.name) + ", " + std::to_string(contract.version) +
                       ", " + own + ", " + list + "}");
    }
    array(out, "ContractRow", "kRows", rows);
    out << "\n}  // namespace\n\nstd::span<const ContractRow> contract_rows() { return kRows; }\n"
        << "\n}  // namespace firebreak::sigma\n";
}

void write_supplied(std::ostream& out, const std::vector<Contract>& contracts) {
    open(out, "sensor/sigma/events/supplied_contracts.hpp");
    std::vector<std::string> rows;
    for (const Contract& contract : contracts) {
        const std::string name = "kFields" + std::to_string(rows.size());
        const std::string list = fields(out, "SuppliedField", name, contract);
        rows.push_back("{" + literal(contract.id) + ", " + list + "}");
    }
    array(out, "SuppliedContract", "kRows", rows);
    out << "\n}  // namespace\n\nstd::span<const SuppliedContract> supplied_contracts() "
        << "{ return kRows; }\n\n}  // namespace firebreak::sigma\n";
}

std::string write_route(std::ostream& out, const Route& route, const std::string& name) {
    std::vector<std::string> conditions;
    for (const Condition& condition : route.when) {
        const std::string values =
            texts(out, name + "When" + std::to_string(conditions.size()), condition.values);
        conditions.push_back("{" + literal(condition.field) + ", ConditionKind::" + condition.kind +
                             ", " + values + "}");
    }
    std::vector<std::string> sources;
    for (const Source& source : route.sources) {
        const std::string field = name + "Field" + std::to_string(source.field);
        const std::string from = texts(out, field + "From", source.from);
        std::vector<std::string> meanings;
        for (const Meaning& meaning : source.values) {
            meanings.push_back("{" + literal(meaning.is) + ", " + literal(meaning.means) + "}");
        }
        const std::string values = array(out, "ValueRow", field + "Values", meanings);
        sources.push_back("{" + std::to_string(source.field) + ", " + from + ", " + values + "}");
    }
    const std::string when = array(out, "ConditionRow", name + "When", conditions);
    const std::string list = array(out, "SourceRow", name + "Sources", sources);
    return "{" + std::to_string(route.contract) + ", " + when + ", " + list + "}";
}

void write_mappings(std::ostream& out, const std::vector<Mapping>& mappings) {
    open(out, "sensor/sigma/events/event_tables.hpp");
    std::vector<std::string> rows;
    for (const Mapping& mapping : mappings) {
        const std::string name = "kMapping" + std::to_string(rows.size());
        std::vector<std::string> routes;
        for (const Route& route : mapping.routes) {
            routes.push_back(
                write_route(out, route, name + "Route" + std::to_string(routes.size())));
        }
        const std::string list = array(out, "RouteRow", name + "Routes", routes);
        rows.push_back("{" + literal(mapping.name) + ", EventForm::" + mapping.form + ", " + list +
                       "}");
    }
    array(out, "MappingRow", "kRows", rows);
    out << "\n}  // namespace\n\nstd::span<const MappingRow> mapping_rows() { return kRows; }\n"
        << "\n}  // namespace firebreak::sigma\n";
}

int run(const std::filesystem::path& schemas, const std::filesystem::path& output) {
    const Result<std::vector<Contract>> contracts = read_contracts(schemas / "events");
    if (!contracts) {
        std::cerr << contracts.error().context() << "\n";
        return 1;
    }
    const Result<std::vector<Mapping>> mappings = read_mappings(schemas / "mappings", *contracts);
    if (!mappings) {
        std::cerr << mappings.error().context() << "\n";
        return 1;
    }
    std::ofstream contract_rows(output / "contract_rows.cpp");
    std::ofstream supplied(output / "supplied_contracts.cpp");
    std::ofstream mapping_rows(output / "mapping_rows.cpp");
    write_contracts(contract_rows, *contracts);
    write_supplied(supplied, *contracts);
    write_mappings(mapping_rows, *mappings);
    for (std::ofstream* file : {&contract_rows, &supplied, &mapping_rows}) {
        file->close();
        if (!*file) {
            std::cerr << output.string() << ": could not be written\n";
            return 1;
        }
    }
    return 0;
}

}  // namespace
}  // namespace firebreak::event_tables

int main(int argc, char** argv) {
    if (argc != 3) {
        std::cerr << "usage: firebreak-make-event-tables SCHEMAS OUTPUT\n";
        return 2;
    }
    return firebreak::event_tables::run(argv[1], argv[2]);
}
