#include "tests/unit/server/rollout/driver_fixture.hpp"

#include <algorithm>

#include "core/base/errc.hpp"
#include "core/rollout/cohort.hpp"
#include "server/store/sqlite_store.hpp"

namespace firebreak::test {
namespace {

using std::chrono::seconds;

const std::vector<std::string> kRings{"canary", "early", "broad"};
constexpr seconds kDeviceActive{3'600};
constexpr int kNoDescriptor = -1;  // Logs go nowhere.

}  // namespace

server::RepositoryOptions DriverFixture::repository_options() {
    return {"repo", seconds{3'600}, seconds{86'400}, seconds{86'400}};
}

void DriverFixture::SetUp() {
    log_.emplace(clock_, kNoDescriptor, Severity::kError);
    auto opened = server::open_memory_store();
    ASSERT_TRUE(opened) << opened.error().to_string();
    inner_store_ = std::move(*opened);
    store_.emplace(*inner_store_);
    vendor_.emplace(today());
    const auto created = server::Repository::create(files_, vendor_->online, repository_options(),
                                                    vendor_->ceremony(), today());
    ASSERT_TRUE(created) << created.error().to_string();
    const auto filled = store_->transact([&](server::StoreWriter& writer) {
        return writer.add_content_role(1, vendor_->signed_content());
    });
    ASSERT_TRUE(filled) << filled.error().to_string();
    restart();
}

void DriverFixture::restart() {
    driver_.reset();
    repository_.reset();
    auto repository = server::Repository::open(files_, vendor_->online, repository_options());
    ASSERT_TRUE(repository) << repository.error().to_string();
    repository_.emplace(std::move(*repository));
    const server::BundleSource bundles = [this](const Sha256& digest) -> Result<Bytes> {
        for (const Bytes& bundle : bundles_) {
            if (sha256(bundle) == digest) return bundle;
        }
        return fail(Errc::kNotFound, "bundle");
    };
    auto driver = server::Driver::open({*store_, *repository_, bundles, clock_, *log_, drill_},
                                       kDeviceActive);
    ASSERT_TRUE(driver) << driver.error().to_string();
    driver_.emplace(std::move(*driver));
}

void DriverFixture::enrol(int per_ring) {
    for (const std::string& ring : kRings) {
        for (int i = 0; i < per_ring; ++i) {
            SimulatedDevice device;
            device.id = ring + "-" + std::to_string(i);
            device.ring = ring;
            device.heard = clock_.now();
            server::Device row;
            row.id = device.id;
            row.ring = ring;
            row.tenant = "tenant-" + std::to_string(i % 3);
            row.public_key = to_bytes("key of " + device.id);
            row.enrolled = row.last_seen = clock_.now();
            const auto added = store_->transact(
                [&](server::StoreWriter& writer) { return writer.add_device(row); });
            ASSERT_TRUE(added) << added.error().to_string();
            fleet_.push_back(std::move(device));
        }
    }
}

server::NewRelease DriverFixture::release(std::int64_t counter) {
    bundles_.push_back(to_bytes("bundle " + std::to_string(counter)));
    trust::ContentTerms terms;
    terms.counter = counter;
    terms.builds = {Sha256{}};  // What the fleet runs.
    for (const std::string& ring : kRings) terms.ceiling.push_back({ring, {}, rollout::kPpbAll});
    vendor_->add_bundle("yara", bundles_.back(), terms);
    server::NewRelease release;
    release.id = {"yara", counter};
    release.bundle = sha256(bundles_.back());
    release.target = "content/yara/" + std::to_string(counter) + ".fbb";
    release.plan = small_plan(kRings);
    release.content_role = vendor_->signed_content();
    release.content_version = vendor_->content.version;
    release.publisher = "operator:alice";
    return release;
}

void DriverFixture::start(std::int64_t counter) {
    const Result<void> started = driver_->start(release(counter));
    ASSERT_TRUE(started) << started.error().to_string();
}

health::Report DriverFixture::report(SimulatedDevice& device, health::Kind kind,
                                     std::int64_t counter) {
    health::Report report;
    report.device = device.id;
    report.sequence = ++device.sequence;
    report.kind = kind;
    report.stream = "yara";
    report.counter = counter;
    return report;
}

Result<server::ReportAnswer> DriverFixture::send(SimulatedDevice& device, health::Kind kind,
                                                 std::int64_t counter) {
    device.heard = clock_.now();
    const health::Report one = report(device, kind, counter);
    return driver_->accept({&one, 1}).front();
}

Result<void> DriverFixture::steer(server::Steering steering, const std::string& reason,
                                  std::int64_t counter) {
    return driver_->steer({{"yara", counter}, steering, "operator:bob", "bob", reason});
}

std::int64_t DriverFixture::log_sequence() {
    const auto last = store_->last_entry();
    return last && *last ? (*last)->sequence : 0;
}

void DriverFixture::live_one_second(SimulatedDevice& device, Fate fate) {
    const rollout::Rollout& now = rollout();
    const std::int64_t counter = now.id().counter;
    if (device.dead) return;
    if (device.trying == counter) {
        if (clock_.now() - device.activated < now.plan().confirm_after) return;
        device.trying = 0;
        device.running = counter;
        EXPECT_TRUE(send(device, health::Kind::kHealthy, counter));
        device.dead = fate == Fate::kSilentLater;
    } else if (device.running < counter && now.phase() != rollout::Phase::kHalted) {
        const auto answer = send(device, health::Kind::kActivating, counter);
        ASSERT_TRUE(answer) << answer.error().to_string();
        if (!answer->may_activate) return;
        device.trying = counter;
        device.activated = clock_.now();
        device.dead = fate == Fate::kSilent || fate == Fate::kCrashes;
        if (fate == Fate::kCrashes) {
            EXPECT_TRUE(send(device, health::Kind::kCrash, counter));
        }
    } else if (clock_.now() - device.heard >= now.plan().heartbeat_every) {
        EXPECT_TRUE(send(device, health::Kind::kHeartbeat, device.running));
    }
}

void DriverFixture::run_one_second(Fate fate) {
    clock_.advance(seconds{1});
    for (SimulatedDevice& device : fleet_) live_one_second(device, fate);
    const Result<void> advanced = driver_->advance();
    EXPECT_TRUE(advanced) << advanced.error().to_string();
    for (const std::string& ring : kRings) {
        unconfirmed_max_ = std::max(unconfirmed_max_, rollout().unconfirmed(ring));
    }
}

int DriverFixture::run_until(rollout::Phase phase, Fate fate, int seconds_max) {
    for (int second = 1; second <= seconds_max; ++second) {
        run_one_second(fate);
        if (rollout().phase() == phase) return second;
    }
    return 0;
}

trust::RingPointer DriverFixture::published_pointer() const {
    const auto document = [&](const std::string& name) {
        return trust::parse_envelope(files_.files.at("repo/metadata/" + name))->signed_part;
    };
    const auto timestamp = trust::parse_timestamp(document("timestamp.json"));
    const auto snapshot = trust::parse_snapshot(
        document(std::to_string(timestamp->snapshot.version) + ".snapshot.json"));
    const auto rollout = trust::parse_targets(
        document(std::to_string(snapshot->meta.at("rollout").version) + ".rollout.json"));
    const trust::TargetFile& file = rollout->targets.at("rings/yara.json");
    return *trust::parse_ring_pointer(
        files_.files.at("repo/targets/rings/" + file.hashes.at("sha256") + ".yara.json"));
}

}  // namespace firebreak::test
