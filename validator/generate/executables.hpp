#pragma once

#include <vector>

#include "validator/generate/yara_rules.hpp"

namespace firebreak::validator {

/// What a made-up file holds.
struct FileParts {
    Bytes entry;                    ///< What stands at the entry point.
    Bytes body;                     ///< What stands behind it.
    std::vector<FixedBytes> fixed;  ///< Written last, over whatever is there.
    Bytes certificates{};           ///< PKCS #7, for a Windows program.
};

/// A Windows program (PE32, one section) that parsers read to its end and no system would start.
Bytes make_pe(const FileParts& parts);

/// An ELF file (64 bits, little-endian, one segment) of the same kind.
Bytes make_elf(const FileParts& parts);

/// The parts alone, behind no header.
Bytes make_plain(const FileParts& parts);

}  // namespace firebreak::validator
