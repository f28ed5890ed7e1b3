#include "cli/command.hpp"

#include "core/base/errc.hpp"
#include "core/net/errc.hpp"

namespace firebreak::cli {
namespace {

class Category final : public std::error_category {
public:
    const char* name() const noexcept override { return "firebreak.cli"; }
    std::string message(int value) const override {
        return static_cast<Errc>(value) == Errc::kRefused ? "refused by the server" : "bad input";
    }
};

}  // namespace

std::error_code make_error_code(Errc code) noexcept {
    static const Category category;
    return {static_cast<int>(code), category};
}

int exit_code_of(const Error& error) {
    if (error.code().category() == std::error_code(net::Errc::kTls).category()) return 3;
    for (const std::error_code bad :
         {std::error_code(Errc::kBadInput), std::error_code(firebreak::Errc::kMalformed),
          std::error_code(firebreak::Errc::kInvalid), std::error_code(firebreak::Errc::kTooLarge),
          std::error_code(firebreak::Errc::kNotFound)}) {
        if (error == bad) return 2;
    }
    return 1;
}

std::string line_of(const Error& error) {
    const bool ours = error.code().category() == std::error_code(Errc::kRefused).category();
    if (ours) return error.context();
    return error.context() + " (" + error.code().message() + ")";
}

}  // namespace firebreak::cli
