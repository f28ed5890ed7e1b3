#pragma once

#include <map>
#include <string>
#include <vector>

#include "core/rollout/plan.hpp"
#include "core/signing/signer.hpp"
#include "core/trust/metadata.hpp"
#include "core/trust/ring_rule.hpp"
#include "server/repository/ceremony.hpp"

namespace firebreak::test {

/// A vendor's key ceremony, and the offline half of every release after it.
///
/// The documents are plain values: spoil them, then sign. Keys are made from their names (see
/// RepositorySimulator::signer), so that a test can sign as anybody.
class Vendor {
public:
    explicit Vendor(std::chrono::sys_seconds now);

    trust::Root root;
    trust::Targets targets;
    trust::Targets content;
    std::map<std::string, std::vector<std::string>> signs;  ///< Key names by role.
    signing::Ed25519Signer online;

    trust::DelegatedRole& content_delegation() { return targets.delegations->roles.at(0); }
    trust::DelegatedRole& rollout_delegation() { return targets.delegations->roles.at(1); }

    /// The three files, signed by signs[role].
    server::CeremonyFiles ceremony() const;
    Bytes signed_content() const;

    /// Adds content/<stream>/<counter>.fbb to the content role and takes its next version.
    void add_bundle(const std::string& stream, const Bytes& bundle,
                    const trust::ContentTerms& terms);

private:
    Bytes sign(const json::value& document, const std::string& role) const;
};

/// A plan with one ring per name, small windows, times in seconds.
rollout::Plan small_plan(const std::vector<std::string>& rings);

}  // namespace firebreak::test
