#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "core/content/document.hpp"
#include "sensor/sigma/compiler/compiler.hpp"

namespace firebreak::sigma {

/// Where the messages about one rule go. Past a limit they are counted as one more and dropped: a
/// hostile rule must not fill the screen.
class Reporter {
public:
    static constexpr std::size_t kMessagesMax = 50;

    Reporter(const content::Document& document, std::vector<CompileMessage>& messages)
        : document_(document), messages_(messages) {}

    /// Something about what stands at `pointer` (RFC 6901) in the rule. `text` must hold nothing
    /// of the rule that content::shown() has not seen.
    void error(std::string_view pointer, std::string_view reason, std::string text);
    void warning(std::string_view pointer, std::string_view reason, std::string text);

    bool failed() const { return errors_ > 0; }

private:
    void add(bool error, std::string_view pointer, std::string_view reason, std::string text);

    const content::Document& document_;
    std::vector<CompileMessage>& messages_;
    std::size_t errors_ = 0;
    std::size_t count_ = 0;
};

}  // namespace firebreak::sigma
