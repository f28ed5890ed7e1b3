// The update cycle as a table: each state and event, and what comes of it. No clock, no disk.

#include "client/update_cycle.hpp"

#include <gtest/gtest.h>

namespace firebreak::client {
namespace {

using health::Kind;
using std::chrono::seconds;

constexpr seconds kWait{60};

ContentRef content(std::int64_t counter) {
    return {.counter = counter, .sha256 = sha256(bytes_of(std::to_string(counter)))};
}

Offered offered(std::int64_t counter, bool named_by_recall = false) {
    return {.content = content(counter), .confirm_wait = kWait, .named_by_recall = named_by_recall};
}

template <class T>
bool is(const Decision& decision) {
    return std::holds_alternative<T>(decision.action);
}

std::vector<Kind> kinds(const std::vector<ReportDraft>& reports) {
    std::vector<Kind> result;
    for (const ReportDraft& report : reports) result.push_back(report.kind);
    return result;
}

/// A cycle and shorthand for walking it.
struct Walk {
    UpdateCycle cycle{CycleState{}, 2};
    Decision last{Rest{}, {}};

    explicit Walk(CycleState state = {}) : cycle(std::move(state), 2) {}

    Walk& operator<<(const Event& event) {
        last = cycle.step(event);
        return *this;
    }
    const CycleState& state() const { return cycle.state(); }
};

/// As far as the point where `counter` is announced.
void announce(Walk& walk, std::int64_t counter) {
    walk << Woken{} << offered(counter) << Downloaded{} << TrialPassed{};
}
void activate(Walk& walk, std::int64_t counter) {
    announce(walk, counter);
    walk << MayActivate{} << Activated{};
}
void confirm(Walk& walk, std::int64_t counter) {
    activate(walk, counter);
    walk << Confirmed{} << HealthyReported{};
}

TEST(UpdateCycle, GoesThroughAllSteps) {
    Walk walk;

    EXPECT_TRUE(is<Refresh>((walk << Woken{}).last));
    EXPECT_TRUE(is<Download>((walk << offered(1)).last));
    EXPECT_TRUE(is<Trial>((walk << Downloaded{}).last));
    EXPECT_TRUE(is<AnnounceActivation>((walk << TrialPassed{}).last));
    EXPECT_TRUE(is<Activate>((walk << MayActivate{}).last));
    EXPECT_TRUE(is<Confirm>((walk << Activated{}).last));
    EXPECT_TRUE(is<ReportHealthy>((walk << Confirmed{}).last));
    EXPECT_EQ(kinds(walk.last.reports), std::vector{Kind::kHealthy});
    EXPECT_TRUE(is<Rest>((walk << HealthyReported{}).last));
}

TEST(UpdateCycle, CountsTheAttemptWithTheDecisionToActivate) {
    Walk walk;
    announce(walk, 1);

    walk << MayActivate{};

    EXPECT_EQ(walk.state().starts, 1);
    EXPECT_FALSE(walk.state().active_confirmed);
    EXPECT_TRUE(needs_saved_state(walk.last.action));
}

TEST(UpdateCycle, LastKnownGoodMovesOnlyWhenConfirmed) {
    Walk walk;
    confirm(walk, 1);
    activate(walk, 2);
    EXPECT_EQ(counter_of(walk.state().last_known_good), 1);

    walk << Confirmed{};

    EXPECT_EQ(counter_of(walk.state().last_known_good), 2);
    EXPECT_EQ(counter_of(walk.state().previous_good), 1);
}

TEST(UpdateCycle, NeverPutsACandidateIntoTheSlotOfWhatRuns) {
    Walk walk;
    for (std::int64_t counter = 1; counter <= 5; ++counter) {
        walk << Woken{} << offered(counter);
        const Placed candidate = std::get<Download>(walk.last.action).candidate;
        EXPECT_FALSE(walk.state().active && walk.state().active->slot == candidate.slot);
        walk << Downloaded{} << TrialPassed{} << MayActivate{} << Activated{} << Confirmed{}
             << HealthyReported{};
    }
}

TEST(UpdateCycle, DropsThePreviousGoodWhenItsSlotIsTaken) {
    Walk walk;
    confirm(walk, 1);
    confirm(walk, 2);

    walk << Woken{} << offered(3);

    EXPECT_FALSE(walk.state().previous_good);
    EXPECT_EQ(counter_of(walk.state().last_known_good), 2);
}

TEST(UpdateCycle, RestsLongerAfterEachKindOfFailure) {
    const std::vector<std::vector<Event>> failures{
        {RefreshFailed{}},
        {offered(1), DownloadFailed{}},
        {offered(1), Downloaded{}, TrialNotRun{}},
        {offered(1), Downloaded{}, TrialPassed{}, AnnounceFailed{}}};
    for (const std::vector<Event>& events : failures) {
        Walk walk;
        walk << Woken{};
        for (const Event& event : events) walk << event;

        ASSERT_TRUE(is<Rest>(walk.last));
        EXPECT_TRUE(std::get<Rest>(walk.last.action).after_error);
        EXPECT_TRUE(walk.state().quarantined.empty());
    }
}

TEST(UpdateCycle, QuarantinesWhatIsRefusedAndReportsIt) {
    const std::vector<std::vector<Event>> refusals{{ContentRefused{"not a bundle"}},
                                                   {Downloaded{}, TrialFailed{"SIGSEGV"}}};
    for (const std::vector<Event>& events : refusals) {
        Walk walk;
        confirm(walk, 1);
        walk << Woken{} << offered(2);
        for (const Event& event : events) walk << event;

        EXPECT_TRUE(is<Rest>(walk.last));
        EXPECT_EQ(kinds(walk.last.reports), std::vector{Kind::kRefused});
        EXPECT_EQ(counter_of(walk.state().active), 1);
        EXPECT_TRUE(is<Rest>((walk << Woken{} << offered(2)).last));
    }
}

TEST(UpdateCycle, RollsBackFromEachFailureOfLiveContent) {
    const std::vector<std::vector<Event>> failures{{ActivationFailed{"no"}},
                                                   {Activated{}, Unhealthy{"no answer"}}};
    for (const std::vector<Event>& events : failures) {
        Walk walk;
        confirm(walk, 1);
        announce(walk, 2);
        walk << MayActivate{};
        for (const Event& event : events) walk << event;

        ASSERT_TRUE(is<RollBack>(walk.last));
        EXPECT_EQ(counter_of(std::get<RollBack>(walk.last.action).to), 1);
        ASSERT_EQ(kinds(walk.last.reports), std::vector{Kind::kRollback});
        EXPECT_EQ(walk.last.reports[0].counter, 2);
        EXPECT_EQ(walk.last.reports[0].to_counter, 1);
        EXPECT_EQ(walk.state().healed, 1);
        EXPECT_TRUE(is<Rest>((walk << RolledBack{}).last));
        EXPECT_TRUE(is<Rest>((walk << Woken{} << offered(2)).last));
    }
}

TEST(UpdateCycle, RollsBackToNothingWhenNothingWasGood) {
    Walk walk;
    activate(walk, 1);

    walk << Unhealthy{"no answer"};

    EXPECT_FALSE(std::get<RollBack>(walk.last.action).to);
    EXPECT_FALSE(walk.state().active);
    EXPECT_FALSE(walk.state().active_confirmed);
}

TEST(UpdateCycle, RunsWithoutContentWhenEvenTheRollbackFails) {
    Walk walk;
    confirm(walk, 1);
    activate(walk, 2);

    walk << Unhealthy{"no answer"} << RollBackFailed{"slot a is damaged"};

    EXPECT_TRUE(is<Rest>(walk.last));
    EXPECT_FALSE(walk.state().active);
    EXPECT_EQ(counter_of(walk.state().last_known_good), 1);
}

TEST(UpdateCycle, OffersAgainWhatIsKnownGoodButDoesNotRun) {
    Walk walk;
    confirm(walk, 1);
    activate(walk, 2);
    walk << Unhealthy{"no answer"} << RollBackFailed{"slot a is damaged"};

    walk << Woken{} << offered(1);

    ASSERT_TRUE(is<Download>(walk.last));
    EXPECT_EQ(std::get<Download>(walk.last.action).candidate, *walk.state().last_known_good);
}

TEST(UpdateCycle, ARecallPrefersTheCounterThatItNames) {
    Walk walk;
    confirm(walk, 1);
    confirm(walk, 2);
    walk << Woken{};

    walk << Recalled{.counter = 2, .to_counter = 1};

    EXPECT_EQ(counter_of(std::get<RollBack>(walk.last.action).to), 1);
    EXPECT_EQ(counter_of(walk.state().last_known_good), 1);
    EXPECT_EQ(walk.state().healed, 0);
}

TEST(UpdateCycle, ARecallWithoutANameGoesToItsOwnLastKnownGood) {
    Walk walk;
    confirm(walk, 1);
    activate(walk, 2);

    walk << Recalled{.counter = 2, .to_counter = 0};

    EXPECT_EQ(counter_of(std::get<RollBack>(walk.last.action).to), 1);
}

TEST(UpdateCycle, ARecallOfAllThereIsEndsWithoutContent) {
    Walk walk;
    confirm(walk, 1);
    walk << Woken{};

    walk << Recalled{.counter = 1, .to_counter = 9};

    EXPECT_FALSE(std::get<RollBack>(walk.last.action).to);
    EXPECT_FALSE(walk.state().last_known_good);
}

TEST(UpdateCycle, OnlyARecallReleasesFromQuarantine) {
    Walk walk;
    confirm(walk, 1);
    activate(walk, 2);
    walk << Unhealthy{"no answer"} << RolledBack{};
    EXPECT_TRUE(is<Rest>((walk << Woken{} << offered(2)).last));

    walk << Woken{} << offered(2, true);

    EXPECT_TRUE(is<Download>(walk.last));
}

TEST(UpdateCycle, QuarantineKeepsTheNewest) {
    Walk walk;
    const auto count = static_cast<std::int64_t>(kQuarantinedMax) + 6;
    for (std::int64_t counter = 1; counter <= count; ++counter) {
        walk << Woken{} << offered(counter) << ContentRefused{"no"};
    }

    EXPECT_EQ(walk.state().quarantined.size(), kQuarantinedMax);
    EXPECT_EQ(walk.state().quarantined.back().content.counter, count);
}

TEST(UpdateCycle, DoesNotTryAgainWhatHasPassedItsTrial) {
    Walk walk;
    announce(walk, 1);
    walk << MayNotActivate{};

    walk << Woken{} << offered(1);

    EXPECT_TRUE(is<AnnounceActivation>(walk.last));
}

TEST(UpdateCycle, WithdrawsAnAnnouncementThatWasNotAnswered) {
    Walk walk;
    announce(walk, 1);
    walk << AnnounceFailed{} << Woken{} << NothingOffered{};

    ASSERT_EQ(kinds(walk.last.reports), std::vector{Kind::kRefused});
    EXPECT_EQ(walk.last.reports[0].counter, 1);
    EXPECT_TRUE((walk << Woken{} << NothingOffered{}).last.reports.empty());
}

TEST(UpdateCycle, AnUnsavedActivationIsNotBegun) {
    Walk walk;
    announce(walk, 1);
    const CycleState before = walk.state();
    walk << MayActivate{};

    const Decision instead = walk.cycle.not_saved(before);

    EXPECT_TRUE(is<Rest>(instead));
    EXPECT_FALSE(walk.state().active);
    EXPECT_TRUE(walk.state().quarantined.empty());
}

TEST(UpdateCycle, AnUnsavedConfirmationIsWaitedForAgain) {
    Walk walk;
    activate(walk, 1);
    const CycleState before = walk.state();
    walk << Confirmed{};

    const Decision instead = walk.cycle.not_saved(before);

    EXPECT_TRUE(is<Confirm>(instead));
    EXPECT_FALSE(walk.state().last_known_good);
}

// --- Starting -----------------------------------------------------------------------------------

TEST(UpdateCycleBoot, FirstStartHasNothingToLoad) {
    UpdateCycle cycle({}, 2);

    const BootDecision decision = cycle.boot("");

    EXPECT_FALSE(decision.load);
    EXPECT_FALSE(decision.healed_from);
    EXPECT_TRUE(is<Rest>(cycle.resume()));
}

TEST(UpdateCycleBoot, ConfirmedContentLoadsUncounted) {
    Walk walk;
    confirm(walk, 1);
    UpdateCycle cycle(walk.state(), 2);

    const BootDecision decision = cycle.boot("");

    EXPECT_EQ(counter_of(decision.load), 1);
    EXPECT_EQ(cycle.state().starts, 0);
    EXPECT_TRUE(is<Rest>(cycle.resume()));
}

TEST(UpdateCycleBoot, UnconfirmedContentLoadsCountedUntilItsStartsAreUsed) {
    Walk walk;
    confirm(walk, 1);
    activate(walk, 2);
    for (std::int64_t most = 1; most <= 5; ++most) {
        CycleState state = walk.state();
        for (std::int64_t start = 2; start <= most; ++start) {
            UpdateCycle cycle(state, most);
            EXPECT_EQ(counter_of(cycle.boot("").load), 2);
            EXPECT_TRUE(is<Confirm>(cycle.resume()));
            EXPECT_EQ(cycle.state().starts, start);
            state = cycle.state();
        }
        UpdateCycle cycle(state, most);

        const BootDecision decision = cycle.boot("");

        EXPECT_EQ(counter_of(decision.load), 1);
        ASSERT_TRUE(decision.healed_from);
        EXPECT_EQ(decision.healed_from->content.counter, 2);
        EXPECT_EQ(kinds(decision.reports), std::vector{Kind::kRollback});
        EXPECT_TRUE(is<Rest>(cycle.resume()));
    }
}

TEST(UpdateCycleBoot, ReportsACrashOfWhatWasInForce) {
    Walk walk;
    confirm(walk, 1);
    UpdateCycle cycle(walk.state(), 2);

    const BootDecision decision = cycle.boot("the sensor died scanning");

    ASSERT_EQ(kinds(decision.reports), std::vector{Kind::kCrash});
    EXPECT_EQ(decision.reports[0].counter, 1);
    EXPECT_EQ(decision.reports[0].detail, "the sensor died scanning");
}

TEST(UpdateCycleBoot, UnfinishedStepsBeforeActivationBeginAgain) {
    const std::vector<std::vector<Event>> unfinished{
        {}, {offered(2)}, {offered(2), Downloaded{}}, {offered(2), Downloaded{}, TrialPassed{}}};
    for (const std::vector<Event>& events : unfinished) {
        Walk walk;
        confirm(walk, 1);
        walk << Woken{};
        for (const Event& event : events) walk << event;
        UpdateCycle cycle(walk.state(), 2);

        EXPECT_EQ(counter_of(cycle.boot("").load), 1);
        EXPECT_TRUE(is<Rest>(cycle.resume()));
        EXPECT_TRUE(cycle.state().quarantined.empty());
    }
}

TEST(UpdateCycleBoot, ATrialBeforeTheRestartDoesNotCount) {
    Walk walk;
    announce(walk, 1);
    UpdateCycle cycle(walk.state(), 2);
    static_cast<void>(cycle.boot(""));
    static_cast<void>(cycle.resume());
    static_cast<void>(cycle.step(Woken{}));

    EXPECT_TRUE(is<Download>(cycle.step(offered(1))));
}

TEST(UpdateCycleBoot, UncountableContentDoesNotLoad) {
    Walk walk;
    confirm(walk, 1);
    activate(walk, 2);
    UpdateCycle cycle(walk.state(), 2);
    static_cast<void>(cycle.boot(""));

    const BootDecision instead = cycle.boot_not_saved();

    EXPECT_EQ(counter_of(instead.load), 1);
    EXPECT_TRUE(cycle.state().quarantined.empty());
}

TEST(UpdateCycleBoot, UncountableContentKeepsTheStartsThatWereCounted) {
    Walk walk;
    confirm(walk, 1);
    activate(walk, 2);  // Its first start, and it dies.
    UpdateCycle cycle(walk.state(), 2);
    static_cast<void>(cycle.boot("died"));
    static_cast<void>(cycle.boot_not_saved());
    static_cast<void>(cycle.resume());
    Walk again(cycle.state());  // Which could be saved, later.

    activate(again, 2);
    EXPECT_EQ(again.state().starts, 2);
    UpdateCycle last(again.state(), 2);
    const BootDecision decision = last.boot("died");

    EXPECT_EQ(counter_of(decision.load), 1);
    EXPECT_TRUE(decision.healed_from);
}

TEST(UpdateCycleBoot, UncountedContentGivesItsStartsToNoOther) {
    Walk walk;
    confirm(walk, 1);
    activate(walk, 2);
    UpdateCycle cycle(walk.state(), 2);
    static_cast<void>(cycle.boot("died"));
    static_cast<void>(cycle.boot_not_saved());
    static_cast<void>(cycle.resume());
    Walk again(cycle.state());

    activate(again, 3);

    EXPECT_EQ(again.state().starts, 1);
}

TEST(UpdateCycleBoot, WhatDoesNotLoadFallsBackToLastKnownGoodThenNothing) {
    Walk walk;
    confirm(walk, 1);
    activate(walk, 2);
    UpdateCycle cycle(walk.state(), 2);
    static_cast<void>(cycle.boot(""));

    const BootDecision first = cycle.boot_load_failed("damaged");
    EXPECT_EQ(counter_of(first.load), 1);
    EXPECT_TRUE(first.healed_from);
    const BootDecision second = cycle.boot_load_failed("damaged");

    EXPECT_FALSE(second.load);
    EXPECT_EQ(counter_of(cycle.state().last_known_good), 1);  // Known, though it does not run.
    EXPECT_EQ(cycle.state().quarantined.size(), 1U);
}

TEST(UpdateCycleBoot, AnOrderlyStopIsNotAnAttempt) {
    Walk walk;
    activate(walk, 1);
    CycleState state = walk.state();
    for (int i = 0; i < 10; ++i) {
        UpdateCycle cycle(state, 2);
        cycle.stopped_in_good_order();
        UpdateCycle next(cycle.state(), 2);
        EXPECT_EQ(counter_of(next.boot("").load), 1);
        state = next.state();
    }
}

TEST(UpdateCycleDeathTest, AnEventNobodyAskedForIsABug) {
    Walk walk;

    EXPECT_DEATH(walk << Confirmed{}, "phase");
    EXPECT_DEATH(walk << MayActivate{}, "phase");
}

// --- Written and read back ----------------------------------------------------------------------

TEST(CycleState, ComesBackFromEachPhaseAsItWas) {
    Walk walk;
    confirm(walk, 1);
    const std::vector<Event> way{Woken{},       offered(2),  Downloaded{},          TrialPassed{},
                                 MayActivate{}, Activated{}, Unhealthy{"no answer"}};
    for (const Event& event : way) {
        walk << event;

        const Result<CycleState> read = parse_cycle_state(to_json(walk.state()));

        ASSERT_TRUE(read) << read.error().to_string();
        EXPECT_EQ(*read, walk.state());
    }
}

TEST(CycleState, RefusesEachMemberThatIsMissingOrOfAnotherType) {
    Walk walk;
    confirm(walk, 1);
    const json::object good = to_json(walk.state());
    for (const auto& member : good) {
        SCOPED_TRACE(std::string(member.key()));
        json::object without = good;
        without.erase(member.key());
        EXPECT_FALSE(parse_cycle_state(without));
        json::object other = good;
        other[member.key()] = json::array{1.5};
        EXPECT_FALSE(parse_cycle_state(other));
    }
}

TEST(CycleState, RefusesTwoBundlesInOneSlot) {
    Walk walk;
    confirm(walk, 1);
    json::object state = to_json(walk.state());
    json::object other = state.at("active").as_object();
    other["counter"] = 7;
    state["candidate"] = other;

    EXPECT_FALSE(parse_cycle_state(state));
}

TEST(UpdateCycle, LeavesConfirmedContentThatSickens) {
    Walk walk;
    confirm(walk, 1);
    confirm(walk, 2);

    walk << Sickened{"slow"};

    ASSERT_TRUE(is<RollBack>(walk.last));
    EXPECT_EQ(counter_of(std::get<RollBack>(walk.last.action).to), 1);
    ASSERT_EQ(kinds(walk.last.reports), std::vector{Kind::kRollback});
    EXPECT_EQ(walk.last.reports[0].counter, 2);
    EXPECT_EQ(walk.last.reports[0].detail, "slow");
    EXPECT_EQ(counter_of(walk.state().last_known_good), 1);
    EXPECT_EQ(walk.state().healed, 1);
    walk << RolledBack{} << Woken{} << offered(2);
    EXPECT_TRUE(is<Rest>(walk.last));
}

TEST(UpdateCycle, KeepsWhatSickensWhenThereIsNothingToGoBackTo) {
    Walk walk;
    confirm(walk, 1);

    walk << Sickened{"slow"};

    EXPECT_TRUE(is<Rest>(walk.last));
    EXPECT_EQ(kinds(walk.last.reports), std::vector{Kind::kCrash});
    EXPECT_EQ(counter_of(walk.state().active), 1);
    EXPECT_TRUE(walk.state().quarantined.empty());
    EXPECT_TRUE(is<Refresh>((walk << Woken{}).last));
}

}  // namespace
}  // namespace firebreak::client
