// Runs a fuzz target's function once over each file of the folders given, and over every file cut
// short at each eighth of its length. Fails by crashing, as the fuzzer would, and when there is
// nothing to replay.

#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

int main(int count, char** arguments) {
    std::size_t replayed = 0;
    for (int i = 1; i < count; ++i) {
        std::error_code code;
        for (const auto& entry : std::filesystem::directory_iterator(arguments[i], code)) {
            std::ifstream file(entry.path(), std::ios::binary);
            const std::vector<char> text{std::istreambuf_iterator<char>(file), {}};
            const std::vector<std::uint8_t> bytes(text.begin(), text.end());
            for (std::size_t eighths = 0; eighths <= 8; ++eighths) {
                (void)LLVMFuzzerTestOneInput(bytes.data(), bytes.size() * eighths / 8);
            }
            ++replayed;
        }
    }
    (void)std::printf("replayed %zu files\n", replayed);
    return replayed > 0 ? 0 : 1;
}
