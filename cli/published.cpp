#include "cli/published.hpp"

#include "cli/command.hpp"
#include "core/trust/errc.hpp"

namespace firebreak::cli {
namespace {

constexpr std::uint64_t kPointerBytesMax = 65'536;
/// Far above what a refresh takes: no repository makes us walk for ever.
constexpr int kStepsMax = 2'000;

}  // namespace

PublishedView::PublishedView(Exchange exchange, Bytes trusted_root, std::string stream)
    : exchange_(std::move(exchange)), stream_(std::move(stream)) {
    trusted_["root"] = std::move(trusted_root);
}

Result<std::optional<Published>> PublishedView::look(std::chrono::sys_seconds now) {
    Result<trust::Updater> updater = trust::Updater::start(trusted_, now, {});
    if (!updater) return fail(updater.error().seen_from("trusted root"));
    const auto find = [&](const std::string& path) -> Result<trust::FoundTarget> {
        updater->look_for(path);
        if (const Result<void> searched = run_to_idle(*updater); !searched) {
            return fail(searched.error().seen_from(path));
        }
        return updater->found(path);
    };
    if (const Result<void> refreshed = run_to_idle(*updater); !refreshed) {
        return fail(refreshed.error().seen_from("repository"));
    }
    const Result<trust::FoundTarget> found = find(trust::ring_pointer_path(stream_));
    if (!found && found.error() == trust::Errc::kTargetNotFound) return std::optional<Published>();
    if (!found) return fail(found.error());
    if (found->file.length > kPointerBytesMax) {
        return fail(trust::Errc::kLengthMismatch, found->path + ": too long for a pointer");
    }
    const std::string place = trust::consistent_target_path(found->path, found->file);
    const Result<Bytes> bytes = get("/tuf/targets/" + place, kPointerBytesMax);
    if (!bytes) return fail(bytes.error());
    Result<trust::RingPointer> pointer = trust::accept_ring_pointer(*found, *bytes);
    if (!pointer) return fail(pointer.error().seen_from(found->path));
    Result<trust::FoundTarget> content = find(pointer->content_path);
    if (!content) return fail(content.error());
    return std::optional<Published>(Published{std::move(*pointer), std::move(*content)});
}

Result<void> PublishedView::run_to_idle(trust::Updater& updater) {
    for (int steps = 0; steps < kStepsMax; ++steps) {
        Result<trust::Updater::Step> step = updater.next();
        if (!step) return fail(step.error());
        if (std::holds_alternative<trust::Updater::Idle>(*step)) return {};
        if (auto* const persist = std::get_if<trust::Updater::Persist>(&*step)) {
            trusted_[persist->role] = std::move(persist->bytes);
        } else if (const auto* const forget = std::get_if<trust::Updater::Forget>(&*step)) {
            trusted_.erase(forget->role);
        } else if (const Result<void> answered =
                       answer(updater, std::get<trust::Updater::Fetch>(*step));
                   !answered) {
            return answered;
        }
    }
    return fail(trust::Errc::kTooMany, "more steps than a refresh can have");
}

Result<void> PublishedView::answer(trust::Updater& updater, const trust::Updater::Fetch& fetch) {
    const std::string path = "/tuf/metadata/" + fetch.path;
    Result<net::Response> response =
        exchange_({.method = "GET", .target = path, .headers = {}, .body = {}}, fetch.bytes_max);
    if (!response) return fail(response.error());
    if (response->status == 404 && fetch.absence_is_an_answer) {
        updater.not_available();
        return {};
    }
    if (response->status != 200) {
        return fail(Errc::kRefused, path + ": answered " + std::to_string(response->status));
    }
    updater.fetched(to_bytes(response->body));
    return {};
}

Result<Bytes> PublishedView::get(const std::string& path, std::uint64_t bytes_max) {
    const Result<net::Response> response =
        exchange_({.method = "GET", .target = path, .headers = {}, .body = {}}, bytes_max);
    if (!response) return fail(response.error());
    if (response->status != 200) {
        return fail(Errc::kRefused, path + ": answered " + std::to_string(response->status));
    }
    return to_bytes(response->body);
}

}  // namespace firebreak::cli
