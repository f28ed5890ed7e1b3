#include "validator/stages/lint/checks.hpp"
#include "validator/stages/stage.hpp"

namespace firebreak::validator {

StageResult check_lint(Run& run, StageDeadline /*deadline*/) {
    const lint::ContentFacts facts = lint::read_facts(*run.bundle);
    lint::check_breadth(run, facts);
    lint::check_blanks(run, facts);
    lint::check_regexes(run, facts);
    lint::check_actions(run, facts);
    lint::check_duplicates(run, facts);

    StageResult result{.executions = run.bundle->files.size() + facts.rules.size()};
    if (!facts.understood) {
        run.notes.push_back("lint has no reader for content of type " +
                            run.bundle->manifest.content_type +
                            ": it looked at sizes and actions only");
    }
    if (!facts.trouble.empty()) {
        result.complete = false;
        result.reason = facts.trouble;
    }
    // Of another stream, or not newer: the structure stage has said so, and nothing compares.
    const bool comparable =
        run.previous && run.previous->manifest.stream == run.bundle->manifest.stream;
    if (!comparable) {
        lint::note_novelty(run, facts, nullptr);
        return result;
    }
    const lint::ContentFacts before = lint::read_facts(*run.previous);
    lint::compare_releases(run, facts, before);
    lint::note_novelty(run, facts, &before);
    return result;
}

}  // namespace firebreak::validator
