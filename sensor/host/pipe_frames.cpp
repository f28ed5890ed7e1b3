#include "sensor/host/pipe_frames.hpp"

#include "core/base/errc.hpp"

namespace firebreak::sensor {
namespace {

constexpr std::uint8_t kDone = 64;
constexpr std::uint8_t kText = 65;
constexpr std::uint8_t kDiagnostic = 66;
constexpr std::uint8_t kMatch = 67;

constexpr std::size_t kSmallFrameBytesMax = 64U << 10U;
constexpr std::size_t kDiagnosticsMax = 10'000;

tl::unexpected<Error> malformed(const std::string& what) {
    return fail(Errc::kMalformed, what);
}

std::uint64_t little_endian(ByteView bytes) {
    std::uint64_t value = 0;
    for (std::size_t i = bytes.size(); i > 0; --i) value = value << 8U | bytes[i - 1];
    return value;
}

/// Reads fields in order; the first that does not fit spoils it.
class Fields {
public:
    explicit Fields(ByteView rest) : rest_(rest) {}

    std::uint32_t u32() { return static_cast<std::uint32_t>(little_endian(take(4))); }
    std::uint64_t u64() { return little_endian(take(8)); }
    fb_text text() {
        const ByteView view = take(u32());
        return {.data = reinterpret_cast<const char*>(view.data()), .length = view.size()};
    }
    bool finished() const { return !spoiled_ && rest_.empty(); }

private:
    ByteView take(std::size_t bytes) {
        if (spoiled_ || bytes > rest_.size()) {
            spoiled_ = true;
            return {};
        }
        const ByteView taken = rest_.first(bytes);
        rest_ = rest_.subspan(bytes);
        return taken;
    }

    ByteView rest_;
    bool spoiled_ = false;
};

void append(Bytes& out, std::uint64_t value, std::size_t bytes) {
    for (std::size_t i = 0; i < bytes; ++i) {
        out.push_back(static_cast<std::uint8_t>(value >> (8 * i)));
    }
}

}  // namespace

PipeRequestWriter::PipeRequestWriter(PipeRequest type) {
    append(bytes_, 0, 4);
    bytes_.push_back(static_cast<std::uint8_t>(type));
}

void PipeRequestWriter::u32(std::uint32_t value) {
    append(bytes_, value, 4);
}

void PipeRequestWriter::u64(std::uint64_t value) {
    append(bytes_, value, 8);
}

void PipeRequestWriter::bytes(const std::uint8_t* data, std::size_t length) {
    if (too_large_ || length > kPipeRequestBytesMax - bytes_.size()) {
        too_large_ = true;
        return;
    }
    u32(static_cast<std::uint32_t>(length));
    bytes_.insert(bytes_.end(), data, data + length);
}

void PipeRequestWriter::text(fb_text value) {
    bytes(reinterpret_cast<const std::uint8_t*>(value.data), value.length);
}

void PipeRequestWriter::input(const fb_input& input) {
    u32(input.kind);
    if (input.kind == FB_INPUT_FILE) {
        text(input.as.file.name);
        bytes(input.as.file.bytes.data, input.as.file.bytes.length);
        return;
    }
    if (input.kind != FB_INPUT_EVENT) return;  // A kind without a form: nothing follows.
    const fb_event_input& event = input.as.event;
    text(event.contract);
    u32(static_cast<std::uint32_t>(event.field_count));
    for (std::size_t i = 0; i < event.field_count; ++i) {
        const fb_field& field = event.fields[i];
        u32(field.type);
        u64(static_cast<std::uint64_t>(field.integer));
        bytes(field.data, field.length);
    }
}

Result<Bytes> PipeRequestWriter::take() {
    if (too_large_ || bytes_.size() > kPipeRequestBytesMax) {
        return fail(Errc::kTooLarge, "a request of more than " +
                                         std::to_string(kPipeRequestBytesMax) +
                                         " bytes does not go over the engine's pipe");
    }
    const std::size_t length = bytes_.size() - 4;
    for (std::size_t i = 0; i < 4; ++i) {
        bytes_[i] = static_cast<std::uint8_t>(length >> (8 * i));
    }
    return std::move(bytes_);
}

PipeAnswerReader::PipeAnswerReader(PipeSinks sinks, std::size_t text_bytes_max,
                                   std::uint64_t matches_max)
    : sinks_(sinks), text_bytes_max_(text_bytes_max), matches_left_(matches_max) {}

Result<std::size_t> PipeAnswerReader::begin(ByteView header) {
    const std::uint64_t length = little_endian(header.first(4));
    type_ = header[4];
    std::size_t most = kSmallFrameBytesMax;
    switch (type_) {
        case kDone: break;
        case kText:
            if (sinks_.text == nullptr) return malformed("a text where none was asked for");
            most = text_bytes_max_ + 4;
            break;
        case kDiagnostic:
            if (sinks_.diagnostics == nullptr) return malformed("a diagnostic outside of load");
            break;
        case kMatch:
            if (sinks_.matches == nullptr) return malformed("a match outside of evaluate");
            break;
        default: return malformed("a frame of type " + std::to_string(type_));
    }
    if (length == 0 || length - 1 > most) {
        return malformed("a frame of type " + std::to_string(type_) + " with " +
                         std::to_string(length) + " bytes");
    }
    return static_cast<std::size_t>(length - 1);
}

Result<std::optional<PipeDone>> PipeAnswerReader::take(ByteView fields) {
    if (type_ == kDone) return take_done(fields);
    const Result<void> taken = type_ == kText         ? take_text(fields)
                               : type_ == kDiagnostic ? take_diagnostic(fields)
                                                      : take_match(fields);
    if (!taken) return fail(taken.error());
    return std::optional<PipeDone>{};
}

Result<void> PipeAnswerReader::take_text(ByteView fields) {
    Fields reader(fields);
    const fb_text text = reader.text();
    if (!reader.finished()) return malformed("a text that is not as long as it says");
    if (++texts_ > 1) return malformed("two texts where one belongs");
    sinks_.text->write(sinks_.text->user, text);
    return {};
}

Result<void> PipeAnswerReader::take_diagnostic(ByteView fields) {
    Fields reader(fields);
    fb_diagnostic diagnostic{};
    diagnostic.struct_size = sizeof diagnostic;
    diagnostic.severity = reader.u32();
    diagnostic.line = reader.u32();
    diagnostic.file = reader.text();
    diagnostic.message = reader.text();
    if (!reader.finished()) return malformed("a diagnostic without its parts");
    if (++diagnostics_ > kDiagnosticsMax) {
        return malformed("more than " + std::to_string(kDiagnosticsMax) + " diagnostics");
    }
    sinks_.diagnostics->report(sinks_.diagnostics->user, &diagnostic);
    return {};
}

Result<void> PipeAnswerReader::take_match(ByteView fields) {
    Fields reader(fields);
    fb_match match{};
    match.struct_size = sizeof match;
    match.rule = reader.text();
    match.detail = reader.text();
    if (!reader.finished()) return malformed("a match without its parts");
    if (matches_left_ == 0) return malformed("more matches than it was allowed");
    --matches_left_;
    // "Stop" cannot be told over a pipe; the rest is read, and no longer passed on.
    if (!stopped_) stopped_ = sinks_.matches->match(sinks_.matches->user, &match) != 0;
    return {};
}

Result<std::optional<PipeDone>> PipeAnswerReader::take_done(ByteView fields) const {
    Fields reader(fields);
    PipeDone done;
    done.status = static_cast<fb_status>(reader.u32());
    done.files_loaded = reader.u64();
    done.rules_seen = reader.u64();
    done.rules_loaded = reader.u64();
    if (!reader.finished()) return malformed("an end of an answer without its parts");
    if (stopped_ && done.status == FB_OK) done.status = FB_LIMIT;
    return std::optional(done);
}

}  // namespace firebreak::sensor
