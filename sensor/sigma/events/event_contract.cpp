#include "sensor/sigma/events/event_contract.hpp"

#include <algorithm>

#include "sensor/sigma/events/event_tables.hpp"

namespace firebreak::sigma {
namespace {

char lower(char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

bool same_name(std::string_view a, std::string_view b) {
    return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                      [](char x, char y) { return lower(x) == lower(y); });
}

EventContract contract_of(const ContractRow& row) {
    EventContract contract;
    contract.name = row.name;
    contract.version = row.version;
    for (const LogSourceRow& source : row.log_sources) {
        contract.log_sources.push_back({std::string(source.product), std::string(source.category),
                                        std::string(source.service)});
    }
    for (const ContractFieldRow& field : row.fields) {
        contract.fields.push_back({std::string(field.name), field.type});
    }
    return contract;
}

}  // namespace

std::string EventContract::id() const {
    return name + "/v" + std::to_string(version);
}

std::optional<std::uint16_t> EventContract::find(std::string_view field) const {
    const auto found = std::find_if(fields.begin(), fields.end(), [&](const ContractField& f) {
        return same_name(f.name, field);
    });
    if (found == fields.end()) return std::nullopt;
    return static_cast<std::uint16_t>(found - fields.begin());
}

const std::vector<EventContract>& event_contracts() {
    static const std::vector<EventContract> kContracts = [] {
        std::vector<EventContract> contracts;
        for (const ContractRow& row : contract_rows()) contracts.push_back(contract_of(row));
        return contracts;
    }();
    return kContracts;
}

const EventContract* contract_for(const LogSource& source) {
    for (const EventContract& contract : event_contracts()) {
        for (const LogSource& own : contract.log_sources) {
            if (same_name(own.product, source.product) &&
                same_name(own.category, source.category) &&
                same_name(own.service, source.service)) {
                return &contract;
            }
        }
    }
    return nullptr;
}

}  // namespace firebreak::sigma
