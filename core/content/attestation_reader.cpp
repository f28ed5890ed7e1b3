#include <algorithm>
#include <array>
#include <charconv>
#include <set>

#include "core/base/errc.hpp"
#include "core/base/utc.hpp"
#include "core/content/attestation_parts.hpp"
#include "core/content/manifest.hpp"

namespace firebreak::content {
namespace {

constexpr std::size_t kListMax = 10'000;

Result<Verdict> verdict_from(std::string_view name) {
    for (const Verdict verdict : {Verdict::kAdmitted, Verdict::kRejected, Verdict::kInconclusive}) {
        if (name == name_of(verdict)) return verdict;
    }
    return fail(Errc::kMalformed, "must be admitted, rejected or inconclusive");
}

Result<Sha256> read_digest(const JsonObject& descriptor) {
    const Result<JsonObject> digest = descriptor.object("digest");
    if (!digest) return fail(digest.error());
    const Result<std::string> text = digest->string("sha256");
    if (!text) return fail(text.error());
    const Result<Sha256> sha256 = Sha256::from_hex(*text);
    if (!sha256) return fail(sha256.error().seen_from(digest->path_to("sha256")));
    return *sha256;
}

Result<void> read_descriptor(const JsonObject& descriptor, Attestation& attestation) {
    const Result<std::string> name = descriptor.string("name");
    if (!name) return fail(name.error());
    const Result<Sha256> sha256 = read_digest(descriptor);
    if (!sha256) return fail(sha256.error());
    const Result<JsonObject> annotations = descriptor.object("annotations");
    if (!annotations) return fail(annotations.error());
    const Result<std::string> kind = annotations->string("kind");
    if (!kind) return fail(kind.error());
    if (*kind == "engine-build") {
        const Result<std::string> version = annotations->string("version");
        if (!version) return fail(version.error());
        attestation.builds.push_back({*name, *version, *sha256});
        return {};
    }
    if (*kind == "corpus") {
        const Result<std::int64_t> files = annotations->integer("files", 0, INT64_MAX);
        if (!files) return fail(files.error());
        attestation.corpora.push_back({*name, *sha256, static_cast<std::uint64_t>(*files)});
        return {};
    }
    return fail(Errc::kMalformed,
                annotations->path_to("kind") + ": must be engine-build or corpus");
}

Result<void> read_configuration(const JsonObject& predicate, Attestation& attestation) {
    const Result<const json::array*> configuration = predicate.array("configuration");
    if (!configuration) return fail(configuration.error());
    const std::string path = predicate.path_to("configuration");
    if ((*configuration)->size() > kListMax) return fail(Errc::kTooLarge, path);
    for (const json::value& entry : **configuration) {
        const Result<JsonObject> descriptor = JsonObject::of(entry, path + "[]");
        if (!descriptor) return fail(descriptor.error());
        if (Result<void> read = read_descriptor(*descriptor, attestation); !read) return read;
    }
    return {};
}

Result<AttestedStage> read_stage(const json::value& value, const std::string& path) {
    static constexpr std::array<std::string_view, 4> kOutcomes = {"passed", "failed",
                                                                  "inconclusive", "skipped"};
    const Result<JsonObject> object = JsonObject::of(value, path);
    if (!object) return fail(object.error());
    const Result<std::string> name = object->string("name");
    if (!name) return fail(name.error());
    const Result<std::string> outcome = object->string("outcome");
    if (!outcome) return fail(outcome.error());
    if (std::ranges::find(kOutcomes, *outcome) == kOutcomes.end()) {
        return fail(Errc::kMalformed, object->path_to("outcome") +
                                          ": must be passed, failed, inconclusive or skipped");
    }
    const Result<std::int64_t> executions = object->integer("executions", 0, INT64_MAX);
    if (!executions) return fail(executions.error());
    const Result<std::int64_t> findings = object->integer("findings", 0, INT64_MAX);
    if (!findings) return fail(findings.error());
    // Statements of before there was a cache do not have it.
    std::int64_t from_cache = 0;
    if (object->find("cached") != nullptr) {
        const Result<std::int64_t> cached = object->integer("cached", 0, *executions);
        if (!cached) return fail(cached.error());
        from_cache = *cached;
    }
    return AttestedStage{*name, *outcome, static_cast<std::uint64_t>(*executions),
                         static_cast<std::uint64_t>(*findings),
                         static_cast<std::uint64_t>(from_cache)};
}

Result<void> read_stages(const JsonObject& extension, Attestation& attestation) {
    const Result<const json::array*> stages = extension.array("stages");
    if (!stages) return fail(stages.error());
    const std::string path = extension.path_to("stages");
    if ((*stages)->size() > kListMax) return fail(Errc::kTooLarge, path);
    std::set<std::string> names;
    for (const json::value& entry : **stages) {
        Result<AttestedStage> stage =
            read_stage(entry, path + "[" + std::to_string(names.size()) + "]");
        if (!stage) return fail(stage.error());
        if (!names.insert(stage->name).second) {
            return fail(Errc::kMalformed, path + ": names a stage twice");
        }
        attestation.stages.push_back(std::move(*stage));
    }
    return {};
}

struct TextMember {
    std::string_view name;
    std::string* into;
};

Result<void> read_members(const JsonObject& object, std::initializer_list<TextMember> members) {
    for (const TextMember& member : members) {
        Result<std::string> read = object.string(member.name);
        if (!read) return fail(read.error());
        *member.into = std::move(*read);
    }
    return {};
}

/// The elements of a list of objects, each read by `read(object, path)`.
template <class Read>
Result<void> read_list(const JsonObject& extension, std::string_view name, Read read) {
    const Result<const json::array*> list = extension.array(name);
    if (!list) return fail(list.error());
    const std::string path = extension.path_to(name);
    if ((*list)->size() > kListMax) return fail(Errc::kTooLarge, path);
    for (std::size_t index = 0; index < (*list)->size(); ++index) {
        const Result<JsonObject> object =
            JsonObject::of((**list)[index], path + "[" + std::to_string(index) + "]");
        if (!object) return fail(object.error());
        if (Result<void> done = read(*object); !done) return done;
    }
    return {};
}

Result<void> read_novelty(const JsonObject& extension, Attestation& attestation) {
    const Result<std::string> previous = extension.string("previous");
    if (!previous) return fail(previous.error());
    if (!previous->empty()) {
        const Result<Sha256> digest = Sha256::from_hex(*previous);
        if (!digest) return fail(digest.error().seen_from(extension.path_to("previous")));
        attestation.previous = *digest;
    }
    return read_list(extension, "novelty", [&](const JsonObject& object) -> Result<void> {
        AttestedUse use;
        Result<void> read = read_members(object, {{"contract", &use.contract},
                                                  {"field", &use.field},
                                                  {"operator", &use.op},
                                                  {"action", &use.action}});
        if (read) attestation.novelty.push_back(std::move(use));
        return read;
    });
}

Result<void> read_waivers(const JsonObject& extension, Attestation& attestation) {
    return read_list(extension, "waivers", [&](const JsonObject& object) -> Result<void> {
        AttestedWaiver waiver;
        std::string expires;
        Result<void> read = read_members(object, {{"finding", &waiver.finding},
                                                  {"rule", &waiver.rule},
                                                  {"file", &waiver.file},
                                                  {"fingerprint", &waiver.fingerprint},
                                                  {"reason", &waiver.reason},
                                                  {"who", &waiver.who},
                                                  {"expires", &expires}});
        if (!read) return read;
        const Result<std::chrono::sys_seconds> time = parse_utc(expires);
        if (!time) return fail(time.error().seen_from(object.path_to("expires")));
        waiver.expires = *time;
        const Result<std::int64_t> findings = object.integer("findings", 1, INT64_MAX);
        if (!findings) return fail(findings.error());
        waiver.findings = static_cast<std::uint64_t>(*findings);
        attestation.waivers.push_back(std::move(waiver));
        return {};
    });
}

Result<void> read_coverage(const JsonObject& extension, Attestation& attestation) {
    return read_list(extension, "coverage", [&](const JsonObject& object) -> Result<void> {
        AttestedCoverage coverage;
        Result<std::string> build = object.string("build");
        if (!build) return fail(build.error());
        coverage.build = *std::move(build);
        struct Figure {
            std::string_view name;
            std::uint64_t* into;
        };
        for (const Figure& figure :
             {Figure{"rules", &coverage.rules}, Figure{"rules_matched", &coverage.rules_matched},
              Figure{"uses", &coverage.uses}, Figure{"read", &coverage.read},
              Figure{"both_ways", &coverage.both}}) {
            const Result<std::int64_t> value = object.integer(figure.name, 0, INT64_MAX);
            if (!value) return fail(value.error());
            *figure.into = static_cast<std::uint64_t>(*value);
        }
        attestation.coverage.push_back(std::move(coverage));
        return {};
    });
}

/// Statements of before there were twins have no such list.
Result<void> read_twins(const JsonObject& extension, Attestation& attestation) {
    if (extension.find("twins") == nullptr) return {};
    return read_list(extension, "twins", [&](const JsonObject& object) -> Result<void> {
        std::string of;
        std::string sha256;
        AttestedTwin twin;
        Result<void> read =
            read_members(object, {{"of", &of}, {"sha256", &sha256}, {"sandbox", &twin.sandbox}});
        if (!read) return read;
        const Result<Sha256> build = Sha256::from_hex(of);
        if (!build) return fail(build.error().seen_from(object.path_to("of")));
        if (std::ranges::find(attestation.builds, *build, &AttestedBuild::sha256) ==
            attestation.builds.end()) {
            return fail(Errc::kMalformed, object.path_to("of") + ": is none of the builds");
        }
        const Result<Sha256> digest = Sha256::from_hex(sha256);
        if (!digest) return fail(digest.error().seen_from(object.path_to("sha256")));
        twin.of = *build;
        twin.sha256 = *digest;
        attestation.twins.push_back(std::move(twin));
        return {};
    });
}

Result<std::uint64_t> read_seed(const JsonObject& extension) {
    const Result<std::string> text = extension.string("seed");
    if (!text) return fail(text.error());
    std::uint64_t seed = 0;
    const char* const end = text->data() + text->size();
    const auto [stopped, code] = std::from_chars(text->data(), end, seed);
    if (code != std::errc() || stopped != end || std::to_string(seed) != *text) {
        return fail(Errc::kMalformed,
                    extension.path_to("seed") + ": must be an integer of 64 bits, as text");
    }
    return seed;
}

Result<void> read_texts(const JsonObject& extension, Attestation& attestation) {
    return read_members(extension, {{"stream", &attestation.stream},
                                    {"profile", &attestation.profile},
                                    {"sandbox", &attestation.sandbox},
                                    {"validator_version", &attestation.validator_version}});
}

Result<void> read_extension(const JsonObject& predicate, Attestation& attestation) {
    const Result<JsonObject> extension = predicate.object(kExtension);
    if (!extension) return fail(extension.error());
    const Result<std::string> verdict_name = extension->string("verdict");
    if (!verdict_name) return fail(verdict_name.error());
    const Result<Verdict> verdict = verdict_from(*verdict_name);
    if (!verdict) return fail(verdict.error().seen_from(extension->path_to("verdict")));
    attestation.verdict = *verdict;
    if (Result<void> read = read_texts(*extension, attestation); !read) return read;
    const Result<std::int64_t> counter = extension->integer("counter", 0, INT64_MAX);
    if (!counter) return fail(counter.error());
    attestation.counter = *counter;
    const Result<std::uint64_t> seed = read_seed(*extension);
    if (!seed) return fail(seed.error());
    attestation.seed = *seed;
    const Result<std::string> time = extension->string("finished");
    if (!time) return fail(time.error());
    const Result<std::chrono::sys_seconds> finished = parse_utc(*time);
    if (!finished) return fail(finished.error().seen_from(extension->path_to("finished")));
    attestation.finished = *finished;
    Result<void> lists = read_stages(*extension, attestation);
    if (lists) lists = read_novelty(*extension, attestation);
    if (lists) lists = read_waivers(*extension, attestation);
    if (lists) lists = read_coverage(*extension, attestation);
    if (lists) lists = read_twins(*extension, attestation);
    return lists;
}

Result<void> read_subject(const JsonObject& statement, Attestation& attestation) {
    const Result<const json::array*> subjects = statement.array("subject");
    if (!subjects) return fail(subjects.error());
    if ((*subjects)->size() != 1) {
        return fail(Errc::kMalformed, "statement.subject: must name one bundle");
    }
    const Result<JsonObject> subject = JsonObject::of((*subjects)->front(), "statement.subject[0]");
    if (!subject) return fail(subject.error());
    Result<std::string> name = subject->string("name");
    if (!name) return fail(name.error());
    attestation.bundle_name = std::move(*name);
    const Result<Sha256> sha256 = read_digest(*subject);
    if (!sha256) return fail(sha256.error());
    attestation.bundle = *sha256;
    return {};
}

/// An admission that contradicts itself is none.
Result<void> check_admission(const Attestation& attestation) {
    if (attestation.verdict != Verdict::kAdmitted) return {};
    if (!valid_stream_name(attestation.stream) || attestation.counter < 1) {
        return fail(Errc::kMalformed, "statement: admitted, but for no stream or counter");
    }
    if (attestation.builds.empty()) {
        return fail(Errc::kMalformed, "statement: admitted, but driven in no engine build");
    }
    if (attestation.stages.empty()) {
        return fail(Errc::kMalformed, "statement: admitted, but no stage was run");
    }
    for (const AttestedStage& stage : attestation.stages) {
        if (stage.outcome != "passed") {
            return fail(Errc::kMalformed, "statement: admitted, but a stage is " + stage.outcome);
        }
    }
    return {};
}

/// What the predicate says to everybody must be what the extension says to us.
Result<void> check_agreement(const JsonObject& predicate, const Attestation& attestation) {
    const Result<std::string> result = predicate.string("result");
    if (!result) return fail(result.error());
    if (*result != result_of(attestation)) {
        return fail(Errc::kMalformed,
                    predicate.path_to("result") + ": does not agree with the verdict and stages");
    }
    struct List {
        std::string_view name;
        std::vector<std::string> expected;
    };
    const TestLists lists = lists_of(attestation.stages);
    for (const List& list : {List{"passedTests", lists.passed}, List{"warnedTests", lists.warned},
                             List{"failedTests", lists.failed}}) {
        const Result<std::vector<std::string>> names = predicate.strings(list.name);
        if (!names) return fail(names.error());
        if (*names != list.expected) {
            return fail(Errc::kMalformed,
                        predicate.path_to(list.name) + ": does not agree with the stages");
        }
    }
    return {};
}

Result<void> check_types(const JsonObject& statement) {
    const Result<std::string> type = statement.string("_type");
    if (!type) return fail(type.error());
    if (*type != kStatementType) {
        return fail(Errc::kMalformed, "statement._type: is not an in-toto Statement v1");
    }
    const Result<std::string> predicate = statement.string("predicateType");
    if (!predicate) return fail(predicate.error());
    if (*predicate != kTestResultPredicate) {
        return fail(Errc::kMalformed, "statement.predicateType: is not test-result v0.1");
    }
    return {};
}

}  // namespace

Result<Attestation> parse_statement(std::string_view text) {
    const Result<json::value> value = parse_json(text, {.depth_max = 8});
    if (!value) return fail(value.error().seen_from("statement"));
    const Result<JsonObject> statement = JsonObject::of(*value, "statement");
    if (!statement) return fail(statement.error());
    if (Result<void> typed = check_types(*statement); !typed) return fail(typed.error());

    Attestation attestation;
    if (Result<void> read = read_subject(*statement, attestation); !read) return fail(read.error());
    const Result<JsonObject> predicate = statement->object("predicate");
    if (!predicate) return fail(predicate.error());
    Result<void> read = read_configuration(*predicate, attestation);
    if (read) read = read_extension(*predicate, attestation);
    if (read) read = check_admission(attestation);
    if (read) read = check_agreement(*predicate, attestation);
    if (!read) return fail(read.error());
    return attestation;
}

}  // namespace firebreak::content
