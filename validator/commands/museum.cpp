#include <algorithm>
#include <iomanip>
#include <sstream>

#include "validator/commands/commands.hpp"
#include "validator/museum/tour.hpp"
#include "validator/stages/self_protection.hpp"
#include "validator/stages/stage.hpp"

namespace firebreak::validator {
namespace {

namespace fs = std::filesystem;

/// Beside the program that runs, as it is built and as it is installed.
fs::path beside_program(const char* path) {
    std::error_code code;
    const fs::path self = fs::read_symlink("/proc/self/exe", code);
    return code ? fs::path() : self.parent_path().parent_path() / path;
}

std::vector<fs::path> engine_folders(const MuseumOptions& options) {
    if (!options.engines.empty()) return {options.engines.begin(), options.engines.end()};
    return {beside_program("lib/engines"), beside_program("lib/engines-museum"),
            beside_program("share/firebreak/museum-engines")};
}

struct Count {
    std::size_t escaped = 0;
    std::size_t falsely_rejected = 0;
    std::size_t other_gate = 0;
    std::size_t not_played = 0;

    void add(Encounter::Outcome outcome) {
        using Outcome = Encounter::Outcome;
        if (outcome == Outcome::kEscaped) ++escaped;
        if (outcome == Outcome::kFalselyRejected) ++falsely_rejected;
        if (outcome == Outcome::kOtherGate) ++other_gate;
        if (outcome == Outcome::kNotPlayed) ++not_played;
    }
    int exit_code() const {
        if (escaped + falsely_rejected + other_gate > 0) return kExitRejected;
        return not_played > 0 ? kExitInconclusive : kExitAdmitted;
    }
};

std::string row_of(const Exhibit& exhibit, const Encounter& encounter, const Terminal& terminal) {
    using Outcome = Encounter::Outcome;
    std::ostringstream row;
    row << std::right << std::setw(5) << exhibit.id << "  " << std::left << std::setw(10)
        << exhibit.expected << " ";
    std::ostringstream by;
    by << std::left << std::setw(10)
       << (encounter.outcome == Outcome::kElsewhere   ? "-"
           : encounter.outcome == Outcome::kNotPlayed ? "not played"
           : encounter.stopped_by.empty()             ? "nothing"
                                                      : encounter.stopped_by);
    const bool good =
        encounter.outcome == Outcome::kAsExpected || encounter.outcome == Outcome::kElsewhere;
    row << (good ? terminal.good(by.str()) : terminal.bad(by.str())) << std::right << std::setw(8)
        << std::fixed << std::setprecision(1) << static_cast<double>(encounter.took.count()) / 1000
        << " s  " << exhibit.title << ", " << exhibit.date << "\n";
    if (!good && !encounter.finding.empty()) {
        row << "         " << encounter.finding << ": " << encounter.message << "\n";
    }
    if (!encounter.note.empty() && encounter.outcome != Outcome::kAsExpected) {
        row << "         " << encounter.note << "\n";
    }
    return row.str();
}

json::object object_of(const Exhibit& exhibit, const Encounter& encounter) {
    return {{"id", exhibit.id},
            {"title", exhibit.title},
            {"expected", exhibit.expected},
            {"stopped_by", encounter.stopped_by.empty() ? json::value(nullptr)
                                                        : json::value(encounter.stopped_by)},
            {"seconds", static_cast<double>(encounter.took.count()) / 1000},
            {"outcome", to_string(encounter.outcome)},
            {"finding", encounter.finding},
            {"message", encounter.message},
            {"executions", encounter.executions},
            {"note", encounter.note}};
}

}  // namespace

int show_museum(const World& world, const MuseumOptions& options) {
    const fs::path museum = options.museum.empty() ? beside_program("share/firebreak/museum")
                                                   : fs::path(options.museum);
    const Result<std::vector<Exhibit>> exhibits = read_museum(world.files, museum);
    if (!exhibits) return complain(kExitUsage, "--museum: " + exhibits.error().to_string());
    for (const std::string& name : options.skipped) {
        if (std::ranges::find(all_stages(), name, &Stage::name) == all_stages().end()) {
            return complain(kExitUsage, "--skip " + name + ": there is no such stage");
        }
    }
    const Result<WorkerProgram> program = WorkerProgram::self();
    if (!program) return complain(kExitInconclusive, program.error().to_string());

    NoProgress silence;
    const Tools tools{*program, world.clock, world.files, silence};
    std::error_code code;
    const TourGround ground{engine_folders(options),
                            own_paths(fs::read_symlink("/proc/self/exe", code))};
    std::string text = "   id  expected   stopped by\n";
    json::array rows;
    Count count;
    for (const Exhibit& exhibit : *exhibits) {
        const Encounter encounter = play(exhibit, ground, tools, options.skipped);
        count.add(encounter.outcome);
        text += row_of(exhibit, encounter, world.terminal);
        rows.push_back(object_of(exhibit, encounter));
    }
    text += std::to_string(exhibits->size()) + " exhibits: " + std::to_string(count.escaped) +
            " escaped, " + std::to_string(count.falsely_rejected) + " falsely rejected, " +
            std::to_string(count.other_gate) + " stopped by another gate, " +
            std::to_string(count.not_played) + " not played\n";
    const json::object object{{"exhibits", std::move(rows)},
                              {"escaped", count.escaped},
                              {"falsely_rejected", count.falsely_rejected},
                              {"other_gate", count.other_gate},
                              {"not_played", count.not_played}};
    if (!print(world.terminal.json() ? pretty_json(object) : text)) {
        return complain(kExitInconclusive, "cannot write to stdout");
    }
    return count.exit_code();
}

}  // namespace firebreak::validator
