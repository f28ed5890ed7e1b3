#pragma once

#include <chrono>
#include <optional>
#include <string>

#include "cli/exchange.hpp"
#include "core/trust/ring_rule.hpp"
#include "core/trust/updater.hpp"

namespace firebreak::cli {

/// What a refresh found, every byte of it vouched for.
struct Published {
    trust::RingPointer pointer;
    trust::FoundTarget content;
};

/// The TUF repository as an agent sees it: from a trusted root, by the whole client workflow. Keeps
/// what it trusts in memory, so that a server that goes back in time is found out.
///
/// Thread safety: one call at a time.
class PublishedView {
public:
    PublishedView(Exchange exchange, Bytes trusted_root, std::string stream);

    /// @returns what is published of the stream; nothing when it has no pointer; an error of
    ///   trust::Errc for what does not earn trust, Errc::kRefused for another answer than a file,
    ///   or of the network.
    [[nodiscard]] Result<std::optional<Published>> look(std::chrono::sys_seconds now);

private:
    [[nodiscard]] Result<void> run_to_idle(trust::Updater& updater);
    [[nodiscard]] Result<void> answer(trust::Updater& updater, const trust::Updater::Fetch& fetch);
    [[nodiscard]] Result<Bytes> get(const std::string& path, std::uint64_t bytes_max);

    Exchange exchange_;
    std::string stream_;
    trust::LocalMetadata trusted_;
};

}  // namespace firebreak::cli
