#include "tests/simulation/mirror.hpp"

#include <array>
#include <charconv>
#include <iterator>

namespace firebreak::simulation {
namespace {

constexpr std::string_view kPrefix = "/tuf/";
constexpr const char* kTimestamp = "metadata/timestamp.json";
/// More than agents take of any metadata file but the largest, whose lengths they are told.
constexpr std::size_t kFlood = 600'000;

}  // namespace

void Mirror::think() {
    // Half of the time, what it takes the key to do.
    constexpr std::array kPlans{Plan::kForges,  Plan::kForges,   Plan::kForges, Plan::kForges,
                                Plan::kForges,  Plan::kForges,   Plan::kForges, Plan::kForges,
                                Plan::kFreezes, Plan::kGoesBack, Plan::kMixes,  Plan::kMisplaces,
                                Plan::kCuts,    Plan::kFloods,   Plan::kLoses,  Plan::kSilences};
    constexpr std::array kWords{"forges", "freezes", "goes back", "mixes",   "misplaces",
                                "cuts",   "floods",  "loses",     "silences"};
    plan_ = thief_.wants_content_only ? Plan::kForges : kPlans.at(dice_.index(kPlans.size()));
    forged_ = plan_ == Plan::kForges ? thief_.forge(server_.disk()) : Thief::Files{};
    frozen_ = old_timestamp();
    if (!trace_.kept()) return;
    const std::string what = kWords.at(static_cast<std::size_t>(plan_));
    trace_.line("mirror", forged_.empty() ? what : what + " " + thief_.intent());
}

std::string Mirror::old_timestamp() {
    const auto& all = server_.timestamps();
    const auto chosen =
        std::next(all.begin(), static_cast<std::ptrdiff_t>(dice_.index(all.size())));
    return to_text(chosen->second);
}

/// Of "7.snapshot.json" the sixth.
std::string Mirror::older_version(const std::string& path, std::string body) const {
    const std::size_t name = path.rfind('/') + 1;
    trust::Version version = 0;
    const char* const end = path.data() + path.size();
    const auto [rest, error] = std::from_chars(path.data() + name, end, version);
    if (error != std::errc() || *rest != '.') return body;
    const std::string older =
        "repo/" + path.substr(0, name) + std::to_string(version - 1) + std::string(rest, end);
    const auto file = server_.disk().files.find(older);
    return file == server_.disk().files.end() ? body : to_text(file->second);
}

net::Response Mirror::answer(const std::string& target) {
    const std::string path = target.substr(kPrefix.size());
    const auto forged = forged_.find(path);
    if (forged != forged_.end()) return {.status = 200, .headers = {}, .body = forged->second};
    net::Response honest = server_.serve_file(target);
    if (path == kTimestamp && plan_ == Plan::kFreezes) honest.body = frozen_;
    if (path == kTimestamp && plan_ == Plan::kGoesBack) honest.body = old_timestamp();
    return dice_.percent(50) ? spoilt(path, std::move(honest)) : honest;
}

net::Response Mirror::spoilt(const std::string& path, net::Response honest) {
    switch (plan_) {
        case Plan::kForges:
        case Plan::kFreezes:
        case Plan::kGoesBack: return honest;
        case Plan::kMixes: honest.body = older_version(path, std::move(honest.body)); return honest;
        case Plan::kMisplaces: return {.status = 200, .headers = {}, .body = any_file()};
        case Plan::kCuts: honest.body.resize(honest.body.size() / 2); return honest;
        case Plan::kFloods:
            honest.body.append(dice_.percent(50) ? 1 : kFlood, ' ');
            return {.status = 200, .headers = {}, .body = std::move(honest.body)};
        case Plan::kLoses: return {.status = 404, .headers = {}, .body = {}};
        case Plan::kSilences:
            return {.status = 503, .headers = {{"Retry-After", "3600"}}, .body = {}};
    }
    return honest;
}

/// Of those below /tuf/.
std::string Mirror::any_file() {
    std::vector<const Bytes*> all;
    for (const auto& [path, bytes] : server_.disk().files) {
        if (path.starts_with("repo/metadata/") || path.starts_with("repo/targets/")) {
            all.push_back(&bytes);
        }
    }
    return to_text(*dice_.pick(all));
}

}  // namespace firebreak::simulation
