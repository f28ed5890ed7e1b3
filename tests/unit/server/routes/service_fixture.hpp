#pragma once

#include <boost/asio/thread_pool.hpp>
#include <memory>
#include <optional>
#include <string>

#include "core/base/random.hpp"
#include "server/http/dispatch.hpp"
#include "server/routes/routes.hpp"
#include "tests/unit/server/rollout/driver_fixture.hpp"

namespace firebreak::test {

/// The whole API without a socket, on the driver's fixture.
class ServiceFixture : public DriverFixture {
protected:
    void SetUp() override;
    void TearDown() override;

    /// Sends one request through router, guard and handler.
    net::Response ask(net::Request request);
    net::Response get(const std::string& target, const std::string& token);
    net::Response post(const std::string& target, const std::string& token,
                       const json::value& body);
    net::Response put(const std::string& target, const std::string& token, const Bytes& body);

    /// A token of `role`, as its holder has it. The same each time.
    static std::string token_of(server::Role role);

    /// {"type": ".../name", …}: the last part of a problem's type.
    static std::string problem_name(const net::Response& response);
    static json::value json_of(const net::Response& response);

    SeededRandom random_{1};
    SecretBytes mac_secret_{32};
    std::optional<boost::asio::thread_pool> controller_;
    std::optional<boost::asio::thread_pool> workers_;
    std::optional<server::Service> service_;
    std::optional<server::Router> router_;
};

}  // namespace firebreak::test
