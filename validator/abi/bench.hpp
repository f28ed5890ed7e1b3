#pragma once

#include <optional>
#include <set>
#include <string>
#include <vector>

#include "sensor/host/engine.hpp"
#include "validator/abi/check.hpp"
#include "validator/abi/process_state.hpp"
#include "validator/sandbox/event_input.hpp"

namespace firebreak::validator {

/// What there is to check an engine with.
struct CheckMaterial {
    std::vector<sensor::SourceFile> files;  ///< Good content; may be empty.
    std::string input_name;
    ByteView input;                            ///< A file, or an event as JSON; may be empty.
    ProcessState before{};                     ///< From before the engine was opened.
    std::set<std::string> descriptors_left{};  ///< By opening it.
};

/// One load, as the engine answered it.
struct RawLoad {
    fb_status status = FB_INTERNAL;
    fb_content* content = nullptr;
    std::uint64_t rules = 0;
    std::size_t errors = 0;  ///< Diagnostics of severity error.
};

/// One evaluation, as the engine answered it.
struct RawEvaluation {
    fb_status status = FB_INTERNAL;
    std::vector<std::string> matches{};  ///< "rule\tdetail".
    bool went_on = false;                ///< Matches came after the host had said stop.

    friend bool operator==(const RawEvaluation&, const RawEvaluation&) = default;
};

/// An event whose parts it owns.
class OwnedEvent {
public:
    std::string contract;
    std::vector<fb_field> fields;
    std::vector<std::string> texts;

    fb_input input() const;
};

/// Calls an engine on behalf of a check, beneath the host's own checks: what comes back is what the
/// engine did. An engine that is gone answers FB_INTERNAL; the worker reports its end instead of
/// the check's result.
class CheckBench {
public:
    CheckBench(sensor::Engine& engine, const CheckMaterial& material)
        : engine_(engine), material_(material) {}

    sensor::Engine& engine() { return engine_; }
    sensor::EngineCalls& calls() { return engine_.calls(); }
    const sensor::CapabilityManifest& manifest() const { return engine_.capabilities(); }
    const CheckMaterial& material() const { return material_; }
    bool behind_pipe() const { return engine_.calls().table() == nullptr; }

    /// Whether the manifest says so; false where it says nothing.
    bool promises(std::string_view member) const;
    bool takes(std::string_view kind) const;  ///< "file", "event".

    std::optional<std::string> text_of_info();
    std::optional<std::string> text_of_description(const fb_content* content);

    /// nullopt: refused, or written otherwise than once; `status` then says which.
    std::optional<std::string> text_of_inputs(std::string_view type, fb_status& status);

    /// nullopt as for text_of_description(); `status` says why.
    std::optional<std::string> text_of_coverage(fb_content* content, fb_status& status);

    RawLoad load(const std::vector<sensor::SourceFile>& files, std::uint64_t rules_max = 100'000,
                 std::uint64_t memory_bytes_max = 1U << 30U);
    RawLoad load() { return load(material_.files); }

    /// @param stop_after  The host says stop at this match, from 1; 0: never.
    RawEvaluation evaluate(fb_content* content, const fb_input& input,
                           std::uint64_t matches_max = 10'000, std::size_t stop_after = 0,
                           std::uint32_t timeout_ms = 10'000);
    fb_status reset(fb_content* content);
    fb_status unload(fb_content* content);

    /// The input that was given, or one that any engine of its kind takes.
    fb_input sample();
    bool has_sample() const { return !material_.input.empty(); }

    /// Inputs that every sensor meets: empty, one byte, every byte, noise, heads of executables;
    /// or, for each contract, events of absent, empty, plain and extreme values.
    const std::vector<fb_input>& inputs();

    /// The contracts with the number of fields that the manifest promises.
    std::vector<std::pair<std::string, std::size_t>> contracts() const;
    OwnedEvent event(const std::string& contract, std::size_t fields, unsigned flavour) const;

private:
    void make_inputs();
    EventInput choose_sample();

    sensor::Engine& engine_;
    const CheckMaterial& material_;
    std::vector<Bytes> files_;
    std::vector<OwnedEvent> events_;
    std::optional<EventInput> sample_event_;
    std::vector<fb_input> inputs_;
};

fb_input file_input(std::string_view name, ByteView bytes);

/// "FB_OK", "status 42".
std::string status_text(fb_status status);

}  // namespace firebreak::validator
