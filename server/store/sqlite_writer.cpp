#include "server/store/sqlite_writer.hpp"

#include <boost/json/serialize.hpp>

#include "core/base/errc.hpp"
#include "server/store/sqlite_rows.hpp"

namespace firebreak::server {
namespace {

/// A change whose row count says nothing.
Result<void> done(const Result<int>& changed) {
    if (!changed) return fail(changed.error());
    return {};
}

/// A change that must have met its row.
Result<void> done_once(const Result<int>& changed, const std::string& what) {
    if (!changed) return fail(changed.error());
    if (*changed == 0) return fail(Errc::kNotFound, "store: " + what);
    return {};
}

std::string names_text(const std::vector<std::string>& names) {
    return json::serialize(json::array(names.begin(), names.end()));
}

}  // namespace

Result<rollout::LogEntry> SqliteWriter::append(const LogLine& line) {
    Result<std::optional<rollout::LogEntry>> last = newest_entry(database_);
    if (!last) return fail(last.error());

    rollout::LogEntry entry;
    entry.time = line.time;
    entry.kind = line.kind;
    entry.actor = line.actor;
    entry.data = line.data;
    entry = rollout::follow(*last ? &**last : nullptr, std::move(entry));

    std::optional<std::string> stream;
    std::optional<std::int64_t> counter;
    if (line.rollout) {
        stream = line.rollout->stream;
        counter = line.rollout->counter;
    }
    const Result<int> inserted = change(
        "append to the log",
        "INSERT INTO log (sequence, time_ms, kind, actor, data, previous, hash, stream, "
        "counter) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
        entry.sequence, entry.time, std::string_view(entry.kind), std::string_view(entry.actor),
        std::string_view(json::serialize(entry.data)), entry.previous, entry.hash, stream, counter);
    if (!inserted) return fail(inserted.error());
    return entry;
}

Result<void> SqliteWriter::add_device(const Device& device) {
    return done(change("add a device",
                       "INSERT INTO devices (id, tenant, ring, public_key, enrolment_token, "
                       "engine_build, attributes, enrolled_ms, last_seen_ms, revoked, tags, "
                       "placed_by, placed_name) "
                       "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                       std::string_view(device.id), std::string_view(device.tenant),
                       std::string_view(device.ring), ByteView(device.public_key),
                       std::string_view(device.enrolment_token), device.engine_build,
                       std::string_view(json::serialize(device.attributes)), device.enrolled,
                       device.last_seen, device.revoked, std::string_view(names_text(device.tags)),
                       name_of(device.placement.by), std::string_view(device.placement.name)));
}

Result<void> SqliteWriter::revoke_device(const std::string& id) {
    return done_once(
        change("revoke a device", "UPDATE devices SET revoked = 1 WHERE id = ? AND revoked = 0",
               std::string_view(id)),
        "no device " + id);
}

Result<void> SqliteWriter::touch_device(const std::string& id, Instant seen,
                                        const Sha256& engine_build,
                                        const std::optional<rollout::RolloutId>& running) {
    Result<void> touched = done_once(
        change("touch a device",
               "UPDATE devices SET last_seen_ms = max(last_seen_ms, ?2), engine_build = ?3 "
               "WHERE id = ?1",
               std::string_view(id), seen, engine_build),
        "no device " + id);
    if (!touched || !running) return touched;
    return done(change("note what a device runs",
                       "INSERT INTO device_content (device, stream, counter) VALUES (?, ?, ?) "
                       "ON CONFLICT (device, stream) DO UPDATE SET counter = excluded.counter",
                       std::string_view(id), std::string_view(running->stream), running->counter));
}

Result<void> SqliteWriter::describe_device(const std::string& id, const json::object& attributes) {
    return done_once(change("describe a device", "UPDATE devices SET attributes = ?2 WHERE id = ?1",
                            std::string_view(id), std::string_view(json::serialize(attributes))),
                     "no device " + id);
}

Result<bool> SqliteWriter::add_report(const health::Report& report, Instant received) {
    const Result<int> inserted = change(
        "add a report",
        "INSERT INTO reports (device, sequence, received_ms, kind, stream, counter, "
        "to_counter, engine_build, device_time_ms, detail) "
        "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (device, sequence) DO NOTHING",
        std::string_view(report.device), report.sequence, received, health::name_of(report.kind),
        std::string_view(report.stream), report.counter, report.to_counter, report.engine_build,
        report.time, std::string_view(report.detail));
    if (!inserted) return fail(inserted.error());
    return *inserted == 1;
}

Result<void> SqliteWriter::add_activation(const rollout::RolloutId& rollout,
                                          const std::string& device) {
    return done(change("add an activation",
                       "INSERT INTO activations (stream, counter, device) VALUES (?, ?, ?) "
                       "ON CONFLICT DO NOTHING",
                       std::string_view(rollout.stream), rollout.counter,
                       std::string_view(device)));
}

Result<void> SqliteWriter::add_token(const ApiToken& token) {
    return done(change("add a token",
                       "INSERT INTO api_tokens (id, name, role, secret_hash, created_ms, "
                       "expires_ms, revoked) VALUES (?, ?, ?, ?, ?, ?, ?)",
                       std::string_view(token.id), std::string_view(token.name),
                       name_of(token.role), std::string_view(token.secret_hash), token.created,
                       token.expires, token.revoked));
}

Result<bool> SqliteWriter::revoke_token(const std::string& id) {
    const Result<int> changed =
        change("revoke a token", "UPDATE api_tokens SET revoked = 1 WHERE id = ? AND revoked = 0",
               std::string_view(id));
    if (!changed) return fail(changed.error());
    return *changed == 1;
}

Result<void> SqliteWriter::add_enrolment_token(const EnrolmentToken& token) {
    return done(change("add an enrolment token",
                       "INSERT INTO enrolment_tokens (id, tenant, ring, secret_hash, uses_left, "
                       "created_ms, expires_ms, tags) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
                       std::string_view(token.id), std::string_view(token.tenant),
                       std::string_view(token.ring ? *token.ring : ""), token.secret_hash,
                       token.uses_left, token.created, token.expires,
                       std::string_view(names_text(token.tags))));
}

Result<bool> SqliteWriter::spend_enrolment_token(const std::string& id) {
    const Result<int> changed = change(
        "spend an enrolment token",
        "UPDATE enrolment_tokens SET uses_left = uses_left - 1 WHERE id = ? AND uses_left > 0",
        std::string_view(id));
    if (!changed) return fail(changed.error());
    return *changed == 1;
}

Result<void> SqliteWriter::add_release(const Release& release) {
    return done(change("add a release",
                       "INSERT INTO releases (stream, counter, bundle, attestation, target, plan, "
                       "phase, published_ms, publisher) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
                       std::string_view(release.id.stream), release.id.counter, release.bundle,
                       release.attestation, std::string_view(release.target),
                       std::string_view(json::serialize(release.plan)),
                       std::string_view(release.phase), release.published,
                       std::string_view(release.publisher)));
}

Result<void> SqliteWriter::set_phase(const rollout::RolloutId& id, const std::string& phase) {
    return done_once(
        change("set a phase",
               "UPDATE releases SET phase = ?1, completed = CASE ?1 WHEN 'complete' THEN 1 "
               "WHEN 'halted' THEN 0 ELSE completed END "
               "WHERE stream = ?2 AND counter = ?3",
               std::string_view(phase), std::string_view(id.stream), id.counter),
        "no release " + id.stream + "/" + std::to_string(id.counter));
}

Result<void> SqliteWriter::set_final_view(const rollout::RolloutId& id, const json::value& view) {
    return done_once(
        change("close a release",
               "UPDATE releases SET final_view = ? WHERE stream = ? AND counter = ?",
               std::string_view(json::serialize(view)), std::string_view(id.stream), id.counter),
        "no release " + id.stream + "/" + std::to_string(id.counter));
}

Result<void> SqliteWriter::add_blob(const Blob& blob) {
    return done(change("add a blob",
                       "INSERT INTO blobs (sha256, kind, length, uploaded_ms, uploader) "
                       "VALUES (?, ?, ?, ?, ?) ON CONFLICT DO NOTHING",
                       blob.sha256, name_of(blob.kind), static_cast<std::int64_t>(blob.length),
                       blob.uploaded, std::string_view(blob.uploader)));
}

Result<void> SqliteWriter::add_content_role(trust::Version version, ByteView bytes) {
    return done(change("add content metadata",
                       "INSERT INTO content_role (version, bytes) VALUES (?, ?)",
                       std::int64_t{version}, bytes));
}

}  // namespace firebreak::server
