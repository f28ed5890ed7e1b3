#pragma once

namespace firebreak::simulation {

/// While it lives, and is told so, every Ed25519 signature is right: a planted bug.
class AnySignature {
public:
    explicit AnySignature(bool is_right);
    ~AnySignature();
    AnySignature(const AnySignature&) = delete;

private:
    bool before_;
};

}  // namespace firebreak::simulation
