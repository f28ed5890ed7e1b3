#include "core/net/errc.hpp"

#include <string>

namespace firebreak::net {
namespace {

class Category final : public std::error_category {
public:
    const char* name() const noexcept override { return "net"; }

    std::string message(int code) const override {
        switch (static_cast<Errc>(code)) {
            case Errc::kBadUrl: return "not a usable URL";
            case Errc::kTooLarge: return "the answer is too large";
            case Errc::kTimedOut: return "timed out";
            case Errc::kTls: return "TLS refused";
            case Errc::kConnection: return "connection failed";
            case Errc::kBadResponse: return "not a valid HTTP answer";
            case Errc::kBadRequest: return "not a request that HTTP can carry";
        }
        return "unknown";
    }
};

}  // namespace

std::error_code make_error_code(Errc code) noexcept {
    static const Category category;
    return {static_cast<int>(code), category};
}

}  // namespace firebreak::net
