// The server as a whole: who may shake hands, how many, and how it goes down.

#include <boost/asio/ip/tcp.hpp>
#include <openssl/ssl.h>

#include "core/net/errc.hpp"
#include "tests/integration/http/server_fixture.hpp"
#include "tests/support/refusal.hpp"

namespace firebreak::server {
namespace {

namespace fs = std::filesystem;
using std::chrono::milliseconds;
using test::RawTlsClient;

const std::string kGetHello = "GET /hello HTTP/1.1\r\nHost: a\r\n\r\n";

class HttpServerWhole : public HttpServerTest {
protected:
    Result<std::unique_ptr<HttpServer>> open() {
        return HttpServer::open(loop_.get_executor(), options_, parts());
    }
};

TEST_F(HttpServerWhole, ServesTheRealClient) {
    start();

    const auto response = request({"POST", "/echo", {}, "hello"});

    ASSERT_TRUE(response) << response.error().to_string();
    EXPECT_EQ(response->body, "hello");
}

// Handshakes.

TEST_F(HttpServerWhole, SpeaksTls12And13AndNothingOlder) {
    start();

    EXPECT_TRUE(RawTlsClient(server_->port(), {.version_max = TLS1_3_VERSION}).ok());
    EXPECT_TRUE(RawTlsClient(server_->port(), {.version_max = TLS1_2_VERSION}).ok());
    EXPECT_FALSE(RawTlsClient(server_->port(), {.version_max = TLS1_1_VERSION}).ok());
    EXPECT_FALSE(RawTlsClient(server_->port(), {.version_max = TLS1_VERSION}).ok());
}

TEST_F(HttpServerWhole, RefusesAClientOfAnotherProtocol) {
    start();

    EXPECT_TRUE(RawTlsClient(server_->port(), {.alpn = "http/1.1"}).ok());
    EXPECT_FALSE(RawTlsClient(server_->port(), {.alpn = "ftp"}).ok());
}

TEST_F(HttpServerWhole, CutsAPeerThatDoesNotShakeHands) {
    options_.limits.handshake_timeout = milliseconds{50};
    start();
    boost::asio::io_context io;
    boost::asio::ip::tcp::socket mute(io);
    mute.connect({boost::asio::ip::address_v4::loopback(), server_->port()});

    char byte = 0;
    boost::system::error_code ended;
    mute.read_some(boost::asio::buffer(&byte, 1), ended);

    EXPECT_TRUE(ended);
}

TEST_F(HttpServerWhole, GoesOnAfterAPeerThatSpeaksNoTls) {
    start();
    boost::asio::io_context io;
    boost::asio::ip::tcp::socket plain(io);
    plain.connect({boost::asio::ip::address_v4::loopback(), server_->port()});
    plain.write_some(boost::asio::buffer(kGetHello));
    std::string said(1000, '\0');
    boost::system::error_code ended;
    while (!ended) plain.read_some(boost::asio::buffer(said), ended);

    EXPECT_EQ(said.find("HTTP/1.1 200"), std::string::npos);
    EXPECT_TRUE(get("/hello"));
}

// Certificates and keys at start.

TEST_F(HttpServerWhole, RefusesAKeyThatOthersCanRead) {
    fs::permissions(options_.key, fs::perms::others_read, fs::perm_options::add);

    const auto opened = open();

    ASSERT_TRUE(test::refused(opened, net::Errc::kTls));
    EXPECT_NE(opened.error().context().find("server.key"), std::string::npos);
    EXPECT_NE(opened.error().context().find("chmod"), std::string::npos);
}

TEST_F(HttpServerWhole, RefusesAKeyThatTheGroupCanChange) {
    fs::permissions(options_.key, fs::perms::group_write, fs::perm_options::add);

    EXPECT_TRUE(test::refused(open(), net::Errc::kTls));
}

TEST_F(HttpServerWhole, RefusesAKeyOfAnotherCertificate) {
    fs::create_directory(folder_.path() / "other");
    options_.key = test::write_identity(ca_.issue(), folder_.path() / "other").key;

    const auto opened = open();

    ASSERT_TRUE(test::refused(opened, net::Errc::kTls));
    EXPECT_NE(opened.error().context().find("does not match"), std::string::npos);
}

TEST_F(HttpServerWhole, NamesTheFileThatIsMissingOrNoPem) {
    const HttpServerOptions good = options_;
    options_.certificate = folder_.path() / "none.pem";
    EXPECT_TRUE(test::refused(open(), std::make_error_code(std::errc::no_such_file_or_directory)));
    options_ = good;
    options_.certificate = good.key;
    EXPECT_TRUE(test::refused(open(), net::Errc::kTls));
    options_ = good;
    options_.key = good.certificate;
    fs::permissions(good.certificate, fs::perms::owner_read);
    EXPECT_TRUE(test::refused(open(), net::Errc::kTls));
    options_.key = folder_.path();
    EXPECT_FALSE(open());
}

TEST_F(HttpServerWhole, SaysWhenTheAddressIsTakenOrNone) {
    start();
    options_.port = server_->port();
    const auto taken = open();
    ASSERT_TRUE(test::refused(taken, std::make_error_code(std::errc::address_in_use)));
    EXPECT_NE(taken.error().context().find(std::to_string(options_.port)), std::string::npos);
    options_.address = "localhost";
    EXPECT_FALSE(open());
}

// Too many.

TEST_F(HttpServerWhole, TellsAConnectionTooManyAndServesTheOthersOn) {
    options_.connections_max = 1;
    start();
    RawTlsClient first = connect();
    first.send(kGetHello);
    ASSERT_TRUE(first.read_answer().starts_with("HTTP/1.1 200"));

    const std::string refusal = connect().read_all();

    EXPECT_TRUE(refusal.starts_with("HTTP/1.1 503")) << refusal;
    EXPECT_NE(refusal.find("\r\nRetry-After: "), std::string::npos);
    first.send(kGetHello);
    EXPECT_TRUE(first.read_answer().starts_with("HTTP/1.1 200"));
}

TEST_F(HttpServerWhole, ClosesConnectionsFarTooMany) {
    options_.connections_max = 0;
    options_.limits.handshake_timeout = milliseconds{60'000};
    start();
    // Those who are still told why, mute, each holding its place.
    boost::asio::io_context io;
    std::vector<boost::asio::ip::tcp::socket> mute;
    for (int i = 0; i < 8; ++i) {
        mute.emplace_back(io).connect({boost::asio::ip::address_v4::loopback(), server_->port()});
    }

    EXPECT_FALSE(connect().ok());
    for (auto& socket : mute) socket.close();
}

// Going down.

TEST_F(HttpServerWhole, AnswersTheRequestInFlightWhenItStops) {
    start();
    RawTlsClient client = connect();
    client.send("GET /works HTTP/1.1\r\nHost: a\r\n\r\n" + kGetHello);
    entered_.get_future().wait();

    server_->stop();
    release_.set_value();
    const std::string answer = client.read_all();
    stop();

    EXPECT_TRUE(answer.starts_with("HTTP/1.1 200")) << answer;
    EXPECT_NE(answer.find("Connection: close"), std::string::npos);
    EXPECT_EQ(answer.find("HTTP/1.1", 1), std::string::npos) << "one more was taken on";
    EXPECT_EQ(handled_, 1);
}

TEST_F(HttpServerWhole, ClosesIdleConnectionsAtOnceWhenItStops) {
    options_.limits.idle_timeout = milliseconds{600'000};
    options_.drain_timeout = milliseconds{600'000};
    start();
    RawTlsClient client = connect();
    client.send(kGetHello);
    client.read_answer();

    server_->stop();

    bool clean = false;
    EXPECT_EQ(client.read_all(&clean), "");
    EXPECT_TRUE(clean);
}

TEST_F(HttpServerWhole, CancelsAHandlerThatOutlivesTheDrain) {
    options_.drain_timeout = milliseconds{50};
    options_.limits.handle_timeout = milliseconds{600'000};
    start();
    RawTlsClient client = connect();
    client.send("GET /hangs HTTP/1.1\r\nHost: a\r\n\r\n");
    entered_.get_future().wait();

    stop();  // Returns, though the handler never would.

    EXPECT_EQ(client.read_all(), "");
}

TEST_F(HttpServerWhole, WaitsForWorkThatCannotBeCancelled) {
    options_.drain_timeout = milliseconds{1};
    start();
    RawTlsClient client = connect();
    client.send("GET /works HTTP/1.1\r\nHost: a\r\n\r\n");
    entered_.get_future().wait();

    server_->stop();
    const std::string answer = client.read_all();  // The connection is cut first ...
    EXPECT_FALSE(finished_);                       // ... and the work is not left behind.
    release_.set_value();
    stop();

    EXPECT_EQ(answer, "");
}

TEST_F(HttpServerWhole, AcceptsNobodyOnceStopped) {
    start();
    const std::uint16_t port = server_->port();
    stop();

    EXPECT_FALSE(RawTlsClient(port).ok());
}

TEST_F(HttpServerWhole, StopsWhenAskedTwice) {
    start();
    server_->stop();
    stop();
}

}  // namespace
}  // namespace firebreak::server
