#pragma once

#include <optional>
#include <string>
#include <vector>

#include "core/base/error.hpp"
#include "sensor/sigma/program/program.hpp"
#include "sensor/sigma/run/budget.hpp"
#include "sensor/sigma/run/event.hpp"
#include "sensor/sigma/run/glob.hpp"
#include "sensor/sigma/run/regex.hpp"

namespace firebreak::sigma {

/// The ops that this build has code for: the interpreter's own table of functions, so that the
/// capability manifest cannot promise another.
std::vector<Op> implemented_ops();

/// The predicates of a program, made ready to be asked: operands folded, patterns compiled.
class PredicateSet {
public:
    /// A predicate with its operands: what an op's function is given.
    struct Ready {
        Op op = Op::kPresent;
        bool cased = false;
        std::uint8_t prefix_bits = 0;
        std::uint16_t field = 0;
        std::uint16_t other_field = 0;
        std::uint32_t pattern = 0;  ///< Of globs_ or regexes_.
        std::int64_t integer = 0;
        std::string operand;  ///< Text (folded unless cased), or a network.
    };

    /// @param program  Checked (check_program()).
    /// @returns Errc::kUnsupported for an op without code; Errc::kInvalid for a regular expression
    ///   that RE2 does not take, with RE2's reason; Errc::kTooLarge for one that does not fit.
    [[nodiscard]] static Result<PredicateSet> make(const Program& program);

    std::size_t size() const { return ready_.size(); }

    /// Whether the answer to a predicate is yes. Once the budget is out, the answer means nothing.
    bool holds(std::uint32_t predicate, Event& event, Budget& budget) const {
        return matched_field(predicate, event, budget).has_value();
    }
    /// The first field for which it is yes.
    std::optional<std::uint16_t> matched_field(std::uint32_t predicate, Event& event,
                                               Budget& budget) const;

    /// How dear a predicate is to ask: conditions ask cheap ones first.
    unsigned cost(std::uint32_t predicate) const;

    const Ready& at(std::uint32_t predicate) const { return ready_.at(predicate); }
    const Glob& glob_of(const Ready& ready) const { return globs_.at(ready.pattern); }
    const Regex& regex_of(const Ready& ready) const { return regexes_.at(ready.pattern); }

    /// What this object takes, with all that RE2 may come to keep.
    std::size_t memory_bytes() const;

private:
    std::vector<Ready> ready_;
    std::vector<Glob> globs_;
    std::vector<Regex> regexes_;
};

}  // namespace firebreak::sigma
