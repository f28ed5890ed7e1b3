#include "validator/amplify/blame.hpp"

#include <algorithm>

#include "core/base/smallest.hpp"
#include "validator/generate/event_rules.hpp"

namespace firebreak::validator {
namespace {

constexpr std::size_t kOne = 1;

/// The smallest of 1 to `whole` for which `shows`, where a busy machine may hide once what shows.
///
/// A probe that missed it sent the search upwards: then one less shows as well, and is asked twice.
template <class Shows>
std::size_t fewest(std::size_t whole, const Shows& shows) {
    for (std::size_t most = whole;;) {
        const std::size_t count = smallest(kOne, most, shows);
        if (count == kOne || (!shows(count - 1) && !shows(count - 1))) return count;
        most = count - 1;
    }
}

/// The lines of `bytes` before `line`, which counts from one.
ByteView before_line(ByteView bytes, std::uint32_t line) {
    auto at = bytes.begin();
    for (std::uint32_t passed = 1; passed < line && at != bytes.end(); ++passed) {
        at = std::find(at, bytes.end(), std::uint8_t{'\n'});
        if (at != bytes.end()) ++at;
    }
    return {bytes.begin(), at};
}

std::vector<content::ContentFile> owned(const std::vector<FileView>& files) {
    std::vector<content::ContentFile> copies;
    for (const FileView& file : files) {
        copies.push_back({std::string(file.name), copy_of(file.bytes)});
    }
    return copies;
}

/// The file of the suspect alone, or the first files, of which the last is to blame.
std::vector<FileView> fewest_files(const BlameCase& of, const FaultProbe& shows) {
    const auto place = std::ranges::find(of.rule_places, of.rule, &Place::rule);
    if (!of.rule.empty() && place != of.rule_places.end()) {
        const auto file = std::ranges::find(of.files, place->file, &FileView::name);
        if (file != of.files.end() && shows({*file})) return {*file};
    }
    const auto first = [&of](std::size_t count) {
        return std::vector<FileView>(of.files.begin(),
                                     of.files.begin() + static_cast<std::ptrdiff_t>(count));
    };
    return first(fewest(of.files.size(), [&](std::size_t count) { return shows(first(count)); }));
}

Blame blame_lines(const BlameCase& of, const FaultProbe& shows) {
    std::vector<FileView> files = fewest_files(of, shows);
    FileView& last = files.back();
    std::vector<Place> rules;
    std::ranges::copy_if(of.rule_places, std::back_inserter(rules),
                         [&last](const Place& place) { return place.file == last.name; });
    std::ranges::stable_sort(rules, {}, &Place::line);
    if (rules.empty())
        return {{.file = std::string(last.name), .line = 0, .rule = {}}, owned(files)};
    const ByteView whole = last.bytes;
    const auto keep = [&](std::size_t count) {
        last.bytes = count == rules.size() ? whole : before_line(whole, rules[count].line);
    };
    const std::size_t count = fewest(rules.size(), [&](std::size_t candidate) {
        keep(candidate);
        return shows(files);
    });
    keep(count);
    return {rules[count - 1], owned(files)};
}

/// The rule file of some of a program's rules.
Bytes file_of(const sigma::Program& program, std::span<const sigma::Rule> rules) {
    return sigma::write_program(only_rules(program, rules)).value_or(Bytes{});
}

Blame blame_rule(const BlameCase& of, const FaultProbe& shows) {
    constexpr const char* kName = "rules.sigma";
    const auto probe = [&](const Bytes& file) { return !file.empty() && shows({{kName, file}}); };
    const auto answer = [&](const sigma::Rule& rule, Bytes file) {
        return Blame{{.file = rule.file, .line = rule.line, .rule = rule.id},
                     {{kName, std::move(file)}}};
    };
    for (const sigma::Program& program : of.programs) {
        const auto rule = std::ranges::find(program.rules, of.rule, &sigma::Rule::id);
        if (rule == program.rules.end()) continue;
        Bytes alone = file_of(program, {rule, 1});
        if (probe(alone)) return answer(*rule, std::move(alone));
    }
    for (const sigma::Program& program : of.programs) {
        const std::span<const sigma::Rule> rules(program.rules);
        if (rules.empty()) continue;
        const Bytes all = file_of(program, rules);
        if (!probe(all) && !probe(all)) continue;  // Twice: once may be missed.
        const std::size_t count = fewest(rules.size(), [&](std::size_t candidate) {
            return probe(file_of(program, rules.first(candidate)));
        });
        return answer(rules[count - 1], file_of(program, rules.first(count)));
    }
    return {{.file = {}, .line = 0, .rule = of.rule}, owned(of.files)};
}

}  // namespace

Blame blame(const BlameCase& of, const FaultProbe& shows) {
    return of.programs.empty() ? blame_lines(of, shows) : blame_rule(of, shows);
}

}  // namespace firebreak::validator
