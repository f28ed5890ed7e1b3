#include "core/base/errc.hpp"

#include <string>

namespace firebreak {
namespace {

class Category final : public std::error_category {
public:
    const char* name() const noexcept override { return "firebreak"; }

    std::string message(int value) const override {
        switch (static_cast<Errc>(value)) {
            case Errc::kMalformed: return "malformed";
            case Errc::kTooLarge: return "too large";
            case Errc::kNotFound: return "not found";
            case Errc::kInvalid: return "invalid";
            case Errc::kConflict: return "conflict";
            case Errc::kUnavailable: return "unavailable";
            case Errc::kDenied: return "denied";
            case Errc::kUnsupported: return "unsupported";
            case Errc::kCorrupt: return "corrupt";
        }
        return "unknown";
    }
};

}  // namespace

std::error_code make_error_code(Errc code) noexcept {
    static const Category category;
    return {static_cast<int>(code), category};
}

}  // namespace firebreak
