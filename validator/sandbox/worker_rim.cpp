#include "validator/sandbox/worker_rim.hpp"

#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <sys/mman.h>
#include <sys/socket.h>

#include "validator/sandbox/launch.hpp"
#include "validator/sandbox/shared_memory.hpp"
#include "validator/sandbox/wire.hpp"

namespace firebreak::validator {

bool write_all(ByteView bytes) {
    while (!bytes.empty()) {
        const ssize_t written = ::write(kChannelDescriptor, bytes.data(), bytes.size());
        if (written < 0 && errno == EINTR) continue;
        if (written <= 0) return false;
        bytes = bytes.subspan(static_cast<std::size_t>(written));
    }
    return true;
}

bool read_all(std::span<std::uint8_t> bytes) {
    while (!bytes.empty()) {
        const ssize_t got = ::read(kChannelDescriptor, bytes.data(), bytes.size());
        if (got < 0 && errno == EINTR) continue;
        if (got <= 0) return false;
        bytes = bytes.subspan(static_cast<std::size_t>(got));
    }
    return true;
}

void tell_abort(int /*signal*/) {
    constexpr std::array<std::uint8_t, 5> kFrame{1, 0, 0, 0,
                                                 static_cast<std::uint8_t>(MessageType::kAborted)};
    std::uint8_t ignored = 0;
    if (::write(kChannelDescriptor, kFrame.data(), kFrame.size()) > 0) {
        while (::read(kChannelDescriptor, &ignored, 1) < 0 && errno == EINTR) {}
    }
    ::_exit(134);
}

bool send_with_descriptor(const Bytes& frame, int descriptor) {
    iovec part{.iov_base = const_cast<std::uint8_t*>(frame.data()), .iov_len = frame.size()};
    alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof(int))> control{};
    msghdr message{};
    message.msg_iov = &part;
    message.msg_iovlen = 1;
    message.msg_control = control.data();
    message.msg_controllen = control.size();
    cmsghdr* header = CMSG_FIRSTHDR(&message);
    header->cmsg_level = SOL_SOCKET;
    header->cmsg_type = SCM_RIGHTS;
    header->cmsg_len = CMSG_LEN(sizeof(int));
    std::memcpy(CMSG_DATA(header), &descriptor, sizeof(int));
    // One small frame on an empty socket: the kernel takes all of it.
    return ::sendmsg(kChannelDescriptor, &message, 0) == static_cast<ssize_t>(frame.size());
}

Result<ByteView> map_guarded(int descriptor, std::uint64_t bytes, int sharing) {
    const auto page = static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
    const std::size_t whole = (bytes + page - 1) / page * page;
    void* base = ::mmap(nullptr, whole + 2 * page, PROT_NONE,
                        MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    auto* start = static_cast<std::uint8_t*>(base) + page;
    const bool ok =
        base != MAP_FAILED && (whole == 0 || ::mmap(start, whole, PROT_READ, sharing | MAP_FIXED,
                                                    descriptor, 0) != MAP_FAILED);
    if (!ok) return fail({errno, std::generic_category()}, "mapping shared memory");
    return ByteView(start, bytes);
}

Result<std::vector<ByteView>> map_slots(int descriptor, std::size_t slots) {
    const auto page = static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
    const std::size_t step = BatchArea::kSlotBytes + page;
    std::vector<ByteView> views;
    if (slots == 0) return views;
    void* base = ::mmap(nullptr, slots * step, PROT_NONE,
                        MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (base == MAP_FAILED) return fail({errno, std::generic_category()}, "mapping slots");
    for (std::size_t slot = 0; slot < slots; ++slot) {
        auto* start = static_cast<std::uint8_t*>(base) + slot * step;
        const auto offset = static_cast<off_t>(slot * BatchArea::kSlotBytes);
        if (::mmap(start, BatchArea::kSlotBytes, PROT_READ, MAP_SHARED | MAP_FIXED, descriptor,
                   offset) == MAP_FAILED) {
            return fail({errno, std::generic_category()}, "mapping a slot");
        }
        views.emplace_back(start, BatchArea::kSlotBytes);
    }
    return views;
}

Result<std::span<std::uint8_t>> map_batch_area(int descriptor) {
    void* area =
        ::mmap(nullptr, BatchArea::kBytes, PROT_READ | PROT_WRITE, MAP_SHARED, descriptor, 0);
    if (area == MAP_FAILED) return fail({errno, std::generic_category()}, "mapping a batch area");
    return std::span(static_cast<std::uint8_t*>(area), BatchArea::kBytes);
}

}  // namespace firebreak::validator
