// From the head of a request to its answer, without a socket.

#include "server/http/dispatch.hpp"

#include <unistd.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/json/serialize.hpp>
#include <boost/throw_exception.hpp>
#include <gtest/gtest.h>
#include <stdexcept>
#include <sys/mman.h>

#include "core/base/errc.hpp"
#include "core/base/random.hpp"
#include "tests/support/fake_clock.hpp"

namespace firebreak::server {
namespace {

namespace asio = boost::asio;

asio::awaitable<Answer> must_not_be_asked(RequestContext) {
    ADD_FAILURE() << "the handler was asked";
    co_return empty_response(204);
}

class DispatcherTest : public ::testing::Test {
protected:
    DispatcherTest() { limits_.handle_timeout = std::chrono::milliseconds{20}; }
    ~DispatcherTest() override { ::close(log_file_); }

    void add(std::string pattern, Handler handler, Guard guard = {}) {
        router_.add({.method = "GET",
                     .pattern = std::move(pattern),
                     .handler = std::move(handler),
                     .guard = std::move(guard)});
    }

    // Begins, admits and answers, as a session does.
    Reply serve(const std::string& method, const std::string& target) {
        const Dispatcher dispatcher({router_, log_, clock_, random_}, limits_);
        asio::io_context loop(1);
        std::optional<Reply> reply;
        auto all = [&]() -> asio::awaitable<void> {
            exchange_ = dispatcher.begin({method, target, {}, {}}, "192.0.2.1");
            if (!exchange_.problem) co_await dispatcher.admit(exchange_);
            reply = co_await dispatcher.answer(exchange_);
            clock_.advance(std::chrono::milliseconds{7});
            dispatcher.log(exchange_, reply->response.status, reply->response.body.size());
        };
        asio::co_spawn(loop, all, asio::detached);
        loop.run();
        return std::move(*reply);
    }

    // The last line.
    json::object logged() const {
        std::string text(static_cast<std::size_t>(::lseek(log_file_, 0, SEEK_END)), '\0');
        EXPECT_EQ(::pread(log_file_, text.data(), text.size(), 0),
                  static_cast<ssize_t>(text.size()));
        const std::size_t before = text.rfind('\n', text.size() - 2);
        const auto line = parse_json(text.substr(before == std::string::npos ? 0 : before + 1));
        return line ? line->as_object() : json::object();
    }

    test::FakeClock clock_;
    SeededRandom random_{1};
    const int log_file_ = ::memfd_create("log", MFD_CLOEXEC);
    Log log_{clock_, log_file_, Severity::kDebug};
    Router router_;
    SessionLimits limits_;
    Exchange exchange_;
};

TEST_F(DispatcherTest, HandsTheHandlerWhatTheRequestSays) {
    add("/v1/{name}", [](RequestContext context) -> asio::awaitable<Answer> {
        EXPECT_EQ(context.id.size(), 16U);
        EXPECT_EQ(context.peer, "192.0.2.1");
        EXPECT_EQ(context.parameter("name"), "a b");
        EXPECT_EQ(*context.query.find("q"), "1");
        EXPECT_EQ(context.request.target, "/v1/a%20b?q=1");
        co_return json_response(200, json::object());
    });

    EXPECT_EQ(serve("GET", "https://host/v1/a%20b?q=1").response.status, 200U);
}

TEST_F(DispatcherTest, RefusesBeforeAnyHandlerIsAsked) {
    add("/a", must_not_be_asked);

    EXPECT_EQ(serve("GET", "/b").response.status, 404U);
    EXPECT_EQ(serve("POST", "/a").response.status, 405U);
    EXPECT_EQ(serve("BREW", "/a").response.status, 501U);
    EXPECT_EQ(serve("GET", "/a/../a").response.status, 400U);
    EXPECT_EQ(serve("GET", "/a?x=1&x=2").response.status, 400U);
}

TEST_F(DispatcherTest, AsksTheGuardFirstAndPassesOnWhatItFound) {
    add(
        "/a",
        [](RequestContext context) -> asio::awaitable<Answer> {
            co_return net::Response{200, {}, std::any_cast<std::string>(context.caller)};
        },
        [](RequestContext& context) -> asio::awaitable<tl::expected<void, Problem>> {
            context.caller = std::string("ali");
            co_return tl::expected<void, Problem>();
        });
    add("/b", must_not_be_asked,
        [](RequestContext&) -> asio::awaitable<tl::expected<void, Problem>> {
            co_return refuse(Problem{.status = 401, .name = "who", .title = "Who?"});
        });

    EXPECT_EQ(serve("GET", "/a").response.body, "ali");
    EXPECT_EQ(serve("GET", "/b").response.status, 401U);
}

TEST_F(DispatcherTest, RefusesWhenTheGuardItselfFails) {
    add("/a", must_not_be_asked,
        [](RequestContext&) -> asio::awaitable<tl::expected<void, Problem>> {
            boost::throw_exception(std::runtime_error("s3cret"));
            co_return tl::expected<void, Problem>();
        });

    const Reply reply = serve("GET", "/a");

    EXPECT_EQ(reply.response.status, 500U);
    EXPECT_EQ(reply.response.body.find("s3cret"), std::string::npos);
}

TEST_F(DispatcherTest, CutsAHandlerThatHangs) {
    add("/a", [](RequestContext) -> asio::awaitable<Answer> {
        asio::steady_timer never(co_await asio::this_coro::executor,
                                 asio::steady_timer::time_point::max());
        co_await never.async_wait(asio::use_awaitable);
        co_return empty_response(204);
    });

    EXPECT_EQ(serve("GET", "/a").response.status, 503U);
}

TEST_F(DispatcherTest, LogsTheCauseAndTellsThePeerNothingOfIt) {
    add("/a/{x}", [](RequestContext) -> asio::awaitable<Answer> {
        co_return refuse(Error(Errc::kCorrupt, "state.db: page 7"));
    });

    const Reply reply = serve("GET", "/a/value?q=asked");
    const json::object line = logged();

    EXPECT_EQ(reply.response.status, 500U);
    EXPECT_EQ(reply.response.body.find("state.db"), std::string::npos);
    EXPECT_EQ(line.at("event"), "http.request");
    EXPECT_EQ(line.at("severity"), "error");
    EXPECT_EQ(line.at("id").as_string(), exchange_.id);
    EXPECT_EQ(line.at("peer"), "192.0.2.1");
    EXPECT_EQ(line.at("method"), "GET");
    EXPECT_EQ(line.at("route"), "/a/{x}");
    EXPECT_EQ(line.at("status"), 500);
    EXPECT_EQ(line.at("ms"), 7);
    EXPECT_EQ(line.at("problem"), "internal");
    EXPECT_NE(line.at("cause").as_string().find("state.db: page 7"), std::string::npos);
    EXPECT_EQ(json::serialize(line).find("asked"), std::string::npos);
    EXPECT_EQ(json::serialize(line).find("value"), std::string::npos);
}

TEST_F(DispatcherTest, LogsNoMethodOfAPeersOwn) {
    serve("EVIL", "/");

    EXPECT_EQ(logged().at("method"), "other");
}

TEST_F(DispatcherTest, TakesBodiesAsLongAsTheRouteSays) {
    router_.add(
        {.method = "PUT", .pattern = "/large", .handler = must_not_be_asked, .body_bytes_max = 7});
    const Dispatcher dispatcher({router_, log_, clock_, random_}, limits_);

    EXPECT_EQ(dispatcher.body_bytes_max(dispatcher.begin({"PUT", "/large", {}, {}}, "p")), 7U);
    EXPECT_EQ(dispatcher.body_bytes_max(dispatcher.begin({"PUT", "/none", {}, {}}, "p")),
              limits_.body_bytes_max);
}

}  // namespace
}  // namespace firebreak::server
