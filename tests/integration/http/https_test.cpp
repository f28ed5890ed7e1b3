// The real client and the real server over real TLS on loopback, and raw bytes where the client is
// too
// well-behaved. Time limits are short so that what must be cut off is; nothing waits for a time.

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/connect.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/use_future.hpp>
#include <boost/asio/write.hpp>
#include <filesystem>
#include <gtest/gtest.h>
#include <openssl/ssl.h>
#include <thread>

#include "core/base/file_store.hpp"
#include "core/net/errc.hpp"
#include "core/net/https_transport.hpp"
#include "core/net/tls.hpp"
#include "server/http/server.hpp"
#include "server/http/static_files.hpp"
#include "tests/support/test_certificates.hpp"

namespace firebreak::server {
namespace {

namespace asio = boost::asio;
namespace fs = std::filesystem;
using asio::ip::tcp;
using std::chrono::milliseconds;
using test::TestCa;
using test::write_identity;

/// A server of a few routes on a thread of its own; stopped and joined at the end.
class HttpsTest : public ::testing::Test {
protected:
    HttpsTest() {
        const auto* info = ::testing::UnitTest::GetInstance()->current_test_info();
        folder_ = fs::path(::testing::TempDir()) / ("firebreak-https-" + std::string(info->name()) +
                                                    "-" + std::to_string(::getpid()));
        fs::create_directories(folder_ / "files");
        write_identity(ca_.issue(), folder_);
        add_routes();
    }

    ~HttpsTest() override {
        if (server_) {
            server_->stop();
            thread_.join();
        }
        fs::remove_all(folder_);
    }

    void add_routes() {
        router_.add({.method = "GET",
                     .pattern = "/hello",
                     .handler = [](RequestContext) -> asio::awaitable<Answer> {
                         co_return json_response(200, {{"hello", "world"}});
                     }});
        router_.add({.method = "POST",
                     .pattern = "/echo",
                     .handler = [](RequestContext context) -> asio::awaitable<Answer> {
                         co_return net::Response{200, {}, std::move(context.request.body)};
                     },
                     .body_bytes_max = 1000});
        router_.add({.method = "GET",
                     .pattern = "/broken",
                     .handler = [](RequestContext) -> asio::awaitable<Answer> {
                         co_return json_response(200, json::value().at("no such member"));
                     }});
        router_.add({.method = "GET",
                     .pattern = "/files/{path...}",
                     .handler = static_files({.root = folder_ / "files"})});
    }

    void start(std::uint32_t connections_max = 100) {
        HttpServerOptions options;
        options.certificate = folder_ / "server.pem";
        options.key = folder_ / "server.key";
        options.limits = limits_;
        options.connections_max = connections_max;
        options.drain_timeout = milliseconds{5000};
        auto opened =
            HttpServer::open(io_.get_executor(), options,
                             {.router = router_, .log = log_, .clock = clock_, .random = random_});
        ASSERT_TRUE(opened) << opened.error().to_string();
        server_ = std::move(*opened);
        asio::co_spawn(io_, server_->run(), asio::detached);
        thread_ = std::thread([this] { io_.run(); });
    }

    net::HttpsOptions client() const {
        net::HttpsOptions options;
        options.base_url = "https://localhost:" + std::to_string(server_->port()) + "/";
        options.ca_certificates_pem = ca_.certificate_pem();
        return options;
    }

    Result<net::Response> send(net::Request request, std::uint64_t bytes_max = 1U << 20U) const {
        return net::exchange_blocking(client(), std::move(request), bytes_max);
    }

    Result<net::Response> get(const std::string& target, net::Headers headers = {}) const {
        return send({.method = "GET", .target = target, .headers = std::move(headers), .body = {}});
    }

    /// Everything the server answers to `bytes` until it closes, over TLS.
    std::string raw(std::string_view bytes) const {
        asio::io_context io;
        auto tls = net::make_client_tls(ca_.certificate_pem());
        asio::ssl::stream<tcp::socket> stream(io, *tls);
        EXPECT_TRUE(net::expect_server(stream.native_handle(), "localhost"));
        stream.next_layer().connect({asio::ip::address_v4::loopback(), server_->port()});
        stream.handshake(asio::ssl::stream_base::client);
        boost::system::error_code error;
        asio::write(stream, asio::buffer(bytes), error);
        std::string answer;
        std::array<char, 4096> part{};
        while (!error) {
            answer.append(part.data(), stream.read_some(asio::buffer(part), error));
        }
        return answer;
    }

    fs::path folder_;
    TestCa ca_;
    SystemClock clock_;
    SystemRandom random_;
    Log log_{clock_, 2, Severity::kError};
    Router router_;
    SessionLimits limits_;
    asio::io_context io_;
    std::unique_ptr<HttpServer> server_;
    std::thread thread_;
};

TEST_F(HttpsTest, AnswersAndKeepsTheConnection) {
    start();
    asio::io_context io;
    auto transport = net::make_https_transport(io.get_executor(), client());
    ASSERT_TRUE(transport);
    const auto twice = [&]() -> asio::awaitable<unsigned> {
        net::Request request{.method = "GET", .target = "/hello", .headers = {}, .body = {}};
        const auto first = co_await (*transport)->exchange(request, 1000);
        const auto second = co_await (*transport)->exchange(request, 1000);
        co_return first&& second && first->body == second->body ? second->status : 0;
    };
    auto result = asio::co_spawn(io, twice, asio::use_future);
    io.run();

    EXPECT_EQ(result.get(), 200U);
}

TEST_F(HttpsTest, TellsNothingOfAHandlersException) {
    start();

    const auto answer = get("/broken");

    ASSERT_TRUE(answer) << answer.error().to_string();
    EXPECT_EQ(answer->status, 500U);
    EXPECT_EQ(answer->headers.at("Content-Type"), "application/problem+json");
    EXPECT_EQ(answer->body.find("member"), std::string::npos);
}

TEST_F(HttpsTest, AnswersHeadWithoutABody) {
    start();
    const std::string answer =
        raw("HEAD /hello HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");

    EXPECT_TRUE(answer.starts_with("HTTP/1.1 200"));
    EXPECT_TRUE(answer.ends_with("\r\n\r\n"));
    EXPECT_EQ(answer.find("Content-Length: 0"), std::string::npos);
}

TEST_F(HttpsTest, SpeaksToAnOldClient) {
    start();
    EXPECT_TRUE(raw("GET /hello HTTP/1.0\r\n\r\n").starts_with("HTTP/1.1 200"));
}

TEST_F(HttpsTest, AnswersPipelinedRequestsInOrder) {
    start();
    const std::string answer =
        raw("GET /nothing HTTP/1.1\r\nHost: a\r\n\r\n"
            "GET /hello HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");

    const std::size_t first = answer.find("HTTP/1.1 404");
    const std::size_t second = answer.find("HTTP/1.1 200");
    EXPECT_EQ(first, 0U);
    EXPECT_NE(second, std::string::npos);
}

struct Hostile {
    const char* what;
    std::string bytes;
    const char* status;
};

TEST_F(HttpsTest, RefusesWhatItMustAndSaysWhy) {
    limits_.header_bytes_max = 2000;
    limits_.fields_max = 10;
    limits_.idle_timeout = milliseconds{50};  // Ends raw(), where a refusal keeps the connection.
    start();
    const std::string many = [] {
        std::string fields;
        for (int i = 0; i < 20; ++i) fields += "X" + std::to_string(i) + ": 1\r\n";
        return fields;
    }();
    const std::string post = "POST /echo HTTP/1.1\r\nHost: a\r\n";
    for (const Hostile& hostile : {
             Hostile{"garbage", std::string(64, '\0') + "\r\n\r\n", "400"},
             Hostile{"long target", "GET /" + std::string(3000, 'a'), "414"},
             Hostile{"long field", "GET /hello HTTP/1.1\r\nX: " + std::string(3000, 'a'), "431"},
             Hostile{"many fields", "GET /hello HTTP/1.1\r\nHost: a\r\n" + many + "\r\n", "431"},
             Hostile{"no host", "GET /hello HTTP/1.1\r\n\r\n", "400"},
             Hostile{"two hosts", "GET /hello HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", "400"},
             Hostile{"method", "BREW /hello HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
                     "501"},
             Hostile{"not allowed", "PUT /hello HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
                     "405"},
             Hostile{"long body", post + "Content-Length: 1001\r\n\r\n", "413"},
             Hostile{"chunks past the limit",
                     post + "Transfer-Encoding: chunked\r\n\r\n7d0\r\n" + std::string(2000, 'x'),
                     "413"},
             Hostile{"two lengths",
                     post + "Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
                     "400"},
             Hostile{"bad chunk", post + "Transfer-Encoding: chunked\r\n\r\nzz\r\n", "400"},
             Hostile{"expectation", post + "Content-Length: 3\r\nExpect: wonders\r\n\r\n", "417"},
             Hostile{"dots", "GET /files/../x HTTP/1.1\r\nHost: a\r\n\r\n", "400"},
             Hostile{"coded dots", "GET /files/%2e%2e/x HTTP/1.1\r\nHost: a\r\n\r\n", "400"},
             Hostile{"nul", "GET /files/a%00b HTTP/1.1\r\nHost: a\r\n\r\n", "400"},
             Hostile{"backslash", "GET /files/a%5cb HTTP/1.1\r\nHost: a\r\n\r\n", "400"},
         }) {
        const std::string answer = raw(hostile.bytes);
        EXPECT_TRUE(answer.starts_with(std::string("HTTP/1.1 ") + hostile.status))
            << hostile.what << ": " << answer.substr(0, 80);
        EXPECT_NE(answer.find("application/problem+json"), std::string::npos) << hostile.what;
    }
    EXPECT_EQ(get("/hello")->status, 200U);
}

TEST_F(HttpsTest, CutsOffAHeaderThatDoesNotEnd) {
    limits_.header_timeout = milliseconds{50};
    start();
    EXPECT_TRUE(raw("GET /hello HT").starts_with("HTTP/1.1 408"));
}

TEST_F(HttpsTest, CutsOffABodyThatDoesNotEnd) {
    limits_.body_timeout = milliseconds{50};
    start();
    EXPECT_TRUE(raw("POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\nabc")
                    .starts_with("HTTP/1.1 408"));
}

TEST_F(HttpsTest, ClosesAnIdleConnectionInSilence) {
    limits_.idle_timeout = milliseconds{50};
    start();
    EXPECT_EQ(raw(""), "");
}

TEST_F(HttpsTest, TellsAPeerThatThereAreTooMany) {
    start(0);
    const std::string answer = raw("GET /hello HTTP/1.1\r\nHost: a\r\n\r\n");

    EXPECT_TRUE(answer.starts_with("HTTP/1.1 503")) << answer;
    EXPECT_NE(answer.find("Retry-After"), std::string::npos);
}

TEST_F(HttpsTest, ServesFilesWithValidatorsAndRanges) {
    PosixFileStore files;
    ASSERT_TRUE(
        files.write(folder_ / "files/1.root.json", bytes_of("0123456789"), FileMode::kPublic));
    start();

    const auto whole = get("/files/1.root.json");
    ASSERT_TRUE(whole) << whole.error().to_string();
    EXPECT_EQ(whole->body, "0123456789");
    EXPECT_NE(whole->headers.at("Cache-Control").find("immutable"), std::string::npos);
    EXPECT_EQ(get("/files/1.root.json", {{"If-None-Match", whole->headers.at("ETag")}})->status,
              304U);
    const auto part = get("/files/1.root.json", {{"Range", "bytes=3-5"}});
    EXPECT_EQ(part->status, 206U);
    EXPECT_EQ(part->body, "345");
    EXPECT_EQ(get("/files/1.root.json", {{"Range", "bytes=99-"}})->status, 416U);
}

TEST_F(HttpsTest, FollowsNoSymbolicLinkOutOfTheRoot) {
    fs::create_symlink(folder_ / "server.key", folder_ / "files/link");
    fs::create_directory_symlink(folder_, folder_ / "files/up");
    start();

    EXPECT_EQ(get("/files/link")->status, 404U);
    EXPECT_EQ(get("/files/up/server.key")->status, 404U);
    EXPECT_EQ(get("/files/.hidden")->status, 404U);
}

TEST_F(HttpsTest, FinishesARequestInFlightWhenItStops) {
    router_.add({.method = "GET",
                 .pattern = "/slow",
                 .handler = [&](RequestContext) -> asio::awaitable<Answer> {
                     server_->stop();
                     // After the stop: whatever it posts is done when this comes back.
                     co_await asio::post(io_, asio::use_awaitable);
                     co_return json_response(200, {{"slow", true}});
                 }});
    start();

    const auto answer = get("/slow");

    ASSERT_TRUE(answer) << answer.error().to_string();
    EXPECT_EQ(answer->status, 200U);
    EXPECT_FALSE(get("/hello"));
}

// --- The client's side ---------------------------------------------------------------------------

TEST_F(HttpsTest, ClientStopsReadingAtItsLimit) {
    start();
    const auto answer = send({.method = "GET", .target = "/hello", .headers = {}, .body = {}}, 5);

    ASSERT_FALSE(answer);
    EXPECT_EQ(answer.error(), net::Errc::kTooLarge);
}

TEST_F(HttpsTest, ClientRefusesAnotherCa) {
    start();
    const TestCa other;
    net::HttpsOptions options = client();
    options.ca_certificates_pem = other.certificate_pem();

    const auto answer = net::exchange_blocking(
        options, {.method = "GET", .target = "/hello", .headers = {}, .body = {}}, 1000);

    ASSERT_FALSE(answer);
    EXPECT_EQ(answer.error(), net::Errc::kTls);
}

TEST_F(HttpsTest, ClientRefusesAnotherHostsCertificate) {
    write_identity(ca_.issue({.dns_names = {"elsewhere.example"}}), folder_);
    start();
    EXPECT_EQ(get("/hello").error(), net::Errc::kTls);
}

TEST_F(HttpsTest, ClientRefusesAnExpiredCertificate) {
    write_identity(ca_.issue({.not_after = std::chrono::seconds{-60}}), folder_);
    start();
    EXPECT_EQ(get("/hello").error(), net::Errc::kTls);
}

TEST_F(HttpsTest, ServerRefusesOldTls) {
    start();
    asio::io_context io;
    asio::ssl::context tls(asio::ssl::context::tls_client);
    SSL_CTX_set_security_level(tls.native_handle(), 0);
    SSL_CTX_set_max_proto_version(tls.native_handle(), TLS1_1_VERSION);
    asio::ssl::stream<tcp::socket> stream(io, tls);
    stream.next_layer().connect({asio::ip::address_v4::loopback(), server_->port()});
    boost::system::error_code error;
    stream.handshake(asio::ssl::stream_base::client, error);

    EXPECT_TRUE(error);
}

TEST_F(HttpsTest, ServerRefusesAKeyThatOthersCanRead) {
    fs::permissions(folder_ / "server.key", fs::perms::others_read, fs::perm_options::add);
    HttpServerOptions options;
    options.certificate = folder_ / "server.pem";
    options.key = folder_ / "server.key";
    const auto opened =
        HttpServer::open(io_.get_executor(), options,
                         {.router = router_, .log = log_, .clock = clock_, .random = random_});

    ASSERT_FALSE(opened);
    EXPECT_NE(opened.error().context().find("server.key"), std::string::npos);
}

TEST_F(HttpsTest, ServerRefusesAKeyOfAnotherCertificate) {
    fs::create_directory(folder_ / "other");
    write_identity(ca_.issue(), folder_ / "other");
    HttpServerOptions options;
    options.certificate = folder_ / "server.pem";
    options.key = folder_ / "other/server.key";
    const auto opened =
        HttpServer::open(io_.get_executor(), options,
                         {.router = router_, .log = log_, .clock = clock_, .random = random_});

    ASSERT_FALSE(opened);
    EXPECT_EQ(opened.error(), net::Errc::kTls);
}

TEST(HttpsTransport, RefusesWhatIsNotHttps) {
    asio::io_context io;
    for (const std::string url : {"http://localhost/", "localhost", "ftp://x/", "https://", ""}) {
        net::HttpsOptions options;
        options.base_url = url;
        const auto made = net::make_https_transport(io.get_executor(), options);
        ASSERT_FALSE(made) << url;
        EXPECT_EQ(made.error(), net::Errc::kBadUrl) << url;
    }
}

TEST(HttpsTransport, SaysSoWhenNobodyListens) {
    net::HttpsOptions options;
    options.base_url = "https://localhost:1/";
    const auto answer = net::exchange_blocking(
        options, {.method = "GET", .target = "/", .headers = {}, .body = {}}, 1000);

    ASSERT_FALSE(answer);
    EXPECT_EQ(answer.error(), net::Errc::kConnection);
}

}  // namespace
}  // namespace firebreak::server
