#include <array>
#include <string>

#include "core/base/errc.hpp"
#include "server/store/sqlite_database.hpp"

namespace firebreak::server {
namespace {

/// "FBrk": tells our database from anybody else's (PRAGMA application_id).
constexpr int kApplicationId = 0x4642726B;

/// Migration n takes a store from version n to n + 1. Never edit one that was released.
constexpr std::array kMigrations{
    R"sql(
CREATE TABLE log (
    sequence INTEGER PRIMARY KEY,
    time_ms  INTEGER NOT NULL,
    kind     TEXT NOT NULL,
    actor    TEXT NOT NULL,
    data     TEXT NOT NULL,
    previous BLOB NOT NULL CHECK (length(previous) = 32),
    hash     BLOB NOT NULL CHECK (length(hash) = 32),
    stream   TEXT,
    counter  INTEGER
) STRICT;
CREATE INDEX log_by_rollout ON log (stream, counter, sequence) WHERE stream IS NOT NULL;
CREATE TRIGGER log_is_never_changed BEFORE UPDATE ON log
    BEGIN SELECT RAISE(ABORT, 'the log is append-only'); END;
CREATE TRIGGER log_is_never_deleted BEFORE DELETE ON log
    BEGIN SELECT RAISE(ABORT, 'the log is append-only'); END;

CREATE TABLE devices (
    id              TEXT PRIMARY KEY,
    tenant          TEXT NOT NULL,
    ring            TEXT NOT NULL,
    public_key      BLOB NOT NULL UNIQUE,
    enrolment_token TEXT NOT NULL,
    engine_build    BLOB NOT NULL,
    attributes      TEXT NOT NULL,
    enrolled_ms     INTEGER NOT NULL,
    last_seen_ms    INTEGER NOT NULL,
    revoked         INTEGER NOT NULL DEFAULT 0
) STRICT, WITHOUT ROWID;
CREATE INDEX devices_active ON devices (last_seen_ms, ring, engine_build) WHERE revoked = 0;
CREATE INDEX devices_by_ring ON devices (ring, id);

CREATE TABLE device_content (
    device  TEXT NOT NULL REFERENCES devices (id),
    stream  TEXT NOT NULL,
    counter INTEGER NOT NULL,
    PRIMARY KEY (device, stream)
) STRICT, WITHOUT ROWID;

CREATE TABLE reports (
    device         TEXT NOT NULL REFERENCES devices (id),
    sequence       INTEGER NOT NULL,
    received_ms    INTEGER NOT NULL,
    kind           TEXT NOT NULL,
    stream         TEXT NOT NULL,
    counter        INTEGER NOT NULL,
    to_counter     INTEGER NOT NULL,
    engine_build   BLOB NOT NULL,
    device_time_ms INTEGER NOT NULL,
    detail         TEXT NOT NULL,
    PRIMARY KEY (device, sequence)
) STRICT, WITHOUT ROWID;
CREATE INDEX reports_of_crashes ON reports (received_ms, device) WHERE kind = 'crash';

CREATE TABLE activations (
    stream  TEXT NOT NULL,
    counter INTEGER NOT NULL,
    device  TEXT NOT NULL REFERENCES devices (id),
    PRIMARY KEY (stream, counter, device)
) STRICT, WITHOUT ROWID;

CREATE TABLE api_tokens (
    id          TEXT PRIMARY KEY,
    name        TEXT NOT NULL,
    role        TEXT NOT NULL,
    secret_hash TEXT NOT NULL,
    created_ms  INTEGER NOT NULL,
    expires_ms  INTEGER,
    revoked     INTEGER NOT NULL DEFAULT 0
) STRICT, WITHOUT ROWID;

CREATE TABLE enrolment_tokens (
    id          TEXT PRIMARY KEY,
    tenant      TEXT NOT NULL,
    ring        TEXT NOT NULL,
    secret_hash BLOB NOT NULL,
    uses_left   INTEGER NOT NULL CHECK (uses_left >= 0),
    created_ms  INTEGER NOT NULL,
    expires_ms  INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE releases (
    position     INTEGER PRIMARY KEY,
    stream       TEXT NOT NULL,
    counter      INTEGER NOT NULL,
    bundle       BLOB NOT NULL,
    attestation  BLOB NOT NULL,
    target       TEXT NOT NULL,
    plan         TEXT NOT NULL,
    phase        TEXT NOT NULL,
    completed    INTEGER NOT NULL DEFAULT 0,
    published_ms INTEGER NOT NULL,
    publisher    TEXT NOT NULL,
    final_view   TEXT,
    UNIQUE (stream, counter)
) STRICT;

CREATE TABLE blobs (
    sha256      BLOB PRIMARY KEY,
    kind        TEXT NOT NULL,
    length      INTEGER NOT NULL,
    uploaded_ms INTEGER NOT NULL,
    uploader    TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE content_role (
    version INTEGER PRIMARY KEY,
    bytes   BLOB NOT NULL
) STRICT;
)sql",
    // A token without a ring has '' there. Whoever enrolled before came into the ring of its token.
    R"sql(
ALTER TABLE enrolment_tokens ADD COLUMN tags TEXT NOT NULL DEFAULT '[]';
ALTER TABLE devices ADD COLUMN tags TEXT NOT NULL DEFAULT '[]';
ALTER TABLE devices ADD COLUMN placed_by TEXT NOT NULL DEFAULT 'token';
ALTER TABLE devices ADD COLUMN placed_name TEXT NOT NULL DEFAULT '';
)sql",
    // The counts of every second ask for the tenant too, and with it and `revoked` the index alone
    // answers them: ten times as fast.
    R"sql(
DROP INDEX devices_active;
CREATE INDEX devices_active ON devices (last_seen_ms, ring, engine_build, tenant, revoked)
    WHERE revoked = 0;
)sql",
};

constexpr int kVersionNewest = static_cast<int>(kMigrations.size());

}  // namespace

Result<void> migrate(SQLite::Database& connection) {
    return SqliteDatabase::guarded("migrate", [&]() -> Result<void> {
        // IMMEDIATE: of two programs that open a new store at once, one waits and finds it done.
        SQLite::Transaction transaction(connection, SQLite::TransactionBehavior::IMMEDIATE);
        const int application = connection.execAndGet("PRAGMA application_id").getInt();
        const int version = connection.execAndGet("PRAGMA user_version").getInt();
        if (application != kApplicationId && (application != 0 || version != 0)) {
            return fail(Errc::kCorrupt, "store: the file is a database of another program");
        }
        if (version > kVersionNewest) {
            return fail(Errc::kUnsupported, "store: schema version " + std::to_string(version) +
                                                " is newer than this firebreakd knows (" +
                                                std::to_string(kVersionNewest) +
                                                "): run the newer firebreakd");
        }
        if (version == kVersionNewest) return {};
        for (int next = version; next < kVersionNewest; ++next) {
            connection.exec(kMigrations.at(static_cast<std::size_t>(next)));
        }
        connection.exec("PRAGMA application_id = " + std::to_string(kApplicationId));
        connection.exec("PRAGMA user_version = " + std::to_string(kVersionNewest));
        transaction.commit();
        return {};
    });
}

}  // namespace firebreak::server
