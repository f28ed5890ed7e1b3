#include <algorithm>
#include <charconv>

#include "core/base/clock.hpp"
#include "core/base/errc.hpp"
#include "core/base/utc.hpp"
#include "core/rollout/plan.hpp"
#include "server/access/token_desk.hpp"
#include "server/commands/commands.hpp"
#include "server/routes/request_text.hpp"
#include "server/state_folder.hpp"
#include "server/store/sqlite_store.hpp"

namespace firebreak::server {
namespace {

/// Who has the state folder at hand needs no token.
constexpr const char* kActor = "operator:local";
constexpr std::size_t kNameBytesMax = 64;

Result<std::unique_ptr<Store>> open_store(const Config& config) {
    const StateFolder state{config.state};
    auto store = open_sqlite_store(state.database(), {});
    if (!store && store.error() == Errc::kNotFound) {
        return fail(Errc::kNotFound,
                    state.database().string() + ": no server here; run `firebreakd init` first");
    }
    return store;
}

/// "30d", or what rollout::parse_duration reads.
Result<std::optional<std::chrono::seconds>> parse_expires(const std::string& text) {
    using Expires = std::optional<std::chrono::seconds>;
    if (text.empty()) return Expires();
    std::int64_t days = 0;
    const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), days);
    if (code == std::errc() && std::string_view(end) == "d" && days > 0 && days <= 3'660) {
        return Expires(std::chrono::days{days});
    }
    const Result<std::chrono::milliseconds> duration = rollout::parse_duration(text);
    if (!duration || *duration < std::chrono::seconds{1}) {
        return fail(Errc::kInvalid, "--expires: must be a duration such as 12h or 30d");
    }
    return Expires(std::chrono::floor<std::chrono::seconds>(*duration));
}

std::string text_of_time(Instant time) {
    return format_utc(std::chrono::floor<std::chrono::seconds>(time));
}

std::string state_of(const ApiToken& token) {
    if (token.revoked) return "revoked";
    return token.expires ? "until " + text_of_time(*token.expires) : "valid";
}

}  // namespace

Outcome create_token(const Config& config, const TokenCreateOptions& options) {
    const SystemClock clock;
    SystemRandom random;
    TokenOrder order;
    order.actor = kActor;
    const Result<std::string> name =
        name_member(json::object{{"name", options.name}}, "name", kNameBytesMax);
    if (!name) return end_with(ExitCode::kBadInput, name.error());
    order.name = *name;
    const Result<Role> role = role_of(options.role);
    if (!role) return end_with(ExitCode::kBadInput, role.error());
    order.role = *role;
    const auto expires = parse_expires(options.expires);
    if (!expires) return end_with(ExitCode::kBadInput, expires.error());
    order.expires_after = *expires;

    const auto store = open_store(config);
    if (!store) return end_with(ExitCode::kFailed, store.error());
    const Result<NewToken> token = make_api_token(order, clock.now(), random);
    if (!token) return end_with(ExitCode::kFailed, token.error());
    const Result<void> kept = keep_token(**store, token->row, kActor);
    if (!kept) return end_with(ExitCode::kFailed, kept.error());
    return Output{token->text + "\n", json::object{{"id", token->row.id},
                                                   {"name", order.name},
                                                   {"role", options.role},
                                                   {"token", token->text}}};
}

Outcome list_tokens(const Config& config) {
    const auto store = open_store(config);
    if (!store) return end_with(ExitCode::kFailed, store.error());
    const Result<std::vector<ApiToken>> tokens = (*store)->tokens();
    if (!tokens) return end_with(ExitCode::kFailed, tokens.error());
    std::string text;
    json::array list;
    for (const ApiToken& token : *tokens) {
        text += token.id + "  " + std::string(name_of(token.role)) + "  " + token.name + "  " +
                state_of(token) + "\n";
        list.push_back(json::object{
            {"id", token.id},
            {"name", token.name},
            {"role", name_of(token.role)},
            {"created", text_of_time(token.created)},
            {"expires", token.expires ? json::value(text_of_time(*token.expires)) : nullptr},
            {"revoked", token.revoked}});
    }
    return Output{std::move(text), json::object{{"tokens", std::move(list)}}};
}

Outcome revoke_token(const Config& config, const std::string& id) {
    const SystemClock clock;
    const auto store = open_store(config);
    if (!store) return end_with(ExitCode::kFailed, store.error());
    const Result<bool> revoked = revoke_token(**store, id, kActor, clock.now());
    if (!revoked) return end_with(ExitCode::kFailed, revoked.error());
    if (!*revoked) {
        return end_with(ExitCode::kFailed,
                        Error(Errc::kNotFound, "no valid token has the id " + id));
    }
    return Output{"token " + id + " revoked\n", json::object{{"revoked", id}}};
}

}  // namespace firebreak::server
