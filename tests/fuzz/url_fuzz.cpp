// A URL from a configuration file, joined with a target.
// Property: what parse_url accepts is one server: it can be written out and read again as the same
// one; and no target makes more than one request line of it.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "core/base/check.hpp"
#include "core/net/url.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace firebreak::net;
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    const std::string_view base = text.substr(0, text.find('\n'));
    const std::string_view target = text.substr(std::min(base.size() + 1, text.size()));

    const auto url = parse_url(base, Schemes::kHttpToo);
    if (!url) return 0;
    FIREBREAK_CHECK(!url->host.empty() && url->port != 0);
    const std::string scheme = url->tls ? "https://" : "http://";
    const auto again = parse_url(scheme + url->authority() + url->path, Schemes::kHttpToo);
    FIREBREAK_CHECK(again.has_value());
    FIREBREAK_CHECK(again->tls == url->tls && again->host == url->host &&
                    again->port == url->port && again->path == url->path);

    const auto joined = url->target_for(target);
    if (!joined) return 0;
    FIREBREAK_CHECK(joined->starts_with('/'));
    FIREBREAK_CHECK(joined->find_first_of(" \r\n\t#") == std::string::npos);
    return 0;
}
