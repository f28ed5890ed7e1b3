#include "validator/abi/samples.hpp"

namespace firebreak::validator {

std::optional<AbiSample> built_in_sample(std::string_view content_type) {
    if (content_type != "yara-source") return std::nullopt;
    return AbiSample{
        .files = {{"alpha.yar",
                   "rule check_alpha { strings: $a = \"firebreak check alpha\" condition: $a }\n"
                   "rule check_size { condition: filesize < 64 and filesize > 8 }\n"},
                  {"beta.yar",
                   "rule check_beta { strings: $b = /check bet[a-z]/ condition: $b }\n"}},
        .input = "MATCH ME: firebreak check alpha, firebreak check beta\n"};
}

}  // namespace firebreak::validator
