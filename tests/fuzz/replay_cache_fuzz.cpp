// Any bytes as a segment of the replay cache. Property: reading ends, within the bytes given.

#include <cstdint>

#include "core/base/check.hpp"
#include "validator/cache/replay_cache.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace firebreak;
    using namespace firebreak::validator;
    constexpr std::size_t kFileRecordBytes = 72;
    std::map<FileIdentity, Sha256> files;
    read_file_records({data, size}, files);
    FIREBREAK_CHECK(files.size() <= size / kFileRecordBytes);
    std::map<Sha256, std::vector<sensor::Match>> answers;
    read_answer_records({data, size}, answers);
    std::size_t bytes = 0;
    for (const auto& [file, matches] : answers) {
        for (const sensor::Match& match : matches) bytes += match.rule.size() + match.detail.size();
    }
    FIREBREAK_CHECK(bytes <= size);
    return 0;
}
