#include "core/trust/errc.hpp"

#include <string>

namespace firebreak::trust {
namespace {

class Category final : public std::error_category {
public:
    const char* name() const noexcept override { return "trust"; }

    std::string message(int value) const override {
        switch (static_cast<Errc>(value)) {
            case Errc::kMalformed: return "malformed metadata";
            case Errc::kThresholdNotMet: return "signature threshold not met";
            case Errc::kRollback: return "rollback";
            case Errc::kExpired: return "expired metadata";
            case Errc::kWrongVersion: return "wrong version";
            case Errc::kLengthMismatch: return "length mismatch";
            case Errc::kHashMismatch: return "hash mismatch";
            case Errc::kUnsupportedSpec: return "unsupported specification version";
            case Errc::kNotDelegated: return "role not delegated";
            case Errc::kTargetNotFound: return "target not found";
            case Errc::kRootMissing: return "no trusted root";
            case Errc::kTooMany: return "too many delegations";
            case Errc::kPointerMismatch: return "ring pointer and content role disagree";
            case Errc::kBuildNotListed: return "engine build not validated";
            case Errc::kBelowFloor: return "counter below the floor";
            case Errc::kCounterRollback: return "counter rollback";
            case Errc::kNotInCohort: return "not yet in the cohort";
            case Errc::kNotRolling: return "rollout not rolling";
        }
        return "unknown trust error";
    }
};

}  // namespace

std::error_code make_error_code(Errc code) noexcept {
    static const Category category;
    return {static_cast<int>(code), category};
}

}  // namespace firebreak::trust
