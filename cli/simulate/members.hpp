#pragma once

#include <limits>
#include <string>
#include <string_view>

#include "core/base/json.hpp"
#include "core/rollout/plan.hpp"

namespace firebreak::cli {

/// Reads the optional members of an object that a schema has passed; what is missing keeps its
/// value. The first error sticks.
class Members {
public:
    explicit Members(const JsonObject& object) : object_(object) {}

    void text(std::string_view name, std::string& to) {
        take(name, to, [&] { return object_.string(name); });
    }
    void number(std::string_view name, double& to) {
        take(name, to, [&] { return object_.number(name); });
    }
    void integer(std::string_view name, std::int64_t& to) {
        take(name, to,
             [&] { return object_.integer(name, 0, std::numeric_limits<std::int64_t>::max()); });
    }
    template <class Duration>
    void duration(std::string_view name, Duration& to) {
        take(name, to, [&]() -> Result<rollout::milliseconds> {
            const Result<std::string> text = object_.string(name);
            if (!text) return fail(text.error());
            const Result<rollout::milliseconds> parsed = rollout::parse_duration(*text);
            if (!parsed) return fail(parsed.error().seen_from(object_.path_to(name)));
            return *parsed;
        });
    }

    /// @returns the first error, if any.
    const Result<void>& done() const { return done_; }

private:
    template <class To, class Read>
    void take(std::string_view name, To& to, Read read) {
        if (!done_ || !object_.has(name)) return;
        auto value = read();
        if (value) {
            to = std::move(*value);
        } else {
            done_ = fail(value.error());
        }
    }

    const JsonObject& object_;
    Result<void> done_;
};

}  // namespace firebreak::cli
