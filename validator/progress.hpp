#pragma once

#include <cstdint>
#include <string_view>

namespace firebreak::validator {

/// Where a long stage says how far it is. Called from one thread, as often as a stage likes.
class Progress {
public:
    virtual ~Progress() = default;

    virtual void show(std::string_view stage, std::uint64_t done, std::uint64_t total,
                      std::string_view unit) = 0;

    /// The stage is over: leaves nothing on the screen.
    virtual void clear() = 0;
};

class NoProgress final : public Progress {
public:
    void show(std::string_view, std::uint64_t, std::uint64_t, std::string_view) override {}
    void clear() override {}
};

/// One line on stderr that rewrites itself, where that is a terminal; nothing elsewhere.
class TerminalProgress final : public Progress {
public:
    TerminalProgress();

    void show(std::string_view stage, std::uint64_t done, std::uint64_t total,
              std::string_view unit) override;
    void clear() override;

private:
    bool terminal_;
    int last_permille_ = -1;
};

}  // namespace firebreak::validator
