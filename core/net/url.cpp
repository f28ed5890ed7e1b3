#include "core/net/url.hpp"

#include <algorithm>
#include <boost/asio/ip/address.hpp>
#include <charconv>

#include "core/net/errc.hpp"

namespace firebreak::net {
namespace {

constexpr std::size_t kUrlBytesMax = 2048;
constexpr std::size_t kHostBytesMax = 253;  // RFC 1035, 2.3.4.
constexpr std::size_t kLabelBytesMax = 63;

bool is_digit(char c) {
    return c >= '0' && c <= '9';
}
bool is_hex(char c) {
    return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}
bool is_alphanumeric(char c) {
    return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

tl::unexpected<Error> bad(std::string why) {
    return fail(Errc::kBadUrl, std::move(why));
}

bool is_label(std::string_view label) {
    return !label.empty() && label.size() <= kLabelBytesMax && label.front() != '-' &&
           label.back() != '-' && std::all_of(label.begin(), label.end(), [](char c) {
               return is_alphanumeric(c) || c == '-' || c == '_';
           });
}

// A DNS name. One whose last label is a number is an IPv4 address or nothing (WHATWG URL, 3.5): a
// resolver would read "127.1" or "0x7f.1" as an address that no reader of the URL sees.
bool is_dns_name(std::string_view host) {
    if (host.empty() || host.size() > kHostBytesMax) return false;
    while (true) {
        const std::size_t dot = host.find('.');
        const std::string_view label = host.substr(0, dot);
        if (!is_label(label)) return false;
        if (dot == std::string_view::npos) return !is_digit(label.front());
        host.remove_prefix(dot + 1);
    }
}

bool is_address(std::string_view text, bool v6) {
    boost::system::error_code error;
    const auto address = boost::asio::ip::make_address(std::string(text), error);
    return !error && address.is_v6() == v6;
}

// Cuts the host off `rest`, which stands behind "://".
Result<std::string> take_host(std::string_view& rest) {
    std::string host;
    if (rest.starts_with('[')) {
        const std::size_t end = rest.find(']');
        if (end == std::string_view::npos) return bad("the host lacks its closing bracket");
        const std::string_view address = rest.substr(1, end - 1);
        // A zone ("%eth0") means something on one machine only.
        if (address.find('%') != std::string_view::npos || !is_address(address, true)) {
            return bad("the host in brackets is not an IPv6 address");
        }
        host = address;
        rest.remove_prefix(end + 1);
    } else {
        const std::size_t end = std::min(rest.find_first_of(":/?#"), rest.size());
        host = rest.substr(0, end);
        if (host.find('@') != std::string::npos) return bad("a user or password is not allowed");
        if (!is_dns_name(host) && !is_address(host, false)) {
            return bad("the host is neither a DNS name nor an IP address");
        }
        rest.remove_prefix(end);
    }
    std::transform(host.begin(), host.end(), host.begin(),
                   [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c; });
    return host;
}

Result<std::uint16_t> take_port(std::string_view& rest, std::uint16_t otherwise) {
    if (!rest.starts_with(':')) return otherwise;
    rest.remove_prefix(1);
    const std::string_view digits =
        rest.substr(0, std::min(rest.find_first_of("/?#"), rest.size()));
    std::uint16_t port = 0;
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), port);
    if (error != std::errc{} || end != digits.data() + digits.size() || port == 0) {
        if (digits.find('@') != std::string_view::npos) {
            return bad("a user or password is not allowed");
        }
        return bad("the port is not a number from 1 to 65535");
    }
    rest.remove_prefix(digits.size());
    return port;
}

// pchar and '/' (RFC 3986, 3.3), with each '%' followed by two hexadecimal digits.
Result<void> check_path(std::string_view path) {
    for (std::size_t i = 0; i < path.size(); ++i) {
        const char c = path[i];
        if (c == '?') return bad("a query is not allowed");
        if (c == '#') return bad("a fragment is not allowed");
        if (c == '%') {
            if (i + 2 >= path.size() || !is_hex(path[i + 1]) || !is_hex(path[i + 2])) {
                return bad("the path has a '%' without two hexadecimal digits");
            }
        } else if (!is_alphanumeric(c) &&
                   std::string_view("/-._~!$&'()*+,;=:@").find(c) == std::string_view::npos) {
            return bad("the path has a character that must be written as %XX");
        }
    }
    return {};
}

}  // namespace

std::string Url::authority() const {
    const bool v6 = host.find(':') != std::string::npos;
    std::string result = v6 ? "[" + host + "]" : host;
    if (port != (tls ? 443 : 80)) result += ":" + std::to_string(port);
    return result;
}

Result<std::string> Url::target_for(std::string_view target) const {
    if (!target.starts_with('/')) return bad("a request target begins with '/'");
    const bool printable = std::all_of(target.begin(), target.end(),
                                       [](char c) { return c > ' ' && c < 0x7F && c != '#'; });
    if (!printable) return bad("a request target is printable ASCII, without spaces or '#'");
    std::string_view base = path;
    if (base.ends_with('/')) base.remove_suffix(1);
    return std::string(base) + std::string(target);
}

Result<Url> parse_url(std::string_view text, Schemes schemes) {
    if (text.size() > kUrlBytesMax) return bad("longer than 2048 bytes");
    Url url;
    std::string_view rest = text;
    if (rest.starts_with("https://")) {
        rest.remove_prefix(8);
    } else if (rest.starts_with("http://") && schemes == Schemes::kHttpToo) {
        rest.remove_prefix(7);
        url.tls = false;
    } else {
        return bad("must begin with https://");
    }
    Result<std::string> host = take_host(rest);
    if (!host) return fail(std::move(host.error()));
    url.host = std::move(*host);
    const Result<std::uint16_t> port = take_port(rest, url.tls ? 443 : 80);
    if (!port) return fail(port.error());
    url.port = *port;
    // Only behind "]" can something else stand here.
    if (!rest.empty() && rest.find_first_of("/?#") != 0) return bad("the host ends in the middle");
    const Result<void> checked = check_path(rest);
    if (!checked) return fail(checked.error());
    url.path = rest;
    return url;
}

}  // namespace firebreak::net
