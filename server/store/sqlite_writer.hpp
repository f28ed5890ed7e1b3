#pragma once

#include "server/store/sqlite_database.hpp"
#include "server/store/store.hpp"

namespace firebreak::server {

/// The newest entry of the log. @returns Errc::kCorrupt for a row that does not read back.
[[nodiscard]] Result<std::optional<rollout::LogEntry>> newest_entry(SqliteDatabase& database);

/// Changes inside the transaction that SqliteStore::transact opened.
class SqliteWriter final : public StoreWriter {
public:
    explicit SqliteWriter(SqliteDatabase& database) : database_(database) {}

    Result<rollout::LogEntry> append(const LogLine& line) override;
    Result<void> add_device(const Device& device) override;
    Result<void> revoke_device(const std::string& id) override;
    Result<void> touch_device(const std::string& id, Instant seen, const Sha256& engine_build,
                              const std::optional<rollout::RolloutId>& running) override;
    Result<void> describe_device(const std::string& id, const json::object& attributes) override;
    Result<bool> add_report(const health::Report& report, Instant received) override;
    Result<void> add_activation(const rollout::RolloutId& rollout,
                                const std::string& device) override;
    Result<void> add_token(const ApiToken& token) override;
    Result<bool> revoke_token(const std::string& id) override;
    Result<void> add_enrolment_token(const EnrolmentToken& token) override;
    Result<bool> spend_enrolment_token(const std::string& id) override;
    Result<void> add_release(const Release& release) override;
    Result<void> set_phase(const rollout::RolloutId& id, const std::string& phase) override;
    Result<void> set_final_view(const rollout::RolloutId& id, const json::value& view) override;
    Result<void> add_blob(const Blob& blob) override;
    Result<void> add_content_role(trust::Version version, ByteView bytes) override;

private:
    /// Runs one change. @returns how many rows it touched.
    template <class... Values>
    [[nodiscard]] Result<int> change(std::string_view doing, std::string_view sql,
                                     const Values&... values) {
        return SqliteDatabase::guarded(
            doing, [&]() -> Result<int> { return database_.query(sql, values...).run(); });
    }

    SqliteDatabase& database_;
};

}  // namespace firebreak::server
