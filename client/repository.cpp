#include "client/repository.hpp"

#include "core/base/errc.hpp"
#include "core/trust/errc.hpp"

namespace firebreak::client {
namespace {

constexpr std::string_view kMetadataPath = "/tuf/metadata/";
constexpr std::string_view kTargetsPath = "/tuf/targets/";
constexpr const char* kRolloutRole = "rollout";
constexpr const char* kContentRole = "content";
constexpr std::uint64_t kPointerBytesMax = 65'536;
/// A cycle fetches at most the root chain, three roles and the delegations; this is far above that
/// and stops a repository that would have us walk for ever.
constexpr int kStepsMax = 2'000;

net::Request get(std::string target) {
    return {.method = "GET", .target = std::move(target), .headers = {}, .body = {}};
}

}  // namespace

Repository::Repository(ServerLink& link, MetadataStore& store, Bytes shipped_root,
                       std::string stream)
    : link_(link),
      store_(store),
      shipped_root_(std::move(shipped_root)),
      stream_(std::move(stream)) {}

Result<trust::Updater> Repository::start(std::chrono::sys_seconds now) const {
    trust::LocalMetadata local = store_.load();
    if (local.contains("root")) {
        Result<trust::Updater> updater = trust::Updater::start(local, now, {});
        if (updater) return updater;
    }
    // A first start, or a damaged file. From the shipped root the chain of signatures leads to
    // every later one.
    local["root"] = shipped_root_;
    return trust::Updater::start(std::move(local), now, {});
}

boost::asio::awaitable<Result<std::optional<RepositoryView>>> Repository::refresh(
    std::chrono::sys_seconds now) {
    Result<trust::Updater> updater = start(now);
    if (!updater) co_return fail(updater.error().seen_from("trusted root"));
    const Result<void> refreshed = co_await run_to_idle(*updater);
    if (!refreshed) co_return fail(refreshed.error().seen_from("refresh"));

    const std::string pointer_path = "rings/" + stream_ + ".json";
    const Result<trust::FoundTarget> found = co_await find(*updater, pointer_path, kRolloutRole);
    if (!found) {
        if (found.error() == make_error_code(trust::Errc::kTargetNotFound)) {
            co_return std::optional<RepositoryView>{};
        }
        co_return fail(found.error());
    }
    Result<trust::RingPointer> pointer = co_await fetch_pointer(*found);
    if (!pointer) co_return fail(pointer.error().seen_from(pointer_path));
    if (pointer->stream != stream_) {
        co_return fail(trust::Errc::kPointerMismatch, pointer_path + ": is for another stream");
    }
    const std::string content_path = pointer->content_path;
    Result<trust::FoundTarget> content = co_await find(*updater, content_path, kContentRole);
    if (!content) co_return fail(content.error());
    co_return RepositoryView{.pointer = std::move(*pointer), .content = std::move(*content)};
}

boost::asio::awaitable<Result<trust::FoundTarget>> Repository::find(trust::Updater& updater,
                                                                    std::string path,
                                                                    std::string role) {
    updater.look_for(path);
    const Result<void> searched = co_await run_to_idle(updater);
    if (!searched) co_return fail(searched.error().seen_from(path));
    Result<trust::FoundTarget> found = updater.found(path);
    if (!found) co_return fail(found.error().seen_from(path));
    if (found->role != role) {
        co_return fail(trust::Errc::kPointerMismatch, path + ": not vouched for by " + role);
    }
    co_return found;
}

boost::asio::awaitable<Result<trust::RingPointer>> Repository::fetch_pointer(
    trust::FoundTarget target) {
    if (!trust::verify_target(target.file, pointer_bytes_)) {
        Result<Bytes> bytes = co_await fetch(std::move(target), kPointerBytesMax);
        if (!bytes) co_return fail(bytes.error());
        pointer_bytes_ = std::move(*bytes);
    }
    co_return trust::parse_ring_pointer(pointer_bytes_);
}

boost::asio::awaitable<Result<void>> Repository::run_to_idle(trust::Updater& updater) {
    for (int steps = 0; steps < kStepsMax; ++steps) {
        Result<trust::Updater::Step> step = updater.next();
        if (!step) co_return fail(step.error());
        if (std::holds_alternative<trust::Updater::Idle>(*step)) co_return Result<void>{};
        Result<void> done;
        if (const auto* const persist = std::get_if<trust::Updater::Persist>(&*step)) {
            done = store_.persist(persist->role, persist->bytes);
        } else if (const auto* const forget = std::get_if<trust::Updater::Forget>(&*step)) {
            done = store_.forget(forget->role);
        } else {
            trust::Updater::Fetch fetch = std::get<trust::Updater::Fetch>(std::move(*step));
            done = co_await answer(updater, std::move(fetch));
        }
        if (!done) co_return done;
    }
    co_return fail(trust::Errc::kTooMany, "more steps than a refresh can have");
}

boost::asio::awaitable<Result<void>> Repository::answer(trust::Updater& updater,
                                                        trust::Updater::Fetch fetch) {
    const Result<net::Response> response =
        co_await link_.exchange(get(std::string(kMetadataPath) + fetch.path), fetch.bytes_max);
    if (!response) co_return fail(response.error().seen_from(fetch.path));
    if (response->status == 404 && fetch.absence_is_an_answer) {
        updater.not_available();
        co_return Result<void>{};
    }
    if (response->status != 200) co_return fail(error_of(*response, fetch.path));
    updater.fetched(to_bytes(response->body));
    co_return Result<void>{};
}

boost::asio::awaitable<Result<Bytes>> Repository::fetch(trust::FoundTarget target,
                                                        std::uint64_t bytes_max) {
    if (target.file.length > bytes_max) {
        co_return fail(Errc::kTooLarge, target.path + ": longer than this agent takes");
    }
    const std::string path = trust::consistent_target_path(target.path, target.file);
    Result<net::Response> response =
        co_await link_.exchange(get(std::string(kTargetsPath) + path), target.file.length);
    if (!response) co_return fail(response.error().seen_from(path));
    if (response->status != 200) co_return fail(error_of(*response, path));
    Bytes bytes = to_bytes(response->body);
    response->body = std::string();  // Not twice in memory while it is checked.
    const Result<void> verified = trust::verify_target(target.file, bytes);
    if (!verified) co_return fail(verified.error().seen_from(target.path));
    co_return bytes;
}

}  // namespace firebreak::client
