#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "core/base/error.hpp"
#include "sensor/sigma/events/event_contract.hpp"
#include "sensor/sigma/program/program.hpp"

namespace firebreak::sigma {

/// A Sigma rule file as its author wrote it.
struct RuleSource {
    std::string name;  ///< What messages call it: the path.
    std::string_view text;
};

/// What stands in the way of a rule, or deserves a look.
struct CompileMessage {
    bool error = true;
    std::string file;
    std::size_t line = 0;    ///< From 1; 0: about the whole file.
    std::size_t column = 0;  ///< From 1; 0: about the whole line.
    std::string reason;  ///< Stable and short, for counting: "no-contract", "unknown-field", …
    std::string text;    ///< What is wrong and what to do, one line.

    /// "rules/a.yml:12:5: error: …".
    std::string to_string() const;
};

struct Compiled {
    std::vector<Program> programs;  ///< One for each contract with rules, by contract id. Rules in
                                    ///< the order of their ids.
    std::vector<CompileMessage> messages;
    std::size_t rules_seen = 0;
    std::size_t rules_compiled = 0;  ///< Less than rules_seen exactly when there are errors.
};

/// Compiles Sigma rules (specification 2.x; docs/sigma.md says what of it) against the event
/// contracts of this build. Each rule compiles or does not; the caller decides what to do with a
/// set of which some did not (`firebreak pack` refuses all of it). The same sources in any order
/// give the same programs.
Compiled compile(const std::vector<RuleSource>& sources);

/// The same against other contracts: for tests, and for trying a contract before it is built in.
Compiled compile_against(const std::vector<RuleSource>& sources,
                         const std::vector<EventContract>& contracts);

}  // namespace firebreak::sigma
