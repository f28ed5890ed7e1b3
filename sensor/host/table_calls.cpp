#include "sensor/host/table_calls.hpp"

#include <cstring>

#include "core/base/errc.hpp"

namespace firebreak::sensor {
namespace {

Result<fb_sensor_entry> entry_of(const SharedLibrary& library) {
    void* symbol = library.symbol(FB_SENSOR_SYMBOL);
    if (symbol == nullptr) {
        return fail(Errc::kInvalid, "no sensor engine: no symbol " FB_SENSOR_SYMBOL);
    }
    fb_sensor_entry entry = nullptr;
    static_assert(sizeof entry == sizeof symbol);
    std::memcpy(&entry, &symbol, sizeof entry);
    return entry;
}

/// A table ends here in version 1; a later one may be longer, and a host of a later version still
/// takes this one.
constexpr std::size_t kTableBytesMin = FB_SIZE_TO(fb_engine, set_allocator);

/// The newest version that both sides speak, down to the first.
///
/// @returns the table, or which rule of sensor.h it breaks.
Result<const fb_engine*> table_of(fb_sensor_entry entry) {
    const fb_engine* table = nullptr;
    std::uint32_t version = FB_SENSOR_ABI_VERSION;
    while (version >= 1 && (table = entry(version)) == nullptr) --version;
    if (table == nullptr) {
        return fail(Errc::kUnsupported, "the engine does not speak sensor ABI " +
                                            std::to_string(FB_SENSOR_ABI_VERSION));
    }
    if (table->abi_version != version) {
        return fail(Errc::kUnsupported, "the engine speaks sensor ABI " +
                                            std::to_string(table->abi_version) + ", this host " +
                                            std::to_string(version));
    }
    if (table->struct_size < kTableBytesMin) {
        return fail(Errc::kInvalid, "the engine's table is too short for its ABI version");
    }
    const bool complete = table->info != nullptr && table->load != nullptr &&
                          table->describe != nullptr && table->inputs != nullptr &&
                          table->evaluate != nullptr && table->reset != nullptr &&
                          table->unload != nullptr;
    if (!complete) return fail(Errc::kInvalid, "the engine's table lacks a required function");
    return table;
}

class TableCalls final : public EngineCalls {
public:
    TableCalls(SharedLibrary library, fb_sensor_entry entry, const fb_engine& table)
        : library_(std::move(library)), entry_(entry), table_(&table) {}

    Result<bool> speaks(std::uint32_t abi_version) override {
        return entry_(abi_version) != nullptr;
    }
    Result<fb_status> info(const fb_text_sink& out) override { return table_->info(&out); }
    Result<fb_status> load(const fb_load_request& request, fb_loaded& loaded) override {
        return table_->load(&request, &loaded);
    }
    Result<fb_status> describe(const fb_content* content, const fb_text_sink& out) override {
        return table_->describe(content, &out);
    }
    Result<fb_status> inputs(fb_text type, const fb_text_sink& out) override {
        return table_->inputs(type, &out);
    }
    Result<fb_status> evaluate(fb_content* content, const fb_input& input, const fb_budget& budget,
                               const fb_match_sink& matches) override {
        return table_->evaluate(content, &input, &budget, &matches);
    }
    Result<fb_status> reset(fb_content* content) override { return table_->reset(content); }
    Result<fb_status> unload(fb_content* content) override { return table_->unload(content); }
    Result<fb_status> set_allocator(const fb_allocator* allocator) override {
        if (table_->set_allocator == nullptr) {
            return fail(Errc::kUnsupported, "this engine takes no allocator");
        }
        return table_->set_allocator(allocator);
    }
    Result<fb_status> coverage(fb_content* content, const fb_text_sink* out) override {
        // A table of an older build of version 1 ends before it.
        const bool there =
            table_->struct_size >= FB_SIZE_TO(fb_engine, coverage) && table_->coverage != nullptr;
        if (!there) return EngineCalls::coverage(content, out);
        return table_->coverage(content, out);
    }
    const fb_engine* table() const override { return table_; }

private:
    SharedLibrary library_;
    fb_sensor_entry entry_;
    const fb_engine* table_;
};

}  // namespace

Result<fb_status> EngineCalls::coverage(fb_content* /*content*/, const fb_text_sink* /*out*/) {
    return fail(Errc::kUnsupported, "this engine does not measure what its rules read");
}

Result<std::unique_ptr<EngineCalls>> map_engine(SharedLibrary library) {
    if (Result<void> mapped = library.map(); !mapped) return fail(mapped.error());
    const Result<fb_sensor_entry> entry = entry_of(library);
    if (!entry) return fail(entry.error());
    const Result<const fb_engine*> table = table_of(*entry);
    if (!table) return fail(table.error());
    return std::make_unique<TableCalls>(std::move(library), *entry, **table);
}

}  // namespace firebreak::sensor
