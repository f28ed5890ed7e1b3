// What the server says and does, written down for the invariants.

#include <tuple>

#include "core/base/check.hpp"
#include "core/health/report.hpp"
#include "core/trust/metadata.hpp"
#include "tests/simulation/published.hpp"
#include "tests/simulation/server_host.hpp"

namespace firebreak::simulation {

namespace {

/// What note_rollouts() may change of a ruling and an invariant looks at; `forgiven` changes with
/// `resumes`.
using RulingInShort =
    std::tuple<std::int64_t, std::int64_t, std::int64_t, std::optional<rollout::Phase>, bool>;

RulingInShort in_short(const Ruling& ruling) {
    return {ruling.resumes, ruling.window_most, ruling.harm_bound_most, ruling.phase,
            ruling.halted};
}

}  // namespace

/// A number that a timestamp had is its own for ever: who saw it takes no other bytes of it.
void ServerHost::note_write(const std::string& path, const Bytes& bytes) {
    if (path != "repo/metadata/timestamp.json") return;
    const Result<trust::Envelope> envelope = trust::parse_envelope(bytes);
    FIREBREAK_CHECK(envelope.has_value());
    const Result<trust::Timestamp> timestamp = trust::parse_timestamp(envelope->signed_part);
    FIREBREAK_CHECK(timestamp.has_value());
    const auto [known, is_new] = timestamps_.emplace(timestamp->version, bytes);
    if (is_new || known->second == bytes) return;
    truth_.broken.push_back("server: gives timestamp " + std::to_string(timestamp->version) +
                            " to other bytes");
}

void ServerHost::note_answer(const net::Request& request, net::Response& response) {
    if (request.target != "/v1/reports" || response.status != 200) return;
    const Result<health::Report> report = health::parse_report(request.body);
    if (!report) {
        truth_.broken.push_back("server: says yes to a report that cannot be read");
        return;
    }
    Ruling& ruling = truth_.rulings[report->counter];
    const bool announces = report->kind == health::Kind::kActivating;
    if (announces && answers_yes) response.body = R"({"duplicate":false,"may_activate":true})";
    if (announces && answers_no) response.body = R"({"duplicate":false,"may_activate":false})";
    const bool yes = response.body.find(R"("may_activate":true)") != std::string::npos;
    if (announces && yes && ruling.halted) {
        truth_.broken.push_back("halt: " + report->device + " is let in to " +
                                std::to_string(report->counter) + ", which is halted");
    }
    if (announces && yes) {
        ruling.let_in.insert(report->device);
        ruling.forgiven.erase(report->device);
        truth_.changed(report->counter);
    }
    truth_.acknowledged.push_back({report->device, report->sequence, request.body});
    if (trace_.kept()) {
        trace_.line("server", "takes " + std::string(health::name_of(report->kind)) + " " +
                                  std::to_string(report->counter) + " of " + report->device +
                                  " -> " + response.body);
    }
}

/// A HEALTHY may count from when it arrives: whether the answer gets out is another matter.
void ServerHost::note_arrival(const net::Request& request) {
    if (request.target != "/v1/reports") return;
    const Result<health::Report> report = health::parse_report(request.body);
    if (!report || report->kind != health::Kind::kHealthy) return;
    truth_.rulings[report->counter].confirmed.insert(report->device);
    truth_.changed(report->counter);
}

void ServerHost::note_rollouts() {
    // After a commit that failed, what the driver has in memory did not happen: it folds anew.
    if (!up() || driver()->health().store) return;
    for (const rollout::Rollout* rollout : driver()->live()) {
        Ruling& ruling = truth_.rulings[rollout->id().counter];
        const RulingInShort before = in_short(ruling);
        if (trace_.kept() && ruling.phase != rollout->phase()) {
            trace_.line("server", "rollout " + std::to_string(rollout->id().counter) + " is " +
                                      std::string(rollout::name_of(rollout->phase())) + " " +
                                      rollout->reason());
        }
        const bool goes_on = rollout->phase() == rollout::Phase::kRolling ||
                             rollout->phase() == rollout::Phase::kComplete;
        // What a person held, and somebody resumes, is forgiven nothing.
        if (ruling.held_by_evidence && goes_on) {
            ++ruling.resumes;
            ruling.forgiven = ruling.let_in;
            if (ruling.for_going_on.size() < 2) {
                truth_.broken.push_back("server: let one person go on with what the evidence held");
            }
        }
        ruling.held_by_evidence = rollout->held_by() == rollout::HeldBy::kController;
        ruling.phase = rollout->phase();
        for (const rollout::RingState& ring : rollout->rings()) {
            ruling.window_most = std::max(ruling.window_most, ring.open ? ring.window : 0);
        }
        if (rollout->phase() == rollout::Phase::kHalted) {
            ruling.halted = true;
            if (!ruling.halted_at) ruling.halted_at = timeline_.now();
        }
        note_harm_bound(*rollout, ruling);
        if (in_short(ruling) != before) truth_.changed(rollout->id().counter);
    }
    for (const rollout::Rollout* rollout : driver()->live()) note_ends_below(rollout->id().counter);
    note_recalls();
}

/// What the store says of rollouts below `counter` that nobody saw end: one turn may hold a halt
/// and what follows on it, be it a newer release or the server's death.
void ServerHost::note_ends_below(std::int64_t counter) {
    for (auto& [ended, ruling] : truth_.rulings) {
        if (ended >= counter) break;
        const bool is_over =
            ruling.phase == rollout::Phase::kHalted || ruling.phase == rollout::Phase::kRetired;
        if (!ruling.phase || is_over) continue;
        const auto release = inner_store_->release({kStream, ended});
        if (!release || !*release) continue;
        for (const rollout::Phase phase : {rollout::Phase::kHalted, rollout::Phase::kRetired}) {
            if ((*release)->phase != rollout::name_of(phase)) continue;
            ruling.phase = phase;
            ruling.halted = ruling.halted || phase == rollout::Phase::kHalted;
            truth_.changed(ended);
        }
    }
}

/// W + k* - 1, as promised for the ring in front.
void ServerHost::note_harm_bound(const rollout::Rollout& rollout, Ruling& ruling) {
    const auto content = truth_.contents.find(rollout.id().counter);
    if (content == truth_.contents.end() || content->second.kind == Kind::kGood) return;
    for (const rollout::RingState& ring : rollout.rings()) {
        if (!ring.open) continue;
        ruling.harm_bound_most = std::max(ruling.harm_bound_most, rollout.harm_bound(ring.name));
    }
}

/// From which timestamp on everybody who looks is told of a recall: the first one that says so, or
/// that speaks of a newer counter.
void ServerHost::note_recalls() {
    std::optional<Published> published;
    for (auto& [counter, ruling] : truth_.rulings) {
        if (!ruling.halted || ruling.recalled_from) continue;
        if (!published) published = read_published(disk_);
        if (!published) return;
        const trust::RingPointer& pointer = published->pointer;
        const bool named = pointer.recall && pointer.recall->counter == counter;
        if (!named && pointer.counter <= counter) continue;
        ruling.recalled_from = published->timestamp.version;
        ruling.recalled_at = timeline_.now();
        truth_.changed(counter);
        trace_.line("server", "recalls " + std::to_string(counter) + " from timestamp " +
                                  std::to_string(published->timestamp.version) + " on");
    }
}

}  // namespace firebreak::simulation
