// A hostile repository: the input says, for each file that the updater asks for, whether it gets
// the right one, another one, a damaged one or none; and which local files are damaged beforehand.
// Property: it ends; it never keeps a byte that no trusted key signed; and after it an honest
// repository still brings the client up to date.

#include <cstdint>
#include <set>

#include "core/base/check.hpp"
#include "core/trust/updater.hpp"
#include "tests/support/repository_simulator.hpp"

namespace {

using namespace firebreak;

constexpr std::chrono::sys_seconds kNow{std::chrono::seconds{1'800'000'000}};

test::RepositorySimulator make_repository() {
    test::RepositorySimulator repository(kNow);
    for (int i = 0; i < 2; ++i) {
        repository.publish_root();
        for (const char* role : {"targets", "content", "rollout"}) repository.publish(role);
        repository.put_target("content", "content/yara/1.fbb", to_bytes("1"));
    }
    return repository;
}

/// Hands out the input's bytes, and zeros when they are used up.
class Script {
public:
    explicit Script(ByteView bytes) : bytes_(bytes) {}
    std::uint8_t next() { return at_ < bytes_.size() ? bytes_[at_++] : std::uint8_t{0}; }

private:
    ByteView bytes_;
    std::size_t at_ = 0;
};

/// An answer to `path`: right for a zero, and something else for every other byte.
std::optional<Bytes> answer(const test::RepositorySimulator& repository, const std::string& path,
                            Script& script) {
    const std::uint8_t choice = script.next();
    const auto right = repository.metadata.find(path);
    if (choice % 4 == 0 || right == repository.metadata.end()) {
        return right == repository.metadata.end() ? std::nullopt : std::optional(right->second);
    }
    if (choice % 4 == 1) return std::nullopt;
    if (choice % 4 == 2) {
        const auto other = std::next(repository.metadata.begin(),
                                     script.next() % static_cast<int>(repository.metadata.size()));
        return other->second;
    }
    Bytes damaged = right->second;
    damaged[(script.next() * 256U + script.next()) % damaged.size()] ^= script.next();
    return damaged;
}

/// What the vendor ever signed.
std::set<Bytes> published(const test::RepositorySimulator& repository) {
    std::set<Bytes> documents;
    for (const auto& [name, bytes] : repository.metadata) {
        documents.insert(trust::parse_envelope(bytes)->signed_bytes);
    }
    return documents;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    static const test::RepositorySimulator repository = make_repository();
    static const std::set<Bytes> documents = published(repository);
    Script script({data, size});
    trust::LocalMetadata local = repository.first_install();
    for (const char* role : {"timestamp", "snapshot", "targets", "content"}) {
        const auto other = std::next(repository.metadata.begin(),
                                     script.next() % static_cast<int>(repository.metadata.size()));
        local[role] = other->second;
    }

    trust::Updater updater = *trust::Updater::start(local, kNow, {});
    updater.look_for("content/yara/1.fbb");
    for (int steps = 0;; ++steps) {
        FIREBREAK_CHECK(steps < 100);
        Result<trust::Updater::Step> step = updater.next();
        if (!step || std::holds_alternative<trust::Updater::Idle>(*step)) break;
        if (const auto* kept = std::get_if<trust::Updater::Persist>(&*step)) {
            FIREBREAK_CHECK(documents.contains(trust::parse_envelope(kept->bytes)->signed_bytes));
            local[kept->role] = kept->bytes;
        } else if (const auto* gone = std::get_if<trust::Updater::Forget>(&*step)) {
            local.erase(gone->role);
        } else {
            const auto& asked = std::get<trust::Updater::Fetch>(*step);
            std::optional<Bytes> bytes = answer(repository, asked.path, script);
            bytes ? updater.fetched(std::move(*bytes)) : updater.not_available();
        }
    }

    test::RepositorySimulator honest = repository;
    const auto healed = honest.refresh(local, kNow, {"content/yara/1.fbb"});
    FIREBREAK_CHECK(healed && healed->found("content/yara/1.fbb"));
    return 0;
}
