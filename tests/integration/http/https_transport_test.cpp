// The client against servers that fail, lie, stall or belong to somebody else. Real TLS, loopback.

#include "core/net/https_transport.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/use_future.hpp>
#include <gtest/gtest.h>

#include "core/net/deadline.hpp"
#include "core/net/errc.hpp"
#include "tests/support/raw_tls.hpp"
#include "tests/support/refusal.hpp"
#include "tests/support/test_certificates.hpp"

namespace firebreak::net {
namespace {

namespace asio = boost::asio;
using namespace test;
using std::chrono::milliseconds;

constexpr std::uint64_t kBodyMax = 1000;
const Request kGet{"GET", "/file", {}, {}};
const Request kPost{"POST", "/report", {}, "a report"};

std::string answer(std::string_view body) {
    return "HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" +
           std::string(body);
}

class HttpsTransport : public ::testing::Test {
protected:
    ScriptedTlsServer& serve(std::vector<Script> scripts) {
        return serve_as(ca_.issue(), std::move(scripts));
    }
    ScriptedTlsServer& serve_as(const TestIdentity& identity, std::vector<Script> scripts) {
        server_.emplace(identity, std::move(scripts));
        return *server_;
    }

    HttpsOptions options() const {
        return {.base_url = server_->url(),
                .ca_certificates_pem = ca_.certificate_pem(),
                .connect_timeout = milliseconds{5000},
                .exchange_timeout = milliseconds{5000}};
    }

    // One after the other, over one transport.
    std::vector<Result<Response>> exchange(const std::vector<Request>& requests,
                                           const HttpsOptions& options) {
        asio::io_context loop(1);
        auto transport = make_https_transport(loop.get_executor(), options);
        if (!transport) return {fail(transport.error())};
        std::vector<Result<Response>> responses;
        auto all = [&]() -> asio::awaitable<void> {
            for (const Request& request : requests) {
                auto response = co_await (*transport)->exchange(request, kBodyMax);
                responses.push_back(std::move(response));
            }
        };
        asio::co_spawn(loop, all, asio::detached);
        loop.run();
        return responses;
    }
    Result<Response> exchange(const Request& request) {
        return exchange(std::vector{request}, options()).front();
    }
    Result<Response> answered_by(std::string bytes, ScriptStep end = Close{}) {
        serve({{ReadRequest{}, Send{std::move(bytes)}, std::move(end)}});
        return exchange(kGet);
    }

    const TestCa ca_;
    std::optional<ScriptedTlsServer> server_;
};

TEST_F(HttpsTransport, SendsARequestAndReadsTheAnswer) {
    serve({{ReadRequest{},
            Send{"HTTP/1.1 404 Not Found\r\nX-A: 1\r\nx-a: 2\r\nContent-Length: 4\r\n\r\nnone"}}});
    HttpsOptions with_base = options();
    with_base.base_url += "/base/";

    const auto responses =
        exchange({{"POST", "/v1?x=%20", {{"Authorization", "Bearer t"}}, "body"}}, with_base);

    ASSERT_TRUE(accepted(responses[0]));
    EXPECT_EQ(responses[0]->status, 404U);
    EXPECT_EQ(responses[0]->headers.at("x-A"), "1, 2");
    EXPECT_EQ(responses[0]->body, "none");
    EXPECT_EQ(server_->requests()[0],
              "POST /base/v1?x=%20 HTTP/1.1\r\nHost: localhost:" + std::to_string(server_->port()) +
                  "\r\nUser-Agent: firebreak\r\nAuthorization: Bearer t\r\nContent-Length: "
                  "4\r\n\r\nbody");
}

TEST_F(HttpsTransport, KeepsTheConnectionForTheNextRequest) {
    serve({{ReadRequest{}, Send{answer("one")}, ReadRequest{}, Send{answer("two")}}});

    const auto responses = exchange({kGet, kPost}, options());

    EXPECT_EQ(responses[0]->body, "one");
    EXPECT_EQ(responses[1]->body, "two");
    EXPECT_EQ(server_->connections(), 1);
}

TEST_F(HttpsTransport, OpensAnotherConnectionWhenTheServerSaysClose) {
    const std::string last = "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 1\r\n\r\na";
    serve({{ReadRequest{}, Send{last}, Close{}}, {ReadRequest{}, Send{answer("b")}}});

    const auto responses = exchange({kPost, kPost}, options());

    EXPECT_EQ(responses[0]->body, "a");
    EXPECT_EQ(responses[1]->body, "b");
    EXPECT_EQ(server_->connections(), 2);
}

TEST_F(HttpsTransport, RepeatsAGetOnceWhenTheKeptConnectionDied) {
    serve({{ReadRequest{}, Send{answer("a")}, ReadRequest{}, Cut{}},
           {ReadRequest{}, Send{answer("b")}}});

    const auto responses = exchange({kGet, kGet}, options());

    ASSERT_TRUE(accepted(responses[1]));
    EXPECT_EQ(responses[1]->body, "b");
    EXPECT_EQ(server_->requests().size(), 3U);
}

TEST_F(HttpsTransport, RepeatsAGetNoMoreThanOnce) {
    serve({{ReadRequest{}, Send{answer("a")}, ReadRequest{}, Cut{}}, {ReadRequest{}, Cut{}}, {}});

    const auto responses = exchange({kGet, kGet}, options());

    EXPECT_TRUE(refused(responses[1], Errc::kConnection));
    EXPECT_EQ(server_->connections(), 2);
}

TEST_F(HttpsTransport, NeverSendsAPostTwice) {
    serve({{ReadRequest{}, Send{answer("a")}, ReadRequest{}, Cut{}}, {ReadRequest{}, Cut{}}});

    const auto responses = exchange({kPost, kPost}, options());

    EXPECT_TRUE(refused(responses[1], Errc::kConnection));
    EXPECT_EQ(server_->requests().size(), 2U);
    EXPECT_EQ(server_->connections(), 1);
}

TEST_F(HttpsTransport, DoesNotRepeatOnceAByteOfTheAnswerCame) {
    serve({{ReadRequest{}, Send{answer("a")}, ReadRequest{}, Send{"H"}, Cut{}}, {}});

    const auto responses = exchange({kGet, kGet}, options());

    EXPECT_TRUE(refused(responses[1], Errc::kBadResponse));
    EXPECT_EQ(server_->connections(), 1);
}

TEST_F(HttpsTransport, DoesNotRepeatOnAFreshConnection) {
    serve({{ReadRequest{}, Cut{}}, {}});

    EXPECT_TRUE(refused(exchange(kGet), Errc::kConnection));
    EXPECT_EQ(server_->connections(), 1);
}

TEST_F(HttpsTransport, GoesOnAfterAFailure) {
    serve({{ReadRequest{}, Send{"garbage"}, Close{}}, {ReadRequest{}, Send{answer("b")}}});

    const auto responses = exchange({kGet, kGet}, options());

    EXPECT_FALSE(responses[0]);
    EXPECT_EQ(responses[1]->body, "b");
}

TEST_F(HttpsTransport, DoesNotKeepAConnectionWithUnaskedBytes) {
    serve({{ReadRequest{}, Send{answer("a") + answer("forged")}, ReadRequest{}},
           {ReadRequest{}, Send{answer("b")}}});

    const auto responses = exchange({kGet, kGet}, options());

    EXPECT_EQ(responses[0]->body, "a");
    ASSERT_TRUE(accepted(responses[1]));
    EXPECT_EQ(responses[1]->body, "b");
}

TEST_F(HttpsTransport, DoesNotFollowARedirect) {
    const auto response = answered_by(
        "HTTP/1.1 302 Found\r\nLocation: https://evil.example/\r\nContent-Length: 0\r\n\r\n");

    ASSERT_TRUE(accepted(response));
    EXPECT_EQ(response->status, 302U);
    EXPECT_EQ(server_->requests().size(), 1U);
}

TEST_F(HttpsTransport, ReadsAChunkedAnswer) {
    const auto response = answered_by(
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2;x=y\r\nde\r\n0\r\n"
        "Content-Type: forged\r\n\r\n");

    ASSERT_TRUE(accepted(response));
    EXPECT_EQ(response->body, "abcde");
    EXPECT_EQ(response->headers.count("Content-Type"), 0U);  // A trailer is no header.
}

TEST_F(HttpsTransport, ReadsAnHttp10AnswerThatTheEndDelimits) {
    const auto response = answered_by("HTTP/1.0 200 OK\r\n\r\nall of it");

    ASSERT_TRUE(accepted(response));
    EXPECT_EQ(response->body, "all of it");
}

TEST_F(HttpsTransport, RefusesAnAnswerWhoseEndNobodyVouchesFor) {
    EXPECT_TRUE(refused(answered_by("HTTP/1.0 200 OK\r\n\r\nhalf of", Cut{}), Errc::kBadResponse));
}

TEST_F(HttpsTransport, PassesOverInterimAnswers) {
    const auto response = answered_by("HTTP/1.1 100 Continue\r\n\r\n" + answer("a"));

    ASSERT_TRUE(accepted(response));
    EXPECT_EQ(response->body, "a");
}

TEST_F(HttpsTransport, RefusesEndlessInterimAnswers) {
    serve({{ReadRequest{}, SendForever{"HTTP/1.1 100 Continue\r\n\r\n"}}});

    EXPECT_TRUE(refused(exchange(kGet), Errc::kBadResponse));
}

TEST_F(HttpsTransport, ReadsNoBodyInAnswerToHead) {
    serve({{ReadRequest{}, Send{"HTTP/1.1 200 OK\r\nContent-Length: 5000000\r\n\r\n"},
            ReadRequest{}, Send{answer("a")}}});

    const auto responses = exchange({{"HEAD", "/file", {}, {}}, kGet}, options());

    ASSERT_TRUE(accepted(responses[0]));
    EXPECT_EQ(responses[0]->body, "");
    EXPECT_EQ(responses[1]->body, "a");
}

// Bodies over the caller's limit, in each way that a length can be told or hidden.

TEST_F(HttpsTransport, TakesABodyOfExactlyTheLimit) {
    EXPECT_TRUE(accepted(answered_by(answer(std::string(kBodyMax, 'x')))));
}

TEST_F(HttpsTransport, RefusesALengthOverTheLimitWithoutReadingOn) {
    EXPECT_TRUE(refused(
        answered_by("HTTP/1.1 200 OK\r\nContent-Length: 18446744073709551615\r\n\r\n", Stall{}),
        Errc::kTooLarge));
}

TEST_F(HttpsTransport, RefusesAnEndlessChunkedBodyAtTheLimit) {
    serve({{ReadRequest{}, Send{"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"},
            SendForever{"10\r\n0123456789abcdef\r\n"}}});

    EXPECT_TRUE(refused(exchange(kGet), Errc::kTooLarge));
}

TEST_F(HttpsTransport, RefusesAnEndlessUndelimitedBodyAtTheLimit) {
    serve({{ReadRequest{}, Send{"HTTP/1.1 200 OK\r\n\r\n"}, SendForever{"0123456789abcdef"}}});

    EXPECT_TRUE(refused(exchange(kGet), Errc::kTooLarge));
}

TEST_F(HttpsTransport, RefusesAnEndlessHeader) {
    serve({{ReadRequest{}, Send{"HTTP/1.1 200 OK\r\n"}, SendForever{"X-A: 0123456789abcdef\r\n"}}});

    EXPECT_TRUE(refused(exchange(kGet), Errc::kBadResponse));
}

TEST_F(HttpsTransport, RefusesAnEndlessHeaderLine) {
    serve({{ReadRequest{}, Send{"HTTP/1.1 200 OK\r\nX-A: "}, SendForever{"0123456789abcdef"}}});

    EXPECT_TRUE(refused(exchange(kGet), Errc::kBadResponse));
}

TEST_F(HttpsTransport, RefusesAnEndlessChunkExtension) {
    serve({{ReadRequest{}, Send{"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1;"},
            SendForever{"0123456789abcdef"}}});

    EXPECT_TRUE(refused(exchange(kGet), Errc::kBadResponse));
}

class BadAnswer : public HttpsTransport, public ::testing::WithParamInterface<const char*> {};

TEST_P(BadAnswer, IsRefused) {
    EXPECT_TRUE(refused(answered_by(GetParam()), Errc::kBadResponse));
}

INSTANTIATE_TEST_SUITE_P(
    HttpsTransport, BadAnswer,
    ::testing::Values("\x16\x03\x01", "SSH-2.0-OpenSSH_9.2\r\n", "HTTP/2.0 200 OK\r\n\r\n",
                      "HTTP/1.1 2x0 OK\r\n\r\n", "HTTP/1.1 200 OK\r\n", "HTTP/1.1 200 OK\r\nX",
                      "HTTP/1.1 200 OK\r\nBad Name: x\r\n\r\n",
                      "HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n",
                      "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab",
                      "HTTP/1.1 200 OK\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n",
                      "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\n",
                      "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
                      "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
                      "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nabc",
                      "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nshort",
                      "HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n"));

TEST_F(HttpsTransport, GivesUpOnAServerThatStalls) {
    serve({{ReadRequest{}, Send{"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nab"}, Stall{}}});
    HttpsOptions impatient = options();
    impatient.exchange_timeout = milliseconds{100};

    EXPECT_TRUE(refused(exchange({kGet}, impatient).front(), Errc::kTimedOut));
}

TEST_F(HttpsTransport, GivesUpOnAServerThatNeverShakesHands) {
    // Its one thread is busy with the first connection, so the second one is accepted by the kernel
    // and by nobody else.
    serve({{Stall{}}});
    RawTlsClient occupant(server_->port());
    HttpsOptions impatient = options();
    impatient.connect_timeout = milliseconds{100};

    EXPECT_TRUE(refused(exchange({kGet}, impatient).front(), Errc::kTimedOut));
}

TEST_F(HttpsTransport, SaysWhenNobodyListens) {
    HttpsOptions nobody{.base_url = "https://127.0.0.1:1",
                        .ca_certificates_pem = ca_.certificate_pem()};

    EXPECT_TRUE(refused(exchange({kGet}, nobody).front(), Errc::kConnection));
}

TEST_F(HttpsTransport, WorksWithoutALoopOfTheCallersOwn) {
    serve({{ReadRequest{}, Send{answer("a")}}});

    const auto response = exchange_blocking(options(), kGet, kBodyMax);

    ASSERT_TRUE(accepted(response));
    EXPECT_EQ(response->body, "a");
}

TEST_F(HttpsTransport, DropsTheConnectionWhenItsCallerIsCancelled) {
    serve({{ReadRequest{}, Stall{}}, {ReadRequest{}, Send{answer("b")}}});
    asio::io_context loop(1);
    auto transport = make_https_transport(loop.get_executor(), options());
    std::string body;
    auto both = [&]() -> asio::awaitable<void> {
        auto first = (*transport)->exchange(kGet, kBodyMax);
        const auto cut_short = co_await with_deadline(std::move(first), milliseconds{200});
        EXPECT_FALSE(cut_short);
        const auto second = co_await (*transport)->exchange(kGet, kBodyMax);
        if (second) body = second->body;
    };

    asio::co_spawn(loop, both, asio::detached);
    loop.run();

    EXPECT_EQ(body, "b");
}

// Requests that would be more than one request.

TEST_F(HttpsTransport, RefusesRequestsThatWouldSmuggleAnother) {
    serve({});
    const std::vector<Request> bad = {{"GET /evil HTTP/1.1\r\nX:", "/", {}, {}},
                                      {"GET", "/a HTTP/1.1\r\nX: y\r\n\r\n", {}, {}},
                                      {"GET", "evil.example", {}, {}},
                                      {"GET", "/", {{"X", "a\r\nAuthorization: b"}}, {}},
                                      {"GET", "/", {{"X: y\r\nZ", "a"}}, {}}};

    for (const auto& response : exchange(bad, options())) {
        EXPECT_TRUE(refused(response, Errc::kBadRequest));
    }
    EXPECT_EQ(server_->connections(), 0);
}

TEST_F(HttpsTransport, KeepsFramingToItself) {
    serve({{ReadRequest{}, Send{answer("a")}}});

    const auto responses = exchange({{"POST",
                                      "/",
                                      {{"content-length", "0"},
                                       {"Transfer-Encoding", "chunked"},
                                       {"Connection", "upgrade"},
                                       {"host", "evil.example"}},
                                      "x"}},
                                    options());

    ASSERT_TRUE(accepted(responses[0]));
    EXPECT_EQ(server_->requests()[0],
              "POST / HTTP/1.1\r\nHost: localhost:" + std::to_string(server_->port()) +
                  "\r\nUser-Agent: firebreak\r\nContent-Length: "
                  "1\r\n\r\nx");
}

// Servers that are not who they should be.

TEST_F(HttpsTransport, RefusesACertificateForAnotherName) {
    serve_as(ca_.issue({.dns_names = {"updates.example.com"}, .addresses = {}}), {{}, {}});

    EXPECT_TRUE(refused(exchange(kGet), Errc::kTls));
    EXPECT_TRUE(server_->requests().empty());
}

TEST_F(HttpsTransport, RefusesANameInTheCommonNameAlone) {
    serve_as(ca_.issue({.dns_names = {}, .addresses = {}, .common_name = "localhost"}), {{}});

    EXPECT_TRUE(refused(exchange(kGet), Errc::kTls));
}

TEST_F(HttpsTransport, RefusesACertificateForAnotherAddress) {
    serve_as(ca_.issue({.dns_names = {"127.0.0.1"}, .addresses = {"127.0.0.2"}}), {{}});
    HttpsOptions by_address = options();
    by_address.base_url = "https://127.0.0.1:" + std::to_string(server_->port());

    EXPECT_TRUE(refused(exchange({kGet}, by_address).front(), Errc::kTls));
}

TEST_F(HttpsTransport, AcceptsACertificateForItsAddress) {
    serve_as(ca_.issue({.dns_names = {}, .addresses = {"127.0.0.1"}}),
             {{ReadRequest{}, Send{answer("a")}}});
    HttpsOptions by_address = options();
    by_address.base_url = "https://127.0.0.1:" + std::to_string(server_->port());

    EXPECT_TRUE(accepted(exchange({kGet}, by_address).front()));
}

TEST_F(HttpsTransport, RefusesAnExpiredCertificate) {
    serve_as(ca_.issue({.not_after = std::chrono::seconds{-60}}), {{}});

    const auto response = exchange(kGet);

    ASSERT_TRUE(refused(response, Errc::kTls));
    EXPECT_NE(response.error().context().find("expired"), std::string::npos);
}

TEST_F(HttpsTransport, RefusesACertificateNotYetValid) {
    serve_as(ca_.issue({.not_before = std::chrono::seconds{3600}}), {{}});

    EXPECT_TRUE(refused(exchange(kGet), Errc::kTls));
}

TEST_F(HttpsTransport, RefusesASelfSignedCertificate) {
    serve_as(self_signed(), {{}});

    EXPECT_TRUE(refused(exchange(kGet), Errc::kTls));
}

TEST_F(HttpsTransport, RefusesAnotherAuthorityOfTheSameName) {
    serve_as(TestCa().issue(), {{}});

    EXPECT_TRUE(refused(exchange(kGet), Errc::kTls));
}

TEST_F(HttpsTransport, RefusesOurServerUnderTheSystemsRootsAlone) {
    serve({{}});
    HttpsOptions of_the_system = options();
    of_the_system.ca_certificates_pem.clear();

    EXPECT_TRUE(refused(exchange({kGet}, of_the_system).front(), Errc::kTls));
}

TEST_F(HttpsTransport, RefusesRootsThatDoNotParse) {
    for (const char* pem : {"garbage",
                            "-----BEGIN CERTIFICATE-----\nAAAA\n"
                            "-----END CERTIFICATE-----\n"}) {
        const auto response = exchange_blocking(
            {.base_url = "https://localhost", .ca_certificates_pem = pem}, kGet, kBodyMax);
        EXPECT_TRUE(refused(response, Errc::kTls));
    }
}

TEST_F(HttpsTransport, RefusesPlainHttpUnlessAskedForIt) {
    const auto response = exchange_blocking(
        {.base_url = "http://127.0.0.1:1", .ca_certificates_pem = {}}, kGet, kBodyMax);

    EXPECT_TRUE(refused(response, Errc::kBadUrl));
}

}  // namespace
}  // namespace firebreak::net
