#include "validator/sandbox/worker.hpp"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <boost/json/serialize.hpp>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <iterator>
#include <map>
#include <memory>
#include <sys/mman.h>
#include <sys/personality.h>
#include <sys/socket.h>

#include "core/base/errc.hpp"
#include "sensor/host/confine.hpp"
#include "sensor/host/signal_state.hpp"
#include "validator/abi/bench.hpp"
#include "validator/sandbox/code_coverage.hpp"
#include "validator/sandbox/event_input.hpp"
#include "validator/sandbox/launch.hpp"
#include "validator/sandbox/messages.hpp"
#include "validator/sandbox/sanitizer.hpp"
#include "validator/sandbox/worker_rim.hpp"

namespace firebreak::validator {
namespace {

/// Far more than the longest list of files takes; the supervisor is trusted, its memory may not be.
constexpr std::size_t kRequestBytesMax = 64U << 20U;

/// What the process has used of CPU time so far.
std::chrono::microseconds own_cpu_time() {
    timespec time{};
    ::clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
    return std::chrono::microseconds{time.tv_sec * 1'000'000 + time.tv_nsec / 1000};
}

std::string handler_left(int signal) {
    return "the engine left a handler for signal " + std::to_string(signal) +
           " behind, which would hide its crashes";
}

/// Whether the manifest says that inputs are events, and says nothing of files.
bool takes_events_only(const sensor::CapabilityManifest& capabilities) {
    const json::value* kinds = capabilities.raw.is_object()
                                   ? capabilities.raw.get_object().if_contains("input_kinds")
                                   : nullptr;
    if (kinds == nullptr || !kinds->is_array()) return false;
    const auto lists = [kinds](std::string_view kind) {
        return std::ranges::any_of(kinds->get_array(), [kind](const json::value& value) {
            return value.is_string() && std::string_view(value.get_string()) == kind;
        });
    };
    return lists("event") && !lists("file");
}

class Worker {
public:
    /// @returns false when the supervisor is gone.
    bool serve_one();

private:
    bool answer(const Bytes& frame) const { return write_all(frame); }
    bool trouble(MessageType type, std::string message,
                 std::vector<sensor::Diagnostic> diagnostics = {}) const {
        if (engine_ && engine_->calls().end()) return answer(encode(*engine_->calls().end()));
        return answer(encode(type, {std::move(message), std::move(diagnostics)}));
    }

    bool open(WireReader& request);
    Result<void> prepare(const OpenRequest& request);
    bool seal();
    bool load(WireReader& request);
    bool describe();
    bool start_coverage();
    bool coverage();
    bool inputs(WireReader& request);
    bool evaluate(WireReader& request);
    bool batch(WireReader& request);
    bool unload();
    bool check(WireReader& request);
    std::vector<sensor::SourceFile> files() const;

    using Matches = Result<std::vector<sensor::Match>>;
    Matches evaluate_one(std::string_view name, ByteView input, std::chrono::milliseconds deadline);
    BatchEntry batch_entry(std::string_view name, ByteView input,
                           std::chrono::milliseconds deadline);
    Matches evaluate_event(ByteView document, std::chrono::milliseconds deadline);
    std::size_t fields_supplied(const std::string& contract);

    std::vector<ImageEntry> entries_;
    ByteView input_;
    std::vector<ByteView> slots_;
    BatchWriter batch_;
    CodeCoverage code_coverage_;
    ByteView content_bytes_;
    bool takes_events_ = false;  ///< Inputs are events (event_input.hpp), not files.
    FieldArea fields_;
    std::map<std::string, std::size_t> fields_supplied_;  ///< By contract, as far as asked.
    int landlock_abi_ = 0;
    bool fixed_addresses_ = false;  ///< As it was before there was an engine.
    ProcessState before_ = ProcessState::now();
    std::set<std::string> descriptors_left_;
    // Declared in this order because content must go before the engine that made it.
    std::unique_ptr<sensor::Engine> engine_;
    std::unique_ptr<sensor::LoadedContent> content_;
};

bool Worker::serve_one() {
    std::array<std::uint8_t, kFrameHeaderBytes> header{};
    if (!read_all(header)) return false;
    const std::size_t length = frame_length(header);
    if (length > kRequestBytesMax) return false;
    Bytes body(length);
    if (!read_all(body)) return false;
    WireReader request(body);
    switch (request.type()) {
        case MessageType::kOpen: return open(request);
        case MessageType::kSeal: return seal();
        case MessageType::kLoad: return load(request);
        case MessageType::kDescribe: return describe();
        case MessageType::kInputs: return inputs(request);
        case MessageType::kEvaluate: return evaluate(request);
        case MessageType::kBatch: return batch(request);
        case MessageType::kUnload: return unload();
        case MessageType::kCheck: return check(request);
        case MessageType::kStartCoverage: return start_coverage();
        case MessageType::kCoverage: return coverage();
        default: return false;
    }
}

Result<void> Worker::prepare(const OpenRequest& request) {
    entries_ = request.entries;
    const Result<ByteView> input = map_guarded(kInputDescriptor, request.input_bytes, MAP_SHARED);
    if (!input) return fail(input.error());
    const Result<ByteView> content =
        map_guarded(kContentDescriptor, request.content_bytes, MAP_PRIVATE);
    if (!content) return fail(content.error());
    input_ = *input;
    Result<std::vector<ByteView>> slots = map_slots(
        kInputDescriptor,
        std::min<std::size_t>(BatchArea::kSlots, request.input_bytes / BatchArea::kSlotBytes));
    if (!slots) return fail(slots.error());
    slots_ = *std::move(slots);
    void* batch =
        ::mmap(nullptr, BatchArea::kBytes, PROT_READ | PROT_WRITE, MAP_SHARED, kBatchDescriptor, 0);
    if (batch == MAP_FAILED) return fail({errno, std::generic_category()}, "mapping a batch area");
    batch_ = BatchWriter({static_cast<std::uint8_t*>(batch), BatchArea::kBytes});
    content_bytes_ = *content;
    const Result<FieldArea> fields = FieldArea::make();
    if (!fields) return fail(fields.error());
    fields_ = *fields;
    sensor::ProcessLimits limits = request.limits;
    if (has_sanitizer_runtime()) limits.address_space_bytes = 0;
    if (const Result<void> limited = sensor::limit_process(limits); !limited) return limited;
    const Result<int> abi = sensor::close_file_system();
    if (!abi) return fail(abi.error());
    landlock_abi_ = *abi;
    constexpr unsigned long kAsk = 0xFFFFFFFF;
    const int persona = ::personality(kAsk);
    fixed_addresses_ = persona >= 0 && (persona & ADDR_NO_RANDOMIZE) != 0;
    return {};
}

bool Worker::open(WireReader& reader) {
    const Result<OpenRequest> request = decode_open(reader);
    if (!request) return trouble(MessageType::kSetupFailed, request.error().to_string());
    if (const Result<void> prepared = prepare(*request); !prepared) {
        return trouble(MessageType::kSetupFailed, prepared.error().to_string());
    }
    const std::set<std::string> descriptors = open_descriptors();
    Result<std::unique_ptr<sensor::Engine>> engine =
        sensor::Engine::open(request->engine, &request->sha256);
    if (!engine) return trouble(MessageType::kRefused, engine.error().context());
    engine_ = *std::move(engine);
    // A program's descriptors are ours, not its own.
    if (!engine_->calls().program()) {
        for (const std::string& descriptor : open_descriptors()) {
            if (!descriptors.contains(descriptor)) descriptors_left_.insert(descriptor);
        }
    }
    takes_events_ = takes_events_only(engine_->capabilities());
    WireWriter opened(MessageType::kOpened);
    opened.text(json::serialize(engine_->capabilities().raw));
    return answer(opened.frame());
}

bool Worker::seal() {
    const Result<sensor::Seal> seal =
        sensor::seal_process({.channels = {kChannelDescriptor},
                              .on_violation = sensor::OnViolation::kReport,
                              .refuse_files_quietly = has_sanitizer_runtime(),
                              .program = engine_ ? engine_->calls().program() : std::nullopt});
    if (!seal) return trouble(MessageType::kSetupFailed, seal.error().to_string());
    WireWriter sealed(MessageType::kSealed);
    sealed.u32(static_cast<std::uint32_t>(std::min(landlock_abi_, seal->landlock_abi)));
    sealed.u32(seal->listener >= 0 ? 1 : 0);
    sealed.u32(fixed_addresses_ ? 1 : 0);
    if (seal->listener < 0) return answer(sealed.frame());
    const bool sent = send_with_descriptor(sealed.frame(), seal->listener);
    ::close(seal->listener);
    return sent;
}

bool Worker::load(WireReader& request) {
    sensor::LoadLimits limits;
    limits.rules_max = request.u64();
    limits.memory_bytes_max = request.u64();
    const std::uint64_t first = request.u64();
    const std::uint64_t count = request.u64();
    if (!engine_) return trouble(MessageType::kSetupFailed, "no engine is open");
    if (first > entries_.size() || count > entries_.size() - first) {
        return trouble(MessageType::kSetupFailed, "no such files");
    }
    const std::vector<sensor::SourceFile> all = files();
    const auto begin = all.begin() + static_cast<std::ptrdiff_t>(first);
    std::vector<sensor::Diagnostic> diagnostics;
    auto content =
        engine_->load({begin, begin + static_cast<std::ptrdiff_t>(count)}, limits, diagnostics);
    if (!content) {
        const Error& error = content.error();
        const bool refused = error == Errc::kInvalid || error == Errc::kTooLarge;
        return trouble(refused ? MessageType::kRefused : MessageType::kFailed, error.context(),
                       std::move(diagnostics));
    }
    content_ = *std::move(content);
    return answer(encode(LoadedAnswer{content_->rule_count(), std::move(diagnostics)}));
}

bool Worker::describe() {
    if (!content_) return trouble(MessageType::kFailed, "no content is loaded");
    const Result<json::value> description = content_->describe();
    if (!description) return trouble(MessageType::kFailed, description.error().context());
    WireWriter writer(MessageType::kDescription);
    writer.text(json::serialize(*description));
    return answer(writer.frame());
}

bool Worker::start_coverage() {
    if (!content_) return trouble(MessageType::kFailed, "no content is loaded");
    const Result<void> started = content_->start_coverage();
    if (started) return answer(WireWriter(MessageType::kCoverageStarted).frame());
    const bool cannot = started.error() == Errc::kUnsupported;
    return trouble(cannot ? MessageType::kRefused : MessageType::kFailed,
                   started.error().context());
}

bool Worker::coverage() {
    if (!content_) return trouble(MessageType::kFailed, "no content is loaded");
    const Result<json::value> coverage = content_->coverage();
    if (!coverage) return trouble(MessageType::kFailed, coverage.error().context());
    WireWriter writer(MessageType::kCovered);
    writer.text(json::serialize(*coverage));
    return answer(writer.frame());
}

bool Worker::inputs(WireReader& request) {
    const std::string type(request.text(kNameBytesMax));
    if (!engine_) return trouble(MessageType::kFailed, "no engine is open");
    const Result<json::value> supplied = engine_->inputs(type);
    if (!supplied) return trouble(MessageType::kFailed, supplied.error().context());
    WireWriter writer(MessageType::kDescription);
    writer.text(json::serialize(*supplied));
    return answer(writer.frame());
}

bool Worker::evaluate(WireReader& request) {
    const std::string name(request.text(kNameBytesMax));
    const std::uint64_t length = request.u64();
    const std::chrono::milliseconds deadline(request.u64());
    if (!content_) return trouble(MessageType::kFailed, "no content is loaded");
    if (length > input_.size()) return trouble(MessageType::kFailed, "input larger than its area");

    const sensor::SignalState signals = sensor::SignalState::now();
    const Matches matches = evaluate_one(name, input_.last(length), deadline);
    if (const std::optional<int> changed = signals.first_change()) {
        return trouble(MessageType::kFailed, handler_left(*changed));
    }
    if (!matches) return trouble(MessageType::kFailed, matches.error().context());
    return answer(encode(*matches));
}

Worker::Matches Worker::evaluate_one(std::string_view name, ByteView input,
                                     std::chrono::milliseconds deadline) {
    return takes_events_ ? evaluate_event(input, deadline)
                         : content_->evaluate(name, input, deadline);
}

BatchEntry Worker::batch_entry(std::string_view name, ByteView input,
                               std::chrono::milliseconds deadline) {
    code_coverage_.begin();
    const std::chrono::microseconds before = own_cpu_time();
    Matches matches = evaluate_one(name, input, deadline);
    BatchEntry entry{.failed = !matches,
                     .cpu = own_cpu_time() - before,
                     .features = code_coverage_.take_new(kBatchFeaturesMax)};
    if (!matches) {
        entry.message = matches.error().context();
    } else {
        for (sensor::Match& match : *matches) entry.rules.push_back(std::move(match.rule));
    }
    return entry;
}

/// Answers early, so that the supervisor can ask on, when the area is full or as much time has
/// passed as one input may take: a batch is never much longer than a single call.
bool Worker::batch(WireReader& request) {
    const std::string name(request.text(kNameBytesMax));
    const std::chrono::milliseconds deadline(request.u64());
    std::vector<std::uint64_t> lengths(request.count(8));
    for (std::uint64_t& length : lengths) length = request.u64();
    const bool fits =
        lengths.size() <= slots_.size() && std::ranges::all_of(lengths, [](std::uint64_t length) {
            return length <= BatchArea::kSlotBytes;
        });
    if (!content_ || !fits || !request.finished()) {
        return trouble(MessageType::kFailed, "no such batch");
    }
    batch_.clear();
    // Once for all of them: the check takes longer than many a rule.
    const sensor::SignalState signals = sensor::SignalState::now();
    const std::chrono::microseconds started = own_cpu_time();
    for (std::size_t index = 0; index < lengths.size(); ++index) {
        const bool enough = own_cpu_time() - started > deadline;
        if (index > 0 && (enough || !batch_.has_room_for(kBatchEntryBytesMax))) break;
        const BatchEntry entry = batch_entry(name, slots_[index].last(lengths[index]), deadline);
        if (engine_->calls().end()) {
            // It is gone; the input that it went with is the first of the next batch.
            if (index == 0) return trouble(MessageType::kFailed, entry.message);
            break;
        }
        batch_.add(encode(entry));
    }
    if (const std::optional<int> changed = signals.first_change()) {
        return trouble(MessageType::kFailed, handler_left(*changed));
    }
    WireWriter done(MessageType::kBatchDone);
    done.u32(batch_.finished());
    return answer(done.frame());
}

/// As many as the build says that it supplies: that is what it will be given on a device.
/// 0: it does not supply this contract.
std::size_t Worker::fields_supplied(const std::string& contract) {
    const auto [known, added] = fields_supplied_.try_emplace(contract, 0);
    if (!added) return known->second;
    const Result<json::value> inputs = engine_->inputs(contract);
    if (!inputs || !inputs->is_object()) return 0;
    const json::value* fields = inputs->get_object().if_contains("fields");
    if (fields != nullptr && fields->is_array()) known->second = fields->get_array().size();
    return known->second;
}

/// Runs the content over the event, once for each contract that it fits and the build supplies.
Worker::Matches Worker::evaluate_event(ByteView document, std::chrono::milliseconds deadline) {
    const Result<std::vector<EventInput>> events = read_event(document);
    if (!events) return fail(events.error());
    std::vector<sensor::Match> all;
    for (const EventInput& event : *events) {
        std::size_t supplied = fields_supplied(event.contract);
        if (supplied == 0) continue;
        supplied = event.field_count.value_or(supplied);
        if (event.fields.size() > supplied || supplied > FieldArea::kFieldsMax) {
            return fail(Errc::kInvalid, "an event with more fields than the build supplies");
        }
        const std::span<const fb_field> fields = fields_.place(event.fields, supplied);
        fb_input input{};
        input.struct_size = sizeof input;
        input.kind = FB_INPUT_EVENT;
        input.as.event = {{event.contract.data(), event.contract.size()}, fields.data(), supplied};
        Matches matches = content_->evaluate(input, deadline);
        if (!matches) return matches;
        std::ranges::move(*matches, std::back_inserter(all));
    }
    return all;
}

bool Worker::unload() {
    content_.reset();
    return answer(WireWriter(MessageType::kUnloaded).frame());
}

bool Worker::check(WireReader& request) {
    const AbiCheck* check = find_abi_check(request.text(kNameBytesMax));
    const std::string name(request.text(kNameBytesMax));
    const std::uint64_t length = request.u64();
    if (!engine_ || check == nullptr || length > input_.size() || !request.finished()) {
        return trouble(MessageType::kFailed, "no such check");
    }
    const CheckMaterial material{.files = files(),
                                 .input_name = name,
                                 .input = input_.last(length),
                                 .before = before_,
                                 .descriptors_left = descriptors_left_};
    CheckBench bench(*engine_, material);
    const CheckResult result = check->run(bench);
    if (engine_->calls().end()) return answer(encode(*engine_->calls().end()));
    return answer(encode(result));
}

std::vector<sensor::SourceFile> Worker::files() const {
    std::vector<sensor::SourceFile> files;
    files.reserve(entries_.size());
    for (const ImageEntry& entry : entries_) {
        files.push_back({entry.name, content_bytes_.subspan(entry.offset, entry.length)});
    }
    return files;
}

}  // namespace

int run_worker() {
    struct sigaction abort_action {};
    abort_action.sa_handler = &tell_abort;
    ::sigaction(SIGABRT, &abort_action, nullptr);
    Worker worker;
    while (worker.serve_one()) {}
    // The supervisor is gone, or done. No destructor of the engine is worth running now.
    ::_exit(0);
}

}  // namespace firebreak::validator
