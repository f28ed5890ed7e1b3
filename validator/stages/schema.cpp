#include "core/content/schema.hpp"

#include "validator/stages/stage.hpp"

namespace firebreak::validator {

StageResult check_schema_stage(Run& run, StageDeadline /*deadline*/) {
    // The structure stage read the manifest with a parser of its own; the schema shares no code
    // with
    // it, and says what the vendor's other tools will accept.
    const std::string text = content::serialize_manifest(run.bundle->manifest);
    const Result<content::Document> document = content::read_json("manifest.json", text);
    if (!document) {
        run.add({.id = "FB201", .message = document.error().context()});
        return {.executions = 1};
    }
    for (const content::SchemaIssue& issue : content::check_schema("manifest.v1", *document)) {
        run.add({.id = "FB201",
                 .place = {.file = "manifest.json", .line = 0, .rule = {}},
                 .message = issue.place + ": " + issue.pointer + ": " + issue.message});
    }
    return {.executions = 1};
}

}  // namespace firebreak::validator
