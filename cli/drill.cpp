#include "cli/drill.hpp"

#include <algorithm>
#include <boost/json/serialize.hpp>

#include "cli/plan.hpp"
#include "cli/release.hpp"
#include "cli/rollouts.hpp"
#include "core/base/errc.hpp"
#include "core/content/attestation.hpp"
#include "core/content/bundle.hpp"
#include "core/rollout/cohort.hpp"
#include "core/signing/dsse.hpp"
#include "core/trust/errc.hpp"

namespace firebreak::cli {
namespace {

namespace fs = std::filesystem;
using std::chrono::milliseconds;

constexpr std::uint64_t kAttestationBytesMax = 8U << 20U;
constexpr std::uint64_t kRootBytesMax = 512'000;
constexpr std::size_t kDrillsMax = 1'000;
/// So few left are worth a word: signing new ones takes people.
constexpr std::size_t kFewLeft = 3;
constexpr milliseconds kBetweenLooks{1'000};
constexpr milliseconds kWithinMax{24 * 3'600'000};

std::string name_of(const DrillPlace& place, std::int64_t counter) {
    return place.stream + "/" + std::to_string(counter);
}

/// The first build that the validator drove the bundle in: what the devices say that they run.
Result<Sha256> build_of(const Context& context, const std::string& attestation) {
    const Result<Bytes> bytes = context.files.read(attestation, kAttestationBytesMax);
    if (!bytes) return fail(bytes.error());
    const Result<signing::DsseEnvelope> envelope = signing::parse_dsse(*bytes);
    if (!envelope) return fail(envelope.error().seen_from(attestation));
    // Whether it is signed is the server's to judge; here it only names a build.
    const Result<content::Attestation> statement =
        content::parse_statement(text_of(envelope->payload));
    if (!statement) return fail(statement.error().seen_from(attestation));
    if (statement->builds.empty()) return fail(Errc::kBadInput, attestation + ": names no build");
    return statement->builds.front().sha256;
}

/// A drill under way.
class Drill {
public:
    Drill(const Context& context, ApiClient& api, const DrillOptions& options, DrillPlace place,
          Bytes root)
        : context_(context),
          api_(api),
          options_(options),
          place_(std::move(place)),
          exchange_([&api](net::Request request, std::uint64_t bytes_max) {
              return api.as_anyone(std::move(request), bytes_max);
          }),
          view_(exchange_, std::move(root), place_.stream),
          devices_(context, exchange_, fs::path(options.state) / "devices.json") {}

    Result<void> prepare(const DrillBundle& bundle) {
        counter_ = bundle.manifest.counter;
        attestation_ = fs::path(bundle.file).replace_extension(".attestation.json").string();
        const Result<Sha256> build = build_of(context_, attestation_);
        if (!build) return fail(build.error());
        build_ = *build;
        const auto mustered =
            devices_.muster(place_, options_.devices, options_.enrolment_token_file, build_);
        if (!mustered) return mustered;
        // Heard of before it begins: a ring of devices that sleep has no room for anybody.
        for (DrillDevice& device : devices_.all()) {
            const Result<bool> heard =
                devices_.say(device, health::Kind::kHeartbeat, place_, 0, build_);
            if (!heard) return fail(heard.error());
        }
        return {};
    }

    const std::string& attestation() const { return attestation_; }

    DrillEnd run(milliseconds within) {
        const auto began = context_.clock.steady();
        DrillEnd end;
        for (;;) {
            note(look(end), end);
            end.taken = std::chrono::duration_cast<milliseconds>(context_.clock.steady() - began);
            const DrillVerdict verdict = judge_drill(end, place_, counter_);
            if ((verdict.halted && verdict.recalled) || end.taken >= within) return end;
            options_.pause(std::min(kBetweenLooks, within - end.taken));
        }
    }

private:
    static void note(const Result<void>& done, DrillEnd& end) {
        end.trouble = done ? std::nullopt : std::optional<Error>(done.error());
    }

    /// One look at everything. What fails is tried again at the next one.
    Result<void> look(DrillEnd& end) {
        const auto now = std::chrono::floor<std::chrono::seconds>(context_.clock.now());
        Result<std::optional<Published>> seen = view_.look(now);
        if (!seen) return fail(seen.error());
        end.seen = std::move(*seen);
        if (const Result<void> said = be_sick(end, now); !said) return said;
        end.let_in.clear();
        for (const DrillDevice& device : devices_.all()) {
            if (device.let_in) end.let_in.push_back(device.id);
        }
        Result<json::value> rollout = api_.call("GET", "/v1/rollouts/" + name_of(place_, counter_));
        if (!rollout) return fail(rollout.error());
        end.rollout = std::move(*rollout);
        Result<json::value> drill = api_.call("GET", "/v1/drill");
        if (!drill) return fail(drill.error());
        end.drill = std::move(*drill);
        return {};
    }

    /// Each device does what an agent does with what it sees, and then says that it crashed.
    Result<void> be_sick(const DrillEnd& end, std::chrono::sys_seconds now) {
        if (!end.seen || end.seen->pointer.counter != counter_) return {};
        for (DrillDevice& device : devices_.all()) {
            if (!device.let_in && offered(device, *end.seen, now)) {
                const Result<bool> may =
                    devices_.say(device, health::Kind::kActivating, place_, counter_, build_);
                if (!may) return fail(may.error());
                device.let_in = *may;
            }
            if (!device.let_in || device.sick) continue;
            const Result<bool> said =
                devices_.say(device, health::Kind::kCrash, place_, counter_, build_);
            if (!said) return fail(said.error());
            device.sick = true;
        }
        return {};
    }

    bool offered(const DrillDevice& device, const Published& seen,
                 std::chrono::sys_seconds now) const {
        const std::int64_t bucket = rollout::bucket(seen.pointer.sha256, device.id);
        return trust::may_install(seen.pointer, seen.content, {device.id, place_.ring, build_, 0},
                                  bucket, now)
            .has_value();
    }

    const Context& context_;
    ApiClient& api_;
    const DrillOptions& options_;
    DrillPlace place_;
    Exchange exchange_;
    PublishedView view_;
    DrillDevices devices_;
    std::int64_t counter_ = 0;
    std::string attestation_;
    Sha256 build_;
};

/// Publishes `bundle`. When the published content metadata does not list it yet, with the folder's,
/// after all other drills of the folder are uploaded: it lists these too.
Result<void> publish_drill(const Context& context, ApiClient& api, const DrillOptions& options,
                           const std::vector<DrillBundle>& bundles, const DrillBundle& bundle,
                           const std::string& attestation) {
    const Result<std::string> role = api.fetch("/v1/content-role");
    if (!role) return fail(role.error());
    const Result<trust::Envelope> envelope = trust::parse_envelope(bytes_of(*role));
    if (!envelope) return fail(envelope.error().seen_from("/v1/content-role"));
    const Result<trust::Targets> listed = trust::parse_targets(envelope->signed_part);
    if (!listed) return fail(listed.error().seen_from("/v1/content-role"));
    PublishOptions publish_options{.bundle = bundle.file,
                                   .attestation = attestation,
                                   .content = {},
                                   .plan = (fs::path(options.release) / "plan.yaml").string()};
    const std::string path = trust::content_path(bundle.manifest.stream, bundle.manifest.counter);
    if (!listed->targets.contains(path)) {
        publish_options.content = (fs::path(options.release) / "content.json").string();
        for (const DrillBundle& later : bundles) {
            if (later.manifest.counter <= bundle.manifest.counter) continue;
            const auto uploaded = upload_bundle(context, api, later.file);
            if (!uploaded) return fail(uploaded.error());
        }
    }
    const Result<Output> published = publish(context, api, publish_options);
    if (!published) return fail(published.error());
    return {};
}

std::string marked(bool done, const std::string& what) {
    return (done ? "  [x] " : "  [ ] ") + what + "\n";
}

/// The clean-up of a drill that was not halted. @returns what came of it, for people.
std::string halt_by_hand(ApiClient& api, const DrillPlace& place, std::int64_t counter) {
    const Result<Output> halted =
        change_rollout(api, name_of(place, counter),
                       {"halt", "firebreak drill: evidence did not halt this in time", ""});
    if (halted) return "It was halted by hand now.";
    return "IT COULD NOT BE HALTED BY HAND EITHER: " + line_of(halted.error());
}

Output outcome(const DrillEnd& end, const DrillVerdict& verdict, const DrillPlace& place,
               std::int64_t counter, const std::string& clean_up) {
    const std::string name = name_of(place, counter);
    std::string text =
        verdict.passed() ? "drill " + name + " passed\n" : "DRILL " + name + " FAILED\n";
    if (!verdict.halted) text += "THE HALT DID NOT COME. " + clean_up + "\n";
    text += marked(verdict.halted, "evidence halted it: " + verdict.reason);
    text += marked(verdict.recalled, "ring " + place.ring + " is not offered it any more");
    text += marked(verdict.contained, "nobody was let in but " + std::to_string(end.let_in.size()) +
                                          " devices of this drill, and nobody else could be");
    if (end.trouble) text += "The last thing that did not work: " + line_of(*end.trouble) + "\n";
    json::object data{{"passed", verdict.passed()},
                      {"stream", place.stream},
                      {"counter", counter},
                      {"halted", verdict.halted},
                      {"recalled", verdict.recalled},
                      {"contained", verdict.contained},
                      {"reason", verdict.reason},
                      {"halt_seconds", verdict.halt_seconds ? json::value(*verdict.halt_seconds)
                                                            : json::value(nullptr)},
                      {"seconds", std::chrono::duration<double>(end.taken).count()},
                      {"devices", end.let_in.size()}};
    return Output{
        .text = std::move(text), .data = std::move(data), .exit_code = verdict.passed() ? 0 : 1};
}

/// The counter of the last drill that `answer` (GET /v1/drill) is about; nothing: another's.
Result<JsonObject> last_of(const json::value& answer, std::int64_t counter) {
    const Result<JsonObject> drill = JsonObject::of(answer, "drill");
    if (!drill) return fail(drill.error());
    Result<JsonObject> last = drill->object("last");
    if (!last) return last;
    const auto its = last->integer("counter", 1, std::numeric_limits<std::int64_t>::max());
    if (!its || *its != counter) {
        return fail(firebreak::Errc::kInvalid, "the server's newest drill is another one");
    }
    return last;
}

/// Whether the server let in no more than our devices, in the drill's ring alone.
bool only_ours(const DrillEnd& end, const DrillPlace& place) {
    const Result<JsonObject> rollout = JsonObject::of(end.rollout, "rollout");
    if (!rollout) return false;
    const Result<const json::array*> rings = rollout->array("rings");
    if (!rings || (*rings)->size() != 1) return false;
    const Result<JsonObject> ring = JsonObject::of((*rings)->front(), "ring");
    if (!ring || ring->string("name").value_or("") != place.ring) return false;
    const auto activated = ring->integer("activated", 0, kDrillDevicesMax);
    return activated && *activated <= static_cast<std::int64_t>(end.let_in.size());
}

/// Whether what is signed names the drill's ring and no other.
bool signed_for(const Published& seen, const std::string& ring) {
    const Result<trust::ContentTerms> terms = trust::parse_content_terms(seen.content.file.custom);
    const auto is_ring = [&ring](const trust::CeilingStep& step) { return step.ring == ring; };
    return terms && std::ranges::all_of(terms->ceiling, is_ring) &&
           seen.pointer.rings.size() == 1 && seen.pointer.rings.contains(ring);
}

}  // namespace

Result<std::vector<DrillBundle>> read_drills(const Context& context, const std::string& folder,
                                             const std::string& stream) {
    const Result<std::vector<std::string>> names = context.files.list(folder);
    if (!names) return fail(names.error());
    std::vector<DrillBundle> bundles;
    for (const std::string& name : *names) {
        if (fs::path(name).extension() != ".fbb") continue;
        if (bundles.size() == kDrillsMax) {
            return fail(Errc::kBadInput,
                        folder + ": more than " + std::to_string(kDrillsMax) + " bundles");
        }
        const std::string file = (fs::path(folder) / name).string();
        const Result<Bytes> bytes =
            context.files.read(file, content::BundleLimits{}.bundle_bytes_max);
        if (!bytes) return fail(bytes.error());
        Result<content::Manifest> manifest = content::peek_manifest(*bytes);
        if (!manifest) return fail(manifest.error().seen_from(file));
        if (manifest->stream != stream) {
            return fail(Errc::kBadInput, file + ": is of stream " + manifest->stream +
                                             ", and drills are of stream " + stream +
                                             "; a drill publishes nothing else");
        }
        bundles.push_back({file, std::move(*manifest)});
    }
    if (bundles.empty()) return fail(Errc::kBadInput, folder + ": holds no bundle (.fbb)");
    std::ranges::sort(bundles, {},
                      [](const DrillBundle& bundle) { return bundle.manifest.counter; });
    return bundles;
}

Result<std::size_t> next_drill(const std::vector<DrillBundle>& bundles, std::int64_t newest,
                               const std::string& folder) {
    const auto next = std::ranges::find_if(
        bundles, [newest](const DrillBundle& bundle) { return bundle.manifest.counter > newest; });
    if (next == bundles.end()) {
        return fail(Errc::kBadInput, folder + ": all " + std::to_string(bundles.size()) +
                                         " drills in it are used up, the newest published is " +
                                         std::to_string(newest) +
                                         "; pack, validate and sign more (docs/operating.md)");
    }
    return static_cast<std::size_t>(next - bundles.begin());
}

DrillVerdict judge_drill(const DrillEnd& end, const DrillPlace& place, std::int64_t counter) {
    DrillVerdict verdict;
    verdict.reason = "no halt was seen";
    if (const Result<JsonObject> last = last_of(end.drill, counter)) {
        verdict.halted = last->boolean("passed").value_or(false);
        const bool over = last->string("phase").value_or("") == "halted";
        if (over && !verdict.halted) verdict.reason = "a person halted it";
        const json::value* seconds = last->find("halt_seconds");
        if (seconds != nullptr && seconds->is_number()) {
            verdict.halt_seconds = seconds->to_number<double>();
        }
    }
    if (const Result<JsonObject> rollout = JsonObject::of(end.rollout, "rollout");
        rollout && verdict.halted) {
        verdict.reason = rollout->string("reason").value_or("");
    }
    if (!end.seen || end.seen->pointer.counter != counter) return verdict;
    const auto ring = end.seen->pointer.rings.find(place.ring);
    const bool closed = ring == end.seen->pointer.rings.end() || ring->second.state == "halted";
    verdict.recalled = trust::is_recalled(end.seen->pointer, counter) && closed;
    verdict.contained = signed_for(*end.seen, place.ring) && only_ours(end, place);
    return verdict;
}

Result<Output> hold_drill(const Context& context, ApiClient& api, const DrillOptions& options) {
    const Result<milliseconds> within = rollout::parse_duration(options.within);
    if (!within || *within < kBetweenLooks || *within > kWithinMax) {
        return fail(Errc::kBadInput, "--within: from 1s to 24h, such as 5m");
    }
    Result<Bytes> root = context.files.read(options.root, kRootBytesMax);
    if (!root) return fail(root.error());
    const Result<json::value> answer = api.call("GET", "/v1/drill");
    if (!answer) return fail(answer.error());
    const Result<DrillPlace> place = parse_drill_place(*answer);
    if (!place) return fail(place.error().seen_from("/v1/drill"));
    const auto bundles = read_drills(context, options.release, place->stream);
    if (!bundles) return fail(bundles.error());
    const auto next = next_drill(*bundles, place->newest, options.release);
    if (!next) return fail(next.error());
    const DrillBundle& bundle = bundles->at(*next);

    Drill drill(context, api, options, *place, std::move(*root));
    if (const Result<void> ready = drill.prepare(bundle); !ready) return fail(ready.error());
    const auto published =
        publish_drill(context, api, options, *bundles, bundle, drill.attestation());
    if (!published) return fail(published.error());
    const DrillEnd end = drill.run(*within);
    const std::int64_t counter = bundle.manifest.counter;
    const DrillVerdict verdict = judge_drill(end, *place, counter);
    const std::string clean_up = verdict.halted ? "" : halt_by_hand(api, *place, counter);

    Output output = outcome(end, verdict, *place, counter, clean_up);
    const std::size_t left = bundles->size() - *next - 1;
    output.data.as_object()["left"] = left;
    output.data.as_object()["clean_up"] = clean_up;
    if (left <= kFewLeft) {
        output.text += "WARNING: " + std::to_string(left) + " signed drills are left in " +
                       options.release + "; sign more\n";
    }
    return output;
}

}  // namespace firebreak::cli
