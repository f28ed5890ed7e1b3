#include "server/http/problem.hpp"

#include <gtest/gtest.h>

#include "core/base/errc.hpp"
#include "core/base/json.hpp"
#include "core/net/errc.hpp"

namespace firebreak::server {
namespace {

const std::string kSecret = "/var/lib/firebreak/state.db";

TEST(Problem, IsADocumentOfRfc9457) {
    const net::Response response = problem_response({.status = 409,
                                                     .name = "counter-exists",
                                                     .title = "The counter is taken.",
                                                     .detail = "7 was published before.",
                                                     .headers = {{"Retry-After", "3"}}});

    EXPECT_EQ(response.status, 409U);
    EXPECT_EQ(response.headers.at("Content-Type"), "application/problem+json");
    EXPECT_EQ(response.headers.at("Cache-Control"), "no-store");
    EXPECT_EQ(response.headers.at("Retry-After"), "3");
    const auto body = parse_json(response.body);
    ASSERT_TRUE(body);
    const auto expected = parse_json(
        R"({"type":"https://firebreak.invalid/problems/counter-exists",
            "title":"The counter is taken.","status":409,"detail":"7 was published before."})");
    EXPECT_EQ(*body, *expected);
}

TEST(Problem, TellsNothingOfAnErrorsContext) {
    const std::vector<std::error_code> codes = {
        Errc::kMalformed, Errc::kTooLarge,
        Errc::kNotFound,  Errc::kInvalid,
        Errc::kConflict,  Errc::kUnavailable,
        Errc::kDenied,    Errc::kUnsupported,
        Errc::kCorrupt,   std::make_error_code(std::errc::io_error)};
    for (const std::error_code code : codes) {
        const Problem problem = problem_of(Error(code, kSecret));
        EXPECT_EQ(problem_response(problem).body.find(kSecret), std::string::npos) << code;
        ASSERT_TRUE(problem.cause);
        EXPECT_EQ(problem.cause->context(), kSecret);
    }
}

unsigned status_of(std::error_code code) {
    return problem_of(Error(code, "x")).status;
}

TEST(Problem, GivesEachErrorItsStatus) {
    EXPECT_EQ(status_of(Errc::kNotFound), 404U);
    EXPECT_EQ(status_of(Errc::kMalformed), 400U);
    EXPECT_EQ(status_of(Errc::kInvalid), 422U);
    EXPECT_EQ(status_of(Errc::kTooLarge), 413U);
    EXPECT_EQ(status_of(Errc::kConflict), 409U);
    EXPECT_EQ(status_of(Errc::kDenied), 403U);
    EXPECT_EQ(status_of(Errc::kUnavailable), 503U);
    EXPECT_EQ(status_of(std::make_error_code(std::errc::timed_out)), 503U);
    EXPECT_EQ(status_of(std::make_error_code(std::errc::no_space_on_device)), 507U);
    EXPECT_EQ(status_of(std::error_code(EDQUOT, std::generic_category())), 507U);
}

TEST(Problem, Is500ForWhateverItDoesNotKnow) {
    const std::error_category& other = net::make_error_code(net::Errc::kTls).category();
    EXPECT_EQ(status_of(Errc::kCorrupt), 500U);
    EXPECT_EQ(status_of(net::Errc::kTls), 500U);
    EXPECT_EQ(status_of(std::error_code(EDQUOT, other)), 500U);
    EXPECT_EQ(status_of(std::make_error_code(std::errc::permission_denied)), 500U);
}

TEST(Problem, SaysWhatIsWrongWithTheRequestItself) {
    const Problem problem = input_problem(
        Error(Errc::kInvalid, "release.counter: must be an integer"), "release-invalid");

    EXPECT_EQ(problem.status, 422U);
    EXPECT_EQ(problem.name, "release-invalid");
    EXPECT_EQ(problem.detail, "release.counter: must be an integer");
    EXPECT_EQ(input_problem(Error(Errc::kMalformed, "offset 7")).status, 400U);
    EXPECT_EQ(input_problem(Error(Errc::kTooLarge, "8 MiB")).status, 413U);
}

}  // namespace
}  // namespace firebreak::server
