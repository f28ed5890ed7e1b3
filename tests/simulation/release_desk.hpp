#pragma once

#include <deque>
#include <functional>
#include <string>
#include <vector>

#include "core/base/json.hpp"
#include "tests/simulation/network.hpp"
#include "tests/simulation/server_host.hpp"
#include "tests/simulation/truth.hpp"
#include "tests/unit/server/vendor.hpp"

namespace firebreak::simulation {

/// What is to be released, and how.
struct Order {
    Kind kind = Kind::kGood;
    rollout::Plan plan;
    bool trial_catches = false;
    milliseconds crashes_after{0};
    std::set<Sha256> driven_in;
    std::int64_t ceiling_ppb = trust::kPpbAll;
};

/// The vendor's people: they pack, validate, sign and publish, hold, resume and halt, and now and
/// then try what must not work. Their tools ask again until they are answered.
class ReleaseDesk {
public:
    ReleaseDesk(Timeline& timeline, Trace& trace, Truth& truth, Network& network,
                std::uint64_t seed);

    test::Vendor& vendor() { return vendor_; }

    /// Packs, signs, uploads and publishes under the next counter; calls `then` when the server has
    /// answered for good.
    void release(const Order& order, std::function<void(bool published)> then);
    /// "hold", "halt", or "resume", which both of its release managers order.
    void steer(std::int64_t counter, const std::string& word, std::function<void(bool)> then);
    /// One thing that the server must refuse; what it should not have done goes to truth.broken.
    void try_something_wrong();
    /// One person alone orders, several times over, to go on with the newest.
    void try_to_go_on_alone();

    std::int64_t newest() const { return newest_; }
    bool busy() const { return busy_; }

private:
    struct Packed;
    using Then = std::function<void(const net::Response&)>;

    /// Sends until something other than a 5xx comes back.
    void insist(net::Request request, Then then);
    void must_refuse(const std::string& what, net::Request request);
    Packed pack(const Order& order, std::int64_t counter);
    net::Request resume_request(std::int64_t counter, const std::string& person);
    net::Request publish_request(const Packed& packed, const Bytes& content_role,
                                 const rollout::Plan& plan) const;

    Timeline& timeline_;
    Trace& trace_;
    Truth& truth_;
    Network& network_;
    Dice dice_;
    test::Vendor vendor_;
    std::int64_t newest_ = 0;
    bool busy_ = false;
    std::optional<net::Request> last_publish_;
};

}  // namespace firebreak::simulation
