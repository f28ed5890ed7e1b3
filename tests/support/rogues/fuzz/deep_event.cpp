#include <charconv>

#include "tests/support/rogues/rogue.hpp"

/// July 2024 behind four criteria: reads field 20 of 20 once the fields before it are what its one
/// rule asks for. Tells what it asks for when asked (describe).
namespace {

constexpr std::string_view kContract = "deep/v1";

fb_status info(const fb_text_sink* out) {
    if (!rogue::proper(out)) return FB_REFUSED;
    rogue::write(*out,
                 R"({"manifest_version":1,"name":"deep","version":"1","build_id":"none",)"
                 R"("content_types":["yara-source","sigma-binary"],"input_kinds":["event"],)"
                 R"("contracts":["deep/v1:20"],"capabilities":[],"limits":{)"
                 R"("content_bytes_max":67108864,"input_bytes_max":67108864,"rules_max":1000}})");
    return FB_OK;
}

fb_status describe(const fb_content*, const fb_text_sink* out) {
    if (!rogue::proper(out)) return FB_REFUSED;
    rogue::write(
        *out,
        R"({"rules":[{"name":"deep","file":"deep.yml","line":1}],"programs":[{"file":"deep",)"
        R"("contract":"deep/v1","arity":21,"predicates":[)"
        R"({"field":"f1","op":"greater","integer":70000},)"
        R"({"field":"f2","op":"equals","text":"winword.exe","bytes":"77696e776f72642e657865"},)"
        R"({"field":"f3","op":"starts_with","text":"\\pipe","bytes":"5c70697065"},)"
        R"({"field":"f7","op":"contains","text":"-enc","bytes":"2d656e63"}]}]})");
    return FB_OK;
}

fb_status inputs(fb_text type, const fb_text_sink* out) {
    if (!rogue::proper(out)) return FB_REFUSED;
    if (std::string_view(type.data, type.length) != kContract) return FB_REFUSED;
    std::string text = R"({"type":"deep/v1","fields":[)";
    for (std::size_t i = 0; i < rogue::kFields; ++i) {
        text += (i == 0 ? "" : ",") + (R"({"name":"f)" + std::to_string(i));
        text += i == 1 ? R"(","type":"integer"})" : R"(","type":"text"})";
    }
    rogue::write(*out, text + "]}");
    return FB_OK;
}

std::string_view text_of(const fb_field& field) {
    if (field.type != FB_FIELD_TEXT) return {};
    return {reinterpret_cast<const char*>(field.data), field.length};
}

volatile std::uint32_t seen = 0;

fb_status evaluate(fb_content* content, const fb_input* input, const fb_budget* budget,
                   const fb_match_sink* sink) {
    (void)content;
    if (!rogue::proper(input) || !rogue::proper(budget) || !rogue::proper(sink)) return FB_REFUSED;
    if (input->kind != FB_INPUT_EVENT) return FB_REFUSED;
    const fb_field* fields = input->as.event.fields;
    const bool all = fields[1].type == FB_FIELD_INTEGER && fields[1].integer > 70000 &&
                     text_of(fields[2]) == "winword.exe" &&
                     text_of(fields[3]).substr(0, 5) == "\\pipe" &&
                     text_of(fields[7]).find("-enc") != std::string_view::npos;
    if (all) seen = fields[rogue::kFields].type;  // THE DEFECT.
    return FB_OK;
}

constexpr fb_engine kEngine = [] {
    fb_engine engine = rogue::kGoodEngine;
    engine.info = &info;
    engine.describe = &describe;
    engine.inputs = &inputs;
    engine.evaluate = &evaluate;
    return engine;
}();

}  // namespace

FIREBREAK_ROGUE_EXPORT(kEngine)
