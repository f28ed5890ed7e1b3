// Three lines of any bytes as Content-Digest, Signature-Input and Signature of one fixed request.
// Properties: whoever does not have the key is never believed, and a key id that is accepted is one
// that could be signed with, so that one text has one reading.

#include <array>
#include <cstdint>
#include <string>

#include "core/base/bytes.hpp"
#include "core/base/check.hpp"
#include "core/health/message_signature.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace firebreak;
    static const Bytes key(32, 0x5A);
    static const health::Message message{
        .method = "POST", .path = "/v1/reports", .body = bytes_of("{\"device\":\"d\"}")};

    std::array<std::string, 3> lines;
    std::size_t line = 0;
    for (const char c : text_of({data, size})) {
        if (c == '\n' && line + 1 < lines.size()) {
            ++line;
        } else {
            lines.at(line) += c;
        }
    }
    // The key is not among the seeds: no input can be right but by breaking HMAC.
    FIREBREAK_CHECK(!health::verify_message(message, {lines[0], lines[1], lines[2]}, key));

    const auto key_id = health::claimed_key_id(lines[1]);
    if (!key_id) return 0;
    const std::size_t at = lines[1].find(";created=") + 9;
    const std::chrono::seconds created{std::stoll(lines[1].substr(at))};
    const auto again =
        health::sign_message(message, *key_id, key, std::chrono::sys_seconds{created});
    FIREBREAK_CHECK(again.signature_input == lines[1]);
    FIREBREAK_CHECK(health::verify_message(message, again, key).has_value());
    return 0;
}
