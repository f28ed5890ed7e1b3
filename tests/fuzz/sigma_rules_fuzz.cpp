// Any bytes as a rule file and an event, through the reader and the interpreter. Properties: what
// reads writes back to the same bytes; what loads answers, within its budget, as the slow reference
// does; and no event makes the interpreter look outside of it.
//
// The input: a byte that says how many fields the event has, then each field: a byte for its type,
// and its value (text: a byte for its length, and the bytes). The rest is the rule file.

#include <cstdint>
#include <string>
#include <vector>

#include "core/base/check.hpp"
#include "sensor/sigma/program/reference.hpp"
#include "sensor/sigma/run/rule_set.hpp"

namespace {

using namespace firebreak;
using namespace firebreak::sigma;

/// Small, so that a run is short; regular expressions above all.
constexpr ProgramLimits kLimits = {.bytes_max = 1U << 16U,
                                   .rules_max = 200,
                                   .predicates_max = 500,
                                   .nodes_per_rule_max = 500,
                                   .text_bytes_max = 4096,
                                   .regex_bytes_max = 64};

class Input {
public:
    Input(const std::uint8_t* data, std::size_t size) : rest_(data, size) {}

    std::uint8_t byte() {
        const ByteView one = take(1);
        return one.empty() ? std::uint8_t{0} : one[0];
    }
    ByteView take(std::size_t length) {
        const ByteView taken = rest_.first(std::min(length, rest_.size()));
        rest_ = rest_.subspan(taken.size());
        return taken;
    }
    ByteView rest() const { return rest_; }

private:
    ByteView rest_;
};

ReferenceEvent event_of(Input& input) {
    ReferenceEvent event;
    for (std::size_t left = input.byte() % 16U; left > 0; --left) {
        switch (input.byte() % 4) {
            case 0: event.emplace_back(); break;
            case 1: event.emplace_back(static_cast<std::int64_t>(input.byte()) - 128); break;
            case 2: event.emplace_back(input.byte() % 2 == 0); break;
            default: event.emplace_back(to_text(input.take(input.byte())));
        }
    }
    return event;
}

std::vector<fb_field> fields_of(const ReferenceEvent& event) {
    std::vector<fb_field> fields;
    for (const ReferenceValue& value : event) {
        fb_field field{};
        if (const auto* integer = std::get_if<std::int64_t>(&value)) {
            field.type = FB_FIELD_INTEGER;
            field.integer = *integer;
        } else if (const auto* boolean = std::get_if<bool>(&value)) {
            field.type = FB_FIELD_BOOLEAN;
            field.integer = *boolean ? 1 : 0;
        } else if (const auto* text = std::get_if<std::string>(&value)) {
            field.type = FB_FIELD_TEXT;
            field.data = bytes_of(*text).data();
            field.length = text->size();
        }
        fields.push_back(field);
    }
    return fields;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    Input input(data, size);
    ReferenceEvent event = event_of(input);
    const Result<Program> program = read_program(input.rest(), kLimits);
    if (!program) return 0;
    const Result<Bytes> written = write_program(*program, kLimits);
    FIREBREAK_CHECK(written && std::ranges::equal(*written, input.rest()));

    Result<RuleSet> rules = RuleSet::make(*program);
    if (!rules) return 0;
    // The reference takes "any field" for all of the event: give it what the rules may see. What is
    // short is filled up here, with absent fields; Content::evaluate() would refuse it.
    event.resize(program->arity);
    const std::vector<fb_field> fields = fields_of(event);
    Event taken(fields.size(), 1U << 16U);
    FIREBREAK_CHECK(taken.take(fields) == FB_OK);
    std::vector<std::string> ids;
    const auto on_match = [&ids](const RuleMatch& match) {
        ids.push_back(match.rule.id);
        return true;
    };
    Budget budget(std::chrono::minutes(1), &std::chrono::steady_clock::now);
    FIREBREAK_CHECK(rules->evaluate(taken, budget, on_match) == FB_OK);
    FIREBREAK_CHECK(ids == reference_evaluate(*program, event));
    return 0;
}
