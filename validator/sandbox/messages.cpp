#include "validator/sandbox/messages.hpp"

#include <algorithm>

#include "core/base/errc.hpp"
#include "sensor/host/answers.hpp"

namespace firebreak::validator {
namespace {

constexpr std::size_t kDiagnosticBytesMin = 4 + 4 + 4 + 4;
constexpr std::size_t kMatchBytesMin = 4 + 4;
constexpr std::size_t kEntryBytesMin = 4 + 8 + 8;

std::string_view cut(std::string_view text, std::size_t bytes_max) {
    return text.substr(0, bytes_max);
}

void write_diagnostics(WireWriter& writer, const std::vector<sensor::Diagnostic>& diagnostics) {
    writer.u32(static_cast<std::uint32_t>(diagnostics.size()));
    for (const sensor::Diagnostic& diagnostic : diagnostics) {
        writer.u32(diagnostic.error ? 1 : 0);
        writer.u32(diagnostic.line);
        writer.text(cut(diagnostic.file, kNameBytesMax));
        writer.text(cut(diagnostic.message, kMessageBytesMax));
    }
}

std::string text_from(WireReader& reader, std::size_t bytes_max) {
    return sensor::printable(reader.text(bytes_max), bytes_max);
}

std::vector<sensor::Diagnostic> read_diagnostics(WireReader& reader) {
    std::vector<sensor::Diagnostic> diagnostics(reader.count(kDiagnosticBytesMin));
    for (sensor::Diagnostic& diagnostic : diagnostics) {
        diagnostic.error = reader.u32() != 0;
        diagnostic.line = reader.u32();
        diagnostic.file = text_from(reader, kNameBytesMax);
        diagnostic.message = text_from(reader, kMessageBytesMax);
    }
    return diagnostics;
}

tl::unexpected<Error> malformed(const char* what) {
    return fail(Errc::kMalformed, what);
}

}  // namespace

Bytes encode(const OpenRequest& request) {
    WireWriter writer(MessageType::kOpen);
    writer.text(request.engine);
    writer.text(text_of(request.sha256.bytes));
    writer.u64(request.limits.address_space_bytes);
    writer.u64(request.limits.cpu_seconds);
    writer.u64(request.limits.stack_bytes);
    writer.u64(request.input_bytes);
    writer.u64(request.content_bytes);
    writer.u32(static_cast<std::uint32_t>(request.entries.size()));
    for (const ImageEntry& entry : request.entries) {
        writer.text(entry.name);
        writer.u64(entry.offset);
        writer.u64(entry.length);
    }
    return writer.frame();
}

Result<OpenRequest> decode_open(WireReader& reader) {
    OpenRequest request;
    request.engine = reader.text(kNameBytesMax);
    const std::string_view digest = reader.text(request.sha256.bytes.size());
    request.limits.address_space_bytes = reader.u64();
    request.limits.cpu_seconds = reader.u64();
    request.limits.stack_bytes = reader.u64();
    request.input_bytes = reader.u64();
    request.content_bytes = reader.u64();
    request.entries.resize(reader.count(kEntryBytesMin));
    for (ImageEntry& entry : request.entries) {
        entry.name = reader.text(kNameBytesMax);
        entry.offset = reader.u64();
        entry.length = reader.u64();
        const bool fits = entry.offset <= request.content_bytes &&
                          entry.length <= request.content_bytes - entry.offset;
        if (!fits) return malformed("an entry lies outside the image");
    }
    if (!reader.finished() || digest.size() != request.sha256.bytes.size()) {
        return malformed("open request");
    }
    std::ranges::copy(bytes_of(digest), request.sha256.bytes.begin());
    return request;
}

Bytes encode(const BatchEntry& entry) {
    WireWriter writer(MessageType::kBatchEntry);
    writer.u32(entry.failed ? 1 : 0);
    writer.u64(static_cast<std::uint64_t>(entry.cpu.count()));
    writer.text(cut(entry.message, kMessageBytesMax));
    const std::size_t rules = std::min(entry.rules.size(), kBatchMatchesMax);
    writer.u32(static_cast<std::uint32_t>(rules));
    for (std::size_t index = 0; index < rules; ++index) {
        writer.text(cut(entry.rules[index], kBatchRuleBytesMax));
    }
    const std::size_t features = std::min(entry.features.size(), kBatchFeaturesMax);
    writer.u32(static_cast<std::uint32_t>(features));
    for (std::size_t index = 0; index < features; ++index) writer.u32(entry.features[index]);
    return writer.frame();
}

Result<BatchEntry> decode_batch_entry(ByteView& answers) {
    if (answers.size() < kFrameHeaderBytes) return malformed("batch entry");
    const std::size_t length = frame_length(answers);
    if (length > answers.size() - kFrameHeaderBytes) return malformed("batch entry");
    WireReader reader(answers.subspan(kFrameHeaderBytes, length));
    BatchEntry entry;
    entry.failed = reader.u32() != 0;
    constexpr std::uint64_t kDay = 86'400'000'000;
    entry.cpu = std::chrono::microseconds(std::min(reader.u64(), kDay));
    entry.message = text_from(reader, kMessageBytesMax);
    entry.rules.resize(std::min(reader.count(4), kBatchMatchesMax));
    for (std::string& rule : entry.rules) rule = text_from(reader, kBatchRuleBytesMax);
    entry.features.resize(std::min(reader.count(4), kBatchFeaturesMax));
    for (std::uint32_t& feature : entry.features) feature = reader.u32();
    if (reader.type() != MessageType::kBatchEntry || !reader.finished()) {
        return malformed("batch entry");
    }
    answers = answers.subspan(kFrameHeaderBytes + length);
    return entry;
}

Bytes encode(const sensor::ProgramEnd& end) {
    WireWriter writer(MessageType::kEngineEnded);
    writer.u32(static_cast<std::uint32_t>(end.how));
    writer.u32(static_cast<std::uint32_t>(end.detail));
    writer.text(end.message);
    return writer.frame();
}

Result<sensor::ProgramEnd> decode_end(WireReader& reader) {
    sensor::ProgramEnd end;
    const std::uint32_t how = reader.u32();
    end.how = static_cast<sensor::ProgramEnd::How>(how);
    end.detail = static_cast<int>(reader.u32());
    end.message = sensor::printable(reader.text(kMessageBytesMax), kMessageBytesMax);
    if (!reader.finished() || how < 1 || how > 4) {
        return fail(Errc::kMalformed, "the end of an engine's program");
    }
    return end;
}

Bytes encode(const CheckResult& result) {
    WireWriter writer(MessageType::kChecked);
    writer.u32(static_cast<std::uint32_t>(result.kind));
    writer.text(cut(result.message, kMessageBytesMax));
    writer.text(cut(result.evidence, kMessageBytesMax));
    return writer.frame();
}

Result<CheckResult> decode_checked(WireReader& reader) {
    CheckResult result;
    const std::uint32_t kind = reader.u32();
    result.kind = static_cast<CheckResult::Kind>(kind);
    result.message = text_from(reader, kMessageBytesMax);
    result.evidence = text_from(reader, kMessageBytesMax);
    if (!reader.finished() || kind < 1 || kind > 4) return malformed("check result");
    return result;
}

Bytes encode(const LoadedAnswer& answer) {
    WireWriter writer(MessageType::kLoaded);
    writer.u64(answer.rules);
    write_diagnostics(writer, answer.diagnostics);
    return writer.frame();
}

Bytes encode(MessageType type, const TroubleAnswer& answer) {
    WireWriter writer(type);
    writer.text(cut(answer.message, kMessageBytesMax));
    write_diagnostics(writer, answer.diagnostics);
    return writer.frame();
}

Bytes encode(const std::vector<sensor::Match>& matches) {
    WireWriter writer(MessageType::kMatches);
    writer.u32(static_cast<std::uint32_t>(matches.size()));
    for (const sensor::Match& match : matches) {
        writer.text(cut(match.rule, kNameBytesMax));
        writer.text(cut(match.detail, kMessageBytesMax));
    }
    return writer.frame();
}

Result<LoadedAnswer> decode_loaded(WireReader& reader) {
    LoadedAnswer answer;
    answer.rules = reader.u64();
    answer.diagnostics = read_diagnostics(reader);
    if (!reader.finished()) return malformed("loaded answer");
    return answer;
}

Result<TroubleAnswer> decode_trouble(WireReader& reader) {
    TroubleAnswer answer;
    answer.message = text_from(reader, kMessageBytesMax);
    answer.diagnostics = read_diagnostics(reader);
    if (!reader.finished()) return malformed("answer");
    return answer;
}

Result<std::vector<sensor::Match>> decode_matches(WireReader& reader) {
    std::vector<sensor::Match> matches(reader.count(kMatchBytesMin));
    for (sensor::Match& match : matches) {
        match.rule = text_from(reader, kNameBytesMax);
        match.detail = text_from(reader, kMessageBytesMax);
    }
    if (!reader.finished()) return malformed("matches");
    return matches;
}

}  // namespace firebreak::validator
