// A worker that has been taken over: speaks the protocol as far as it must, and then does the one
// thing
// that its engine's file name asks for. Links nothing of the real one.

#include <unistd.h>

#include <array>
#include <atomic>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>
#include <sys/mman.h>
#include <vector>

namespace {

constexpr int kChannel = 3;

using Bytes = std::vector<std::uint8_t>;

void send(const Bytes& bytes) {
    const ssize_t written = ::write(kChannel, bytes.data(), bytes.size());
    if (written < 0) ::_exit(1);
}

void append_u32(Bytes& bytes, std::uint32_t value) {
    for (unsigned shift = 0; shift < 32; shift += 8) {
        bytes.push_back(static_cast<std::uint8_t>(value >> shift));
    }
}

Bytes frame(std::uint8_t type, const Bytes& fields) {
    Bytes bytes;
    append_u32(bytes, static_cast<std::uint32_t>(fields.size() + 1));
    bytes.push_back(type);
    bytes.insert(bytes.end(), fields.begin(), fields.end());
    return bytes;
}

bool read_exactly(void* data, std::size_t size) {
    auto* next = static_cast<std::uint8_t*>(data);
    while (size > 0) {
        const ssize_t got = ::read(kChannel, next, size);
        if (got <= 0) return false;
        next += got;
        size -= static_cast<std::size_t>(got);
    }
    return true;
}

Bytes read_request() {
    std::uint32_t length = 0;
    if (!read_exactly(&length, sizeof length)) ::_exit(0);
    Bytes body(length);
    if (!read_exactly(body.data(), length)) ::_exit(0);
    return body;
}

Bytes text(std::string_view value) {
    Bytes bytes;
    append_u32(bytes, static_cast<std::uint32_t>(value.size()));
    bytes.insert(bytes.end(), value.begin(), value.end());
    return bytes;
}

constexpr std::string_view kManifest =
    R"({"manifest_version":1,"name":"liar","version":"1","build_id":"none",)"
    R"("content_types":["yara-source"],"input_kinds":["file"],"contracts":[],"capabilities":[],)"
    R"("limits":{"content_bytes_max":67108864,"input_bytes_max":67108864,"rules_max":1000}})";

void wait_for_the_end() {
    for (;;) ::pause();
}

/// The words at the front of the batch area: how many inputs are done, and how many bytes of
/// answers there are.
std::atomic<std::uint32_t>* batch_words() {
    constexpr std::size_t kBytes = 4096;
    void* area = ::mmap(nullptr, kBytes, PROT_READ | PROT_WRITE, MAP_SHARED, 6, 0);
    if (area == MAP_FAILED) ::_exit(1);
    return static_cast<std::atomic<std::uint32_t>*>(area);
}

/// Lies about a batch: shared memory can be changed at any time.
void lie_about_a_batch(std::string_view how) {
    if (how == "batch-of-nothing") send(frame(74, {0, 0, 0, 0}));
    if (how == "batch-of-too-many") send(frame(74, {0xFF, 0xFF, 0xFF, 0xFF}));
    if (how == "batch-without-entries") {
        batch_words()[0] = 1;
        send(frame(74, {1, 0, 0, 0}));
    }
    if (how == "batch-of-garbage") {
        std::atomic<std::uint32_t>* words = batch_words();
        for (std::size_t word = 0; word < 1024; ++word) words[word] = 0xFFFF'FFFF;
        send(frame(74, {1, 0, 0, 0}));
    }
    if (how == "batch-that-runs-on") {
        std::atomic<std::uint32_t>* words = batch_words();
        for (;;) ++words[0];
    }
}

/// What it does instead of answering an evaluation.
void lie(std::string_view how) {
    if (how == "huge-length") send({0xFF, 0xFF, 0xFF, 0xFF, 69});
    if (how == "no-answer") wait_for_the_end();
    if (how == "half-a-frame") send({0x40, 0, 0, 0, 69, 1});
    if (how == "unknown-type") send(frame(200, {}));
    if (how == "empty-frame") send({0, 0, 0, 0});
    if (how == "two-answers") {
        Bytes twice = frame(69, {0, 0, 0, 0});
        const Bytes once = twice;
        twice.insert(twice.end(), once.begin(), once.end());
        send(twice);
    }
    if (how == "many-matches") send(frame(69, {0xFF, 0xFF, 0xFF, 0xFF}));
    if (how == "long-name") send(frame(69, {1, 0, 0, 0, 0xFF, 0xFF, 0xFF, 0x7F, 'a', 0, 0, 0, 0}));
    if (how == "left-over") send(frame(69, {0, 0, 0, 0, 1}));
    if (how == "wrong-answer") send(frame(67, {1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0}));
    if (how == "closed-channel") ::close(kChannel);
    lie_about_a_batch(how);
    if (how == "flood") {
        const Bytes noise(1U << 16U, 0x41);
        for (;;) send(noise);
    }
    wait_for_the_end();
}

std::string name_of_engine(const Bytes& open_request) {
    std::uint32_t length = 0;
    std::memcpy(&length, open_request.data() + 1, sizeof length);
    const std::string path(reinterpret_cast<const char*>(open_request.data()) + 5, length);
    return path.substr(path.rfind('/') + 1);
}

}  // namespace

int main() {
    const std::string how = name_of_engine(read_request());
    if (how == "no-manifest") send(frame(65, text("{")));
    send(frame(65, text(kManifest)));
    read_request();
    if (how == "no-seccomp") {
        Bytes trouble = text("seccomp: this kernel has no filter");
        append_u32(trouble, 0);
        send(frame(82, trouble));
        wait_for_the_end();
    }
    if (how == "no-listener") send(frame(66, {0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0}));
    // Landlock, a listener, addresses: none of them.
    send(frame(66, {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0}));
    read_request();
    send(frame(67, {1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0}));
    read_request();
    lie(how);
}
