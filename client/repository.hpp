#pragma once

#include <boost/asio/awaitable.hpp>
#include <chrono>
#include <optional>
#include <string>

#include "client/metadata_store.hpp"
#include "client/server_link.hpp"
#include "core/trust/ring_rule.hpp"
#include "core/trust/updater.hpp"

namespace firebreak::client {

/// What a refresh found, every byte of it vouched for: the online pointer, and what the offline
/// role says of the bundle that it points at.
struct RepositoryView {
    trust::RingPointer pointer;
    trust::FoundTarget content;
};

/// The TUF repository as seen from this device: does the fetching and keeping that trust::Updater
/// asks for.
///
/// Thread safety: one call at a time. Tests: tests/unit/client/repository_test.cpp.
class Repository {
public:
    /// @param link, store   Outlive this.
    /// @param shipped_root  The root that came with the agent: the start of all trust, and the way
    ///                      back when the stored one has been damaged.
    Repository(ServerLink& link, MetadataStore& store, Bytes shipped_root, std::string stream);

    /// One whole client workflow, as of `now`.
    ///
    /// @returns what is published; nothing when this stream has no pointer yet; or an error of
    ///   trust::Errc (did not earn trust), net::Errc, a status (server_link.hpp), or the disk.
    ///   What was accepted before an error is kept; it was right.
    [[nodiscard]] boost::asio::awaitable<Result<std::optional<RepositoryView>>> refresh(
        std::chrono::sys_seconds now);

    /// Fetches a target and checks it against what its role vouches for. @returns the bytes, or
    /// trust::Errc::kLengthMismatch or kHashMismatch when the way has changed them.
    [[nodiscard]] boost::asio::awaitable<Result<Bytes>> fetch(trust::FoundTarget target,
                                                              std::uint64_t bytes_max);

private:
    [[nodiscard]] Result<trust::Updater> start(std::chrono::sys_seconds now) const;
    boost::asio::awaitable<Result<void>> run_to_idle(trust::Updater& updater);
    boost::asio::awaitable<Result<void>> answer(trust::Updater& updater,
                                                trust::Updater::Fetch fetch);
    boost::asio::awaitable<Result<trust::FoundTarget>> find(trust::Updater& updater,
                                                            std::string path, std::string role);
    boost::asio::awaitable<Result<trust::RingPointer>> fetch_pointer(trust::FoundTarget target);

    ServerLink& link_;
    MetadataStore& store_;
    Bytes shipped_root_;
    std::string stream_;
    Bytes pointer_bytes_;  ///< The last pointer, so that an idle poll need not fetch it again.
};

}  // namespace firebreak::client
