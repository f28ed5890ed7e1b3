#pragma once

#include <SQLiteCpp/SQLiteCpp.h>
#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "core/base/bytes.hpp"
#include "core/base/clock.hpp"
#include "core/base/digest.hpp"
#include "core/base/error.hpp"
#include "server/store/sqlite_store.hpp"

namespace firebreak::server {

/// One result set, or one change, of a prepared statement. Resets the statement when it goes, so
/// that no read transaction stays open behind a row that nobody asked for.
///
/// Seen by server/store/*.cpp alone: its members throw SQLite::Exception, which
/// SqliteDatabase::guarded turns into an Error.
class Rows {
public:
    explicit Rows(SQLite::Statement& statement) : statement_(statement) {}
    ~Rows() { statement_.tryReset(); }
    Rows(const Rows&) = delete;
    Rows& operator=(const Rows&) = delete;

    /// Moves to the next row. @returns false after the last.
    bool next() { return statement_.executeStep(); }
    /// Runs a change. @returns how many rows it touched.
    int run() { return statement_.exec(); }

    bool null(int column) const { return statement_.getColumn(column).isNull(); }
    std::int64_t integer(int column) const { return statement_.getColumn(column).getInt64(); }
    std::string text(int column) const { return statement_.getColumn(column).getString(); }
    Bytes blob(int column) const;
    Instant instant(int column) const {
        return Instant{std::chrono::milliseconds{integer(column)}};
    }
    /// All zero when the column does not hold 32 bytes.
    Sha256 digest(int column) const;

private:
    SQLite::Statement& statement_;
};

/// A connection with our settings, its prepared statements, and the one place where the library's
/// exceptions end.
class SqliteDatabase {
public:
    SqliteDatabase(const std::filesystem::path& path, const SqliteOptions& options);

    SQLite::Database& connection() { return connection_; }

    /// The statement `sql` with `values` bound in order. @param sql  One of a few fixed texts: each
    ///   is prepared once and kept.
    template <class... Values>
    Rows query(std::string_view sql, const Values&... values) {
        SQLite::Statement& statement = prepared(sql);
        int index = 0;
        (bind(statement, ++index, values), ...);
        return Rows(statement);
    }

    /// Runs `work`, which returns a Result, and makes an Error of what SQLite throws.
    template <class Work>
    static std::invoke_result_t<Work> guarded(std::string_view doing, Work work) {
        try {
            return work();
        } catch (const SQLite::Exception& exception) {
            return fail(error_of(exception, doing));
        }
    }

    static Error error_of(const SQLite::Exception& exception, std::string_view doing);

private:
    SQLite::Statement& prepared(std::string_view sql);

    static void bind(SQLite::Statement& statement, int index, std::int64_t value);
    static void bind(SQLite::Statement& statement, int index, std::string_view value);
    static void bind(SQLite::Statement& statement, int index, ByteView value);
    static void bind(SQLite::Statement& statement, int index, const Sha256& value);
    static void bind(SQLite::Statement& statement, int index, Instant value);
    static void bind(SQLite::Statement& statement, int index, bool value);
    template <class Value>
    static void bind(SQLite::Statement& statement, int index, const std::optional<Value>& value) {
        if (value) {
            bind(statement, index, *value);
        } else {
            statement.bind(index);
        }
    }

    SQLite::Database connection_;
    std::map<std::string, std::unique_ptr<SQLite::Statement>, std::less<>> statements_;
};

/// Brings the schema to the newest version, one migration after the other, each in a transaction.
/// Forward only. @returns Errc::kUnsupported for a store that a newer firebreakd made,
/// Errc::kCorrupt
///   for a database that is not ours.
[[nodiscard]] Result<void> migrate(SQLite::Database& connection);

}  // namespace firebreak::server
