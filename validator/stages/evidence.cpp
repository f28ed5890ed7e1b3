#include "validator/stages/evidence.hpp"

#include <algorithm>

#include "validator/proof/trial.hpp"
#include "validator/stages/faults.hpp"

namespace firebreak::validator {
namespace {

/// Matches listed one by one, per rule; the rest are counted.
constexpr std::uint64_t kMatchesListed = 25;

/// A reproducer carries the whole content below this, and the one file with the rule above.
constexpr std::uint64_t kWholeContentBytes = 1U << 20U;
constexpr std::uint64_t kReproducerInputBytes = 8U << 20U;

/// Rules whose matches are counted in a note of their own.
constexpr std::size_t kNotesMax = 100;

}  // namespace

Place place_of(const Build& build, const std::string& rule) {
    const auto found = std::ranges::find(build.rule_places, rule, &Place::rule);
    return found == build.rule_places.end() ? Place{.file = {}, .line = 0, .rule = rule} : *found;
}

std::vector<content::ContentFile> needed_files(const Run& run, const Finding& finding) {
    std::uint64_t bytes = 0;
    for (const content::ContentFile& part : run.bundle->files) bytes += part.bytes.size();
    std::vector<content::ContentFile> files;
    for (const content::ContentFile& part : run.bundle->files) {
        const bool needed = bytes <= kWholeContentBytes || finding.place.file.empty() ||
                            part.name == finding.place.file;
        if (needed) files.push_back(part);
    }
    return files;
}

content::AttestedCorpus attested_corpus(std::string name, const std::vector<GoodwareFile>& files,
                                        const std::vector<FileRun>& runs) {
    Sha256Stream stream;
    content::AttestedCorpus corpus{.name = std::move(name), .sha256 = {}, .files = 0};
    for (std::size_t index = 0; index < runs.size(); ++index) {
        if (!runs[index].read) continue;
        const std::string line =
            runs[index].sha256.hex() + "  " + files[index].path.string() + "\n";
        stream.update(bytes_of(line));
        ++corpus.files;
    }
    corpus.sha256 = stream.finish();
    return corpus;
}

Evidence::Evidence(Run& run, const Build& build, CorpusKind kind)
    : run_(run), build_(build), kind_(kind) {}

void Evidence::weigh(const std::vector<GoodwareFile>& files, const std::vector<FileRun>& runs) {
    for (std::size_t index = 0; index < files.size(); ++index) {
        weigh({files[index].name, &files[index], nullptr}, runs[index]);
    }
}

void Evidence::weigh(const std::string& name, const Bytes& input, const FileRun& run) {
    weigh({name, nullptr, &input}, run);
}

void Evidence::weigh(const Input& input, const FileRun& run) {
    if (!run.read) {
        ++unread_;
    } else if (run.verdict.outcome == Outcome::kNotRun) {
        ++not_run_;
    } else {
        ++executions_;
        if (run.cached) ++cached_;
        if (!passes(run.verdict)) fault(input, run);
        for (const sensor::Match& found : run.matches) match(input, run, found);
    }
}

void Evidence::match(const Input& input, const FileRun& run, const sensor::Match& found) {
    const std::uint64_t number = ++matches_[found.rule];
    if (number > kMatchesListed) return;
    const bool own = kind_ == CorpusKind::kOwn;
    Finding finding{.id = own ? "FB707" : "FB701",
                    .place = place_of(build_, found.rule),
                    .message = "rule " + found.rule +
                               (own ? " matches Firebreak itself: " : " matches goodware ") +
                               input.name,
                    .build = build_.label(),
                    .input = input.name,
                    .evidence = found.detail};
    if (number == 1) attach(input, run, found.rule, finding);
    run_.add(std::move(finding));
}

void Evidence::fault(const Input& input, const FileRun& run) {
    Finding finding{.id = std::string(scan_fault_id(run.verdict.outcome)),
                    .message = build_.label() + " " + describe(run.verdict) + " on " + input.name,
                    .build = build_.label(),
                    .input = input.name,
                    .evidence = run.verdict.message,
                    .measured = run.verdict.measured};
    attach(input, run, {}, finding);
    run_.add(std::move(finding));
}

/// The bytes that were driven, as far as they can still be had and carried along.
std::optional<Bytes> Evidence::read(const Input& input, const FileRun& run) const {
    Bytes bytes;
    if (input.bytes != nullptr) {
        bytes = *input.bytes;
    } else {
        Result<Bytes> file = run_.tools().files.read(input.file->path, kReproducerInputBytes);
        if (!file) return std::nullopt;
        bytes = *std::move(file);
        // An event is a line of its file.
        const std::uint64_t end = input.file->offset + input.file->bytes;
        if (sha256(bytes) != run.sha256 && end <= bytes.size()) {
            bytes = copy_of(ByteView(bytes).subspan(input.file->offset, input.file->bytes));
        }
    }
    if (sha256(bytes) != run.sha256) return std::nullopt;
    return bytes;
}

void Evidence::attach(const Input& input, const FileRun& run, std::string_view rule,
                      Finding& finding) {
    std::optional<Bytes> bytes = read(input, run);
    if (!bytes) return;
    Reproducer reproducer{.finding = finding.id,
                          .engine = build_.file.sha256,
                          .files = needed_files(run_, finding),
                          .evaluates = true,
                          .input_name = input.name,
                          .input = *std::move(bytes),
                          .expected_rule = std::string(rule)};
    reproducer.expect(run.verdict);
    run_.attach(std::move(reproducer), build_.file, finding);
}

void Evidence::finish() {
    std::size_t notes = 0;
    for (const auto& [rule, count] : matches_) {
        if (count <= kMatchesListed || ++notes > kNotesMax) continue;
        run_.notes.push_back(
            "rule " + rule + " matches " + std::to_string(count) +
            (kind_ == CorpusKind::kOwn ? " of Firebreak's own files in " : " goodware files in ") +
            build_.label() + "; the first " + std::to_string(kMatchesListed) + " are listed");
    }
}

}  // namespace firebreak::validator
