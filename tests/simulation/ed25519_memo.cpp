// Signatures that were checked before. Every machine of every world checks the same signatures of
// the same metadata at every poll; without this they are a fifth of a world's time, and most of it
// once the rest is quick. Checking is a function of bytes alone, and it is remembered under all of
// them: nobody gets another answer than libsodium's. The linker puts these in its place (--wrap).

#include "tests/simulation/ed25519_memo.hpp"

#include <cstdint>
#include <string>
#include <unordered_map>
#include <utility>

#include "core/base/check.hpp"

extern "C" {
// NOLINTBEGIN(bugprone-reserved-identifier): the linker's names.
int __real_crypto_sign_verify_detached(const unsigned char* signature, const unsigned char* message,
                                       unsigned long long message_bytes, const unsigned char* key);
int __real_crypto_core_ed25519_is_valid_point(const unsigned char* point);
int __wrap_crypto_sign_verify_detached(const unsigned char* signature, const unsigned char* message,
                                       unsigned long long message_bytes, const unsigned char* key);
int __wrap_crypto_core_ed25519_is_valid_point(const unsigned char* point);
// NOLINTEND
}

namespace {

bool any_is_right = false;

constexpr std::size_t kSignatureBytes = 64;
constexpr std::size_t kKeyBytes = 32;
constexpr std::size_t kRememberedMost = 4'096;
constexpr std::uint64_t kCheckAgainEvery = 512;

/// Answers by everything that they depend on.
class Memo {
public:
    template <class Ask>
    int answer(const std::string& question, const Ask& ask) {
        const auto known = answers_.find(question);
        if (known != answers_.end()) {
            const bool again = ++used_ % kCheckAgainEvery == 0;
            FIREBREAK_CHECK(!again || known->second == ask());
            return known->second;
        }
        if (answers_.size() >= kRememberedMost) answers_.clear();
        return answers_.emplace(question, ask()).first->second;
    }

private:
    std::unordered_map<std::string, int> answers_;
    std::uint64_t used_ = 0;
};

void append(std::string& to, const unsigned char* bytes, std::size_t count) {
    to.append(reinterpret_cast<const char*>(bytes), count);
}

}  // namespace

int __wrap_crypto_sign_verify_detached(const unsigned char* signature, const unsigned char* message,
                                       unsigned long long message_bytes, const unsigned char* key) {
    if (any_is_right) return 0;
    static Memo memo;
    std::string question;
    question.reserve(kSignatureBytes + kKeyBytes + message_bytes);
    append(question, signature, kSignatureBytes);
    append(question, key, kKeyBytes);
    append(question, message, message_bytes);
    return memo.answer(question, [&] {
        return __real_crypto_sign_verify_detached(signature, message, message_bytes, key);
    });
}

int __wrap_crypto_core_ed25519_is_valid_point(const unsigned char* point) {
    static Memo memo;
    std::string question;
    append(question, point, kKeyBytes);
    return memo.answer(question, [&] { return __real_crypto_core_ed25519_is_valid_point(point); });
}

namespace firebreak::simulation {

AnySignature::AnySignature(bool is_right) : before_(std::exchange(any_is_right, is_right)) {}

AnySignature::~AnySignature() {
    any_is_right = before_;
}

}  // namespace firebreak::simulation
