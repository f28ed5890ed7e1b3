#include "client/report_queue.hpp"

#include <algorithm>
#include <array>
#include <limits>

#include "core/base/check.hpp"
#include "core/base/errc.hpp"

namespace firebreak::client {
namespace {

constexpr std::int64_t kMost = std::numeric_limits<std::int64_t>::max();

constexpr std::array<health::Kind, 6> kKinds{
    health::Kind::kActivating, health::Kind::kHealthy,  health::Kind::kHeartbeat,
    health::Kind::kCrash,      health::Kind::kRollback, health::Kind::kRefused,
};

Result<WaitingReport> parse_waiting(const json::value& value) {
    const Result<JsonObject> object = JsonObject::of(value, "reports.waiting[]");
    if (!object) return fail(object.error());
    WaitingReport report;
    const Result<std::string> kind = object->string("kind");
    if (!kind) return fail(kind.error());
    const auto* const known = std::find_if(kKinds.begin(), kKinds.end(), [&](health::Kind one) {
        return health::name_of(one) == *kind;
    });
    if (known == kKinds.end()) {
        return fail(Errc::kMalformed, object->path_to("kind") + ": unknown kind");
    }
    report.draft.kind = *known;
    for (const auto& [name, member] : {std::pair{"counter", &report.draft.counter},
                                       std::pair{"to_counter", &report.draft.to_counter},
                                       std::pair{"sequence", &report.sequence}}) {
        const Result<std::int64_t> number = object->integer(name, 0, kMost);
        if (!number) return fail(number.error());
        *member = *number;
    }
    constexpr std::int64_t kYear9999 = 253'402'300'799'000;
    const Result<std::int64_t> time = object->integer("time_ms", 0, kYear9999);
    if (!time) return fail(time.error());
    report.time = Instant{std::chrono::milliseconds{*time}};
    Result<std::string> detail = object->string("detail");
    if (!detail) return fail(detail.error());
    report.draft.detail = printable(std::move(*detail));
    return report;
}

}  // namespace

ReportQueue::ReportQueue(std::int64_t first_sequence) : next_sequence_(first_sequence) {
    FIREBREAK_CHECK(first_sequence >= 1);
}

void ReportQueue::push(ReportDraft draft, Instant time) {
    if (draft.kind == health::Kind::kHeartbeat) drop_unsent(draft.kind, std::nullopt);
    if (draft.kind == health::Kind::kActivating) drop_unsent(draft.kind, draft.counter);
    const bool asked_already = !waiting_.empty() && draft.kind == health::Kind::kActivating &&
                               waiting_.back().draft == draft;
    if (asked_already) return;  // Sent, and not answered: it is sent again as it is.
    draft.detail = printable(std::move(draft.detail));
    waiting_.push_back({.draft = std::move(draft), .time = time, .sequence = 0});
    make_room();
}

const WaitingReport& ReportQueue::number_first() {
    FIREBREAK_CHECK(!waiting_.empty());
    WaitingReport& first = waiting_.front();
    if (first.sequence == 0) first.sequence = next_sequence_++;
    return first;
}

void ReportQueue::pop_first() {
    FIREBREAK_CHECK(!waiting_.empty() && waiting_.front().sequence != 0);
    waiting_.pop_front();
}

void ReportQueue::drop_unsent(health::Kind kind, std::optional<std::int64_t> counter) {
    std::erase_if(waiting_, [&](const WaitingReport& one) {
        return one.sequence == 0 && one.draft.kind == kind &&
               (!counter || one.draft.counter == *counter);
    });
}

void ReportQueue::make_room() {
    if (waiting_.size() <= kReportsMax) return;
    const auto unsent = [](const WaitingReport& one) { return one.sequence == 0; };
    auto oldest = std::find_if(waiting_.begin(), waiting_.end(), [&](const WaitingReport& one) {
        return unsent(one) && one.draft.kind == health::Kind::kHeartbeat;
    });
    if (oldest == waiting_.end()) oldest = std::find_if(waiting_.begin(), waiting_.end(), unsent);
    FIREBREAK_CHECK(oldest != waiting_.end());  // Only the first can have been sent.
    waiting_.erase(oldest);
}

json::object ReportQueue::to_json() const {
    json::array waiting;
    for (const WaitingReport& one : waiting_) {
        waiting.push_back(json::object{{"kind", health::name_of(one.draft.kind)},
                                       {"counter", one.draft.counter},
                                       {"to_counter", one.draft.to_counter},
                                       {"detail", one.draft.detail},
                                       {"time_ms", one.time.time_since_epoch().count()},
                                       {"sequence", one.sequence}});
    }
    return {{"next_sequence", next_sequence_}, {"waiting", std::move(waiting)}};
}

Result<ReportQueue> ReportQueue::parse(const json::value& value) {
    const Result<JsonObject> object = JsonObject::of(value, "reports");
    if (!object) return fail(object.error());
    const Result<std::int64_t> next = object->integer("next_sequence", 1, kMost);
    if (!next) return fail(next.error());
    const Result<const json::array*> waiting = object->array("waiting");
    if (!waiting) return fail(waiting.error());
    if ((*waiting)->size() > kReportsMax) {
        return fail(Errc::kMalformed, object->path_to("waiting") + ": too many");
    }
    ReportQueue queue(*next);
    for (const json::value& entry : **waiting) {
        Result<WaitingReport> report = parse_waiting(entry);
        if (!report) return fail(report.error());
        const bool sent = report->sequence != 0;
        if (sent && (!queue.waiting_.empty() || report->sequence >= *next)) {
            return fail(Errc::kMalformed, object->path_to("waiting") + ": numbers out of order");
        }
        queue.waiting_.push_back(std::move(*report));
    }
    return queue;
}

}  // namespace firebreak::client
