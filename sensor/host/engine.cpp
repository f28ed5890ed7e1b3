#include "sensor/host/engine.hpp"

#include <csignal>
#include <cstring>
#include <limits>

#include "core/base/errc.hpp"
#include "sensor/host/answers.hpp"
#include "sensor/host/manifest.hpp"
#include "sensor/host/shared_library.hpp"
#include "sensor/host/signal_state.hpp"

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

/// @returns the table, or which rule of sensor.h it breaks.
Result<const fb_engine*> engine_table(const SharedLibrary& library) {
    void* symbol = library.symbol(FB_SENSOR_SYMBOL);
    if (symbol == nullptr) {
        return fail(Errc::kInvalid, "no sensor engine: no symbol " FB_SENSOR_SYMBOL);
    }
    fb_sensor_entry entry = nullptr;
    static_assert(sizeof entry == sizeof symbol);
    std::memcpy(&entry, &symbol, sizeof entry);
    const fb_engine* table = entry(FB_SENSOR_ABI_VERSION);
    if (table == nullptr) {
        return fail(Errc::kUnsupported, "the engine does not speak sensor ABI " +
                                            std::to_string(FB_SENSOR_ABI_VERSION));
    }
    if (table->abi_version != FB_SENSOR_ABI_VERSION) {
        return fail(Errc::kUnsupported, "the engine speaks sensor ABI " +
                                            std::to_string(table->abi_version) + ", this host " +
                                            std::to_string(FB_SENSOR_ABI_VERSION));
    }
    if (table->struct_size < sizeof(fb_engine)) {
        return fail(Errc::kInvalid, "the engine's table is too short for its ABI version");
    }
    const bool complete = table->info != nullptr && table->load != nullptr &&
                          table->describe != nullptr && table->inputs != nullptr &&
                          table->evaluate != nullptr && table->reset != nullptr &&
                          table->unload != nullptr;
    if (!complete) return fail(Errc::kInvalid, "the engine's table lacks a required function");
    return table;
}

class Content final : public LoadedContent {
public:
    Content(const fb_engine& table, const fb_loaded& loaded)
        : table_(&table), content_(loaded.content), rules_(loaded.rules_loaded) {}
    Content(const Content&) = delete;
    Content& operator=(const Content&) = delete;
    ~Content() override { table_->unload(content_); }

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
        const fb_status status = table_->evaluate(content_, &input, &budget, &sink);
        if (answers.broken()) return fail(*answers.broken());
        if (status != FB_OK) return fail(failed_call("evaluate", status));
        return answers.take();
    }

    Result<void> reset() override {
        const fb_status status = table_->reset(content_);
        if (status != FB_OK) return fail(failed_call("reset", status));
        return {};
    }

    std::uint64_t rule_count() const override { return rules_; }

    Result<json::value> describe() const override {
        TextAnswer answer(kDescriptionBytesMax);
        const fb_text_sink sink = answer.sink();
        const fb_status status = table_->describe(content_, &sink);
        if (status != FB_OK) return fail(failed_call("describe", status));
        const Result<std::string> text = answer.take();
        if (!text) return fail(text.error());
        return parse_json(*text,
                          {.bytes_max = kDescriptionBytesMax, .depth_max = kDescriptionDepthMax});
    }

private:
    const fb_engine* table_;
    fb_content* content_;
    std::uint64_t rules_;
};

class LoadedEngine final : public Engine {
public:
    LoadedEngine(SharedLibrary library, const fb_engine& table, CapabilityManifest manifest)
        : library_(std::move(library)), table_(&table), manifest_(std::move(manifest)) {}

    Result<std::unique_ptr<LoadedContent>> load(const std::vector<SourceFile>& files,
                                                const LoadLimits& limits,
                                                std::vector<Diagnostic>& diagnostics) override;

    Result<json::value> inputs(std::string_view type) const override {
        TextAnswer answer(kManifestBytesMax);
        const fb_text_sink sink = answer.sink();
        const fb_status status = table_->inputs(text_view(type), &sink);
        if (status == FB_REFUSED) {
            return fail(Errc::kNotFound,
                        "this engine is not supplied with '" + printable(type, 200) + "' inputs");
        }
        if (status != FB_OK) return fail(failed_call("inputs", status));
        const Result<std::string> text = answer.take();
        if (!text) return fail(text.error());
        return parse_json(*text, {.bytes_max = kManifestBytesMax});
    }

    Result<void> set_allocator(const fb_allocator* allocator) override {
        if (table_->set_allocator == nullptr) {
            return fail(Errc::kUnsupported, "this engine takes no allocator");
        }
        const fb_status status = table_->set_allocator(allocator);
        if (status != FB_OK) return fail(failed_call("set_allocator", status));
        return {};
    }

    const CapabilityManifest& capabilities() const override { return manifest_; }
    const Sha256& build() const override { return library_.digest(); }

private:
    Result<void> check_size(const std::vector<SourceFile>& files) const;
    Result<void> check_loaded(fb_status status, const fb_loaded& loaded,
                              const DiagnosticAnswers& said, const fb_load_request& request) const;

    SharedLibrary library_;
    const fb_engine* table_;
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
    const fb_status status = table_->load(&request, &loaded);
    Result<void> ok = check_signals(signals, "after load()");
    if (ok) ok = check_loaded(status, loaded, said, request);
    if (!ok) {
        if (status == FB_OK && loaded.content != nullptr) table_->unload(loaded.content);
        return fail(ok.error());
    }
    return std::make_unique<Content>(*table_, loaded);
}

Result<CapabilityManifest> read_capabilities(const fb_engine& table) {
    TextAnswer answer(kManifestBytesMax);
    const fb_text_sink sink = answer.sink();
    const fb_status status = table.info(&sink);
    if (status != FB_OK) return fail(failed_call("info", status));
    const Result<std::string> text = answer.take();
    if (!text) return fail(text.error());
    return parse_capability_manifest(*text);
}

/// Maps the library and asks it what it is.
Result<std::unique_ptr<Engine>> start(SharedLibrary library) {
    if (Result<void> mapped = library.map(); !mapped) return fail(mapped.error());
    const Result<const fb_engine*> table = engine_table(library);
    if (!table) return fail(table.error());
    Result<CapabilityManifest> manifest = read_capabilities(**table);
    if (!manifest) return fail(manifest.error());
    return std::make_unique<LoadedEngine>(std::move(library), **table, *std::move(manifest));
}

}  // namespace

Result<std::unique_ptr<Engine>> Engine::open(const std::filesystem::path& path,
                                             const Sha256* expected) {
    Result<SharedLibrary> library = SharedLibrary::read(path);
    if (!library) return fail(library.error().seen_from("engine"));
    const std::string name = path.string();
    if (expected != nullptr && library->digest() != *expected) {
        return fail(Errc::kConflict, name + ": this engine is build " + library->digest().hex() +
                                         ", expected " + expected->hex());
    }

    const SignalState signals = SignalState::now();
    Result<std::unique_ptr<Engine>> engine = start(*std::move(library));
    const Result<void> same = check_signals(signals, "when it was opened");
    if (!engine) return fail(engine.error().seen_from(name));
    if (!same) return fail(same.error().seen_from(name));
    return engine;
}

}  // namespace firebreak::sensor
