// Any bytes as a key file, opened with one passphrase. Property: it is refused; its public half,
// when it has one, is an Ed25519 key. Files that ask for much memory or time are left out: the
// limits on them have their own test, and a fuzzer should not sit and derive keys.

#include <cstdint>

#include "core/base/check.hpp"
#include "core/signing/key_file.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace firebreak;
    const Result<trust::Key> key = signing::public_key_of({data, size});
    if (!key) return 0;
    FIREBREAK_CHECK(key->identity().size() == 33);

    const Result<json::value> file = parse_json(text_of({data, size}));
    boost::system::error_code code;
    const json::value* memory = file->find_pointer("/kdf/memory_bytes", code);
    const json::value* operations = file->find_pointer("/kdf/operations", code);
    if (memory != nullptr && memory->is_int64() && memory->get_int64() > 1 << 16) return 0;
    if (operations != nullptr && operations->is_int64() && operations->get_int64() > 2) return 0;
    Bytes passphrase = to_bytes("not the passphrase");
    FIREBREAK_CHECK(!signing::open_key({data, size}, SecretBytes::take(passphrase)));
    return 0;
}
