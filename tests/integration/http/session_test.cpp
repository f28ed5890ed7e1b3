// One connection at a time against the real server: what HTTP is, what it is not, and what it costs
// to be slow. Raw bytes over real TLS, because the real client is too well-behaved.

#include "tests/integration/http/server_fixture.hpp"

namespace firebreak::server {
namespace {

using std::chrono::milliseconds;

const std::string kHost = "Host: a\r\n";
const std::string kGetHello = "GET /hello HTTP/1.1\r\nHost: a\r\n\r\n";
const std::string kPostEcho = "POST /echo HTTP/1.1\r\nHost: a\r\n";
const std::string kHelloBody = "{\"hello\":\"world\"}\n";

class HttpSession : public HttpServerTest {
protected:
    // That `bytes` are answered by `status`, with a problem, and that the connection then ends.
    void expect_last_answer(std::string_view bytes, int status) {
        const std::string answer = answer_to(bytes);
        EXPECT_TRUE(answer.starts_with("HTTP/1.1 " + std::to_string(status) + " "))
            << answer.substr(0, 200);
        EXPECT_NE(answer.find("\r\nContent-Type: application/problem+json"), std::string::npos);
        EXPECT_NE(answer.find("\r\nConnection: close"), std::string::npos);
        EXPECT_EQ(answer.find("\nHTTP/1.1"), std::string::npos) << "more than one answer";
        EXPECT_EQ(handled_, 0);
    }
};

TEST_F(HttpSession, AnswersAndKeepsTheConnection) {
    start();
    auto client = connect();

    for (int i = 0; i < 3; ++i) {
        client.send(kGetHello);
        const std::string answer = client.read_answer();
        EXPECT_TRUE(answer.starts_with("HTTP/1.1 200 OK\r\nDate: ")) << answer;
        EXPECT_TRUE(answer.ends_with("\r\n\r\n" + kHelloBody));
        EXPECT_EQ(answer.find("Connection:"), std::string::npos);
    }
}

TEST_F(HttpSession, KeepsTheConnectionAfterA404) {
    // An updater asks for the next root at each poll, and is told that there is none.
    start();
    auto client = connect();

    client.send("GET /none HTTP/1.1\r\nHost: a\r\n\r\n");
    EXPECT_TRUE(client.read_answer().starts_with("HTTP/1.1 404 Not Found"));
    client.send(kGetHello);
    EXPECT_TRUE(client.read_answer().starts_with("HTTP/1.1 200"));
}

TEST_F(HttpSession, SaysTheSameInEveryAnswer) {
    start();

    const std::string answer = answer_to("GET /hello HTTP/1.0\r\n\r\n");

    EXPECT_NE(answer.find("\r\nX-Content-Type-Options: nosniff\r\n"), std::string::npos);
    EXPECT_NE(answer.find("\r\nCache-Control: no-store\r\n"), std::string::npos);
    EXPECT_NE(answer.find("\r\nX-Request-Id: "), std::string::npos);
    EXPECT_EQ(answer.find("Server:"), std::string::npos);
}

TEST_F(HttpSession, AnswersPipelinedRequestsInOrder) {
    start();

    const std::string answer =
        answer_to(kPostEcho + "Content-Length: 3\r\n\r\none" + "GET /none HTTP/1.1\r\n" + kHost +
                  "\r\n" + kPostEcho + "Connection: close\r\nContent-Length: 3\r\n\r\ntwo");

    const std::size_t one = answer.find("\r\n\r\none");
    const std::size_t none = answer.find("HTTP/1.1 404");
    const std::size_t two = answer.find("\r\n\r\ntwo");
    EXPECT_LT(one, none);
    EXPECT_LT(none, two);
    EXPECT_NE(two, std::string::npos);
}

TEST_F(HttpSession, AnswersHttp10AndCloses) {
    start();

    const std::string answer = answer_to("GET /hello HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");

    EXPECT_TRUE(answer.starts_with("HTTP/1.1 200"));
    EXPECT_NE(answer.find("Connection: close"), std::string::npos);
}

TEST_F(HttpSession, AnswersHeadWithTheLengthButWithoutTheBody) {
    start();
    auto client = connect();

    client.send("HEAD /hello HTTP/1.1\r\nHost: a\r\n\r\n" + kGetHello);
    const std::string head = client.read_head();
    const std::string answer = client.read_answer();

    EXPECT_NE(head.find("Content-Length: " + std::to_string(kHelloBody.size())), std::string::npos);
    EXPECT_TRUE(answer.ends_with(kHelloBody));
}

TEST_F(HttpSession, UnderstandsAnAbsoluteTarget) {
    start();
    auto client = connect();

    client.send("GET https://a/hello HTTP/1.1\r\nHost: a\r\n\r\n");
    EXPECT_TRUE(client.read_answer().starts_with("HTTP/1.1 200"));
}

TEST_F(HttpSession, ReadsAChunkedBody) {
    start();
    auto client = connect();

    client.send(kPostEcho + "Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n");
    EXPECT_TRUE(client.read_answer().ends_with("\r\n\r\nabcde"));
}

TEST_F(HttpSession, InvitesABodyThatAsksForIt) {
    start();
    auto client = connect();

    client.send(kPostEcho + "Expect: 100-continue\r\nContent-Length: 3\r\n\r\n");
    EXPECT_EQ(client.read_answer(), "HTTP/1.1 100 Continue\r\n\r\n");
    client.send("abc");
    EXPECT_TRUE(client.read_answer().ends_with("\r\n\r\nabc"));
}

TEST_F(HttpSession, SaysNoInsteadOfInvitingABodyItWouldRefuse) {
    start();
    expect_last_answer(kPostEcho + "Expect: 100-continue\r\nContent-Length: 1001\r\n\r\n", 413);
}

TEST_F(HttpSession, AsksTheGuardBeforeItReadsTheBody) {
    start();
    const std::string upload =
        "PUT /upload HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 1000000\r\n";

    // No body is ever sent: the refusal does not wait for it.
    expect_last_answer(upload + "Authorization: Bearer guess\r\n\r\n", 401);

    auto client = connect();
    client.send(upload + "Authorization: Bearer sesame\r\n\r\n");
    EXPECT_EQ(client.read_answer(), "HTTP/1.1 100 Continue\r\n\r\n");
    client.send(std::string(1'000'000, 'x'));
    EXPECT_TRUE(client.read_answer().ends_with("\r\n\r\nali 1000000"));
}

TEST_F(HttpSession, AnswersARefusedUploadThatIsSentAnyway) {
    start();
    auto client = connect();

    client.send("PUT /upload HTTP/1.1\r\nHost: a\r\nContent-Length: 1000000\r\n\r\n");
    client.send(std::string(1'000'000, 'x'));
    EXPECT_TRUE(client.read_answer().starts_with("HTTP/1.1 401"));
}

TEST_F(HttpSession, SendsABodyOfManyPieces) {
    const std::string body(1'000'000, 'x');
    add("GET", "/large", [&](RequestContext) -> boost::asio::awaitable<Answer> {
        co_return net::Response{200, {}, body};
    });
    start();

    const auto response = get("/large");

    ASSERT_TRUE(response) << response.error().to_string();
    EXPECT_EQ(response->body, body);
}

TEST_F(HttpSession, ClosesAfterItsShareOfRequests) {
    options_.limits.requests_max = 2;
    start();
    auto client = connect();

    client.send(kGetHello + kGetHello + kGetHello);
    client.read_answer();
    EXPECT_NE(client.read_answer().find("Connection: close"), std::string::npos);
    bool clean = false;
    EXPECT_EQ(client.read_all(&clean), "");
    EXPECT_TRUE(clean);
}

// What is not HTTP, or could be read in two ways.

struct Hostile {
    const char* name;
    std::string bytes;
    int status;
};

void PrintTo(const Hostile& hostile, std::ostream* out) {
    *out << hostile.name;
}

class HostileRequest : public HttpSession, public ::testing::WithParamInterface<Hostile> {};

TEST_P(HostileRequest, IsRefusedInWordsAndThenClosed) {
    options_.limits.header_bytes_max = 2000;
    options_.limits.fields_max = 10;
    start();
    expect_last_answer(GetParam().bytes, GetParam().status);
}

std::vector<Hostile> hostile_requests() {
    std::string many;
    for (int i = 0; i < 11; ++i) many += "X" + std::to_string(i) + ": 1\r\n";
    std::string large;
    for (int i = 0; i < 9; ++i)
        large += "X" + std::to_string(i) + ": " + std::string(300, 'a') + "\r\n";
    const std::string get = "GET /hello HTTP/1.1\r\n";
    const std::string chunked = kPostEcho + "Transfer-Encoding: chunked\r\n";
    return {
        {"Zeros", std::string(64, '\0'), 400},
        {"Garbage", "\x16\x03\x01\x02\x00\x01\x00\r\n\r\n", 400},
        {"NoTarget", "GET\r\n\r\n", 400},
        {"Http2Preface", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 505},
        {"Http09", "GET /hello\r\n\r\n", 400},
        {"LongTarget", "GET /" + std::string(3000, 'a'), 414},
        {"LongMethod", std::string(3000, 'A'), 414},
        {"LongField", get + "X: " + std::string(3000, 'a'), 431},
        {"LargeHeaderOfSmallFields", get + kHost + large + "\r\n", 431},
        {"ManyFields", get + kHost + many + "\r\n", 431},
        {"SpaceBeforeColon", get + "Host : a\r\n\r\n", 400},
        {"NulInField", get + kHost + "X: a" + std::string(1, '\0') + "b\r\n\r\n", 400},
        {"BareLineFeed", "GET /hello HTTP/1.1\nHost: a\n\n\r\n\r\n", 505},
        {"NoHost", get + "\r\n", 400},
        {"TwoHosts", get + kHost + "Host: b\r\n\r\n", 400},
        {"TwoTokens", get + kHost + "Authorization: Bearer a\r\nAuthorization: Bearer b\r\n\r\n",
         400},
        {"BadLength", kPostEcho + "Content-Length: +3\r\n\r\nabc", 400},
        {"NegativeLength", kPostEcho + "Content-Length: -1\r\n\r\n", 400},
        {"TwoLengths", kPostEcho + "Content-Length: 3\r\nContent-Length: 4\r\n\r\nabc", 400},
        {"LengthAndChunks", chunked + "Content-Length: 3\r\n\r\n0\r\n\r\n", 400},
        {"ChunksAndLength", kPostEcho + "Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n",
         400},
        {"ChunksInHttp10", "POST /echo HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
         400},
        {"UnknownCoding", kPostEcho + "Transfer-Encoding: gzip\r\n\r\n", 501},
        {"CodingBeforeChunked", kPostEcho + "Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
         501},
        {"CodingLikeChunked", kPostEcho + "Transfer-Encoding: xchunked\r\n\r\n", 501},
        {"BadChunk", chunked + "\r\nzz\r\n", 400},
        {"HugeChunk", chunked + "\r\nFFFFFFFFFFFFFFFFF\r\n", 400},
        {"EndlessChunkExtension", chunked + "\r\n1;" + std::string(3000, 'a'), 400},
        {"LengthOverTheCap", kPostEcho + "Content-Length: 1001\r\n\r\n", 413},
        {"LengthOfAllBits", kPostEcho + "Content-Length: 18446744073709551615\r\n\r\n", 413},
        {"ChunkOverTheCap", chunked + "\r\n3e9\r\n", 413},
        {"ChunksOverTheCap",
         chunked + "\r\n3e8\r\n" + std::string(1000, 'x') + "\r\n1\r\nx\r\n0\r\n\r\n", 413},
        {"UnknownExpectation", kPostEcho + "Content-Length: 3\r\nExpect: wonders\r\n\r\n", 417},
    };
}

INSTANTIATE_TEST_SUITE_P(HttpSession, HostileRequest, ::testing::ValuesIn(hostile_requests()),
                         [](const auto& test) { return test.param.name; });

// Well-framed requests that ask for what there is not: refused, and the connection goes on.

struct Refused {
    const char* name;
    const char* line;
    const char* status;
};

class RefusedRequest : public HttpSession, public ::testing::WithParamInterface<Refused> {};

TEST_P(RefusedRequest, IsAnsweredAndTheConnectionGoesOn) {
    start();
    auto client = connect();

    client.send(std::string(GetParam().line) + " HTTP/1.1\r\nHost: a\r\n\r\n" + kGetHello);
    const std::string refusal = client.read_answer();
    EXPECT_TRUE(refusal.starts_with(std::string("HTTP/1.1 ") + GetParam().status)) << refusal;
    EXPECT_TRUE(client.read_answer().starts_with("HTTP/1.1 200"));
}

INSTANTIATE_TEST_SUITE_P(
    HttpSession, RefusedRequest,
    ::testing::Values(
        Refused{"Unknown", "GET /nothing", "404"}, Refused{"Method", "BREW /hello", "501"},
        Refused{"Connect", "CONNECT a:443", "501"}, Refused{"Trace", "TRACE /hello", "501"},
        Refused{"NotAllowed", "DELETE /hello", "405"}, Refused{"Asterisk", "OPTIONS *", "400"},
        Refused{"Dots", "GET /files/../x", "400"},
        Refused{"CodedDots", "GET /files/%2e%2E/x", "400"},
        Refused{"DoubleSlash", "GET //hello", "400"},
        Refused{"CodedSlash", "GET /files/a%2Fb", "400"}, Refused{"Nul", "GET /files/a%00", "400"},
        Refused{"Backslash", "GET /files/a\\b", "400"},
        Refused{"CodedBackslash", "GET /files/..%5c..%5cx", "400"},
        Refused{"BadPercent", "GET /files/%zz", "400"}, Refused{"NotUtf8", "GET /files/%ff", "400"},
        Refused{"OverlongDots", "GET /files/%c0%ae%c0%ae/x", "400"},
        Refused{"BadQuery", "GET /hello?a=%", "400"}),
    [](const auto& test) { return test.param.name; });

// Peers that are slow, or leave.

TEST_F(HttpSession, CutsAHeaderThatDoesNotEnd) {
    options_.limits.header_timeout = milliseconds{50};
    start();
    expect_last_answer("GET /hello HT", 408);
}

TEST_F(HttpSession, CutsABodyThatDoesNotEnd) {
    options_.limits.body_timeout = milliseconds{50};
    start();
    expect_last_answer(kPostEcho + "Content-Length: 9\r\n\r\nabc", 408);
}

TEST_F(HttpSession, CutsAPeerThatKeepsDripping) {
    options_.limits.header_timeout = milliseconds{100};
    start();
    auto client = connect();
    client.send("GET /hello HTTP/1.1\r\n");

    // Each byte comes long before any timeout of a single read would. The loop ends because the
    // server closes: send() fails then.
    std::uint64_t sent = 0;
    while (client.send("X: 1\r\n") && ++sent < 100'000'000) {}

    EXPECT_LT(sent, 100'000'000U);
}

TEST_F(HttpSession, ClosesAnIdleConnectionInSilence) {
    options_.limits.idle_timeout = milliseconds{50};
    start();
    auto client = connect();

    bool clean = false;
    EXPECT_EQ(client.read_all(&clean), "");
    EXPECT_TRUE(clean);
}

TEST_F(HttpSession, CutsAPeerThatDoesNotRead) {
    options_.limits.write_timeout = milliseconds{50};
    options_.limits.bytes_per_second_min = 1U << 30U;
    const std::string body(64U << 20U, 'x');
    add("GET", "/large", [&](RequestContext) -> boost::asio::awaitable<Answer> {
        co_return net::Response{200, {}, body};
    });
    start();
    auto client = connect();
    client.send("GET /large HTTP/1.1\r\nHost: a\r\n\r\n");

    stop();  // Returns only when the session is gone, and here nobody reads.

    EXPECT_LT(client.read_all().size(), body.size());
}

TEST_F(HttpSession, DoesNotHandleARequestWhoseBodyWasCutOff) {
    start();
    auto client = connect();

    client.send(kPostEcho + "Content-Length: 9\r\n\r\nabc");
    client.half_close();

    EXPECT_EQ(client.read_all(), "");
    EXPECT_EQ(handled_, 0);
}

// Handlers that fail.

TEST_F(HttpSession, TellsNothingOfAHandlersException) {
    start();

    const auto answer = get("/throws");

    ASSERT_TRUE(answer) << answer.error().to_string();
    EXPECT_EQ(answer->status, 500U);
    EXPECT_EQ(answer->headers.at("Content-Type"), "application/problem+json");
    EXPECT_EQ(answer->body.find("member"), std::string::npos);
    stop();
    EXPECT_NE(logged().find("http.exception"), std::string::npos);
}

TEST_F(HttpSession, DoesNotLetAHandlerSplitItsAnswer) {
    start();

    const auto answer = get("/splits");

    ASSERT_TRUE(answer) << answer.error().to_string();
    EXPECT_EQ(answer->status, 500U);
    EXPECT_EQ(answer->headers.count("Set-Cookie"), 0U);
}

TEST_F(HttpSession, Answers503ForAHandlerThatHangs) {
    options_.limits.handle_timeout = milliseconds{50};
    start();
    auto client = connect();

    client.send("GET /hangs HTTP/1.1\r\nHost: a\r\n\r\n");
    const std::string answer = client.read_answer();
    EXPECT_TRUE(answer.starts_with("HTTP/1.1 503")) << answer;
    EXPECT_NE(answer.find("\r\nRetry-After: "), std::string::npos);
    client.send(kGetHello);
    EXPECT_TRUE(client.read_answer().starts_with("HTTP/1.1 200"));
}

// The log.

TEST_F(HttpSession, LogsEachRequestWithoutWhatItSaid) {
    start();

    answer_to(
        "GET /hello?secret=query HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer s3cret\r\n"
        "Connection: close\r\n\r\n");
    answer_to("garbage \x01\r\n\r\n");
    stop();

    const std::string log = logged();
    EXPECT_NE(log.find("\"event\":\"http.request\""), std::string::npos);
    EXPECT_NE(log.find("\"route\":\"/hello\",\"status\":200"), std::string::npos);
    EXPECT_NE(log.find("\"status\":400"), std::string::npos);
    EXPECT_EQ(log.find("s3cret"), std::string::npos);
    EXPECT_EQ(log.find("query"), std::string::npos);
    EXPECT_EQ(log.find("garbage"), std::string::npos);
}

}  // namespace
}  // namespace firebreak::server
