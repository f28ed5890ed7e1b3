#include "sensor/host/pipe_calls.hpp"

#include <map>

#include "core/base/clock.hpp"
#include "core/base/errc.hpp"
#include "core/base/json.hpp"
#include "sensor/host/answers.hpp"
#include "sensor/host/pipe_frames.hpp"
#include "sensor/host/program.hpp"

namespace firebreak::sensor {
namespace {

using std::chrono::milliseconds;

constexpr std::size_t kManifestBytesMax = 1U << 20U;
constexpr std::size_t kDescriptionBytesMax = 64U << 20U;

class PipeCalls final : public EngineCalls {
public:
    PipeCalls(std::unique_ptr<Program> program, const PipePatience& patience)
        : program_(std::move(program)), patience_(patience) {}

    Result<bool> speaks(std::uint32_t abi_version) override {
        PipeRequestWriter request(PipeRequest::kOpen);
        request.u32(abi_version);
        const Result<PipeDone> done = ask(request, {}, patience_.question);
        if (!done) return fail(done.error());
        return done->status == FB_OK;
    }

    Result<fb_status> info(const fb_text_sink& out) override;

    Result<fb_status> load(const fb_load_request& what, fb_loaded& loaded) override;

    Result<fb_status> describe(const fb_content* content, const fb_text_sink& out) override {
        PipeRequestWriter request(PipeRequest::kDescribe);
        request.u32(number_of(content));
        return status_of(ask(request,
                             {.sinks = {.text = &out}, .text_bytes_max = kDescriptionBytesMax},
                             patience_.load));
    }

    Result<fb_status> inputs(fb_text type, const fb_text_sink& out) override {
        PipeRequestWriter request(PipeRequest::kInputs);
        request.text(type);
        return status_of(ask(request,
                             {.sinks = {.text = &out}, .text_bytes_max = kManifestBytesMax},
                             patience_.question));
    }

    Result<fb_status> evaluate(fb_content* content, const fb_input& input, const fb_budget& budget,
                               const fb_match_sink& matches) override {
        PipeRequestWriter request(PipeRequest::kEvaluate);
        request.u32(number_of(content));
        request.u32(budget.timeout_ms);
        request.u64(budget.matches_max);
        request.input(input);
        return status_of(ask(request,
                             {.sinks = {.matches = &matches}, .matches_max = budget.matches_max},
                             milliseconds(budget.timeout_ms) + patience_.evaluate_more));
    }

    Result<fb_status> reset(fb_content* content) override {
        PipeRequestWriter request(PipeRequest::kReset);
        request.u32(number_of(content));
        return status_of(ask(request, {}, patience_.question));
    }

    Result<fb_status> unload(fb_content* content) override {
        if (content == nullptr) return FB_OK;
        PipeRequestWriter request(PipeRequest::kUnload);
        request.u32(number_of(content));
        contents_.erase(content);
        return status_of(ask(request, {}, patience_.question));
    }

    Result<fb_status> set_allocator(const fb_allocator* /*allocator*/) override {
        return fail(Errc::kUnsupported, "an engine behind a pipe takes no allocator");
    }

    Result<fb_status> coverage(fb_content* content, const fb_text_sink* out) override {
        // A program from before there was this request would take it for another.
        if (!measures_) return EngineCalls::coverage(content, out);
        PipeRequestWriter request(PipeRequest::kCoverage);
        request.u32(number_of(content));
        request.u32(out == nullptr ? 0 : 1);
        return status_of(ask(request,
                             {.sinks = {.text = out}, .text_bytes_max = kDescriptionBytesMax},
                             patience_.load));
    }

    std::optional<ProgramEnd> end() const override { return program_->end(); }
    std::optional<ProgramHandles> program() const override { return program_->handles(); }

private:
    /// What may come in answer.
    struct Expected {
        PipeSinks sinks{};
        std::size_t text_bytes_max = 0;
        std::uint64_t matches_max = 0;
    };

    Result<PipeDone> ask(PipeRequestWriter& request, const Expected& expected,
                         milliseconds patience);

    static Result<fb_status> status_of(const Result<PipeDone>& done) {
        if (!done) return fail(done.error());
        return done->status;
    }

    std::uint32_t number_of(const fb_content* content) const {
        const auto found = contents_.find(content);
        return found == contents_.end() ? 0 : *found->second;
    }

    std::unique_ptr<Program> program_;
    PipePatience patience_;
    /// What the host holds as an fb_content is the address of the number that the program knows.
    std::map<const fb_content*, std::unique_ptr<std::uint32_t>> contents_;
    std::uint32_t next_content_ = 1;
    bool measures_ = false;  ///< By its manifest.
};

/// Passes the manifest on as it is, and keeps what these calls depend on.
Result<fb_status> PipeCalls::info(const fb_text_sink& out) {
    TextAnswer answer(kManifestBytesMax);
    const fb_text_sink sink = answer.sink();
    PipeRequestWriter request(PipeRequest::kInfo);
    const Result<PipeDone> done =
        ask(request, {.sinks = {.text = &sink}, .text_bytes_max = kManifestBytesMax},
            patience_.question);
    const Result<std::string> text = answer.take();
    if (!done || !text) return status_of(done);
    const Result<json::value> manifest = parse_json(*text, {.bytes_max = kManifestBytesMax});
    const json::object* members = manifest ? manifest->if_object() : nullptr;
    const json::value* promise = members ? members->if_contains("measures_coverage") : nullptr;
    measures_ = promise != nullptr && promise->is_bool() && promise->get_bool();
    out.write(out.user, {.data = text->data(), .length = text->size()});
    return status_of(done);
}

Result<PipeDone> PipeCalls::ask(PipeRequestWriter& request, const Expected& expected,
                                milliseconds patience) {
    const Result<Bytes> frame = request.take();
    if (!frame) return fail(frame.error());
    const Program::Deadline deadline = SystemClock().steady() + patience;
    if (program_->has_unread()) return fail(program_->breach("an answer that nobody asked for"));
    if (const Result<void> sent = program_->write(*frame, deadline); !sent) {
        return fail(sent.error());
    }
    PipeAnswerReader reader(expected.sinks, expected.text_bytes_max, expected.matches_max);
    Bytes fields;
    for (;;) {
        std::array<std::uint8_t, kPipeHeaderBytes> header{};
        if (const auto got = program_->read(header, deadline); !got) return fail(got.error());
        const Result<std::size_t> length = reader.begin(header);
        if (!length) return fail(program_->breach(length.error().context()));
        fields.resize(*length);
        if (const auto got = program_->read(fields, deadline); !got) return fail(got.error());
        const Result<std::optional<PipeDone>> done = reader.take(fields);
        if (!done) return fail(program_->breach(done.error().context()));
        if (*done) return **done;
        if (SystemClock().steady() > deadline) {
            return fail(program_->breach("an answer without an end"));
        }
    }
}

Result<fb_status> PipeCalls::load(const fb_load_request& what, fb_loaded& loaded) {
    loaded.content = nullptr;
    PipeRequestWriter request(PipeRequest::kLoad);
    const std::uint32_t number = next_content_++;
    request.u32(number);
    request.u64(what.rules_max);
    request.u64(what.memory_bytes_max);
    request.u32(static_cast<std::uint32_t>(what.file_count));
    for (std::size_t i = 0; i < what.file_count; ++i) {
        request.text(what.files[i].name);
        request.bytes(what.files[i].bytes.data, what.files[i].bytes.length);
    }
    const Result<PipeDone> done =
        ask(request, {.sinks = {.diagnostics = what.diagnostics}}, patience_.load);
    if (!done) return fail(done.error());
    if (done->status != FB_OK) return done->status;
    auto held = std::make_unique<std::uint32_t>(number);
    loaded.content = reinterpret_cast<fb_content*>(held.get());
    loaded.files_loaded = done->files_loaded;
    loaded.rules_seen = done->rules_seen;
    loaded.rules_loaded = done->rules_loaded;
    contents_.emplace(loaded.content, std::move(held));
    return done->status;
}

}  // namespace

Result<std::unique_ptr<EngineCalls>> start_pipe_engine(SealedFile file,
                                                       const PipePatience& patience) {
    Result<std::unique_ptr<Program>> program = Program::start(file);
    if (!program) return fail(program.error());
    auto calls = std::make_unique<PipeCalls>(*std::move(program), patience);
    for (std::uint32_t version = FB_SENSOR_ABI_VERSION; version >= 1; --version) {
        const Result<bool> speaks = calls->speaks(version);
        if (!speaks) return fail(speaks.error());
        if (*speaks) return calls;
    }
    return fail(Errc::kUnsupported,
                "the engine does not speak sensor ABI " + std::to_string(FB_SENSOR_ABI_VERSION));
}

}  // namespace firebreak::sensor
