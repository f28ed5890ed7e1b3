#include "core/content/attestation.hpp"

#include <boost/json/serialize.hpp>
#include <functional>
#include <gtest/gtest.h>

#include "core/base/errc.hpp"

namespace firebreak::content {
namespace {

Attestation admitted() {
    Attestation attestation;
    attestation.bundle = sha256(bytes_of("bundle"));
    attestation.bundle_name = "yara-7.fbb";
    attestation.stream = "yara";
    attestation.counter = 7;
    attestation.verdict = Verdict::kAdmitted;
    attestation.profile = "gate";
    attestation.seed = UINT64_MAX;
    attestation.sandbox = "seccomp+landlock+namespaces";
    attestation.builds = {{"yara", "4.2.3", sha256(bytes_of("build 1"))},
                          {"yara", "4.5.0", sha256(bytes_of("build 2"))}};
    attestation.corpora = {{"goodware:/usr/bin", sha256(bytes_of("corpus")), 1234}};
    attestation.stages = {{"structure", "passed", 1, 0}, {"load", "passed", 2, 0, 1}};
    attestation.validator_version = "0.1.0";
    attestation.finished = std::chrono::sys_seconds{std::chrono::seconds{1'800'000'000}};
    return attestation;
}

/// The same, with something new in it and an error that was waived.
Attestation waived() {
    Attestation attestation = admitted();
    attestation.previous = sha256(bytes_of("the last release"));
    attestation.novelty = {{"file", "string.hex", "plain", "report"}};
    attestation.waivers = {
        {.finding = "FB701",
         .rule = "needle",
         .file = {},
         .fingerprint = {},
         .reason = "our own installer",
         .who = "ada",
         .expires = std::chrono::sys_seconds{std::chrono::seconds{1'900'000'000}},
         .findings = 2}};
    return attestation;
}

std::string statement_of(const Attestation& attestation) {
    return json::serialize(to_statement(attestation));
}

/// The statement of admitted(), changed by hand, as text.
std::string forged(const std::function<void(json::object& predicate)>& change,
                   const Attestation& attestation = admitted()) {
    json::value statement = to_statement(attestation);
    change(statement.at("predicate").as_object());
    return json::serialize(statement);
}

json::object& extension_of(json::object& predicate) {
    return predicate.at(kExtension).as_object();
}

void expect_refused(const std::string& text) {
    const Result<Attestation> attestation = parse_statement(text);
    ASSERT_FALSE(attestation) << text;
    EXPECT_EQ(attestation.error(), Errc::kMalformed) << attestation.error().to_string();
}

TEST(Attestation, ReadsBackWhatItSaid) {
    const std::string text = statement_of(admitted());

    const Result<Attestation> read = parse_statement(text);

    ASSERT_TRUE(read) << read.error().to_string();
    EXPECT_EQ(statement_of(*read), text);
    EXPECT_EQ(read->verdict, Verdict::kAdmitted);
    EXPECT_EQ(read->seed, UINT64_MAX);
    EXPECT_EQ(read->builds[1].sha256, sha256(bytes_of("build 2")));
    EXPECT_EQ(read->corpora[0].files, 1234U);
}

TEST(Attestation, IsAnInTotoStatementOfATestResult) {
    const json::value statement = to_statement(admitted());

    EXPECT_EQ(statement.at("_type"), json::value("https://in-toto.io/Statement/v1"));
    EXPECT_EQ(statement.at("predicateType"),
              json::value("https://in-toto.io/attestation/test-result/v0.1"));
    EXPECT_EQ(statement.at_pointer("/subject/0/digest/sha256"),
              json::value(sha256(bytes_of("bundle")).hex()));
    EXPECT_EQ(statement.at_pointer("/predicate/result"), json::value("PASSED"));
    EXPECT_EQ(statement.at_pointer("/predicate/passedTests"), (json::value{"structure", "load"}));
    EXPECT_EQ(statement.at_pointer("/predicate/configuration/0/digest/sha256"),
              json::value(sha256(bytes_of("build 1")).hex()));
}

TEST(Attestation, SaysWarnedWhenAStagePassedWithFindings) {
    Attestation attestation = admitted();
    attestation.stages[1].findings = 2;

    const json::value statement = to_statement(attestation);

    EXPECT_EQ(statement.at_pointer("/predicate/result"), json::value("WARNED"));
    EXPECT_EQ(statement.at_pointer("/predicate/warnedTests"), json::value(json::array{"load"}));
    EXPECT_TRUE(parse_statement(json::serialize(statement)));
}

TEST(Attestation, NeverSaysAnythingButFailedForAnInconclusiveRun) {
    Attestation attestation = admitted();
    attestation.verdict = Verdict::kInconclusive;
    attestation.stages[1].outcome = "inconclusive";

    const json::value statement = to_statement(attestation);

    // A reader that knows test-result alone may let "warned" through.
    EXPECT_EQ(statement.at_pointer("/predicate/result"), json::value("FAILED"));
    EXPECT_EQ(statement.at_pointer("/predicate/failedTests"), json::value(json::array{"load"}));
    const Result<Attestation> read = parse_statement(json::serialize(statement));
    ASSERT_TRUE(read) << read.error().to_string();
    EXPECT_EQ(read->verdict, Verdict::kInconclusive);
}

TEST(Attestation, CarriesTheRejectionOfABundleThatNobodyCouldRead) {
    Attestation attestation;
    attestation.verdict = Verdict::kRejected;
    attestation.bundle_name = "broken.fbb";
    attestation.stages = {{"structure", "failed", 1, 1}, {"load", "skipped", 0, 0}};

    const Result<Attestation> read = parse_statement(statement_of(attestation));

    ASSERT_TRUE(read) << read.error().to_string();
    EXPECT_EQ(read->verdict, Verdict::kRejected);
    EXPECT_EQ(read->counter, 0);
}

TEST(ParseStatement, RefusesAnAdmissionThatContradictsItself) {
    const auto statement_after = [](const std::function<void(Attestation&)>& change) {
        Attestation attestation = admitted();
        change(attestation);
        return statement_of(attestation);
    };
    expect_refused(statement_after([](Attestation& a) { a.builds.clear(); }));
    expect_refused(statement_after([](Attestation& a) { a.stages.clear(); }));
    expect_refused(statement_after([](Attestation& a) { a.stages[0].outcome = "failed"; }));
    expect_refused(statement_after([](Attestation& a) { a.stages[0].outcome = "inconclusive"; }));
    expect_refused(statement_after([](Attestation& a) { a.stages[0].outcome = "skipped"; }));
    expect_refused(statement_after([](Attestation& a) { a.stages[0].outcome = "fine"; }));
    expect_refused(statement_after([](Attestation& a) { a.counter = 0; }));
    expect_refused(statement_after([](Attestation& a) { a.stream = "../x"; }));
    expect_refused(statement_after([](Attestation& a) { a.stages[1].name = "structure"; }));
}

TEST(ParseStatement, RefusesAResultThatDoesNotAgreeWithTheVerdict) {
    for (const char* result : {"FAILED", "WARNED", "passed", "", "OK"}) {
        expect_refused(forged([&](json::object& p) { p["result"] = result; }));
    }
    expect_refused(forged([](json::object& p) { extension_of(p)["verdict"] = "rejected"; }));
    expect_refused(forged([](json::object& p) { extension_of(p)["verdict"] = "inconclusive"; }));
    expect_refused(forged([](json::object& p) { extension_of(p)["verdict"] = "ADMITTED"; }));
    expect_refused(forged([](json::object& p) { p["result"] = true; }));
}

TEST(ParseStatement, RefusesListsThatDoNotAgreeWithTheStages) {
    expect_refused(forged([](json::object& p) { p["passedTests"] = json::array{"load"}; }));
    expect_refused(forged([](json::object& p) { p["failedTests"] = json::array{"load"}; }));
    expect_refused(forged([](json::object& p) { p["warnedTests"] = json::array{"load"}; }));
    expect_refused(forged([](json::object& p) { p.erase("failedTests"); }));
}

TEST(ParseStatement, RefusesAnotherTypeOrPredicate) {
    for (const char* member : {"_type", "predicateType"}) {
        json::value statement = to_statement(admitted());
        statement.as_object()[member] = "https://in-toto.io/attestation/vulns/v0.1";
        expect_refused(json::serialize(statement));
        statement.as_object().erase(member);
        expect_refused(json::serialize(statement));
    }
}

TEST(ParseStatement, RefusesAnythingButOneSubject) {
    for (const json::value& subject :
         {json::value(json::array{}), json::value(json::array{1}), json::value("x"),
          json::value(json::array{json::object{{"name", "x"}}})}) {
        json::value statement = to_statement(admitted());
        statement.as_object()["subject"] = subject;
        expect_refused(json::serialize(statement));
    }
    json::value statement = to_statement(admitted());
    json::array& subjects = statement.at("subject").as_array();
    subjects.push_back(subjects[0]);
    expect_refused(json::serialize(statement));
}

TEST(ParseStatement, RefusesAMemberThatIsMissingOrOfAnotherForm) {
    json::value whole = to_statement(admitted());
    const json::object predicate = whole.at("predicate").as_object();
    for (const auto& [name, value] : predicate.at(kExtension).as_object()) {
        const std::string text = forged([&](json::object& p) { extension_of(p).erase(name); });
        // Statements of before there were twins do not have them.
        if (name != "twins") expect_refused(text);
        expect_refused(forged([&](json::object& p) { extension_of(p)[name] = nullptr; }));
    }
    for (const auto& [name, value] : predicate) {
        expect_refused(forged([&](json::object& p) { p.erase(name); }));
    }
    for (const char* seed : {"", "-1", "+1", "01", "18446744073709551616", "1 "}) {
        expect_refused(forged([&](json::object& p) { extension_of(p)["seed"] = seed; }));
    }
    expect_refused(forged([](json::object& p) { extension_of(p)["finished"] = "yesterday"; }));
}

TEST(ParseStatement, RefusesConfigurationThatIsNeitherBuildNorCorpus) {
    const auto with = [](const char* pointer, const json::value& value) {
        return forged([&](json::object& p) {
            p.at("configuration").as_array()[0].at_pointer(pointer) = value;
        });
    };
    expect_refused(with("/annotations/kind", "notes"));
    expect_refused(with("/annotations/version", 4));
    expect_refused(with("/digest/sha256", "abc"));
    expect_refused(with("/digest", json::object{{"sha1", "abc"}}));
}

TEST(ParseStatement, IgnoresWhatOthersAddedAsInTotoAsks) {
    EXPECT_TRUE(parse_statement(forged([](json::object& p) {
        p["https://example.com/extension"] = 1;
        p["url"] = "https://ci.example.com/1";
    })));
}

TEST(ParseStatement, RefusesWhatIsNoJson) {
    expect_refused("");
    expect_refused("[]");
    expect_refused("{");
}

TEST(Attestation, KeepsNoveltyAndWaivers) {
    const Result<Attestation> read = parse_statement(statement_of(waived()));

    ASSERT_TRUE(read) << read.error().to_string();
    EXPECT_EQ(read->previous, sha256(bytes_of("the last release")));
    ASSERT_EQ(read->novelty.size(), 1U);
    EXPECT_EQ(read->novelty[0].field, "string.hex");
    ASSERT_EQ(read->waivers.size(), 1U);
    EXPECT_EQ(read->waivers[0].rule, "needle");
    EXPECT_EQ(read->waivers[0].findings, 2U);
    EXPECT_EQ(read->waivers[0].expires, waived().waivers[0].expires);
}

TEST(Attestation, KeepsWhatRulesWereSeenToRead) {
    Attestation attestation = admitted();
    attestation.coverage = {{"sigma 7.12", 77, 76, 179, 178, 170}};

    const Result<Attestation> read = parse_statement(statement_of(attestation));

    ASSERT_TRUE(read) << read.error().to_string();
    ASSERT_EQ(read->coverage.size(), 1U);
    EXPECT_EQ(read->coverage[0].build, "sigma 7.12");
    EXPECT_EQ(read->coverage[0].rules_matched, 76U);
    EXPECT_EQ(read->coverage[0].both, 170U);
}

TEST(Attestation, RefusesCoverageOutOfForm) {
    Attestation attestation = admitted();
    attestation.coverage = {{"sigma 7.12", 77, 76, 179, 178, 170}};

    expect_refused(
        forged([](json::object& predicate) { extension_of(predicate)["coverage"] = 7; }));
    for (const char* member : {"build", "rules", "rules_matched", "uses", "read", "both_ways"}) {
        const auto first = [](json::object& predicate) -> json::object& {
            return extension_of(predicate).at("coverage").at(0).as_object();
        };
        expect_refused(
            forged([&](json::object& predicate) { first(predicate).erase(member); }, attestation));
        expect_refused(
            forged([&](json::object& predicate) { first(predicate)[member] = -1; }, attestation));
    }
}

/// Who reads only `result` learns that people had a hand in it.
/// The same, with a twin of its first build.
Attestation twinned() {
    Attestation attestation = admitted();
    attestation.twins = {{attestation.builds[0].sha256, sha256(bytes_of("twin")), "seccomp"}};
    return attestation;
}

TEST(Attestation, KeepsTwinsApartFromBuilds) {
    const Result<Attestation> read = parse_statement(statement_of(twinned()));

    ASSERT_TRUE(read) << read.error().to_string();
    ASSERT_EQ(read->twins.size(), 1U);
    EXPECT_EQ(read->twins[0].of, read->builds[0].sha256);
    EXPECT_EQ(read->twins[0].sha256, sha256(bytes_of("twin")));
    EXPECT_EQ(read->twins[0].sandbox, "seccomp");
    EXPECT_EQ(read->builds.size(), 2U);
}

TEST(Attestation, OfBeforeThereWereTwinsHasNone) {
    const Result<Attestation> read = parse_statement(
        forged([](json::object& predicate) { extension_of(predicate).erase("twins"); }));

    ASSERT_TRUE(read) << read.error().to_string();
    EXPECT_TRUE(read->twins.empty());
}

TEST(Attestation, RefusesTwinsOutOfForm) {
    expect_refused(forged([](json::object& predicate) { extension_of(predicate)["twins"] = 7; }));
    const auto with = [](const char* member, const json::value& value) {
        return forged(
            [&](json::object& predicate) {
                extension_of(predicate).at("twins").at(0).as_object()[member] = value;
            },
            twinned());
    };
    for (const char* digest : {"of", "sha256"}) {
        expect_refused(with(digest, "12"));
        expect_refused(with(digest, 12));
    }
    expect_refused(with("sandbox", 12));
    // A twin of what was not driven.
    expect_refused(with("of", json::value(sha256(bytes_of("build 3")).hex())));
}

TEST(Attestation, OfAWaivedErrorIsNoPlainPass) {
    EXPECT_EQ(to_statement(waived()).at_pointer("/predicate/result"), json::value("WARNED"));
    EXPECT_EQ(to_statement(admitted()).at_pointer("/predicate/result"), json::value("PASSED"));
    expect_refused(
        forged([](json::object& predicate) { predicate["result"] = "PASSED"; }, waived()));
}

TEST(Attestation, RefusesNoveltyAndWaiversOutOfForm) {
    for (const char* member : {"previous", "novelty", "waivers"}) {
        expect_refused(forged([&](auto& predicate) { extension_of(predicate).erase(member); }));
        expect_refused(forged([&](auto& predicate) { extension_of(predicate)[member] = 7; }));
    }
    const auto waiver = [](json::object& predicate) -> json::object& {
        return extension_of(predicate).at("waivers").at(0).as_object();
    };
    expect_refused(forged([&](auto& predicate) { waiver(predicate)["findings"] = 0; }, waived()));
    expect_refused(
        forged([&](auto& predicate) { waiver(predicate)["expires"] = "soon"; }, waived()));
    expect_refused(forged([&](auto& predicate) { waiver(predicate).erase("who"); }, waived()));
    expect_refused(forged([](auto& predicate) { extension_of(predicate)["previous"] = "abc"; }));
    expect_refused(forged(
        [](auto& predicate) {
            extension_of(predicate).at("novelty").at(0).as_object().erase("operator");
        },
        waived()));
}

}  // namespace
}  // namespace firebreak::content
