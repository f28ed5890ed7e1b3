#pragma once

#include <chrono>
#include <filesystem>
#include <string>
#include <vector>

namespace firebreak::test {

/// A certificate and its private key, in PEM. TEST ONLY: made on the spot, trusted by nobody.
struct TestIdentity {
    std::string certificate_pem;
    std::string key_pem;
};

struct TestCertificateOptions {
    std::vector<std::string> dns_names = {"localhost"};
    std::vector<std::string> addresses = {"127.0.0.1"};
    std::chrono::seconds not_before{-3600};  ///< From now.
    std::chrono::seconds not_after{86'400};
    std::string common_name = "Firebreak test server";
};

/// A certificate authority in memory, ECDSA P-256 like all that it issues.
class TestCa {
public:
    explicit TestCa(const std::string& common_name = "Firebreak test CA");

    const std::string& certificate_pem() const { return own_.certificate_pem; }

    TestIdentity issue(const TestCertificateOptions& options = {}) const;

private:
    TestIdentity own_;
};

/// A server certificate that vouches for itself.
TestIdentity self_signed(const TestCertificateOptions& options = {});

struct TestIdentityFiles {
    std::filesystem::path certificate;  ///< 0644
    std::filesystem::path key;          ///< 0600
};

/// Writes server.pem and server.key to `folder`, as a server's options want them.
TestIdentityFiles write_identity(const TestIdentity& identity, const std::filesystem::path& folder);

}  // namespace firebreak::test
