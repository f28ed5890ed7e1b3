// Any document, correctly signed by every key of its role: what a compromised signer could send.
// The first byte picks the role. Property: nothing throws; a role is trusted exactly when the
// answer says so; and a document that was read says the same after it was written.

#include <cstdint>

#include "core/base/check.hpp"
#include "core/trust/trusted_set.hpp"
#include "tests/support/repository_simulator.hpp"

namespace {

using namespace firebreak;

constexpr std::chrono::sys_seconds kNow{std::chrono::seconds{1'800'000'000}};

test::RepositorySimulator make_repository() {
    test::RepositorySimulator repository(kNow);
    repository.vouches_hashes = false;  // So that any document gets as far as the readers.
    for (const char* role : {"targets", "content", "rollout"}) repository.publish(role);
    return repository;
}

Bytes sign(const json::value& document, const std::vector<std::string>& names) {
    std::vector<signing::Ed25519Signer> keys;
    for (const std::string& name : names) keys.push_back(test::RepositorySimulator::signer(name));
    std::vector<const signing::Signer*> signers;
    for (const auto& key : keys) signers.push_back(&key);
    const Result<Bytes> bytes = signing::sign_metadata(document, signers);
    return bytes ? *bytes : Bytes{};
}

/// What is read is what was meant: writing it and reading that gives the same document again.
template <class Parse>
void check_round_trip(const json::value& document, Parse parse) {
    const auto read = parse(document);
    if (!read) return;
    const json::value written = to_json(*read);
    const auto again = parse(written);
    FIREBREAK_CHECK(again && to_json(*again) == written);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    static const test::RepositorySimulator repository = make_repository();
    if (size == 0) return 0;
    const Result<json::value> document = parse_json(text_of({data + 1, size - 1}));
    if (!document) return 0;
    check_round_trip(*document, trust::parse_root);
    check_round_trip(*document, trust::parse_timestamp);
    check_round_trip(*document, trust::parse_snapshot);
    check_round_trip(*document, trust::parse_targets);

    const auto file = [](const std::string& name) { return repository.metadata.at(name); };
    trust::TrustedSet set = *trust::TrustedSet::start(file("1.root.json"), kNow);
    if (data[0] % 4 == 0) {
        const Bytes bytes = sign(*document, repository.signs.at("root"));
        FIREBREAK_CHECK(set.update_root(bytes).has_value() == (set.root().version == 2));
        return 0;
    }
    FIREBREAK_CHECK(set.finish_root());
    if (data[0] % 4 == 1) {
        const Bytes bytes = sign(*document, repository.signs.at("timestamp"));
        FIREBREAK_CHECK(set.update_timestamp(bytes).has_value() == set.timestamp().has_value());
        return 0;
    }
    FIREBREAK_CHECK(set.update_timestamp(file("timestamp.json")));
    const std::string snapshot = std::to_string(repository.snapshot.version) + ".snapshot.json";
    if (data[0] % 4 == 2) {
        const Bytes bytes = sign(*document, repository.signs.at("snapshot"));
        FIREBREAK_CHECK(set.update_snapshot(bytes).has_value() == set.snapshot().has_value());
        return 0;
    }
    FIREBREAK_CHECK(set.update_snapshot(file(snapshot)));
    FIREBREAK_CHECK(set.update_targets("targets", "root", file("2.targets.json")));
    const Bytes bytes = sign(*document, repository.signs.at("content"));
    FIREBREAK_CHECK(set.update_targets("content", "targets", bytes).has_value() ==
                    (set.targets("content") != nullptr));
    return 0;
}
