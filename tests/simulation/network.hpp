#pragma once

#include <functional>
#include <memory>
#include <set>
#include <string>

#include "core/base/error.hpp"
#include "core/net/http.hpp"
#include "tests/simulation/dice.hpp"
#include "tests/simulation/timeline.hpp"
#include "tests/simulation/trace.hpp"

namespace firebreak::simulation {

struct NetworkFaults {
    std::uint64_t lose_percent = 0;       ///< Of requests, and again of answers.
    std::uint64_t duplicate_percent = 0;  ///< The same request arrives again, much later.
    std::uint64_t corrupt_percent = 0;    ///< One byte of a body is another one.
    std::uint64_t busy_percent = 0;       ///< 503 from something in between.
    milliseconds delay_most{50};          ///< Each way; so messages overtake each other.
};

using Answered = std::function<void(Result<net::Response>)>;
using Responded = std::function<void(net::Response)>;

/// Carries requests to the server and answers back, as networks do.
class Network {
public:
    /// What answers a request of `who` that arrives, once; @returns false when nothing listens.
    using Listener =
        std::function<bool(const std::string& who, const net::Request& request, Responded respond)>;

    Network(Timeline& timeline, Trace& trace, std::uint64_t seed)
        : timeline_(timeline), trace_(trace), dice_(seed) {}

    NetworkFaults faults;
    Listener listener;
    std::set<std::string> cut_off;  ///< Who cannot reach anybody.
    bool server_cut_off = false;    ///< Nobody reaches the server; files come from elsewhere.

    /// Sends `request` of `who`; calls `answered` exactly once, a minute later at the latest.
    void exchange(const std::string& who, net::Request request, Answered answered);

private:
    struct Flight;

    void arrive(const std::shared_ptr<Flight>& flight);
    void come_back(const std::shared_ptr<Flight>& flight, net::Response response);
    void spoil(std::string& body);
    milliseconds delay() { return dice_.between(milliseconds{1}, faults.delay_most); }

    Timeline& timeline_;
    Trace& trace_;
    Dice dice_;
};

}  // namespace firebreak::simulation
