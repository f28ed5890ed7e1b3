#include "core/base/errc.hpp"
#include "server/rollout/driver.hpp"
#include "server/rollout/segment_values.hpp"

namespace firebreak::server {
namespace {

/// The content that a device says it runs, when this kind of report says so. One that is activating
/// does not run it yet.
std::optional<rollout::RolloutId> running_in(const health::Report& report) {
    switch (report.kind) {
        case health::Kind::kHealthy:
        case health::Kind::kHeartbeat:
        case health::Kind::kCrash: return rollout::RolloutId{report.stream, report.counter};
        case health::Kind::kRollback: return rollout::RolloutId{report.stream, report.to_counter};
        case health::Kind::kActivating:
        case health::Kind::kRefused: return std::nullopt;
    }
    return std::nullopt;
}

/// What a report of a device on the new content means to its rollout: an event, or nothing, when it
/// is early or says again what is known.
std::optional<rollout::EventBody> meaning_of(const health::Report& report,
                                             const rollout::Exposure& exposure,
                                             const rollout::Plan& plan, Instant now) {
    switch (report.kind) {
        case health::Kind::kHealthy:
            // By our clock, not the device's: a hurried or lying agent cannot confirm early.
            if (exposure.outcome == rollout::DeviceOutcome::kConfirmed) return std::nullopt;
            if (now < exposure.activated + plan.confirm_after) return std::nullopt;
            return rollout::Confirmed{report.device};
        case health::Kind::kCrash:
            if (exposure.crashed) return std::nullopt;
            return rollout::Crashed{report.device};
        case health::Kind::kRollback:
            if (exposure.crashed) return std::nullopt;
            return rollout::RolledBack{report.device};
        case health::Kind::kRefused:
            if (exposure.crashed) return std::nullopt;
            return rollout::Refused{report.device};
        case health::Kind::kActivating:
        case health::Kind::kHeartbeat: return std::nullopt;
    }
    return std::nullopt;
}

/// The device as it says that it is now: it may have been upgraded since it was heard last.
Result<void> describe(StoreWriter& writer, Device& device, const health::Report& report) {
    device.engine_build = report.engine_build;
    json::object attributes;
    for (const auto& [name, value] : report.attributes) attributes[name] = value;
    if (attributes.empty() || attributes == device.attributes) return {};
    device.attributes = std::move(attributes);
    return writer.describe_device(device.id, device.attributes);
}

}  // namespace

std::vector<Result<ReportAnswer>> Driver::accept(std::span<const health::Report> reports) {
    std::vector<Result<ReportAnswer>> answers;
    answers.reserve(reports.size());
    Result<void> done = ensure_folded();
    if (done) {
        const Instant now = parts_.clock.now();
        done = transact([&](StoreWriter& writer) -> Result<void> {
            for (const health::Report& report : reports) {
                Result<Outcome> taken = take(writer, report, now);
                if (!taken) return fail(taken.error());
                answers.push_back(std::move(*taken));
            }
            return {};
        });
    }
    if (!done) {
        const Outcome failed = fail(done.error());
        answers.assign(reports.size(), failed);
    }
    return answers;
}

Result<Driver::Outcome> Driver::take(StoreWriter& writer, const health::Report& report,
                                     Instant now) {
    Result<std::optional<Device>> device = parts_.store.device(report.device);
    if (!device) return fail(device.error());
    if (!*device) return Outcome(fail(Errc::kNotFound, "device"));
    if ((*device)->revoked) return Outcome(fail(Errc::kDenied, "device is revoked"));

    const Result<bool> inserted = writer.add_report(report, now);
    if (!inserted) return fail(inserted.error());
    if (*inserted) {
        const Result<void> touched =
            writer.touch_device(report.device, now, report.engine_build, running_in(report));
        if (!touched) return fail(touched.error());
        if (auto described = describe(writer, **device, report); !described) {
            return fail(described.error());
        }
        const Result<bool> may_activate = feed(writer, **device, report, now);
        if (!may_activate) return fail(may_activate.error());
        return Outcome(ReportAnswer{false, *may_activate});
    }
    // A repeat lets nobody in who was not let in before.
    const Live* live = find({report.stream, report.counter});
    const bool let_in = report.kind == health::Kind::kActivating && live != nullptr &&
                        live->rollout.exposures().contains(report.device) &&
                        live->rollout.may_activate(activation_of(**device, live->rollout.plan()));
    return Outcome(ReportAnswer{true, let_in});
}

/// Tells the rollout that a new report is about. @returns whether the device may activate.
Result<bool> Driver::feed(StoreWriter& writer, const Device& device, const health::Report& report,
                          Instant now) {
    Live* live = find({report.stream, report.counter});
    if (live == nullptr) return false;
    // Said by whoever: what a drill's device says is of drills alone, and of them nobody else says.
    if (!concerns(parts_.drill, device.tenant, report.stream)) return false;
    const std::string actor = "device:" + device.id;
    const rollout::Exposure* exposure = live->rollout.exposures().find(device.id);
    const bool exposed = exposure != nullptr;

    if (report.kind == health::Kind::kActivating) {
        const rollout::Activated activated = activation_of(device, live->rollout.plan());
        if (!live->rollout.may_activate(activated)) return false;
        // One that a person forgave takes its place in the window again.
        if (exposed && !exposure->forgiven) return true;
        const Result<void> noted = writer.add_activation(live->rollout.id(), device.id);
        if (!noted) return fail(noted.error());
        const Result<void> recorded = record(writer, *live, actor, {now, activated});
        if (!recorded) return fail(recorded.error());
        return true;
    }
    if (!exposed) return false;
    std::optional<rollout::EventBody> body =
        meaning_of(report, *exposure, live->rollout.plan(), now);
    if (!body) return false;
    const Result<void> recorded = record(writer, *live, actor, {now, std::move(*body)});
    if (!recorded) return fail(recorded.error());
    return false;
}

}  // namespace firebreak::server
