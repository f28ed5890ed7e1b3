// What counts as slow and as a flood, against what ran before.

#include "client/vitals.hpp"

#include <gtest/gtest.h>

namespace firebreak::client {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr std::uint64_t kAlertsMax = 100;
constexpr std::uint64_t kFileBytes = (1U << 20U) - (64U << 10U);  // With its call: one MiB.

/// Vitals and a clock.
struct Watched {
    Vitals vitals{kAlertsMax};
    Vitals::TimePoint now{seconds{1'000'000}};

    void scan(int files, milliseconds each, std::uint64_t alerts = 0) {
        for (int i = 0; i < files; ++i) {
            vitals.saw_file(kFileBytes, each, alerts, now);
            now += each;
        }
    }
    void judge(int events, std::chrono::microseconds each) {
        for (int i = 0; i < events; ++i) vitals.saw_event(each, 0, now);
    }
    void alert(std::uint64_t count) { vitals.saw_event({}, count, now); }
    std::string trouble() const { return vitals.trouble(); }

    /// Content that took `each` for a MiB and was confirmed; then other content.
    void replace_after(milliseconds each, int files = 100) {
        vitals.begin(true);
        scan(files, each);
        vitals.confirm();
        vitals.begin(true);
    }
};

TEST(Vitals, CallsContentSlowThatTakesFourTimesAsLongAsTheOneBefore) {
    Watched watched;
    watched.replace_after(milliseconds{100});

    watched.scan(100, milliseconds{390});
    EXPECT_EQ(watched.trouble(), "");
    watched.scan(100, milliseconds{420});
    EXPECT_EQ(watched.trouble(),
              "slow: 400 ms of processor time for a MiB, 100 with the content before");
}

TEST(Vitals, NeedsMoreThanAFewSeconds) {
    Watched watched;
    watched.replace_after(milliseconds{100});

    watched.scan(1, milliseconds{1'900});
    EXPECT_EQ(watched.trouble(), "");
    watched.scan(1, milliseconds{1'900});
    EXPECT_NE(watched.trouble(), "");
}

TEST(Vitals, DoesNotMindWhatIsFastAllTheSame) {
    Watched watched;
    watched.replace_after(milliseconds{5}, 1'000);

    watched.scan(1'000, milliseconds{45});

    EXPECT_EQ(watched.trouble(), "");
}

TEST(Vitals, HoldsEventsAgainstEvents) {
    Watched watched;
    watched.vitals.begin(true);
    watched.judge(10'000, std::chrono::microseconds{300});
    watched.scan(100, milliseconds{900});
    watched.vitals.confirm();
    watched.vitals.begin(true);

    watched.judge(2'000, std::chrono::microseconds{1'500});

    EXPECT_EQ(watched.trouble(),
              "slow: 2 ms of processor time for an event, 0 with the content before");
}

TEST(Vitals, HasALimitWhereThereIsNothingToCompareWith) {
    Watched watched;
    watched.vitals.begin(true);
    watched.scan(20, milliseconds{950});
    EXPECT_EQ(watched.trouble(), "");

    watched.vitals.begin(true);
    watched.scan(20, milliseconds{1'050});
    EXPECT_EQ(watched.trouble(), "slow: 1050 ms of processor time for a MiB");
}

TEST(Vitals, TakesManyTinyFilesForWhatTheyAre) {
    Watched watched;
    watched.vitals.begin(true);

    for (int i = 0; i < 10'000; ++i) {
        watched.vitals.saw_file(10, milliseconds{20}, 0, watched.now);
    }

    EXPECT_EQ(watched.trouble(), "");
}

TEST(Vitals, DoesNotCompareWithWhatNeverConfirmed) {
    Watched watched;
    watched.replace_after(milliseconds{100});
    watched.scan(100, milliseconds{300});
    watched.vitals.begin(false);  // Back to the first.
    watched.vitals.begin(true);

    watched.scan(100, milliseconds{500});

    EXPECT_NE(watched.trouble(), "");
}

TEST(Vitals, CallsItAFloodBeyondTheLimitInOneMinute) {
    Watched watched;
    watched.replace_after(milliseconds{1});

    watched.alert(60);
    watched.now += seconds{59};
    watched.alert(40);
    EXPECT_EQ(watched.trouble(), "");
    watched.alert(1);
    EXPECT_EQ(watched.trouble(), "alert flood: 101 in a minute, at most 0 with the content before");
}

TEST(Vitals, BeginsEachMinuteAnew) {
    Watched watched;
    watched.replace_after(milliseconds{1});

    for (int minute = 0; minute < 100; ++minute) {
        watched.alert(kAlertsMax);
        watched.now += seconds{60};
    }

    EXPECT_EQ(watched.trouble(), "");
}

TEST(Vitals, AllowsADeviceFullOfAlertsTenTimesWhatItHad) {
    Watched watched;
    watched.vitals.begin(true);
    watched.alert(90);
    watched.vitals.confirm();
    watched.vitals.begin(true);

    watched.alert(900);
    EXPECT_EQ(watched.trouble(), "");
    watched.alert(1);
    EXPECT_NE(watched.trouble(), "");
}

TEST(Vitals, AllowsTenTimesTheLimitWithNothingToCompareWith) {
    Watched watched;
    watched.vitals.begin(true);

    watched.alert(kAlertsMax * 10);
    EXPECT_EQ(watched.trouble(), "");
    watched.alert(1);
    EXPECT_EQ(watched.trouble(), "alert flood: 1001 in a minute");
}

TEST(Vitals, DoesNotWatchWhatConfirmedInAnEarlierProcess) {
    Watched watched;
    watched.vitals.begin(false);

    watched.scan(100, milliseconds{2'000}, 1'000);

    EXPECT_EQ(watched.trouble(), "");
}

TEST(Vitals, ComparesWithWhatConfirmedInAnEarlierProcess) {
    Watched watched;
    watched.vitals.begin(false);
    watched.scan(100, milliseconds{2'000});
    watched.vitals.begin(true);

    watched.scan(100, milliseconds{7'000});
    EXPECT_EQ(watched.trouble(), "");
    watched.scan(100, milliseconds{9'900});
    EXPECT_NE(watched.trouble(), "");
}

TEST(Vitals, SaysNothingMoreOnceNobodyCanHelp) {
    Watched watched;
    watched.replace_after(milliseconds{1});
    watched.alert(kAlertsMax + 1);
    ASSERT_NE(watched.trouble(), "");

    watched.vitals.stop_watching();
    watched.alert(kAlertsMax + 1);

    EXPECT_EQ(watched.trouble(), "");
}

}  // namespace
}  // namespace firebreak::client
