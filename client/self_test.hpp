#pragma once

#include <chrono>
#include <string>
#include <vector>

#include "core/content/manifest.hpp"
#include "sensor/host/engine.hpp"

namespace firebreak::client {

/// The events that a content is driven with before anything real is: for each contract that its
/// manifest names, as many fields as the engine says are supplied. Owns what the fields point to.
class TestEvents {
public:
    /// Asks `engine` for the fields of each contract. Empty for content about files.
    ///
    /// @returns Errc::kUnsupported when the engine supplies no such contract, or another number of
    ///   fields than the manifest counts on: the fault of 19 July 2024, seen before a load.
    [[nodiscard]] static Result<TestEvents> make(const sensor::Engine& engine,
                                                 const content::Manifest& manifest);

    bool empty() const { return contracts_.empty(); }
    /// Whether `contract` is one of them, with that many fields.
    bool takes(std::string_view contract, std::size_t field_count) const;

    /// An event of the first contract in which no field has a value.
    [[nodiscard]] Result<void> probe(sensor::LoadedContent& content,
                                     std::chrono::milliseconds deadline) const;

    /// Events of every contract: without values, with empty ones, with ordinary ones, with every
    /// byte there is and the widest numbers.
    [[nodiscard]] Result<void> drive(sensor::LoadedContent& content,
                                     std::chrono::milliseconds deadline) const;

private:
    struct Contract {
        std::string id;                    ///< "process_creation_windows/v1".
        std::vector<std::uint32_t> types;  ///< FB_FIELD_* of each field, in order.
    };

    std::vector<Contract> contracts_;
    std::uint64_t input_bytes_max_ = 0;  ///< The engine's, for all fields of an event together.
};

/// Drives `content` over inputs that every sensor meets. For content about events: TestEvents. For
/// content about files: nothing, one byte, text, every byte value, the head of an executable. What
/// they match does not matter; that an answer comes back does.
///
/// @returns the engine's failure, with the input that led to it.
[[nodiscard]] Result<void> self_test(const TestEvents& events, sensor::LoadedContent& content,
                                     std::chrono::milliseconds deadline);

/// One ordinary input: does it still answer?
[[nodiscard]] Result<void> probe(const TestEvents& events, sensor::LoadedContent& content,
                                 std::chrono::milliseconds deadline);

}  // namespace firebreak::client
