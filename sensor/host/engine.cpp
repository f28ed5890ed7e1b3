#include "sensor/host/engine.hpp"

#include <csignal>
#include <limits>

#include "core/base/errc.hpp"
#include "sensor/host/answers.hpp"
#include "sensor/host/engine_location.hpp"
#include "sensor/host/manifest.hpp"
#include "sensor/host/pipe_calls.hpp"
#include "sensor/host/signal_state.hpp"
#include "sensor/host/table_calls.hpp"

namespace firebreak::sensor {
namespace {

constexpr std::size_t kManifestBytesMax = 1U << 20U;
constexpr std::size_t kDescriptionBytesMax = 256U << 20U;
constexpr std::size_t kDescriptionDepthMax = 16;
constexpr std::size_t kFilesMax = 100'000;
constexpr std::int64_t kTimeoutMsMax = std::numeric_limits<std::uint32_t>::max();

fb_text text_view(std::string_view text) {
    return {.data = text.data(), .length = text.size()};
}

std::string status_name(fb_status status) {
    switch (status) {
        case FB_OK: return "ok";
        case FB_REFUSED: return "refused";
        case FB_LIMIT: return "a limit was met";
        case FB_TIMEOUT: return "out of time";
        case FB_INTERNAL: return "an internal fault";
        default: return "status " + std::to_string(status) + ", which the sensor ABI does not have";
    }
}

Errc code_of(fb_status status) {
    const bool gave_up = status == FB_TIMEOUT || status == FB_LIMIT;
    return gave_up ? Errc::kUnavailable : Errc::kInvalid;
}

Error failed_call(std::string_view call, fb_status status) {
    return {code_of(status), "the engine's " + std::string(call) + "(): " + status_name(status)};
}

/// Compares before and after, puts back what was there, and says what it was.
Result<void> check_signals(const SignalState& before, std::string_view when) {
    const std::optional<int> changed = before.first_change();
    if (!changed) return {};
    before.restore();
    const char* name = sigabbrev_np(*changed);
    return fail(Errc::kInvalid,
                "the engine left a handler for SIG" +
                    (name != nullptr ? std::string(name) : std::to_string(*changed)) + " behind " +
                    std::string(when) + ", which would hide its own crashes");
}

class Content final : public LoadedContent {
public:
    Content(EngineCalls& calls, const fb_loaded& loaded)
        : calls_(&calls), content_(loaded.content), rules_(loaded.rules_loaded) {}
    Content(const Content&) = delete;
    Content& operator=(const Content&) = delete;
    ~Content() override { static_cast<void>(calls_->unload(content_)); }

    using LoadedContent::evaluate;

    Result<std::vector<Match>> evaluate(std::string_view input_name, ByteView input,
                                        std::chrono::milliseconds deadline) override {
        fb_input file{};
        file.struct_size = sizeof file;
        file.kind = FB_INPUT_FILE;
        file.as.file = {.name = text_view(input_name),
                        .bytes = {.data = input.data(), .length = input.size()}};
        return evaluate(file, deadline);
    }

    Result<std::vector<Match>> evaluate(const fb_input& input,
                                        std::chrono::milliseconds deadline) override {
        const std::int64_t time = std::clamp<std::int64_t>(deadline.count(), 0, kTimeoutMsMax);
        const fb_budget budget{.struct_size = sizeof budget,
                               .timeout_ms = static_cast<std::uint32_t>(time),
                               .matches_max = MatchAnswers::kMatchesMax};
        MatchAnswers answers;
        const fb_match_sink sink = answers.sink();
        const Result<fb_status> status = calls_->evaluate(content_, input, budget, sink);
        if (!status) return fail(status.error());
        if (answers.broken()) return fail(*answers.broken());
        if (*status != FB_OK) return fail(failed_call("evaluate", *status));
        return answers.take();
    }

    Result<void> reset() override {
        const Result<fb_status> status = calls_->reset(content_);
        if (!status) return fail(status.error());
        if (*status != FB_OK) return fail(failed_call("reset", *status));
        return {};
    }

    Result<void> start_coverage() override {
        const Result<fb_status> status = calls_->coverage(content_, nullptr);
        if (!status) return fail(status.error());
        if (*status != FB_OK) return fail(failed_call("coverage", *status));
        return {};
    }

    Result<json::value> coverage() const override {
        TextAnswer answer(kDescriptionBytesMax);
        const fb_text_sink sink = answer.sink();
        return parsed("coverage", calls_->coverage(content_, &sink), answer);
    }

    std::uint64_t rule_count() const override { return rules_; }

    Result<json::value> describe() const override {
        TextAnswer answer(kDescriptionBytesMax);
        const fb_text_sink sink = answer.sink();
        return parsed("describe", calls_->describe(content_, sink), answer);
    }

private:
    static Result<json::value> parsed(std::string_view call, const Result<fb_status>& status,
                                      TextAnswer& answer) {
        if (!status) return fail(status.error());
        if (*status != FB_OK) return fail(failed_call(call, *status));
        const Result<std::string> text = answer.take();
        if (!text) return fail(text.error());
        return parse_json(*text,
                          {.bytes_max = kDescriptionBytesMax, .depth_max = kDescriptionDepthMax});
    }

    EngineCalls* calls_;
    fb_content* content_;
    std::uint64_t rules_;
};

class LoadedEngine final : public Engine {
public:
    LoadedEngine(std::unique_ptr<EngineCalls> calls, const Sha256& build,
                 CapabilityManifest manifest)
        : calls_(std::move(calls)), build_(build), manifest_(std::move(manifest)) {}

    Result<std::unique_ptr<LoadedContent>> load(const std::vector<SourceFile>& files,
                                                const LoadLimits& limits,
                                                std::vector<Diagnostic>& diagnostics) override;

    Result<json::value> inputs(std::string_view type) const override {
        TextAnswer answer(kManifestBytesMax);
        const fb_text_sink sink = answer.sink();
        const Result<fb_status> status = calls_->inputs(text_view(type), sink);
        if (!status) return fail(status.error());
        if (*status == FB_REFUSED) {
            return fail(Errc::kNotFound,
                        "this engine is not supplied with '" + printable(type, 200) + "' inputs");
        }
        if (*status != FB_OK) return fail(failed_call("inputs", *status));
        const Result<std::string> text = answer.take();
        if (!text) return fail(text.error());
        return parse_json(*text, {.bytes_max = kManifestBytesMax});
    }

    Result<void> set_allocator(const fb_allocator* allocator) override {
        const Result<fb_status> status = calls_->set_allocator(allocator);
        if (!status) return fail(status.error());
        if (*status != FB_OK) return fail(failed_call("set_allocator", *status));
        return {};
    }

    const CapabilityManifest& capabilities() const override { return manifest_; }
    const Sha256& build() const override { return build_; }
    EngineCalls& calls() override { return *calls_; }
    const EngineCalls& calls() const override { return *calls_; }

private:
    Result<void> check_size(const std::vector<SourceFile>& files) const;
    Result<void> check_loaded(fb_status status, const fb_loaded& loaded,
                              const DiagnosticAnswers& said, const fb_load_request& request) const;

    std::unique_ptr<EngineCalls> calls_;
    Sha256 build_;
    CapabilityManifest manifest_;
};

Result<void> LoadedEngine::check_size(const std::vector<SourceFile>& files) const {
    if (files.empty()) return fail(Errc::kInvalid, "no content to load");
    if (files.size() > kFilesMax) {
        return fail(Errc::kTooLarge, "more than " + std::to_string(kFilesMax) + " files");
    }
    std::uint64_t total = 0;
    for (const SourceFile& file : files) total += file.bytes.size();
    if (total > manifest_.content_bytes_max) {
        return fail(Errc::kTooLarge, "content of " + std::to_string(total) +
                                         " bytes, this engine takes " +
                                         std::to_string(manifest_.content_bytes_max));
    }
    return {};
}

/// Everything that has to hold before we believe that a load is whole.
Result<void> LoadedEngine::check_loaded(fb_status status, const fb_loaded& loaded,
                                        const DiagnosticAnswers& said,
                                        const fb_load_request& request) const {
    if (said.broken()) return fail(*said.broken());
    if (status == FB_LIMIT) {
        return fail(Errc::kTooLarge, said.first_error().value_or("the engine's load(): a limit"));
    }
    if (status != FB_OK) {
        const Error error = failed_call("load", status);
        return fail(Errc::kInvalid, said.first_error().value_or(error.context()));
    }
    if (loaded.content == nullptr) {
        return fail(Errc::kInvalid, "the engine breaks the sensor ABI: ok, and no content");
    }
    if (said.first_error()) {
        return fail(Errc::kInvalid, "the engine says ok, and reports " + *said.first_error());
    }
    if (loaded.files_loaded != request.file_count || loaded.rules_loaded != loaded.rules_seen) {
        return fail(Errc::kInvalid, "partial load: " + std::to_string(loaded.rules_loaded) +
                                        " of " + std::to_string(loaded.rules_seen) + " rules, " +
                                        std::to_string(loaded.files_loaded) + " of " +
                                        std::to_string(request.file_count) + " files");
    }
    if (loaded.rules_loaded > std::min(request.rules_max, manifest_.rules_max)) {
        return fail(Errc::kTooLarge, std::to_string(loaded.rules_loaded) + " rules, limit " +
                                         std::to_string(request.rules_max));
    }
    return {};
}

Result<std::unique_ptr<LoadedContent>> LoadedEngine::load(const std::vector<SourceFile>& files,
                                                          const LoadLimits& limits,
                                                          std::vector<Diagnostic>& diagnostics) {
    if (Result<void> size = check_size(files); !size) return fail(size.error());
    std::vector<fb_file> views;
    views.reserve(files.size());
    for (const SourceFile& file : files) {
        views.push_back({.name = text_view(file.name),
                         .bytes = {.data = file.bytes.data(), .length = file.bytes.size()}});
    }

    DiagnosticAnswers said(diagnostics);
    const fb_diagnostic_sink sink = said.sink();
    const fb_load_request request{.struct_size = sizeof request,
                                  .reserved = 0,
                                  .files = views.data(),
                                  .file_count = views.size(),
                                  .rules_max = limits.rules_max,
                                  .memory_bytes_max = limits.memory_bytes_max,
                                  .diagnostics = &sink};
    fb_loaded loaded{};
    loaded.struct_size = sizeof loaded;

    const SignalState signals = SignalState::now();
    const Result<fb_status> status = calls_->load(request, loaded);
    if (!status) return fail(status.error());
    Result<void> ok = check_signals(signals, "after load()");
    if (ok) ok = check_loaded(*status, loaded, said, request);
    if (!ok) {
        if (*status == FB_OK && loaded.content != nullptr) {
            static_cast<void>(calls_->unload(loaded.content));
        }
        return fail(ok.error());
    }
    return std::make_unique<Content>(*calls_, loaded);
}

Result<CapabilityManifest> read_capabilities(EngineCalls& calls) {
    TextAnswer answer(kManifestBytesMax);
    const fb_text_sink sink = answer.sink();
    const Result<fb_status> status = calls.info(sink);
    if (!status) return fail(status.error());
    if (*status != FB_OK) return fail(failed_call("info", *status));
    const Result<std::string> text = answer.take();
    if (!text) return fail(text.error());
    return parse_capability_manifest(*text);
}

/// Checks the digest before any code of the engine runs.
Result<void> check_build(const std::string& name, const Sha256& digest, const Sha256* expected) {
    if (expected == nullptr || digest == *expected) return {};
    return fail(Errc::kConflict,
                name + ": this engine is build " + digest.hex() + ", expected " + expected->hex());
}

/// Asks what was started what it is.
Result<std::unique_ptr<Engine>> introduce(Result<std::unique_ptr<EngineCalls>> calls,
                                          const Sha256& build) {
    if (!calls) return fail(calls.error());
    Result<CapabilityManifest> manifest = read_capabilities(**calls);
    if (!manifest) return fail(manifest.error());
    return std::make_unique<LoadedEngine>(*std::move(calls), build, *std::move(manifest));
}

Result<std::unique_ptr<Engine>> open_program(const EngineLocation& location,
                                             const Sha256* expected) {
    Result<SealedFile> file = SealedFile::read(location.path);
    if (!file) return fail(file.error());
    const Sha256 build = file->digest();
    if (const auto same = check_build(location.to_string(), build, expected); !same) {
        return fail(same.error());
    }
    return introduce(start_pipe_engine(*std::move(file), PipePatience{}), build);
}

Result<std::unique_ptr<Engine>> open_library(const EngineLocation& location,
                                             const Sha256* expected) {
    Result<SharedLibrary> library = SharedLibrary::read(location.path);
    if (!library) return fail(library.error());
    const Sha256 build = library->digest();
    if (const auto same = check_build(location.to_string(), build, expected); !same) {
        return fail(same.error());
    }
    const SignalState signals = SignalState::now();
    Result<std::unique_ptr<Engine>> engine = introduce(map_engine(*std::move(library)), build);
    const Result<void> same = check_signals(signals, "when it was opened");
    if (engine && !same) return fail(same.error());
    return engine;
}

}  // namespace

Result<std::unique_ptr<Engine>> Engine::open(const std::filesystem::path& written,
                                             const Sha256* expected) {
    const EngineLocation location = EngineLocation::of(written);
    auto engine =
        location.program ? open_program(location, expected) : open_library(location, expected);
    if (!engine) return fail(engine.error().seen_from(location.to_string()));
    return engine;
}

}  // namespace firebreak::sensor
