#include "core/trust/updater.hpp"

#include <algorithm>
#include <deque>
#include <limits>
#include <set>
#include <utility>

#include "core/base/check.hpp"
#include "core/base/errc.hpp"
#include "core/trust/errc.hpp"
#include "core/trust/path_pattern.hpp"
#include "core/trust/role_name.hpp"
#include "core/trust/trusted_set.hpp"

namespace firebreak::trust {
namespace {

/// A pre-order walk through the delegations, for one target path (5.6.7).
struct Search {
    struct Visit {
        std::string role;
        std::string delegator;
    };
    std::optional<std::string> path;  ///< None: to have targets itself checked and saved.
    std::vector<Visit> to_visit;      ///< A stack: the next one is last.
    std::set<std::string> visited;
};

/// Role names come from metadata: fit for a log, and not the log's whole width.
std::string printable(const std::string& role) {
    constexpr std::size_t kLengthMax = 80;
    return encode_role_name(role).substr(0, kLengthMax);
}

/// Who may sign a role, by key rather than by key id.
std::pair<std::set<Bytes>, int> signers_of(const Root& root, const RoleKeys& role) {
    std::set<Bytes> identities;
    for (const std::string& id : role.key_ids) {
        const auto key = root.keys.find(id);
        if (key != root.keys.end()) identities.insert(key->second.identity());
    }
    return {identities, role.threshold};
}

}  // namespace

struct Updater::Impl {
    enum class Phase { kRoot, kTimestamp, kSnapshot, kSearch };

    Impl(TrustedSet trusted, LocalMetadata local_metadata, UpdaterLimits limits_given)
        : set(std::move(trusted)), local(std::move(local_metadata)), limits(limits_given) {}

    Result<void> take_answer();
    Result<void> take_root(const Bytes& bytes);
    Result<void> take_timestamp(Bytes bytes);
    Result<void> take_snapshot(Bytes bytes);
    Result<void> take_targets(Bytes bytes);

    /// Moves on without an answer; sets `fetch` or fills `out`, or finds nothing left to do.
    Result<void> advance();
    Result<void> advance_root();
    void advance_timestamp();
    void advance_snapshot();
    Result<void> advance_search();
    Result<void> visit(Search& search);
    void expand(Search& search, const std::string& role);
    bool load_local_targets(const Search::Visit& visit);

    void ask(Fetch what) { fetch = std::move(what); }
    void persist(std::string role, Bytes bytes) {
        local[role] = bytes;
        out.emplace_back(Persist{std::move(role), std::move(bytes)});
    }
    void forget(const std::string& role) {
        if (local.erase(role) > 0) out.emplace_back(Forget{role});
    }
    std::optional<Version> prefix(Version version) const {
        return set.root().consistent_snapshot ? std::optional(version) : std::nullopt;
    }
    void settle(Result<FoundTarget> outcome) {
        outcomes.insert_or_assign(*searches.front().path, std::move(outcome));
        searches.pop_front();
    }

    TrustedSet set;
    LocalMetadata local;
    UpdaterLimits limits;
    Phase phase = Phase::kRoot;
    int rotations = 0;

    std::optional<Fetch> fetch;    ///< Asked, and not answered yet.
    std::optional<Bytes> answer;   ///< To `fetch`.
    bool absent = false;           ///< The other answer to `fetch`.
    std::deque<Step> out;          ///< To be carried out before anything else.
    std::optional<Error> failure;  ///< Set once; the object is spent.

    std::deque<Search> searches;
    std::map<std::string, Result<FoundTarget>> outcomes;
};

Result<void> Updater::Impl::take_answer() {
    const Fetch asked = *std::exchange(fetch, std::nullopt);
    if (std::exchange(absent, false)) {
        if (asked.absence_is_an_answer) {
            phase = Phase::kTimestamp;
            return set.finish_root();
        }
        return fail(firebreak::Errc::kNotFound, asked.path + ": the repository does not have it");
    }
    Bytes bytes = *std::exchange(answer, std::nullopt);
    if (bytes.size() > asked.bytes_max) {
        return fail(Errc::kLengthMismatch,
                    asked.path + ": more than " + std::to_string(asked.bytes_max) + " bytes");
    }
    switch (phase) {
        case Phase::kRoot: return take_root(bytes);
        case Phase::kTimestamp: return take_timestamp(std::move(bytes));
        case Phase::kSnapshot: return take_snapshot(std::move(bytes));
        case Phase::kSearch: return take_targets(std::move(bytes));
    }
    return {};
}

Result<void> Updater::Impl::take_root(const Bytes& bytes) {
    const Root before = set.root();
    if (const auto updated = set.update_root(bytes); !updated) return updated;
    ++rotations;

    // 5.3.11: with rotated keys, an attacker's versions, far in the future, must not keep the real
    // ones out. Before the root that rotates is saved: were it the other way round, a crash in
    // between would keep them for ever.
    const Root& after = set.root();
    if (signers_of(before, before.timestamp) != signers_of(after, after.timestamp) ||
        signers_of(before, before.snapshot) != signers_of(after, after.snapshot)) {
        forget("timestamp");
        forget("snapshot");
    }
    persist("root", bytes);  // 5.3.8: each of them.
    return {};
}

Result<void> Updater::Impl::take_timestamp(Bytes bytes) {
    const Result<Freshness> updated = set.update_timestamp(bytes);
    if (!updated) return fail(updated.error());
    if (*updated == Freshness::kNew) persist("timestamp", std::move(bytes));  // 5.4.5.
    phase = Phase::kSnapshot;
    return {};
}

Result<void> Updater::Impl::take_snapshot(Bytes bytes) {
    if (const auto updated = set.update_snapshot(bytes); !updated) return updated;
    persist("snapshot", std::move(bytes));  // 5.5.7.
    return {};
}

Result<void> Updater::Impl::take_targets(Bytes bytes) {
    const Search::Visit& next = searches.front().to_visit.back();
    const auto updated = set.update_targets(next.role, next.delegator, bytes);
    if (!updated) return fail(updated.error().seen_from(printable(next.role)));
    persist(next.role, std::move(bytes));  // 5.6.6.
    return {};
}

Result<void> Updater::Impl::advance() {
    switch (phase) {
        case Phase::kRoot: return advance_root();
        case Phase::kTimestamp: advance_timestamp(); return {};
        case Phase::kSnapshot: advance_snapshot(); return {};
        case Phase::kSearch: return advance_search();
    }
    return {};
}

Result<void> Updater::Impl::advance_root() {
    // 5.3.3: past the cap, go on with what we have; each root was saved, so the next cycle starts
    // from there. After the last version that there can be, nothing follows.
    if (rotations >= limits.root_rotations_max ||
        set.root().version == std::numeric_limits<Version>::max()) {
        phase = Phase::kTimestamp;
        return set.finish_root();
    }
    // 5.3.2.
    ask({metadata_file_name("root", set.root().version + 1), limits.root_bytes_max, true});
    return {};
}

void Updater::Impl::advance_timestamp() {
    // What does not check out is as good as absent; the fetched one stands on its own.
    if (const auto saved = local.find("timestamp"); saved != local.end()) {
        (void)set.load_timestamp(saved->second);
    }
    // 5.4.1: never by version.
    ask({metadata_file_name("timestamp", std::nullopt), limits.timestamp_bytes_max, false});
}

void Updater::Impl::advance_snapshot() {
    if (!set.snapshot()) {
        if (const auto saved = local.find("snapshot"); saved != local.end()) {
            (void)set.load_snapshot(saved->second);
        }
    }
    if (set.snapshot_is_current()) {
        // 5.6, for the top-level role whether or not anything is looked for.
        searches.push_front(
            {.path = std::nullopt, .to_visit = {{"targets", "root"}}, .visited = {}});
        phase = Phase::kSearch;
        return;
    }
    // 5.5.1. The length is the timestamp key's word, so the cap holds beside it.
    const MetaFile& vouched = set.timestamp()->snapshot;
    ask({metadata_file_name("snapshot", prefix(vouched.version)),
         std::min(vouched.length.value_or(limits.snapshot_bytes_max), limits.snapshot_bytes_max),
         false});
}

Result<void> Updater::Impl::advance_search() {
    Search& search = searches.front();
    if (search.to_visit.empty()) {
        settle(fail(Errc::kTargetNotFound, "no role that may speak for it lists it"));
        return {};
    }
    // 5.6.7.1: cycles and diamonds end here.
    if (search.visited.contains(search.to_visit.back().role)) {
        search.to_visit.pop_back();
        return {};
    }
    // "targets" itself is not a delegation.
    if (search.visited.size() > static_cast<std::size_t>(limits.delegations_max)) {
        settle(fail(Errc::kTooMany, "more than " + std::to_string(limits.delegations_max) +
                                        " delegated roles to search"));
        return {};
    }
    return visit(search);
}

Result<void> Updater::Impl::visit(Search& search) {
    const Search::Visit next = search.to_visit.back();
    if (set.targets(next.role) != nullptr) {
        if (const auto agreed = set.satisfies(next.role, next.delegator); !agreed) {
            return fail(agreed.error().seen_from(printable(next.role)));
        }
    } else if (!load_local_targets(next)) {
        const auto listed = set.snapshot()->meta.find(next.role);
        if (listed == set.snapshot()->meta.end()) {
            return fail(Errc::kNotDelegated, printable(next.role) + ": snapshot does not list it");
        }
        // 5.6.1. Comes back here once it is trusted.
        ask({metadata_file_name(next.role, prefix(listed->second.version)),
             std::min(listed->second.length.value_or(limits.targets_bytes_max),
                      limits.targets_bytes_max),
             false});
        return {};
    }
    search.to_visit.pop_back();
    search.visited.insert(next.role);

    if (!search.path) {
        searches.pop_front();
        return {};
    }

    // 5.6.7.2: the first role that lists the path has the say.
    const Targets& document = *set.targets(next.role);
    if (const auto file = document.targets.find(*search.path); file != document.targets.end()) {
        settle(FoundTarget{next.role, file->first, file->second});
        return {};
    }
    expand(search, next.role);
    return {};
}

bool Updater::Impl::load_local_targets(const Search::Visit& visit) {
    const auto saved = local.find(visit.role);
    return saved != local.end() && set.update_targets(visit.role, visit.delegator, saved->second);
}

void Updater::Impl::expand(Search& search, const std::string& role) {
    const Targets& document = *set.targets(role);
    if (!document.delegations) return;
    std::vector<Search::Visit> children;
    for (const DelegatedRole& child : document.delegations->roles) {
        if (!may_speak_for(child, *search.path)) continue;
        children.push_back({child.name, role});
        if (child.terminating) {
            // 5.6.7.2.1: below this one or nowhere; whoever was still waiting has lost the say.
            search.to_visit.clear();
            break;
        }
    }
    search.to_visit.insert(search.to_visit.end(), children.rbegin(), children.rend());
}

Result<Updater> Updater::start(LocalMetadata local, std::chrono::sys_seconds now,
                               UpdaterLimits limits) {
    const auto root = local.find("root");
    if (root == local.end()) return fail(Errc::kRootMissing, "root");
    Result<TrustedSet> set = TrustedSet::start(root->second, now);
    if (!set) return fail(set.error());
    return Updater(std::make_unique<Impl>(std::move(*set), std::move(local), limits));
}

Updater::Updater(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Updater::Updater(Updater&&) noexcept = default;
Updater& Updater::operator=(Updater&&) noexcept = default;
Updater::~Updater() = default;

Result<Updater::Step> Updater::next() {
    Impl& impl = *impl_;
    if (impl.failure) return fail(*impl.failure);
    for (;;) {
        Result<void> done;
        if (impl.answer || impl.absent) {
            done = impl.take_answer();
        } else if (!impl.out.empty()) {
            Step step = std::move(impl.out.front());
            impl.out.pop_front();
            return step;
        } else if (impl.fetch) {
            return Step(*impl.fetch);
        } else if (impl.phase == Impl::Phase::kSearch && impl.searches.empty()) {
            return Step(Idle{});
        } else {
            done = impl.advance();
        }
        if (!done) {
            impl.failure = done.error();
            return fail(done.error());
        }
    }
}

void Updater::fetched(Bytes bytes) {
    FIREBREAK_CHECK(impl_->fetch && !impl_->answer && !impl_->absent);
    impl_->answer = std::move(bytes);
}

void Updater::not_available() {
    FIREBREAK_CHECK(impl_->fetch && !impl_->answer && !impl_->absent);
    impl_->absent = true;
}

void Updater::look_for(std::string path) {
    impl_->outcomes.erase(path);
    impl_->searches.push_back(
        {.path = std::move(path), .to_visit = {{"targets", "root"}}, .visited = {}});
}

Result<FoundTarget> Updater::found(const std::string& path) const {
    const auto outcome = impl_->outcomes.find(path);
    FIREBREAK_CHECK(outcome != impl_->outcomes.end());
    return outcome->second;
}

const Root& Updater::root() const {
    return impl_->set.root();
}

}  // namespace firebreak::trust
