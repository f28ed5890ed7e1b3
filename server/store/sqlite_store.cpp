#include "server/store/sqlite_store.hpp"

#include "core/base/errc.hpp"
#include "server/store/sqlite_rows.hpp"
#include "server/store/sqlite_writer.hpp"

namespace firebreak::server {
namespace {

/// Devices `d` that were let in to a rollout (?1 its stream, ?2 its counter) and say they run it.
const std::string kOnTheRelease =
    "FROM activations AS a JOIN devices AS d ON d.id = a.device JOIN device_content AS c ON "
    "c.device = d.id AND c.stream = a.stream WHERE a.stream = ?1 AND a.counter = ?2 AND "
    "c.counter = ?2 AND d.revoked = 0 ";

std::int64_t as_flag(bool value) {
    return value ? 1 : 0;
}

class SqliteStore final : public Store {
public:
    SqliteStore(const std::filesystem::path& path, const SqliteOptions& options)
        : database_(path, options) {}

    SqliteDatabase& database() { return database_; }

    Result<void> transact(const std::function<Result<void>(StoreWriter&)>& work) override {
        return SqliteDatabase::guarded("commit", [&]() -> Result<void> {
            // IMMEDIATE: the write lock first, so that what `work` reads cannot change under it.
            SQLite::Transaction transaction(database_.connection(),
                                            SQLite::TransactionBehavior::IMMEDIATE);
            SqliteWriter writer(database_);
            Result<void> worked = work(writer);
            if (worked) transaction.commit();
            return worked;
        });
    }

    Result<std::optional<rollout::LogEntry>> last_entry() override {
        return newest_entry(database_);
    }

    Result<std::vector<rollout::LogEntry>> entries(std::int64_t after,
                                                   std::int64_t limit) override {
        return all<rollout::LogEntry>("read the log", log_entry_of,
                                      kSelectLog + "WHERE sequence > ? ORDER BY sequence LIMIT ?",
                                      after, limit);
    }

    Result<std::vector<rollout::LogEntry>> entries_of(const rollout::RolloutId& rollout,
                                                      std::int64_t after,
                                                      std::int64_t limit) override {
        return all<rollout::LogEntry>("read a rollout's log", log_entry_of,
                                      kSelectLog +
                                          "WHERE stream = ? AND counter = ? AND sequence > ? "
                                          "ORDER BY sequence LIMIT ?",
                                      std::string_view(rollout.stream), rollout.counter, after,
                                      limit);
    }

    Result<std::optional<Device>> device(const std::string& id) override {
        Result<std::vector<Device>> found = all<Device>(
            "find a device", device_of, kSelectDevices + "WHERE id = ?", std::string_view(id));
        return first_with_content(std::move(found));
    }

    Result<std::vector<Device>> devices(const DeviceQuery& query) override {
        // Two statements, not one with OR: each has an index that ends the search at LIMIT.
        Result<std::vector<Device>> found =
            query.ring
                ? all<Device>("list devices", device_of,
                              kSelectDevices + "WHERE ring = ? AND id > ? ORDER BY id LIMIT ?",
                              std::string_view(*query.ring), std::string_view(query.after),
                              query.limit)
                : all<Device>("list devices", device_of,
                              kSelectDevices + "WHERE id > ? ORDER BY id LIMIT ?",
                              std::string_view(query.after), query.limit);
        if (!found) return found;
        for (Device& device : *found) {
            if (const Result<void> added = add_content(device); !added) return fail(added.error());
        }
        return found;
    }

    Result<std::map<std::string, std::int64_t>> active_by_ring(
        Instant since, const Population& population) override {
        using Counts = std::map<std::string, std::int64_t>;
        return SqliteDatabase::guarded("count the fleet", [&]() -> Result<Counts> {
            // "+": by the index that answers it alone, not by the one in the order of rings.
            Rows row = database_.query(
                "SELECT ring, count(*) FROM devices WHERE revoked = 0 AND last_seen_ms >= ? "
                "AND (tenant = ?) = ? GROUP BY +ring",
                since, std::string_view(population.drill_tenant), as_flag(population.drill));
            Counts counts;
            while (row.next()) counts[row.text(0)] = row.integer(1);
            return counts;
        });
    }

    Result<std::vector<CensusLine>> census(Instant since, const Population& population) override {
        return all<CensusLine>(
            "take the census",
            [](const Rows& row) -> Result<CensusLine> {
                return CensusLine{row.digest(0), row.text(1), row.integer(2)};
            },
            "SELECT engine_build, ring, count(*) FROM devices "
            "WHERE revoked = 0 AND last_seen_ms >= ? AND (tenant = ?) = ? "
            "GROUP BY 1, 2 ORDER BY 1, 2",
            since, std::string_view(population.drill_tenant), as_flag(population.drill));
    }

    Result<ControlCount> control(const ControlQuery& query) override {
        return SqliteDatabase::guarded("count the control", [&]() -> Result<ControlCount> {
            ControlCount count;
            rollout::ControlSeen& seen = count.seen;
            Rows fleet = database_.query(
                "SELECT count(*), count(*) FILTER (WHERE last_seen_ms < ?4), "
                "count(*) FILTER (WHERE last_seen_ms >= ?5) FROM devices AS d "
                "WHERE revoked = 0 AND last_seen_ms >= ?3 AND (tenant = ?6) = ?7 AND NOT EXISTS "
                "(SELECT 1 FROM activations WHERE stream = ?1 AND counter = ?2 AND device = d.id)",
                std::string_view(query.rollout.stream), query.rollout.counter, query.active_since,
                query.silent_before, query.heard_since,
                std::string_view(query.population.drill_tenant), as_flag(query.population.drill));
            if (fleet.next()) {
                seen.devices = fleet.integer(0);
                seen.silent = fleet.integer(1);
                count.heard = fleet.integer(2);
            }
            Rows crashes = database_.query(
                "SELECT count(DISTINCT device) FROM reports AS r JOIN devices AS d ON d.id = "
                "r.device "
                "WHERE kind = 'crash' AND received_ms >= ?3 AND (d.tenant = ?4) = ?5 AND NOT "
                "EXISTS (SELECT 1 FROM activations WHERE stream = ?1 AND counter = ?2 AND device "
                "= r.device)",
                std::string_view(query.rollout.stream), query.rollout.counter, query.began,
                std::string_view(query.population.drill_tenant), as_flag(query.population.drill));
            if (crashes.next()) seen.crashed = crashes.integer(0);
            return count;
        });
    }

    Result<rollout::LossesSeen> losses(const LossQuery& query) override {
        return SqliteDatabase::guarded("count the losses", [&]() -> Result<rollout::LossesSeen> {
            rollout::LossesSeen seen;
            const auto note = [](rollout::LossesSeen::ByRing& counts, const std::string& ring,
                                 std::int64_t count) {
                if (count > 0) counts.emplace(ring, count);
            };
            Rows fresh = database_.query(
                "SELECT d.ring, count(*) FILTER (WHERE last_seen_ms >= ?3), "
                "count(*) FILTER (WHERE last_seen_ms >= ?3 AND last_seen_ms < ?4), "
                "count(*) FILTER (WHERE last_seen_ms < ?4) " +
                    kOnTheRelease + "GROUP BY d.ring",
                std::string_view(query.rollout.stream), query.rollout.counter, query.heard_since,
                query.silent_before);
            while (fresh.next()) {
                note(seen.heard, fresh.text(0), fresh.integer(1));
                note(seen.lost, fresh.text(0), fresh.integer(2));
                note(seen.silent, fresh.text(0), fresh.integer(3));
            }
            Rows tenants = database_.query(
                "SELECT count(DISTINCT d.tenant) " + kOnTheRelease + "AND last_seen_ms < ?3",
                std::string_view(query.rollout.stream), query.rollout.counter, query.silent_before);
            if (tenants.next()) seen.silent_tenants = tenants.integer(0);
            Rows control = database_.query(
                "SELECT ring, count(*), count(*) FILTER (WHERE last_seen_ms < ?4) FROM devices AS "
                "d WHERE revoked = 0 AND last_seen_ms >= ?3 AND (tenant = ?5) = ?6 AND NOT EXISTS "
                "(SELECT 1 FROM activations WHERE stream = ?1 AND counter = ?2 AND device = d.id) "
                "GROUP BY ring",
                std::string_view(query.rollout.stream), query.rollout.counter, query.heard_since,
                query.silent_before, std::string_view(query.population.drill_tenant),
                as_flag(query.population.drill));
            while (control.next()) {
                note(seen.control_heard, control.text(0), control.integer(1));
                note(seen.control_lost, control.text(0), control.integer(2));
            }
            return seen;
        });
    }

    Result<std::int64_t> device_count() override {
        return number("count devices", "SELECT count(*) FROM devices WHERE revoked = 0");
    }

    Result<std::optional<Instant>> last_heard() override {
        using Heard = std::optional<Instant>;
        return SqliteDatabase::guarded("ask who was last heard", [&]() -> Result<Heard> {
            Rows row = database_.query("SELECT max(last_seen_ms) FROM devices WHERE revoked = 0");
            if (!row.next() || row.null(0)) return Heard();
            return Heard(row.instant(0));
        });
    }

    Result<std::optional<ApiToken>> token(const std::string& id) override {
        return first(all<ApiToken>("find a token", token_of, kSelectTokens + "WHERE id = ?",
                                   std::string_view(id)));
    }

    Result<std::vector<ApiToken>> tokens() override {
        return all<ApiToken>("list tokens", token_of, kSelectTokens + "ORDER BY created_ms, id");
    }

    Result<std::optional<EnrolmentToken>> enrolment_token(const std::string& id) override {
        return first(all<EnrolmentToken>("find an enrolment token", enrolment_token_of,
                                         kSelectEnrolmentTokens + "WHERE id = ?",
                                         std::string_view(id)));
    }

    Result<std::optional<Release>> release(const rollout::RolloutId& id) override {
        return first(all<Release>("find a release", release_of,
                                  kSelectReleases + "WHERE stream = ? AND counter = ?",
                                  std::string_view(id.stream), id.counter));
    }

    Result<std::vector<Release>> releases(std::int64_t limit) override {
        return all<Release>("list releases", release_of,
                            kSelectReleases + "ORDER BY position DESC LIMIT ?", limit);
    }

    Result<std::vector<Release>> newest_releases() override {
        return all<Release>("list the newest releases", release_of,
                            kSelectReleases +
                                "AS r WHERE counter = (SELECT max(counter) FROM releases "
                                "WHERE stream = r.stream) ORDER BY stream");
    }

    Result<std::int64_t> last_completed(const std::string& stream, std::int64_t below) override {
        return number("find the last completed release",
                      "SELECT coalesce(max(counter), 0) FROM releases "
                      "WHERE stream = ? AND counter < ? AND completed = 1",
                      std::string_view(stream), below);
    }

    Result<std::vector<std::int64_t>> halted(const std::string& stream, std::int64_t below,
                                             std::int64_t limit) override {
        return all<std::int64_t>(
            "find the halted releases",
            [](const Rows& row) -> Result<std::int64_t> { return row.integer(0); },
            "SELECT counter FROM releases WHERE stream = ? AND counter < ? AND phase = 'halted' "
            "ORDER BY counter DESC LIMIT ?",
            std::string_view(stream), below, limit);
    }

    Result<std::optional<Blob>> blob(const Sha256& sha256) override {
        return first(all<Blob>(
            "find a blob",
            [](const Rows& row) -> Result<Blob> {
                const Result<BlobKind> kind = blob_kind_of(row.text(1));
                if (!kind) return fail(kind.error());
                return Blob{row.digest(0), *kind, static_cast<std::uint64_t>(row.integer(2)),
                            row.instant(3), row.text(4)};
            },
            "SELECT sha256, kind, length, uploaded_ms, uploader FROM blobs WHERE sha256 = ?",
            sha256));
    }

    Result<Bytes> content_role() override {
        return SqliteDatabase::guarded("read the content metadata", [&]() -> Result<Bytes> {
            Rows row =
                database_.query("SELECT bytes FROM content_role ORDER BY version DESC LIMIT 1");
            if (!row.next()) return fail(Errc::kNotFound, "store: no content metadata");
            return row.blob(0);
        });
    }

private:
    /// Every row of `sql`, read by `reader`.
    template <class Row, class Reader, class... Values>
    Result<std::vector<Row>> all(std::string_view doing, Reader reader, const std::string& sql,
                                 const Values&... values) {
        return SqliteDatabase::guarded(doing, [&]() -> Result<std::vector<Row>> {
            Rows row = database_.query(sql, values...);
            std::vector<Row> rows;
            while (row.next()) {
                Result<Row> read = reader(row);
                if (!read) return fail(read.error());
                rows.push_back(std::move(*read));
            }
            return rows;
        });
    }

    template <class... Values>
    Result<std::int64_t> number(std::string_view doing, std::string_view sql,
                                const Values&... values) {
        return SqliteDatabase::guarded(doing, [&]() -> Result<std::int64_t> {
            Rows row = database_.query(sql, values...);
            return row.next() ? row.integer(0) : 0;
        });
    }

    template <class Row>
    static Result<std::optional<Row>> first(Result<std::vector<Row>> rows) {
        if (!rows) return fail(rows.error());
        if (rows->empty()) return std::optional<Row>();
        return std::optional<Row>(std::move(rows->front()));
    }

    Result<std::optional<Device>> first_with_content(Result<std::vector<Device>> rows) {
        Result<std::optional<Device>> device = first(std::move(rows));
        if (!device || !*device) return device;
        if (const Result<void> added = add_content(**device); !added) return fail(added.error());
        return device;
    }

    Result<void> add_content(Device& device) {
        return SqliteDatabase::guarded("read what a device runs", [&]() -> Result<void> {
            Rows row = database_.query(
                "SELECT stream, counter FROM device_content WHERE device = ? ORDER BY stream",
                std::string_view(device.id));
            while (row.next()) device.running[row.text(0)] = row.integer(1);
            return {};
        });
    }

    SqliteDatabase database_;
};

}  // namespace

Result<std::optional<rollout::LogEntry>> newest_entry(SqliteDatabase& database) {
    using Found = std::optional<rollout::LogEntry>;
    return SqliteDatabase::guarded("read the end of the log", [&]() -> Result<Found> {
        Rows row = database.query(kSelectLog + "ORDER BY sequence DESC LIMIT 1");
        if (!row.next()) return Found();
        Result<rollout::LogEntry> entry = log_entry_of(row);
        if (!entry) return fail(entry.error());
        return Found(std::move(*entry));
    });
}

namespace {

Result<std::unique_ptr<Store>> open_store(const std::filesystem::path& path,
                                          const SqliteOptions& options) {
    return SqliteDatabase::guarded("open", [&]() -> Result<std::unique_ptr<Store>> {
        auto store = std::make_unique<SqliteStore>(path, options);
        if (const Result<void> ready = migrate(store->database().connection()); !ready) {
            return fail(ready.error());
        }
        return std::unique_ptr<Store>(std::move(store));
    });
}

}  // namespace

Result<std::unique_ptr<Store>> open_sqlite_store(const std::filesystem::path& path,
                                                 const SqliteOptions& options) {
    // The folder may be reached through a link; the file itself may not be one (open_flags).
    std::error_code code;
    const std::filesystem::path folder = std::filesystem::canonical(path.parent_path(), code);
    if (code) return fail(Errc::kNotFound, "store: " + path.parent_path().string());
    return open_store(folder / path.filename(), options);
}

Result<std::unique_ptr<Store>> open_memory_store() {
    return open_store(":memory:", {.create = true});
}

}  // namespace firebreak::server
