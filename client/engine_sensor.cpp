#include "client/engine_sensor.hpp"

#include <algorithm>

#include "core/base/errc.hpp"

namespace firebreak::client {
namespace {

/// The engine is asked to stop after this long; the watchdog ends what does not.
constexpr std::chrono::milliseconds kScanDeadline{10'000};
constexpr std::chrono::seconds kScanWatchdog{30};
constexpr std::chrono::seconds kLoadWatchdog{120};

/// Inside the engine for as long as it lives.
class Inside {
public:
    Inside(CallGuard& guard, EngineCall call, std::chrono::seconds limit) : guard_(guard) {
        guard_.enter(call, limit);
    }
    ~Inside() { guard_.leave(); }
    Inside(const Inside&) = delete;
    Inside& operator=(const Inside&) = delete;

private:
    CallGuard& guard_;
};

bool holds(const std::vector<std::string>& list, const std::string& wanted) {
    return std::find(list.begin(), list.end(), wanted) != list.end();
}

Result<void> check_fit(const sensor::CapabilityManifest& engine,
                       const content::Manifest& manifest) {
    if (!holds(engine.content_types, manifest.content_type)) {
        return fail(Errc::kUnsupported,
                    engine.name + " does not load content of type " + manifest.content_type);
    }
    for (const std::string& needed : manifest.capabilities) {
        if (!holds(engine.capabilities, needed)) {
            return fail(Errc::kUnsupported, engine.name + " lacks the capability " + needed);
        }
    }
    return {};
}

}  // namespace

Result<LoadedBundle> load_bundle(sensor::Engine& engine, const content::Bundle& bundle) {
    if (const Result<void> fits = check_fit(engine.capabilities(), bundle.manifest); !fits) {
        return fail(fits.error());
    }
    Result<TestEvents> events = TestEvents::make(engine, bundle.manifest);
    if (!events) return fail(events.error());
    std::vector<sensor::SourceFile> files;
    for (const content::ContentFile& file : bundle.files) {
        files.push_back({.name = file.name, .bytes = file.bytes});
    }
    std::vector<sensor::Diagnostic> diagnostics;
    Result<std::unique_ptr<sensor::LoadedContent>> content = engine.load(files, {}, diagnostics);
    if (!content) return fail(content.error());
    return LoadedBundle{.content = std::move(*content), .events = std::move(*events)};
}

EngineSensor::EngineSensor(std::unique_ptr<sensor::Engine> engine, CallGuard& guard)
    : engine_(std::move(engine)), guard_(guard) {
    if (const auto program = engine_->calls().program()) {
        processor_time_ = ProcessorTime(program->process);
    }
}

Result<void> EngineSensor::load(const content::Bundle& bundle) {
    const Inside inside(guard_, EngineCall::kLoad, kLoadWatchdog);
    Result<LoadedBundle> loaded = load_bundle(*engine_, bundle);
    if (engine_->calls().end()) guard_.engine_died();
    if (!loaded) return fail(loaded.error());
    content_ = std::move(loaded->content);
    events_ = std::move(loaded->events);
    running_ = bundle.sha256;
    return {};
}

void EngineSensor::unload() {
    const Inside inside(guard_, EngineCall::kLoad, kLoadWatchdog);
    content_.reset();
}

const Sha256* EngineSensor::running() const {
    return content_ ? &running_ : nullptr;
}

Result<void> EngineSensor::probe() {
    if (!content_) return fail(Errc::kUnavailable, "no content is loaded");
    const Inside inside(guard_, EngineCall::kScan, kScanWatchdog);
    const Result<void> answered = client::probe(events_, *content_, kScanDeadline);
    if (engine_->calls().end()) guard_.engine_died();
    return answered;
}

Result<std::vector<sensor::Match>> EngineSensor::scan(std::string_view name, ByteView bytes) {
    if (!content_) return fail(Errc::kUnavailable, "no content is loaded");
    const Inside inside(guard_, EngineCall::kScan, kScanWatchdog);
    Result<std::vector<sensor::Match>> matches = content_->evaluate(name, bytes, kScanDeadline);
    if (engine_->calls().end()) guard_.engine_died();
    return matches;
}

bool EngineSensor::takes(std::string_view contract, std::size_t field_count) const {
    return content_ && events_.takes(contract, field_count);
}

Result<std::vector<sensor::Match>> EngineSensor::evaluate(const fb_input& input) {
    if (!content_) return fail(Errc::kUnavailable, "no content is loaded");
    const Inside inside(guard_, EngineCall::kScan, kScanWatchdog);
    Result<std::vector<sensor::Match>> matches = content_->evaluate(input, kScanDeadline);
    if (engine_->calls().end()) guard_.engine_died();
    return matches;
}

const Sha256& EngineSensor::build() const {
    return engine_->build();
}

std::uint64_t EngineSensor::input_bytes_max() const {
    return engine_->capabilities().input_bytes_max;
}

}  // namespace firebreak::client
