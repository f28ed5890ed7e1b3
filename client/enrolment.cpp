#include "client/enrolment.hpp"

#include <algorithm>
#include <boost/json/serialize.hpp>

#include "core/base/encoding.hpp"
#include "core/base/errc.hpp"
#include "core/base/json.hpp"
#include "core/health/enrolment.hpp"

namespace firebreak::client {
namespace {

constexpr std::uint64_t kAnswerBytesMax = 16'384;

}  // namespace

std::string enrolment_body(const DeviceKey& key, std::string_view token, const Sha256& engine_build,
                           const Attributes& attributes) {
    Bytes message = health::enrolment_message(token, key.public_key());
    const DeviceKey::Signature signature = key.sign(message);
    wipe(message);

    json::object said;
    for (const auto& [name, value] : attributes) said[name] = value;
    return json::serialize(json::object{{"token", token},
                                        {"public_key", hex_encode(key.public_key())},
                                        {"signature", hex_encode(signature)},
                                        {"engine_build", engine_build.hex()},
                                        {"attributes", std::move(said)}});
}

Result<std::string> parse_token(ByteView file) {
    std::string_view text = text_of(file);
    text = text.substr(0, text.find('\n'));
    constexpr std::string_view kBlank = " \t\r\n";
    const std::size_t first = text.find_first_not_of(kBlank);
    if (first == std::string_view::npos)
        return fail(Errc::kInvalid, "the first line holds no token");
    text = text.substr(first, text.find_last_not_of(kBlank) - first + 1);
    const auto visible = [](char c) { return c > ' ' && c <= '~'; };
    if (!std::all_of(text.begin(), text.end(), visible)) {
        return fail(Errc::kInvalid, "the first line holds more than one token");
    }
    return std::string(text);
}

boost::asio::awaitable<Result<Identity>> enrol(ServerLink& link, std::string body) {
    net::Request request{.method = "POST",
                         .target = "/v1/enrol",
                         .headers = {{"Content-Type", "application/json"}},
                         .body = std::move(body)};
    Result<net::Response> response = co_await link.exchange(std::move(request), kAnswerBytesMax);
    if (!response) co_return fail(response.error().seen_from("enrol"));
    if (response->status != 201 && response->status != 200) {
        co_return fail(error_of(*response, "enrol"));
    }
    Result<Identity> identity = parse_identity(response->body);
    wipe({reinterpret_cast<std::uint8_t*>(response->body.data()), response->body.size()});
    if (!identity) co_return fail(identity.error().seen_from("enrol: the server's answer"));
    co_return identity;
}

}  // namespace firebreak::client
