#include "server/store/sqlite_rows.hpp"

#include "core/base/errc.hpp"

namespace firebreak::server {
namespace {

/// JSON that we wrote ourselves: what does not parse is damage.
Result<json::value> stored_json(const Rows& row, int column, std::string_view what) {
    Result<json::value> value = parse_json(row.text(column), {.bytes_max = 64U << 20U});
    if (!value) {
        return fail(Errc::kCorrupt, "store: " + std::string(what) + ": " + value.error().context());
    }
    return value;
}

Result<std::vector<std::string>> stored_names(const Rows& row, int column, std::string_view what) {
    const Result<json::value> value = stored_json(row, column, what);
    if (!value) return fail(value.error());
    std::vector<std::string> names;
    const json::array* array = value->if_array();
    if (array == nullptr) return fail(Errc::kCorrupt, "store: " + std::string(what) + ": names");
    for (const json::value& name : *array) {
        if (!name.is_string()) {
            return fail(Errc::kCorrupt, "store: " + std::string(what) + ": names");
        }
        names.emplace_back(name.get_string());
    }
    return names;
}

}  // namespace

Result<rollout::LogEntry> log_entry_of(const Rows& row) {
    rollout::LogEntry entry;
    entry.sequence = row.integer(0);
    entry.time = row.instant(1);
    entry.kind = row.text(2);
    entry.actor = row.text(3);
    Result<json::value> data = stored_json(row, 4, "log entry " + std::to_string(entry.sequence));
    if (!data) return fail(data.error());
    entry.data = std::move(*data);
    entry.previous = row.digest(5);
    entry.hash = row.digest(6);
    return entry;
}

Result<Device> device_of(const Rows& row) {
    Device device;
    device.id = row.text(0);
    device.tenant = row.text(1);
    device.ring = row.text(2);
    device.public_key = row.blob(3);
    device.enrolment_token = row.text(4);
    device.engine_build = row.digest(5);
    Result<json::value> attributes = stored_json(row, 6, "device " + device.id);
    if (!attributes) return fail(attributes.error());
    if (!attributes->is_object()) {
        return fail(Errc::kCorrupt, "store: device " + device.id + ": attributes");
    }
    device.attributes = std::move(attributes->as_object());
    device.enrolled = row.instant(7);
    device.last_seen = row.instant(8);
    device.revoked = row.integer(9) != 0;
    Result<std::vector<std::string>> tags = stored_names(row, 10, "device " + device.id);
    if (!tags) return fail(tags.error());
    device.tags = std::move(*tags);
    const Result<PlacedBy> by = placed_by_of(row.text(11));
    if (!by) return fail(Errc::kCorrupt, "store: device " + device.id + ": placed by");
    device.placement = {*by, row.text(12)};
    return device;
}

Result<EnrolmentToken> enrolment_token_of(const Rows& row) {
    EnrolmentToken token;
    token.id = row.text(0);
    token.tenant = row.text(1);
    if (std::string ring = row.text(2); !ring.empty()) token.ring = std::move(ring);
    token.secret_hash = row.digest(3);
    token.uses_left = row.integer(4);
    token.created = row.instant(5);
    token.expires = row.instant(6);
    Result<std::vector<std::string>> tags = stored_names(row, 7, "enrolment token " + token.id);
    if (!tags) return fail(tags.error());
    token.tags = std::move(*tags);
    return token;
}

Result<ApiToken> token_of(const Rows& row) {
    ApiToken token;
    token.id = row.text(0);
    token.name = row.text(1);
    const Result<Role> role = role_of(row.text(2));
    if (!role) return fail(Errc::kCorrupt, "store: token " + token.id + ": role");
    token.role = *role;
    token.secret_hash = row.text(3);
    token.created = row.instant(4);
    if (!row.null(5)) token.expires = row.instant(5);
    token.revoked = row.integer(6) != 0;
    return token;
}

Result<Release> release_of(const Rows& row) {
    Release release;
    release.id = {row.text(0), row.integer(1)};
    release.bundle = row.digest(2);
    release.attestation = row.digest(3);
    release.target = row.text(4);
    Result<json::value> plan = stored_json(row, 5, "plan of " + release.target);
    if (!plan) return fail(plan.error());
    release.plan = std::move(*plan);
    release.phase = row.text(6);
    release.published = row.instant(7);
    release.publisher = row.text(8);
    if (!row.null(9)) {
        Result<json::value> view = stored_json(row, 9, "view of " + release.target);
        if (!view) return fail(view.error());
        release.final_view = std::move(*view);
    }
    return release;
}

std::string_view name_of(BlobKind kind) {
    return kind == BlobKind::kBundle ? "bundle" : "attestation";
}

Result<BlobKind> blob_kind_of(std::string_view name) {
    if (name == "bundle") return BlobKind::kBundle;
    if (name == "attestation") return BlobKind::kAttestation;
    return fail(Errc::kCorrupt, "store: unknown kind of blob");
}

}  // namespace firebreak::server
