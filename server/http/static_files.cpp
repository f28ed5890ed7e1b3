#include "server/http/static_files.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <cstdio>
#include <optional>
#include <sys/stat.h>
#include <utility>

#include "server/http/standard_problems.hpp"

namespace firebreak::server {
namespace asio = boost::asio;
namespace {

class Descriptor {
public:
    explicit Descriptor(int descriptor = -1) noexcept : descriptor_(descriptor) {}
    ~Descriptor() {
        if (descriptor_ >= 0) ::close(descriptor_);
    }
    Descriptor(Descriptor&& other) noexcept : descriptor_(other.release()) {}
    Descriptor& operator=(Descriptor&& other) noexcept {
        std::swap(descriptor_, other.descriptor_);
        return *this;
    }
    int get() const noexcept { return descriptor_; }
    int release() noexcept { return std::exchange(descriptor_, -1); }
    explicit operator bool() const noexcept { return descriptor_ >= 0; }

private:
    int descriptor_;
};

struct OpenFile {
    Descriptor descriptor;
    std::uint64_t length = 0;
    std::string etag;
};

// Strong (RFC 9110, 8.8.1): files are replaced by rename, so other bytes are another inode.
std::string etag_of(const struct stat& status) {
    char text[64];
    std::snprintf(text, sizeof text, "\"%llx-%llx-%llx.%lx\"",
                  static_cast<unsigned long long>(status.st_ino),
                  static_cast<unsigned long long>(status.st_size),
                  static_cast<unsigned long long>(status.st_mtim.tv_sec),
                  static_cast<unsigned long>(status.st_mtim.tv_nsec));
    return text;
}

// Opens the regular file `path` below `root`, one segment at a time.
std::optional<OpenFile> open_below(const std::filesystem::path& root, std::string_view path) {
    // The root may be reached by a symbolic link, which the operator made; nothing below it may.
    Descriptor folder(::open(root.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
    while (folder) {
        const std::size_t end = path.find('/');
        const std::string name(path.substr(0, end));
        if (name.empty() || name.front() == '.') return std::nullopt;
        if (end == std::string_view::npos) {
            // O_NONBLOCK: a FIFO must not hold the thread. It is no regular file, so it ends below.
            OpenFile file{Descriptor(::openat(folder.get(), name.c_str(),
                                              O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC)),
                          0,
                          {}};
            struct stat status {};
            if (!file.descriptor || ::fstat(file.descriptor.get(), &status) != 0) break;
            if (!S_ISREG(status.st_mode)) break;
            file.length = static_cast<std::uint64_t>(status.st_size);
            file.etag = etag_of(status);
            return file;
        }
        folder = Descriptor(
            ::openat(folder.get(), name.c_str(), O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
        path.remove_prefix(end + 1);
    }
    return std::nullopt;
}

// If-None-Match: "*", or a list of tags, compared weakly (RFC 9110, 13.1.2).
bool matches(std::string_view list, std::string_view etag) {
    while (!list.empty()) {
        const std::size_t end = std::min(list.find(','), list.size());
        std::string_view tag = list.substr(0, end);
        list.remove_prefix(std::min(end + 1, list.size()));
        while (tag.starts_with(' ') || tag.starts_with('\t')) tag.remove_prefix(1);
        while (tag.ends_with(' ') || tag.ends_with('\t')) tag.remove_suffix(1);
        if (tag.starts_with("W/")) tag.remove_prefix(2);
        if (tag == "*" || tag == etag) return true;
    }
    return false;
}

struct Range {
    std::uint64_t first = 0;
    std::uint64_t length = 0;
};

std::optional<std::uint64_t> number(std::string_view text) {
    std::uint64_t value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
    return value;
}

// "bytes=first-last", "bytes=first-", "bytes=-count" (RFC 9110, 14.1.2), one of them.
// @returns nullopt for what this server does not read, which is then ignored (14.2), and a Range of
//   length 0 for one that lies outside of the file.
std::optional<Range> parse_range(std::string_view text, std::uint64_t length) {
    static constexpr std::string_view kUnit = "bytes=";
    if (!text.starts_with(kUnit)) return std::nullopt;
    text.remove_prefix(kUnit.size());
    const std::size_t dash = text.find('-');
    if (dash == std::string_view::npos) return std::nullopt;
    const std::string_view first_text = text.substr(0, dash);
    const std::string_view last_text = text.substr(dash + 1);
    const std::optional<std::uint64_t> last = number(last_text);
    if (!last && !last_text.empty()) return std::nullopt;
    if (first_text.empty()) {
        if (!last) return std::nullopt;
        const std::uint64_t count = std::min(*last, length);
        return Range{length - count, count};
    }
    const std::optional<std::uint64_t> first = number(first_text);
    if (!first || (last && *last < *first)) return std::nullopt;
    if (*first >= length) return Range{};
    const std::uint64_t end = last && *last < length ? *last + 1 : length;
    return Range{*first, end - *first};
}

// The part that the request asks for; nullopt for the whole file.
std::optional<Range> wanted_range(const RequestContext& request, const OpenFile& file) {
    const std::string* range = request.header("Range");
    if (range == nullptr || request.request.method != "GET") return std::nullopt;
    // If-Range: the part only if the file is still the one that the client has the rest of.
    const std::string* condition = request.header("If-Range");
    if (condition != nullptr && *condition != file.etag) return std::nullopt;
    return parse_range(*range, file.length);
}

net::Headers headers_for(std::string_view name, const OpenFile& file) {
    return {
        {"Content-Type", name.ends_with(".json") ? "application/json" : "application/octet-stream"},
        {"Cache-Control",
         is_consistent_name(name) ? "public, max-age=31536000, immutable" : "no-cache"},
        {"ETag", file.etag},
        {"Accept-Ranges", "bytes"}};
}

Answer serve(const RequestContext& request, const StaticFilesOptions& options) {
    const std::string& path = request.parameter(options.parameter);
    std::optional<OpenFile> file = open_below(options.root, path);
    if (!file) return refuse(not_found());
    const std::string_view name = std::string_view(path).substr(path.rfind('/') + 1);
    net::Headers headers = headers_for(name, *file);
    const std::string* known = request.header("If-None-Match");
    if (known != nullptr && matches(*known, file->etag)) {
        return Reply(net::Response{304, std::move(headers), {}});
    }
    const std::string total = std::to_string(file->length);
    const std::optional<Range> range = wanted_range(request, *file);
    if (!range) {
        return Reply(net::Response{200, std::move(headers), {}},
                     FileBody(file->descriptor.release(), 0, file->length));
    }
    if (range->length == 0) return refuse(range_not_satisfiable(file->length));
    headers["Content-Range"] = "bytes " + std::to_string(range->first) + "-" +
                               std::to_string(range->first + range->length - 1) + "/" + total;
    return Reply(net::Response{206, std::move(headers), {}},
                 FileBody(file->descriptor.release(), range->first, range->length));
}

}  // namespace

bool is_consistent_name(std::string_view file_name) {
    const std::string_view prefix = file_name.substr(0, file_name.find('.'));
    if (prefix.empty() || prefix.size() == file_name.size()) return false;
    const auto is_digit = [](char c) { return c >= '0' && c <= '9'; };
    const auto is_hex = [&](char c) { return is_digit(c) || (c >= 'a' && c <= 'f'); };
    const bool version = std::all_of(prefix.begin(), prefix.end(), is_digit);
    const bool digest = (prefix.size() == 64 || prefix.size() == 128) &&
                        std::all_of(prefix.begin(), prefix.end(), is_hex);
    return version || digest;
}

Handler static_files(StaticFilesOptions options) {
    return [options = std::move(options)](RequestContext request) -> asio::awaitable<Answer> {
        co_return serve(request, options);
    };
}

}  // namespace firebreak::server
