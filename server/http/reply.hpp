#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "core/base/error.hpp"
#include "core/base/json.hpp"
#include "core/net/http.hpp"

namespace firebreak::server {

/// An open file to send from, so that a large target costs one buffer and not its length.
/// Owns the descriptor.
class FileBody {
public:
    /// @param descriptor  Open for reading; closed by the destructor.
    FileBody(int descriptor, std::uint64_t offset, std::uint64_t length) noexcept
        : descriptor_(descriptor), offset_(offset), length_(length) {}
    ~FileBody();
    FileBody(FileBody&& other) noexcept;
    FileBody& operator=(FileBody&& other) noexcept;

    std::uint64_t length() const noexcept { return length_; }  ///< What is left to be read.

    /// Reads the next bytes, at most `bytes_max`. @returns them, empty at the end, or an errno;
    /// Errc::kCorrupt when the file has become shorter than it was.
    [[nodiscard]] Result<std::string> next(std::size_t bytes_max);

private:
    int descriptor_;
    std::uint64_t offset_;
    std::uint64_t length_;
};

/// An answer on its way to the peer. The session adds Content-Length, Date, Connection,
/// X-Request-Id, X-Content-Type-Options, and "Cache-Control: no-store" where there is none.
struct Reply {
    net::Response response;
    std::optional<FileBody> file = std::nullopt;  ///< Sent in place of response.body.

    // Handlers co_return a net::Response as it is.
    Reply(net::Response from) : response(std::move(from)) {}  // NOLINT(google-explicit-constructor)
    Reply(net::Response from, FileBody body) : response(std::move(from)), file(std::move(body)) {}
};

/// `value` as application/json.
net::Response json_response(unsigned status, const json::value& value);

/// 204, or any other status that has no body.
net::Response empty_response(unsigned status);

}  // namespace firebreak::server
