#include "server/store/sqlite_database.hpp"

#include <algorithm>
#include <sqlite3.h>

#include "core/base/errc.hpp"

namespace firebreak::server {
namespace {

int open_flags(const SqliteOptions& options) {
    // A symbolic link in place of the database would make us write wherever it points to.
    const int flags = SQLite::OPEN_READWRITE | SQLITE_OPEN_NOFOLLOW | SQLITE_OPEN_NOMUTEX;
    return options.create ? flags | SQLite::OPEN_CREATE : flags;
}

}  // namespace

Bytes Rows::blob(int column) const {
    const SQLite::Column value = statement_.getColumn(column);
    const auto* begin = static_cast<const std::uint8_t*>(value.getBlob());
    return begin == nullptr ? Bytes{} : Bytes(begin, begin + value.getBytes());
}

Sha256 Rows::digest(int column) const {
    Sha256 digest;
    const Bytes bytes = blob(column);
    if (bytes.size() == digest.bytes.size()) std::ranges::copy(bytes, digest.bytes.begin());
    return digest;
}

SqliteDatabase::SqliteDatabase(const std::filesystem::path& path, const SqliteOptions& options)
    : connection_(path.string(), open_flags(options), 5'000) {
    connection_.exec("PRAGMA journal_mode = WAL");
    // FULL: a commit is on the disk before it returns. NORMAL could lose acknowledged reports.
    connection_.exec("PRAGMA synchronous = FULL");
    connection_.exec("PRAGMA foreign_keys = ON");
    connection_.exec("PRAGMA trusted_schema = OFF");
    connection_.exec("PRAGMA cell_size_check = ON");
    connection_.exec("PRAGMA temp_store = MEMORY");
    if (options.pages_max > 0) {
        connection_.exec("PRAGMA max_page_count = " + std::to_string(options.pages_max));
    }
}

SQLite::Statement& SqliteDatabase::prepared(std::string_view sql) {
    auto found = statements_.find(sql);
    if (found == statements_.end()) {
        const std::string text(sql);
        auto statement = std::make_unique<SQLite::Statement>(connection_, text);
        found = statements_.emplace(text, std::move(statement)).first;
    }
    found->second->clearBindings();
    return *found->second;
}

void SqliteDatabase::bind(SQLite::Statement& statement, int index, std::int64_t value) {
    statement.bind(index, value);
}

void SqliteDatabase::bind(SQLite::Statement& statement, int index, std::string_view value) {
    statement.bind(index, std::string(value));
}

void SqliteDatabase::bind(SQLite::Statement& statement, int index, ByteView value) {
    // A null pointer would bind NULL, not an empty blob.
    static constexpr std::uint8_t kNothing = 0;
    const void* data = value.empty() ? &kNothing : value.data();
    statement.bind(index, data, static_cast<int>(value.size()));
}

void SqliteDatabase::bind(SQLite::Statement& statement, int index, const Sha256& value) {
    bind(statement, index, ByteView(value.bytes));
}

void SqliteDatabase::bind(SQLite::Statement& statement, int index, Instant value) {
    statement.bind(index, std::int64_t{value.time_since_epoch().count()});
}

void SqliteDatabase::bind(SQLite::Statement& statement, int index, bool value) {
    statement.bind(index, std::int64_t{value ? 1 : 0});
}

Error SqliteDatabase::error_of(const SQLite::Exception& exception, std::string_view doing) {
    const std::string context = "store: " + std::string(doing) + ": " + exception.what();
    switch (exception.getErrorCode()) {
        case SQLITE_FULL: return {std::make_error_code(std::errc::no_space_on_device), context};
        case SQLITE_CONSTRAINT: return {Errc::kConflict, context};
        case SQLITE_CORRUPT:
        case SQLITE_NOTADB: return {Errc::kCorrupt, context};
        case SQLITE_CANTOPEN: return {Errc::kNotFound, context};
        default: return {Errc::kUnavailable, context};
    }
}

}  // namespace firebreak::server
