#include <algorithm>

#include "core/base/errc.hpp"
#include "validator/stages/stage.hpp"

namespace firebreak::validator {
namespace {

/// Below this, doubling is no news.
constexpr std::uint64_t kSizeJumpBytesMin = 64U << 10U;

std::string_view id_of(const Error& error) {
    if (error == Errc::kTooLarge) return "FB102";
    if (error == Errc::kCorrupt) return "FB103";
    if (error == Errc::kUnsupported) return "FB104";
    return "FB101";
}

std::uint64_t content_bytes(const content::Bundle& bundle) {
    std::uint64_t bytes = 0;
    for (const content::ContentFile& file : bundle.files) bytes += file.bytes.size();
    return bytes;
}

void compare_with_previous(Run& run) {
    const content::Manifest& now = run.bundle->manifest;
    const content::Manifest& before = run.previous->manifest;
    if (now.stream != before.stream) {
        run.add(
            {.id = "FB106",
             .message = "stream " + now.stream + ", and the last release is of " + before.stream});
        return;
    }
    if (now.counter <= before.counter) {
        run.add({.id = "FB105",
                 .message = "counter " + std::to_string(now.counter) +
                            " is not above the last release's, " + std::to_string(before.counter)});
    }
    const std::uint64_t bytes = content_bytes(*run.bundle);
    const std::uint64_t bytes_before = content_bytes(*run.previous);
    const bool jumped = bytes > 2 * bytes_before || bytes < bytes_before / 2;
    if (jumped && std::max(bytes, bytes_before) >= kSizeJumpBytesMin) {
        run.add({.id = "FB107",
                 .message = std::to_string(bytes) + " bytes of content, the last release had " +
                            std::to_string(bytes_before)});
    }
}

}  // namespace

StageResult check_structure(Run& run, StageDeadline /*deadline*/) {
    Result<content::Bundle> bundle = content::unpack_bundle(run.request().bundle);
    if (!bundle) {
        run.add({.id = std::string(id_of(bundle.error())), .message = bundle.error().context()});
        return {.executions = 1};
    }
    run.bundle = *std::move(bundle);
    if (!run.request().previous) return {.executions = 1};
    Result<content::Bundle> previous = content::unpack_bundle(*run.request().previous);
    if (!previous) {
        // Not a fault of the bundle that is judged, so no finding; but the comparison is missing.
        return {.executions = 1,
                .complete = false,
                .reason = "the last release cannot be read: " + previous.error().context()};
    }
    run.previous = *std::move(previous);
    compare_with_previous(run);
    return {.executions = 2};
}

}  // namespace firebreak::validator
