#include "tests/simulation/network.hpp"

#include <utility>

#include "core/net/errc.hpp"

namespace firebreak::simulation {
namespace {

constexpr seconds kTimeout{60};
constexpr milliseconds kLongestRepeat{600'000};

}  // namespace

/// One request on its way.
struct Network::Flight {
    std::string who;
    net::Request request;
    Answered answered;  ///< Empty once it was called, and for a repeat.

    void end(Result<net::Response> with) {
        if (const auto call = std::exchange(answered, nullptr)) call(std::move(with));
    }
};

void Network::exchange(const std::string& who, net::Request request, Answered answered) {
    const auto flight =
        std::make_shared<Flight>(Flight{who, std::move(request), std::move(answered)});
    timeline_.after(kTimeout, [flight] { flight->end(fail(net::Errc::kTimedOut, "simulated")); });
    if (cut_off.contains(who)) {
        timeline_.after(delay(),
                        [flight] { flight->end(fail(net::Errc::kConnection, "cut off")); });
        return;
    }
    // Reports may be carried by relays; people's tools talk to the server itself.
    const bool direct = who == "desk";
    if (!direct && dice_.percent(faults.duplicate_percent)) {
        auto repeat = std::make_shared<Flight>(Flight{who, flight->request, nullptr});
        timeline_.after(dice_.between(milliseconds{1}, kLongestRepeat), [this, repeat] {
            trace_.line("network", "repeats " + repeat->request.target + " of " + repeat->who);
            arrive(repeat);
        });
    }
    if (dice_.percent(faults.lose_percent)) return;
    if (!direct && dice_.percent(faults.corrupt_percent)) spoil(flight->request.body);
    timeline_.after(delay(), [this, flight] { arrive(flight); });
}

void Network::arrive(const std::shared_ptr<Flight>& flight) {
    if (dice_.percent(faults.busy_percent)) {
        net::Response busy{.status = 503, .headers = {}, .body = {}};
        if (dice_.percent(50)) busy.headers["Retry-After"] = std::to_string(dice_.between(1, 90));
        come_back(flight, std::move(busy));
        return;
    }
    const bool for_server = !flight->request.target.starts_with("/tuf/");
    const auto respond = [this, flight](net::Response response) {
        come_back(flight, std::move(response));
    };
    const bool heard =
        !(for_server && server_cut_off) && listener(flight->who, flight->request, respond);
    if (heard) return;
    timeline_.after(delay(),
                    [flight] { flight->end(fail(net::Errc::kConnection, "nobody listens")); });
}

void Network::come_back(const std::shared_ptr<Flight>& flight, net::Response response) {
    if (dice_.percent(faults.lose_percent)) return;
    if (flight->who != "desk" && dice_.percent(faults.corrupt_percent)) spoil(response.body);
    timeline_.after(delay(), [this, flight, response = std::move(response)] {
        if (cut_off.contains(flight->who)) return;
        flight->end(response);
    });
}

void Network::spoil(std::string& body) {
    if (body.empty()) return;
    const std::size_t at = dice_.index(body.size());
    if (dice_.percent(30)) {
        body.resize(at);
    } else {
        body[at] = static_cast<char>(static_cast<unsigned char>(body[at]) ^
                                     static_cast<unsigned char>(1U << dice_.index(8)));
    }
}

}  // namespace firebreak::simulation
