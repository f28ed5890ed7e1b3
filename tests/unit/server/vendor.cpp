#include "tests/unit/server/vendor.hpp"

#include "core/base/check.hpp"
#include "tests/support/repository_simulator.hpp"

namespace firebreak::test {
namespace {

using std::chrono::days;
using std::chrono::seconds;

trust::RoleKeys role_keys(trust::KeyMap& keys, const std::vector<std::string>& names,
                          int threshold) {
    trust::RoleKeys role{{}, threshold};
    for (const std::string& name : names) {
        const trust::Key key = RepositorySimulator::signer(name).key();
        role.key_ids.push_back(key.id());
        keys.emplace(key.id(), key);
    }
    return role;
}

}  // namespace

Vendor::Vendor(std::chrono::sys_seconds now) : online(RepositorySimulator::signer("online")) {
    root.version = 1;
    root.expires = now + days{365};
    root.root = role_keys(root.keys, {"root-1", "root-2", "root-3"}, 2);
    root.targets = role_keys(root.keys, {"targets-1", "targets-2"}, 2);
    root.snapshot = role_keys(root.keys, {"online"}, 1);
    root.timestamp = role_keys(root.keys, {"online"}, 1);

    targets.version = 1;
    targets.expires = now + days{365};
    targets.delegations.emplace();
    trust::KeyMap& keys = targets.delegations->keys;
    targets.delegations->roles = {
        {"content",
         role_keys(keys, {"validator", "approver-1", "approver-2"}, 2),
         true,
         {"content/*/*"},
         {}},
        {"rollout", role_keys(keys, {"online"}, 1), true, {"rings/*"}, {}}};

    content.version = 1;
    content.expires = now + days{90};
    signs = {{"root", {"root-1", "root-2"}},
             {"targets", {"targets-1", "targets-2"}},
             {"content", {"validator", "approver-1"}}};
}

Bytes Vendor::sign(const json::value& document, const std::string& role) const {
    std::vector<signing::Ed25519Signer> signers;
    std::vector<const signing::Signer*> pointers;
    for (const std::string& name : signs.at(role)) {
        signers.push_back(RepositorySimulator::signer(name));
    }
    for (const signing::Ed25519Signer& signer : signers) pointers.push_back(&signer);
    Result<Bytes> bytes = signing::sign_metadata(document, pointers);
    FIREBREAK_CHECK(bytes.has_value());
    return std::move(*bytes);
}

server::CeremonyFiles Vendor::ceremony() const {
    return {sign(trust::to_json(root), "root"), sign(trust::to_json(targets), "targets"),
            signed_content()};
}

Bytes Vendor::signed_content() const {
    return sign(trust::to_json(content), "content");
}

void Vendor::add_bundle(const std::string& stream, const Bytes& bundle,
                        const trust::ContentTerms& terms) {
    const std::string path = "content/" + stream + "/" + std::to_string(terms.counter) + ".fbb";
    content.targets[path] = {
        bundle.size(), {{"sha256", sha256(bundle).hex()}}, trust::to_json(terms)};
    ++content.version;
}

rollout::Plan small_plan(const std::vector<std::string>& rings) {
    rollout::Plan plan;
    plan.name = "small";
    plan.velocity = rollout::Velocity::kLab;
    for (const std::string& name : rings) {
        rollout::Ring ring;
        ring.name = name;
        ring.window_start = 3;
        ring.window_max = 4;
        ring.bake_floor = seconds{5};
        plan.rings.push_back(ring);
    }
    plan.default_ring = rings.back();
    plan.failures_min = 2;
    plan.tenants_min = 1;
    plan.confirm_after = seconds{2};
    plan.silence_deadline = seconds{10};
    plan.heartbeat_every = seconds{5};
    plan.poll_every = seconds{1};
    return plan;
}

}  // namespace firebreak::test
