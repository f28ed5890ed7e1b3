#include "validator/generate/certificate.hpp"

#include <initializer_list>

#include "core/base/encoding.hpp"

namespace firebreak::validator {
namespace {

// Tags of X.690.
enum Tag : std::uint8_t {
    kInteger = 0x02,
    kBits = 0x03,
    kOctets = 0x04,
    kNull = 0x05,
    kObjectId = 0x06,
    kUtf8 = 0x0C,
    kUtcTime = 0x17,
    kSequence = 0x30,
    kSet = 0x31,
    kContext0 = 0xA0,
};

Bytes element(Tag tag, ByteView content) {
    Bytes bytes{tag};
    const std::size_t length = content.size();
    if (length < 0x80) {
        bytes.push_back(static_cast<std::uint8_t>(length));
    } else {
        // Two bytes of length do: names in hints are bounded by the size of a description's texts.
        bytes.push_back(0x83);
        bytes.push_back(static_cast<std::uint8_t>(length >> 16U));
        bytes.push_back(static_cast<std::uint8_t>(length >> 8U));
        bytes.push_back(static_cast<std::uint8_t>(length));
    }
    bytes.insert(bytes.end(), content.begin(), content.end());
    return bytes;
}

Bytes joined(Tag tag, std::initializer_list<Bytes> parts) {
    Bytes content;
    for (const Bytes& part : parts) content.insert(content.end(), part.begin(), part.end());
    return element(tag, content);
}

Bytes object_id(std::initializer_list<std::uint8_t> encoded) {
    return element(kObjectId, Bytes(encoded));
}

Bytes algorithm(std::initializer_list<std::uint8_t> encoded) {
    return joined(kSequence, {object_id(encoded), element(kNull, {})});
}
Bytes sha256_algorithm() {
    return algorithm({0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x01});
}
Bytes rsa_sha256() {
    return algorithm({0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 0x01, 0x01, 0x0B});
}
Bytes rsa() {
    return algorithm({0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 0x01, 0x01, 0x01});
}

/// The bytes of a name. Engines print one on a line with "\xD0" for what is not ASCII, and rules
/// quote that.
Bytes name_bytes(const std::string& text) {
    Bytes bytes;
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text.compare(i, 2, "\\x") == 0 && i + 4 <= text.size()) {
            if (const auto byte = hex_decode(text.substr(i + 2, 2))) {
                bytes.insert(bytes.end(), byte->begin(), byte->end());
                i += 3;
                continue;
            }
        }
        bytes.push_back(static_cast<std::uint8_t>(text[i]));
    }
    return bytes;
}

/// A name of one part: its common name.
Bytes name(const std::string& text) {
    const Bytes part =
        joined(kSequence, {object_id({0x55, 0x04, 0x03}), element(kUtf8, name_bytes(text))});
    return joined(kSequence, {joined(kSet, {part})});
}

/// "05:e2:e6" as the bytes of a number; 1 for anything else.
Bytes serial_number(const std::string& text) {
    std::string digits;
    for (const char c : text) {
        if (c != ':') digits += c;
    }
    const auto bytes = hex_decode(digits);
    return element(kInteger, bytes && !bytes->empty() ? *bytes : Bytes{1});
}

/// A key of the right form and of no use.
Bytes public_key() {
    constexpr std::size_t kModulusBytes = 64;
    Bytes modulus(kModulusBytes, 0x55);
    const Bytes numbers =
        joined(kSequence, {element(kInteger, modulus), element(kInteger, Bytes{3})});
    Bytes bits{0};
    bits.insert(bits.end(), numbers.begin(), numbers.end());
    return joined(kSequence, {rsa(), element(kBits, bits)});
}

Bytes time(std::string_view text) {
    return element(kUtcTime, bytes_of(text));
}

}  // namespace

Bytes signed_data(const SignatureHints& hints) {
    const Bytes issuer = name(hints.issuer.empty() ? "made by a validator" : hints.issuer);
    const Bytes serial = serial_number(hints.serial);
    // As long as UTCTime reaches: rules ask for certificates that were valid after some day.
    const Bytes validity = joined(kSequence, {time("000101000000Z"), time("491231235959Z")});
    const Bytes version3 = joined(kContext0, {element(kInteger, Bytes{2})});
    const Bytes signature = element(kBits, Bytes(65, 0));
    const Bytes certificate =
        joined(kSequence, {joined(kSequence, {version3, serial, rsa_sha256(), issuer, validity,
                                              name(hints.subject), public_key()}),
                           rsa_sha256(), signature});
    const Bytes signer =
        joined(kSequence, {element(kInteger, Bytes{1}), joined(kSequence, {issuer, serial}),
                           sha256_algorithm(), rsa(), element(kOctets, Bytes(64, 0))});
    const Bytes data_type = object_id({0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 0x01, 0x07, 0x01});
    const Bytes data =
        joined(kSequence, {element(kInteger, Bytes{1}), joined(kSet, {sha256_algorithm()}),
                           joined(kSequence, {data_type}), joined(kContext0, {certificate}),
                           joined(kSet, {signer})});
    return joined(kSequence, {object_id({0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 0x01, 0x07, 0x02}),
                              joined(kContext0, {data})});
}

}  // namespace firebreak::validator
