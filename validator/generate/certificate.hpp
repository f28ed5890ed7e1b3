#pragma once

#include "validator/generate/yara_rules.hpp"

namespace firebreak::validator {

/// A PKCS #7 SignedData (RFC 2315) with one certificate (RFC 5280) that says what `hints` say, as
/// it stands at the end of a signed Windows program.
///
/// It is a form filled in and no signature: no key made it, and nothing verifies it. It is there
/// because rules for stolen certificates match on the names and numbers alone.
Bytes signed_data(const SignatureHints& hints);

}  // namespace firebreak::validator
