#include "server/access/token_desk.hpp"

namespace firebreak::server {

Result<NewToken> make_api_token(const TokenOrder& order, Instant now, Random& random) {
    const TokenText token = make_token(random);
    Result<std::string> hash = hash_secret(token.secret);
    if (!hash) return fail(hash.error());
    ApiToken row{token.id, order.name, order.role, std::move(*hash), now, std::nullopt, false};
    if (order.expires_after) row.expires = now + *order.expires_after;
    return NewToken{format_token(kApiTokenPrefix, token), std::move(row)};
}

Result<void> keep_token(Store& store, const ApiToken& row, const std::string& actor) {
    return store.transact([&](StoreWriter& writer) -> Result<void> {
        if (const Result<void> added = writer.add_token(row); !added) return added;
        const auto entry = writer.append(
            {"token.created",
             actor,
             json::object{{"id", row.id}, {"name", row.name}, {"role", name_of(row.role)}},
             row.created,
             {}});
        if (!entry) return fail(entry.error());
        return {};
    });
}

Result<bool> revoke_token(Store& store, const std::string& id, const std::string& actor,
                          Instant now) {
    bool revoked = false;
    const Result<void> done = store.transact([&](StoreWriter& writer) -> Result<void> {
        const Result<bool> changed = writer.revoke_token(id);
        if (!changed) return fail(changed.error());
        revoked = *changed;
        if (!revoked) return {};
        const auto entry =
            writer.append({"token.revoked", actor, json::object{{"id", id}}, now, {}});
        if (!entry) return fail(entry.error());
        return {};
    });
    if (!done) return fail(done.error());
    return revoked;
}

}  // namespace firebreak::server
