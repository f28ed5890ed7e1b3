#pragma once

#include <optional>
#include <string>
#include <vector>

#include "core/content/attestation.hpp"
#include "server/rollout/release_checks.hpp"
#include "tests/unit/server/vendor.hpp"

namespace firebreak::test {

/// Everything that a release manager hands in, as values that a test can spoil before it is signed:
/// a bundle of `stream`, its attestation, the content metadata, the plan.
class ReleaseKit {
public:
    ReleaseKit(Vendor& vendor, std::int64_t counter, std::chrono::sys_seconds now,
               const std::string& stream = "yara");

    content::Manifest manifest;
    content::Attestation attestation;
    trust::ContentTerms terms;
    rollout::Plan plan;
    std::string attester = "validator";  ///< Name of the key that signs the attestation.
    std::string payload_type{content::kStatementPayloadType};
    bool terms_name_attestation = true;

    const Bytes& bundle() const { return bundle_; }
    Bytes envelope() const;
    std::string target() const;

    /// Lists the bundle in the vendor's content role, at its next version. Once, and after spoiling
    /// attestation and terms; the content role itself may be spoiled afterwards.
    void list();

    /// All of it, read.
    server::ReleaseDocuments documents() const;

private:
    Vendor& vendor_;
    Bytes bundle_;
};

}  // namespace firebreak::test
