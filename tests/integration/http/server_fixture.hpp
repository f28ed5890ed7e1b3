#pragma once

#include <unistd.h>

#include <atomic>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/thread_pool.hpp>
#include <future>
#include <gtest/gtest.h>
#include <string>
#include <sys/mman.h>
#include <sys/stat.h>
#include <thread>
#include <vector>

#include "core/base/check.hpp"
#include "core/net/https_transport.hpp"
#include "server/http/blocking.hpp"
#include "server/http/server.hpp"
#include "server/http/static_files.hpp"
#include "tests/support/raw_tls.hpp"
#include "tests/support/temporary_folder.hpp"
#include "tests/support/test_certificates.hpp"

namespace firebreak::server {

/// A server of a few routes, on two threads; stopped and joined at the end. Limits are short where
/// a test wants to see them reached, and nothing waits for a time to pass.
class HttpServerTest : public ::testing::Test {
protected:
    HttpServerTest() {
        std::filesystem::create_directory(files());
        const auto written = test::write_identity(ca_.issue(), folder_.path());
        options_.certificate = written.certificate;
        options_.key = written.key;
        options_.drain_timeout = std::chrono::milliseconds{10'000};
        add_routes();
    }

    ~HttpServerTest() override {
        stop();
        ::close(log_file_);
    }

    void add_routes() {
        add("GET", "/hello", [](RequestContext) -> boost::asio::awaitable<Answer> {
            co_return json_response(200, {{"hello", "world"}});
        });
        router_.add({.method = "POST",
                     .pattern = "/echo",
                     .handler = [this](RequestContext context) -> boost::asio::awaitable<Answer> {
                         ++handled_;
                         co_return net::Response{200, {}, std::move(context.request.body)};
                     },
                     .body_bytes_max = 1000});
        router_.add({.method = "PUT",
                     .pattern = "/upload",
                     .handler = [this](RequestContext context) -> boost::asio::awaitable<Answer> {
                         ++handled_;
                         const auto name = std::any_cast<std::string>(context.caller);
                         co_return net::Response{
                             200, {}, name + " " + std::to_string(context.request.body.size())};
                     },
                     .body_bytes_max = 1U << 20U,
                     .guard = [](RequestContext& context)
                         -> boost::asio::awaitable<tl::expected<void, Problem>> {
                         if (context.bearer_token() != "sesame") {
                             co_return refuse(Problem{.status = 401, .name = "no", .title = "No."});
                         }
                         context.caller = std::string("ali");
                         co_return tl::expected<void, Problem>();
                     }});
        add("GET", "/files/{path...}", static_files({.root = files()}));
        add("GET", "/throws", [](RequestContext) -> boost::asio::awaitable<Answer> {
            co_return json_response(200, json::value().at("no such member"));
        });
        add("GET", "/splits", [](RequestContext) -> boost::asio::awaitable<Answer> {
            co_return net::Response{200, {{"X-A", "b\r\nSet-Cookie: c"}}, "d"};
        });
        add("GET", "/hangs", [this](RequestContext) -> boost::asio::awaitable<Answer> {
            boost::asio::steady_timer never(co_await boost::asio::this_coro::executor,
                                            boost::asio::steady_timer::time_point::max());
            entered_.set_value();
            co_await never.async_wait(boost::asio::use_awaitable);
            co_return empty_response(204);
        });
        add("GET", "/works", [this](RequestContext) -> boost::asio::awaitable<Answer> {
            co_await run_blocking(pool_.get_executor(), [this] {
                entered_.set_value();
                release_.get_future().wait();
            });
            ++handled_;
            co_return json_response(200, {{"work", "done"}});
        });
    }

    void add(std::string method, std::string pattern, Handler handler) {
        router_.add({std::move(method), std::move(pattern), std::move(handler)});
    }

    void start() {
        auto opened = HttpServer::open(loop_.get_executor(), options_, parts());
        ASSERT_TRUE(opened) << opened.error().to_string();
        server_ = std::move(*opened);
        boost::asio::co_spawn(loop_, server_->run(), [this](const std::exception_ptr& exception) {
            FIREBREAK_CHECK(!exception);
            finished_ = true;
        });
        for (int i = 0; i < 2; ++i) threads_.emplace_back([this] { loop_.run(); });
    }

    /// Returns when run() has.
    void stop() {
        if (server_) server_->stop();
        for (std::thread& thread : threads_) thread.join();
        threads_.clear();
        EXPECT_TRUE(finished_ || !server_);
        server_.reset();
    }

    HttpServerParts parts() { return {router_, log_, clock_, random_}; }

    test::RawTlsClient connect() {
        return test::RawTlsClient(server_->port(), {.ca_certificates_pem = ca_.certificate_pem()});
    }

    /// Everything that the server says to `bytes` until it closes.
    std::string answer_to(std::string_view bytes) {
        test::RawTlsClient client = connect();
        client.send(bytes);
        return client.read_all();
    }

    /// One request by the real client.
    Result<net::Response> request(net::Request request) {
        const net::HttpsOptions options{
            .base_url = "https://localhost:" + std::to_string(server_->port()),
            .ca_certificates_pem = ca_.certificate_pem()};
        return net::exchange_blocking(options, std::move(request), 1U << 21U);
    }
    Result<net::Response> get(std::string target, net::Headers headers = {}) {
        return request({"GET", std::move(target), std::move(headers), {}});
    }

    std::filesystem::path files() const { return folder_.path() / "files"; }

    std::string logged() const {
        std::string text(static_cast<std::size_t>(::lseek(log_file_, 0, SEEK_END)), '\0');
        FIREBREAK_CHECK(::pread(log_file_, text.data(), text.size(), 0) ==
                        static_cast<ssize_t>(text.size()));
        return text;
    }

    const test::TemporaryFolder folder_;
    const test::TestCa ca_;
    SystemClock clock_;
    SystemRandom random_;
    const int log_file_ = ::memfd_create("log", MFD_CLOEXEC);
    Log log_{clock_, log_file_, Severity::kDebug};
    Router router_;
    HttpServerOptions options_;
    boost::asio::thread_pool pool_{1};
    std::atomic<int> handled_ = 0;  ///< Requests that reached /echo, /upload or the end of /works.
    std::promise<void> entered_;    ///< Set by /hangs and /works.
    std::promise<void> release_;    ///< Lets /works go on.

    boost::asio::io_context loop_;
    std::unique_ptr<HttpServer> server_;
    std::atomic<bool> finished_ = false;
    std::vector<std::thread> threads_;
};

}  // namespace firebreak::server
