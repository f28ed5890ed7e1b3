#include "tests/unit/server/routes/service_fixture.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/json/serialize.hpp>

#include "tests/support/repository_simulator.hpp"
#include "tests/unit/server/in_process.hpp"

namespace firebreak::test {
namespace {

/// One hash for all, made once: argon2 takes its time.
const std::string& shared_hash() {
    static const std::string hash = *server::hash_secret(token_secret());
    return hash;
}

}  // namespace

void ServiceFixture::SetUp() {
    DriverFixture::SetUp();
    for (const server::Role role :
         {server::Role::kViewer, server::Role::kAuthor, server::Role::kApprover,
          server::Role::kReleaseManager, server::Role::kAdministrator, server::Role::kDriller}) {
        const server::ApiToken token{
            token_id(role), std::string(name_of(role)), role, shared_hash(), clock_.now(), {},
            false};
        ASSERT_TRUE(
            store_->transact([&](server::StoreWriter& writer) { return writer.add_token(token); }));
    }
    controller_.emplace(1);
    workers_.emplace(1);
    service_.emplace(
        server::ServiceParts{*store_, *repository_, *driver_, files_, clock_, random_, *log_,
                             mac_secret_, controller_->get_executor(), workers_->get_executor()},
        server::ServiceSettings{"blobs",
                                "repo",
                                {RepositorySimulator::signer("validator").key()},
                                std::chrono::seconds{3'600},
                                1U << 20U,
                                {},
                                true});
    router_.emplace();
    add_routes(*router_, *service_);
}

void ServiceFixture::TearDown() {
    controller_->join();
    workers_->join();
}

net::Response ServiceFixture::ask(net::Request request) {
    const server::Dispatcher dispatcher({*router_, *log_, clock_, random_}, {});
    boost::asio::io_context context;
    net::Response response;
    const auto done = [&](const std::exception_ptr& exception, net::Response answer) {
        EXPECT_FALSE(exception);
        response = std::move(answer);
    };
    boost::asio::co_spawn(context, exchange(dispatcher, std::move(request)), done);
    context.run();
    // What a report sets off after its answer has happened too.
    boost::asio::io_context quiet;
    const auto nothing = [&]() -> boost::asio::awaitable<void> {
        co_await service_->on_controller([] {});
    };
    boost::asio::co_spawn(quiet, nothing, [](const std::exception_ptr&) {});
    quiet.run();
    return response;
}

net::Response ServiceFixture::get(const std::string& target, const std::string& token) {
    return ask({"GET", target, {{"Authorization", "Bearer " + token}}, ""});
}

net::Response ServiceFixture::post(const std::string& target, const std::string& token,
                                   const json::value& body) {
    return ask({"POST",
                target,
                {{"Authorization", "Bearer " + token}, {"Content-Type", "application/json"}},
                json::serialize(body)});
}

net::Response ServiceFixture::put(const std::string& target, const std::string& token,
                                  const Bytes& body) {
    return ask({"PUT", target, {{"Authorization", "Bearer " + token}}, to_text(body)});
}

std::string ServiceFixture::token_of(server::Role role) {
    return test::token_of(role);
}

json::value ServiceFixture::json_of(const net::Response& response) {
    const Result<json::value> value = parse_json(response.body);
    return value ? *value : json::value(nullptr);
}

std::string ServiceFixture::problem_name(const net::Response& response) {
    const json::value problem = json_of(response);
    const json::object* object = problem.if_object();
    if (object == nullptr || !object->contains("type")) return "";
    const std::string type(object->at("type").as_string());
    return type.substr(type.rfind('/') + 1);
}

}  // namespace firebreak::test
