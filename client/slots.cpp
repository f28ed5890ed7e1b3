#include "client/slots.hpp"

#include <limits>

#include "core/base/check.hpp"
#include "core/base/errc.hpp"

namespace firebreak::client {
namespace {

constexpr std::uint64_t kRecordBytesMax = 1U << 20U;

json::object record_to_json(const SlotRecord& record) {
    return {{"format", 1},
            {"stream", record.stream},
            {"counter", record.content.counter},
            {"sha256", record.content.sha256.hex()},
            {"terms", trust::to_json(record.terms)},
            {"confirmed", record.confirmed}};
}

Result<SlotRecord> parse_record(ByteView bytes) {
    const Result<json::value> value = parse_json(text_of(bytes));
    if (!value) return fail(value.error());
    const Result<JsonObject> object = JsonObject::of(*value, "record");
    if (!object) return fail(object.error());

    SlotRecord record;
    const Result<std::int64_t> format = object->integer("format", 1, 1);
    if (!format) return fail(format.error());
    Result<std::string> stream = object->string("stream");
    if (!stream) return fail(stream.error());
    record.stream = std::move(*stream);
    const Result<std::int64_t> counter =
        object->integer("counter", 1, std::numeric_limits<std::int64_t>::max());
    if (!counter) return fail(counter.error());
    const Result<std::string> hex = object->string("sha256");
    if (!hex) return fail(hex.error());
    const Result<Sha256> sha256 = Sha256::from_hex(*hex);
    if (!sha256) return fail(sha256.error());
    record.content = {.counter = *counter, .sha256 = *sha256};
    const Result<JsonObject> terms = object->object("terms");
    if (!terms) return fail(terms.error());
    Result<trust::ContentTerms> parsed = trust::parse_content_terms(terms->raw());
    if (!parsed) return fail(parsed.error());
    record.terms = std::move(*parsed);
    const Result<bool> confirmed = object->boolean("confirmed");
    if (!confirmed) return fail(confirmed.error());
    record.confirmed = *confirmed;
    return record;
}

std::string name_in_errors(SlotName slot) {
    return "slot " + std::string(name_of(slot));
}

}  // namespace

Slots::Slots(FileStore& store, std::filesystem::path folder)
    : store_(store), folder_(std::move(folder)) {}

Result<void> Slots::prepare() {
    for (const SlotName slot : {SlotName::kA, SlotName::kB}) {
        const Result<void> made = store_.make_folder(folder_ / name_of(slot), FileMode::kPrivate);
        if (!made) return fail(made.error());
    }
    return {};
}

Result<SlotRecord> Slots::record(SlotName slot) const {
    const Result<Bytes> bytes = store_.read(record_path(slot), kRecordBytesMax);
    if (!bytes) return fail(bytes.error());
    Result<SlotRecord> record = parse_record(*bytes);
    if (!record)
        return fail(Errc::kCorrupt, name_in_errors(slot) + ": " + record.error().context());
    return record;
}

Result<Bytes> Slots::read(SlotName slot, const ContentRef& expected) const {
    const Result<SlotRecord> known = record(slot);
    if (!known) return fail(known.error());
    if (known->content != expected) {
        return fail(Errc::kCorrupt, name_in_errors(slot) + ": holds another bundle");
    }
    Result<Bytes> bundle = store_.read(bundle_path(slot), content::BundleLimits{}.bundle_bytes_max);
    if (!bundle) return fail(bundle.error());
    if (sha256(*bundle) != expected.sha256) {
        return fail(Errc::kCorrupt, name_in_errors(slot) + ": the bundle is not what was stored");
    }
    return bundle;
}

Result<void> Slots::write(SlotName slot, const SlotRecord& record, ByteView bundle) {
    FIREBREAK_CHECK(sha256(bundle) == record.content.sha256);
    if (const Result<void> emptied = store_.remove(record_path(slot)); !emptied) return emptied;
    const Result<void> stored = store_.write(bundle_path(slot), bundle, FileMode::kPrivate);
    if (!stored) return stored;
    return rewrite_record(slot, record);
}

Result<void> Slots::rewrite_record(SlotName slot, const SlotRecord& record) {
    const std::string text = pretty_json(record_to_json(record));
    return store_.write(record_path(slot), bytes_of(text), FileMode::kPrivate);
}

std::filesystem::path Slots::bundle_path(SlotName slot) const {
    return folder_ / name_of(slot) / "bundle.fbb";
}

std::filesystem::path Slots::record_path(SlotName slot) const {
    return folder_ / name_of(slot) / "record.json";
}

CycleState rebuild_from(const Slots& slots) {
    CycleState state;
    for (const SlotName slot : {SlotName::kA, SlotName::kB}) {
        const Result<SlotRecord> record = slots.record(slot);
        if (!record) continue;
        const Placed placed{.content = record->content, .slot = slot};
        if (!record->confirmed) {
            state.quarantined.push_back(
                {.content = record->content, .reason = "unconfirmed when the state was lost"});
        } else if (!state.last_known_good ||
                   placed.content.counter > state.last_known_good->content.counter) {
            state.previous_good = state.last_known_good;
            state.last_known_good = placed;
        } else {
            state.previous_good = placed;
        }
    }
    state.active = state.last_known_good;
    state.active_confirmed = state.active.has_value();
    return state;
}

}  // namespace firebreak::client
