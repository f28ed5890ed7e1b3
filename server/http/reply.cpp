#include "server/http/reply.hpp"

#include <unistd.h>

#include <algorithm>
#include <boost/json/serialize.hpp>
#include <cerrno>
#include <utility>

#include "core/base/errc.hpp"

namespace firebreak::server {

FileBody::~FileBody() {
    if (descriptor_ >= 0) ::close(descriptor_);
}

FileBody::FileBody(FileBody&& other) noexcept
    : descriptor_(std::exchange(other.descriptor_, -1)),
      offset_(other.offset_),
      length_(other.length_) {}

FileBody& FileBody::operator=(FileBody&& other) noexcept {
    std::swap(descriptor_, other.descriptor_);
    std::swap(offset_, other.offset_);
    std::swap(length_, other.length_);
    return *this;
}

Result<std::string> FileBody::next(std::size_t bytes_max) {
    std::string bytes(static_cast<std::size_t>(std::min<std::uint64_t>(bytes_max, length_)), '\0');
    std::size_t done = 0;
    while (done < bytes.size()) {
        const ssize_t got = ::pread(descriptor_, bytes.data() + done, bytes.size() - done,
                                    static_cast<off_t>(offset_ + done));
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) return fail(std::error_code(errno, std::generic_category()), "file body");
        if (got == 0) return fail(Errc::kCorrupt, "file body: shorter than it was when opened");
        done += static_cast<std::size_t>(got);
    }
    offset_ += done;
    length_ -= done;
    return bytes;
}

net::Response json_response(unsigned status, const json::value& value) {
    return {status, {{"Content-Type", "application/json"}}, json::serialize(value) + "\n"};
}

net::Response empty_response(unsigned status) {
    return {status, {}, {}};
}

}  // namespace firebreak::server
