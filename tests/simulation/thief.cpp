#include "tests/simulation/thief.hpp"

#include <boost/json/serialize.hpp>

#include "core/base/check.hpp"
#include "core/content/bundle.hpp"
#include "core/signing/signer.hpp"
#include "core/trust/role_name.hpp"
#include "tests/simulation/published.hpp"
#include "tests/support/repository_simulator.hpp"

namespace firebreak::simulation {
namespace {

using test::RepositorySimulator;

Bytes signed_by(const json::value& document, const std::vector<std::string>& names) {
    std::vector<signing::Ed25519Signer> signers;
    std::vector<const signing::Signer*> pointers;
    for (const std::string& name : names) signers.push_back(RepositorySimulator::signer(name));
    for (const signing::Ed25519Signer& signer : signers) pointers.push_back(&signer);
    Result<Bytes> bytes = signing::sign_metadata(document, pointers);
    FIREBREAK_CHECK(bytes.has_value());
    return std::move(*bytes);
}

/// Signatures under the names of others.
Bytes signed_as(const json::value& document, const std::vector<std::string>& names) {
    std::vector<trust::Signature> signatures;
    for (const std::string& name : names) {
        signatures.push_back({RepositorySimulator::signer(name).key().id(), Bytes(64, 0x5A)});
    }
    return trust::serialize_envelope(document, signatures);
}

trust::MetaFile meta_of(trust::Version version, const Bytes& bytes) {
    return {version, bytes.size(), {{"sha256", sha256(bytes).hex()}}};
}

trust::TargetFile target_of(const Bytes& bytes, json::object custom) {
    return {bytes.size(), {{"sha256", sha256(bytes).hex()}}, std::move(custom)};
}

}  // namespace

/// The vendor's documents, as far as the thief has changed them.
struct Thief::Forgery {
    Published says;
    trust::Targets content;  ///< What the offline keys signed.
    Files files;

    trust::MetaFile put(const std::string& role, std::optional<trust::Version> version,
                        const Bytes& bytes) {
        files["metadata/" + trust::metadata_file_name(role, version)] = to_text(bytes);
        return meta_of(version.value_or(0), bytes);
    }
    void put(const std::string& path, const trust::TargetFile& target, const Bytes& bytes) {
        files["targets/" + trust::consistent_target_path(path, target)] = to_text(bytes);
    }
    void open_all_rings() {
        for (auto& [name, share] : says.pointer.rings) share = {trust::kPpbAll, "rolling"};
    }
};

Thief::Files Thief::forge(const Disk& disk) {
    const std::optional<Published> real = read_published(disk);
    if (!real) return {};
    const auto content = read_role(disk, "content", real->snapshot.meta.at("content").version);
    if (!content) return {};
    Forgery forgery{*real, *content, {}};
    trust::RingPointer& pointer = forgery.says.pointer;
    // Up to what a world waits for: he may say 30 days.
    pointer.poll_seconds = dice_.pick(std::vector<std::int64_t>{30, 240, 3'600});
    pointer.confirm_seconds = dice_.pick(std::vector<std::int64_t>{1, 60, 600});
    constexpr std::size_t kMakesContent = 4;
    switch (wants_content_only ? kMakesContent : dice_.index(8)) {
        case 0: change_shares(forgery); break;
        case 1: recall(forgery); break;
        case 2: name_older(forgery); break;
        case 3: name_other(forgery); break;
        case kMakesContent: make_content(forgery); break;
        case 5: delegate_content(forgery); break;
        case 6: name_old(disk, forgery); return std::move(forgery.files);
        default: overreach(disk, forgery); return std::move(forgery.files);
    }
    sign_rollout(forgery);
    return std::move(forgery.files);
}

/// Rushes, or stops.
void Thief::change_shares(Forgery& forgery) {
    forgery.open_all_rings();
    intent_ = "everybody at once";
    if (dice_.percent(50)) return;
    intent_ = "nobody";
    for (auto& [name, share] : forgery.says.pointer.rings) share = {0, "halted"};
}

/// Of what everybody runs, and perhaps of all that they could go back to.
void Thief::recall(Forgery& forgery) {
    trust::RingPointer& pointer = forgery.says.pointer;
    pointer.recall = trust::Recall{pointer.counter, dice_.between(0, pointer.counter - 1)};
    pointer.recalled.clear();
    if (dice_.percent(50)) {
        for (std::int64_t i = 1; i < pointer.counter; ++i) pointer.recalled.push_back(i);
    }
    intent_ = "a recall of " + std::to_string(pointer.counter);
}

/// What the vendor signed once, and harm may have come of.
void Thief::name_older(Forgery& forgery) {
    trust::RingPointer& pointer = forgery.says.pointer;
    const std::int64_t newest = pointer.counter;
    pointer.counter = dice_.between(1, newest);
    pointer.content_path = trust::content_path(kStream, pointer.counter);
    const auto listed = forgery.content.targets.find(pointer.content_path);
    if (listed != forgery.content.targets.end()) {
        const auto digest = Sha256::from_hex(listed->second.hashes.at("sha256"));
        FIREBREAK_CHECK(digest.has_value());
        pointer.sha256 = *digest;
    }
    pointer.recall.reset();
    pointer.recalled.clear();
    if (dice_.percent(50) && pointer.counter < newest) {
        pointer.recall = trust::Recall{newest, pointer.counter};
    }
    forgery.open_all_rings();
    intent_ = "back to " + std::to_string(pointer.counter);
}

/// The one thing by the name of the other.
void Thief::name_other(Forgery& forgery) {
    trust::RingPointer& pointer = forgery.says.pointer;
    forgery.open_all_rings();
    intent_ = "something by another's name";
    switch (dice_.index(4)) {
        case 0: pointer.content_path = trust::content_path("sigma", pointer.counter); return;
        case 1: pointer.content_path = trust::content_path(kStream, 1); return;
        case 2: pointer.sha256 = sha256(bytes_of("another")); return;
        default: ++pointer.counter; return;
    }
}

/// A bundle of his own, in a content role that lacks the offline keys' signatures: under the
/// counter that is rolled out now, for to another the server lets nobody in, or under the next.
void Thief::make_content(Forgery& forgery) {
    trust::RingPointer& pointer = forgery.says.pointer;
    json::object custom = forgery.content.targets.at(pointer.content_path).custom;
    if (dice_.percent(30)) ++pointer.counter;
    content::Manifest manifest;
    manifest.stream = kStream;
    manifest.counter = pointer.counter;
    manifest.content_type = "yara-source";
    manifest.author = "thief";
    Result<Bytes> bundle =
        content::pack_bundle(manifest, {{"rules.yar", to_bytes("rule all { condition: true }\n")}});
    FIREBREAK_CHECK(bundle.has_value());
    pointer.content_path = trust::content_path(kStream, pointer.counter);
    pointer.sha256 = sha256(*bundle);
    pointer.recall.reset();
    pointer.recalled.clear();
    forgery.open_all_rings();

    custom["counter"] = pointer.counter;
    const trust::TargetFile target = target_of(*bundle, custom);
    forgery.content.targets[pointer.content_path] = target;
    forgery.put(pointer.content_path, target, *bundle);
    const json::value document = trust::to_json(forgery.content);
    const std::vector<std::string> offline{"validator", "approver-1"};
    Bytes role =
        signed_by(document, has_offline_keys ? offline : std::vector<std::string>{"online"});
    if (!has_offline_keys && dice_.percent(50)) role = signed_as(document, offline);
    forgery.says.snapshot.meta["content"] = forgery.put("content", forgery.content.version, role);
    intent_ = "content of his own as " + std::to_string(pointer.counter);
}

/// A role of his that is called content as well, below the one that he may sign.
void Thief::delegate_content(Forgery& forgery) {
    const trust::Key key = RepositorySimulator::signer("online").key();
    trust::Delegations below;
    below.keys.emplace(key.id(), key);
    below.roles = {{"content", {{key.id()}, 1}, true, {"rings/*", "content/*/*"}, {}}};
    forgery.says.rollout.delegations = std::move(below);

    const std::string path = trust::ring_pointer_path(kStream);
    const Bytes pointer = to_bytes(json::serialize(trust::to_json(forgery.says.pointer)));
    forgery.content.targets[path] = target_of(pointer, {});
    forgery.put(path, forgery.content.targets[path], pointer);
    forgery.says.snapshot.meta["content"] = forgery.put(
        "content", forgery.content.version, signed_by(trust::to_json(forgery.content), {"online"}));
    intent_ = "a content role of his own";
}

/// A snapshot, or a timestamp, that brings back what it should not.
void Thief::name_old(const Disk& disk, Forgery& forgery) {
    const auto older = [&disk](const std::string& role, const trust::MetaFile& now) {
        const trust::Version version = now.version - 1;
        const auto file =
            disk.files.find("repo/metadata/" + trust::metadata_file_name(role, version));
        return file == disk.files.end() ? now : meta_of(version, file->second);
    };
    Published& says = forgery.says;
    switch (dice_.index(3)) {
        case 0:
            intent_ = "an old snapshot";
            says.timestamp.snapshot = older("snapshot", says.timestamp.snapshot);
            sign_timestamp(forgery);
            return;
        case 1:
            intent_ = "an old content role";
            says.snapshot.meta["content"] = older("content", says.snapshot.meta["content"]);
            break;
        default:
            intent_ = "an old rollout role";
            says.snapshot.meta["rollout"] = older("rollout", says.snapshot.meta["rollout"]);
            break;
    }
    sign_snapshot(forgery);
}

/// What his key does not do, in versions from which there would be no way back.
void Thief::overreach(const Disk& disk, Forgery& forgery) {
    if (dice_.percent(50)) {
        intent_ = "a timestamp of nobody's key";
        forgery.says.timestamp.version = trust::Version{1} << 60U;
        (void)forgery.put("timestamp", std::nullopt,
                          signed_by(trust::to_json(forgery.says.timestamp), {"nobody"}));
        return;
    }
    intent_ = "a root of his own";
    const Result<trust::Envelope> first =
        trust::parse_envelope(disk.files.at("repo/metadata/1.root.json"));
    FIREBREAK_CHECK(first.has_value());
    Result<trust::Root> root = trust::parse_root(first->signed_part);
    FIREBREAK_CHECK(root.has_value());
    ++root->version;
    root->root = root->targets = root->timestamp;
    const json::value document = trust::to_json(*root);
    (void)forgery.put("root", root->version,
                      dice_.percent(50) ? signed_by(document, {"online"})
                                        : signed_as(document, {"root-1", "root-2"}));
}

void Thief::sign_rollout(Forgery& forgery) {
    Published& says = forgery.says;
    const std::string path = trust::ring_pointer_path(kStream);
    if (says.rollout.delegations) {
        says.rollout.targets.erase(path);
    } else {
        const Bytes pointer = to_bytes(json::serialize(trust::to_json(says.pointer)));
        says.rollout.targets[path] = target_of(pointer, {});
        forgery.put(path, says.rollout.targets[path], pointer);
    }
    // Other bytes of a number that the vendor has given already, or of the one that comes next.
    if (dice_.percent(30)) ++says.rollout.version;
    says.snapshot.meta["rollout"] = forgery.put(
        "rollout", says.rollout.version, signed_by(trust::to_json(says.rollout), {"online"}));
    sign_snapshot(forgery);
}

void Thief::sign_snapshot(Forgery& forgery) {
    Published& says = forgery.says;
    if (dice_.percent(30)) ++says.snapshot.version;
    says.timestamp.snapshot = forgery.put("snapshot", says.snapshot.version,
                                          signed_by(trust::to_json(says.snapshot), {"online"}));
    sign_timestamp(forgery);
}

void Thief::sign_timestamp(Forgery& forgery) {
    trust::Timestamp& timestamp = forgery.says.timestamp;
    timestamp.version += dice_.between(0, 2);
    timestamp.expires = std::chrono::floor<seconds>(timeline_.now()) +
                        std::chrono::hours{dice_.pick(std::vector<int>{1, 24, 100'000})};
    const Bytes bytes = signed_by(trust::to_json(timestamp), {"online"});
    (void)forgery.put("timestamp", std::nullopt, bytes);
    truth_.forged_timestamps.insert(bytes);
}

}  // namespace firebreak::simulation
