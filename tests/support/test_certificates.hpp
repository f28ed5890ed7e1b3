#pragma once

#include <filesystem>
#include <memory>
#include <string>

namespace firebreak::test {

/// A certificate authority and what it vouches for, made on the spot with the openssl command's own
/// library; P-256, valid around the real clock. For tests only.
class TestCa {
public:
    TestCa();
    ~TestCa();
    TestCa(const TestCa&) = delete;
    TestCa& operator=(const TestCa&) = delete;

    /// PEM of the root.
    const std::string& certificate() const { return certificate_; }

    enum class Validity { kNow, kPast };

    /// Writes server.pem and server.key (0600) for `host` (a DNS name or an IP address) to `folder`.
    void issue(const std::filesystem::path& folder, const std::string& host,
               Validity validity = Validity::kNow) const;

private:
    struct Keys;
    std::unique_ptr<Keys> keys_;
    std::string certificate_;
};

}  // namespace firebreak::test
