#include "client/engine_sensor.hpp"

#include <algorithm>
#include <numeric>

#include "core/base/errc.hpp"

namespace firebreak::client {
namespace {

/// The engine is asked to stop after this long; the watchdog ends what does not.
constexpr std::chrono::milliseconds kScanDeadline{10'000};
constexpr std::chrono::seconds kScanWatchdog{30};
constexpr std::chrono::seconds kLoadWatchdog{120};

constexpr std::string_view kProbeText = "Firebreak looks whether its sensor still answers.\n";

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

std::vector<Bytes> self_test_inputs() {
    Bytes every(4096);
    std::iota(every.begin(), every.end(), std::uint8_t{0});
    Bytes executable(1024);  // The head of a 64-bit ELF file (System V ABI), and nothing behind.
    constexpr std::array<std::uint8_t, 20> kElf{0x7F, 'E', 'L', 'F', 2, 1, 1, 0, 0,    0,
                                                0,    0,   0,   0,   0, 0, 3, 0, 0x3E, 0};
    std::copy(kElf.begin(), kElf.end(), executable.begin());
    return {Bytes{}, Bytes{0}, to_bytes(kProbeText), std::move(every), std::move(executable)};
}

}  // namespace

Result<std::unique_ptr<sensor::LoadedContent>> load_bundle(sensor::Engine& engine,
                                                           const content::Bundle& bundle) {
    if (const Result<void> fits = check_fit(engine.capabilities(), bundle.manifest); !fits) {
        return fail(fits.error());
    }
    std::vector<sensor::SourceFile> files;
    for (const content::ContentFile& file : bundle.files) {
        files.push_back({.name = file.name, .bytes = file.bytes});
    }
    std::vector<sensor::Diagnostic> diagnostics;
    return engine.load(files, {}, diagnostics);
}

Result<void> self_test(sensor::LoadedContent& content, std::chrono::milliseconds deadline) {
    int number = 0;
    for (const Bytes& input : self_test_inputs()) {
        ++number;
        const auto matches = content.evaluate("self-test", input, deadline);
        if (!matches) {
            return fail(matches.error().seen_from("self-test input " + std::to_string(number)));
        }
    }
    return {};
}

EngineSensor::EngineSensor(std::unique_ptr<sensor::Engine> engine, CallGuard& guard)
    : engine_(std::move(engine)), guard_(guard) {}

Result<void> EngineSensor::load(const content::Bundle& bundle) {
    const Inside inside(guard_, EngineCall::kLoad, kLoadWatchdog);
    Result<std::unique_ptr<sensor::LoadedContent>> loaded = load_bundle(*engine_, bundle);
    if (engine_->calls().end()) guard_.engine_died();
    if (!loaded) return fail(loaded.error());
    content_ = std::move(*loaded);
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
    const auto answer = scan("probe", bytes_of(kProbeText));
    if (!answer) return fail(answer.error());
    return {};
}

Result<std::vector<sensor::Match>> EngineSensor::scan(std::string_view name, ByteView bytes) {
    if (!content_) return fail(Errc::kUnavailable, "no content is loaded");
    const Inside inside(guard_, EngineCall::kScan, kScanWatchdog);
    Result<std::vector<sensor::Match>> matches = content_->evaluate(name, bytes, kScanDeadline);
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
