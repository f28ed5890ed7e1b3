#pragma once

#include <chrono>
#include <cstdint>
#include <string_view>
#include <vector>

#include "core/base/digest.hpp"
#include "core/base/error.hpp"
#include "core/content/bundle.hpp"
#include "sensor/host/engine.hpp"

namespace firebreak::client {

/// The sensor that protects this device, as the update cycle sees it: something that runs one
/// content at a time, and may take the whole process with it when the content is bad. Tests put a
/// scripted one in its place.
///
/// Thread safety: one thread.
class LiveSensor {
public:
    virtual ~LiveSensor() = default;

    /// Loads `bundle` in place of what runs. On failure, what ran before runs on.
    [[nodiscard]] virtual Result<void> load(const content::Bundle& bundle) = 0;

    /// Runs nothing from now on.
    virtual void unload() = 0;

    /// What runs; nullptr: nothing.
    virtual const Sha256* running() const = 0;

    /// Whether what runs still answers to a known input. @returns why not.
    [[nodiscard]] virtual Result<void> probe() = 0;

    /// Scans one input. @returns the matches, or an error: an outage, never "no match".
    [[nodiscard]] virtual Result<std::vector<sensor::Match>> scan(std::string_view name,
                                                                  ByteView bytes) = 0;

    /// Whether what runs is for events of `contract` ("process_creation_windows/v1"), and was made
    /// for as many fields as there are here.
    virtual bool takes(std::string_view contract, std::size_t field_count) const = 0;

    /// Judges one input of any kind. The same returns.
    [[nodiscard]] virtual Result<std::vector<sensor::Match>> evaluate(const fb_input& input) = 0;

    /// The identity of the engine file.
    virtual const Sha256& build() const = 0;

    /// The longest input it takes.
    virtual std::uint64_t input_bytes_max() const = 0;

    /// Processor time that has been used so far by whatever the engine runs in: two readings tell
    /// what lies between them.
    virtual std::chrono::nanoseconds processor_time() const = 0;
};

}  // namespace firebreak::client
