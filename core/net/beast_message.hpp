#pragma once

// What the two files that see Beast share: core/net/https_transport.cpp and
// server/http/session.cpp. Nobody else includes this; it costs half a minute of compiling.

#include <algorithm>
#include <boost/asio/buffer.hpp>
#include <boost/beast/core/buffers_range.hpp>
#include <boost/beast/http/message.hpp>
#include <boost/beast/http/parser.hpp>
#include <string>

#include "core/net/http.hpp"

namespace firebreak::net {

/// A body in a std::string that grows with what really arrives. Beast's own string_body reserves
/// what Content-Length claims, so that a hundred bytes of header could hold a gigabyte of memory.
struct GrowingBody {
    using value_type = std::string;

    class reader {
    public:
        template <bool kIsRequest, class Fields>
        reader(boost::beast::http::header<kIsRequest, Fields>&, value_type& body) : body_(body) {}

        void init(const boost::optional<std::uint64_t>& claimed, boost::beast::error_code& error) {
            static constexpr std::uint64_t kReserveMax = 64U << 10U;
            body_.reserve(static_cast<std::size_t>(std::min(claimed.value_or(0), kReserveMax)));
            error = {};
        }

        template <class Buffers>
        std::size_t put(const Buffers& buffers, boost::beast::error_code& error) {
            std::size_t taken = 0;
            for (const boost::asio::const_buffer part : boost::beast::buffers_range_ref(buffers)) {
                body_.append(static_cast<const char*>(part.data()), part.size());
                taken += part.size();
            }
            error = {};
            return taken;
        }

        void finish(boost::beast::error_code& error) { error = {}; }

    private:
        value_type& body_;
    };
};

/// Repeated fields joined by ", ", in their order.
inline Headers headers_of(const boost::beast::http::fields& fields) {
    Headers headers;
    for (const auto& field : fields) {
        const std::string_view name(field.name_string().data(), field.name_string().size());
        const std::string_view value(field.value().data(), field.value().size());
        const auto [place, added] = headers.try_emplace(std::string(name), value);
        if (!added) place->second.append(", ").append(value);
    }
    return headers;
}

}  // namespace firebreak::net
