#include "sensor/sigma/compiler/reporter.hpp"

namespace firebreak::sigma {

void Reporter::error(std::string_view pointer, std::string_view reason, std::string text) {
    ++errors_;
    add(true, pointer, reason, std::move(text));
}

void Reporter::warning(std::string_view pointer, std::string_view reason, std::string text) {
    add(false, pointer, reason, std::move(text));
}

void Reporter::add(bool error, std::string_view pointer, std::string_view reason,
                   std::string text) {
    // The first error is kept however many warnings came before it: a rule never fails in silence.
    const bool first_error = error && errors_ == 1;
    if (count_ >= kMessagesMax && !first_error) return;
    ++count_;
    const content::Position position = document_.where(pointer);
    messages_.push_back({.error = error,
                         .file = document_.name,
                         .line = position.line,
                         .column = position.column,
                         .reason = std::string(reason),
                         .text = std::move(text)});
}

}  // namespace firebreak::sigma
