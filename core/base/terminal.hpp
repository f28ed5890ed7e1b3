#pragma once

#include <string>
#include <string_view>

namespace firebreak {

/// How a program talks to whoever called it. One set of rules for all four programs: text for
/// people by default, one JSON document with --json, colour only on a terminal and never when
/// NO_COLOR is set (https://no-color.org).
class Terminal {
public:
    /// @param wants_json  --json was given.
    explicit Terminal(bool wants_json);

    bool json() const { return json_; }

    /// `text` in a colour, or as it is where there is none.
    std::string good(std::string_view text) const { return paint("32", text); }
    std::string bad(std::string_view text) const { return paint("31", text); }
    std::string strong(std::string_view text) const { return paint("1", text); }
    std::string faint(std::string_view text) const { return paint("2", text); }

private:
    std::string paint(std::string_view code, std::string_view text) const;

    bool json_;
    bool colour_;
};

/// "firebreakd 0.1.0": what --version prints.
std::string version_line(std::string_view program);

}  // namespace firebreak
