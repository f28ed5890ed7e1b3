#include "validator/generate/yara_samples.hpp"

#include <algorithm>

#include "core/base/digest.hpp"
#include "validator/generate/certificate.hpp"
#include "validator/generate/executables.hpp"
#include "validator/generate/yara_strings.hpp"

namespace firebreak::validator {
namespace {

constexpr std::uint64_t kCountMax = 10'000;

/// Between strings, so that words are full words, wide ones too.
constexpr std::size_t kGapBytes = 4;

/// A generator of the rule's own: what is made for one does not depend on the others.
SeededRandom random_for(const YaraRule& rule, std::uint64_t seed) {
    const Sha256 digest = sha256(bytes_of(std::to_string(seed) + ":" + rule.name));
    std::uint64_t own = 0;
    for (std::size_t i = 0; i < sizeof own; ++i) own = own << 8U | digest.bytes.at(i);
    return SeededRandom(own);
}

/// Gathers the strings of one rule where its hints want them.
class Maker {
public:
    Maker(const YaraRule& rule, const ConditionHints& hints, const SampleCaps& caps)
        : rule_(rule), hints_(hints), caps_(caps) {
        parts_.fixed = hints.fixed;
        if (hints.signature.any()) parts_.certificates = signed_data(hints.signature);
    }

    /// @param spoilt  The string, by its place, that gets one wrong byte.
    FileParts make(Random& random, Repeats repeats, std::optional<std::size_t> spoilt) {
        for (std::size_t index = 0; index < rule_.strings.size(); ++index) {
            const YaraString& string = rule_.strings[index];
            if (std::ranges::find(hints_.left_out, string.id) != hints_.left_out.end()) continue;
            Result<Bytes> bytes = sample_string(string, random, repeats, caps_.string_bytes_max);
            if (!bytes || bytes->empty()) continue;
            if (spoilt == index) {
                (*bytes)[random.below(bytes->size())] ^=
                    static_cast<std::uint8_t>(1 + random.below(255));
            }
            place(string.id, *bytes);
        }
        pad();
        return std::move(parts_);
    }

private:
    void place(const std::string& id, const Bytes& bytes) {
        const auto& entry = hints_.at_entry_point;
        if (std::ranges::find(entry, id) != entry.end()) {
            // Of several only one can stand there.
            if (parts_.entry.empty()) parts_.entry = bytes;
            return;
        }
        if (const auto found = hints_.offsets.find(id); found != hints_.offsets.end()) {
            parts_.fixed.push_back({.offset = found->second, .bytes = bytes});
            return;
        }
        const auto wanted = hints_.counts.find(id);
        const std::uint64_t count =
            wanted == hints_.counts.end() ? 1 : std::min(wanted->second, kCountMax);
        for (std::uint64_t i = 0; i < count; ++i) append(bytes);
    }

    void append(const Bytes& bytes) {
        Bytes& body = parts_.body;
        if (body.size() + kGapBytes + bytes.size() > caps_.file_bytes_max) return;
        body.resize(body.size() + kGapBytes);
        body.insert(body.end(), bytes.begin(), bytes.end());
    }

    void pad() {
        parts_.body.resize(parts_.body.size() + kGapBytes);
        const std::uint64_t wanted = std::min<std::uint64_t>(hints_.size_min, caps_.file_bytes_max);
        if (parts_.body.size() < wanted) parts_.body.resize(static_cast<std::size_t>(wanted));
    }

    const YaraRule& rule_;
    const ConditionHints& hints_;
    const SampleCaps& caps_;
    FileParts parts_;
};

struct Shape {
    std::string_view name;
    Bytes (*make)(const FileParts&);
};

std::vector<Shape> shapes_for(const ConditionHints& hints) {
    constexpr Shape kPlain{"plain", &make_plain};
    constexpr Shape kPe{"pe", &make_pe};
    constexpr Shape kElf{"elf", &make_elf};
    if (hints.pe && !hints.elf) return {kPe};
    if (hints.elf && !hints.pe) return {kElf};
    // Where some other kind of file is asked for by its first bytes, a header would be overwritten.
    const bool own_header = std::ranges::any_of(
        hints.fixed, [](const FixedBytes& piece) { return piece.offset < 0x40; });
    if (own_header && !hints.pe) return {kPlain};
    return {kPlain, kPe, kElf};
}

}  // namespace

std::vector<YaraSample> matching_samples(const YaraRule& rule, std::uint64_t seed,
                                         const SampleCaps& caps) {
    std::vector<YaraSample> samples;
    each_matching_sample(rule, seed, caps, [&samples](YaraSample sample) {
        samples.push_back(std::move(sample));
        return true;
    });
    return samples;
}

void each_matching_sample(const YaraRule& rule, std::uint64_t seed, const SampleCaps& caps,
                          const std::function<bool(YaraSample)>& take) {
    SeededRandom random = random_for(rule, seed);
    const ConditionHints hints = hints_of(rule.condition);
    for (const Repeats repeats : {Repeats::kFewest, Repeats::kSome}) {
        const FileParts parts = Maker(rule, hints, caps).make(random, repeats, std::nullopt);
        for (const Shape& shape : shapes_for(hints)) {
            Bytes bytes = shape.make(parts);
            if (hints.size_max && bytes.size() >= *hints.size_max) continue;
            const bool goes_on = take({"made/" + rule.name + "/" + std::string(shape.name) +
                                           (repeats == Repeats::kFewest ? "-1" : "-2"),
                                       std::move(bytes)});
            if (!goes_on) return;
        }
    }
}

std::vector<YaraSample> near_misses(const YaraRule& rule, std::uint64_t seed, std::size_t count,
                                    const SampleCaps& caps) {
    SeededRandom random = random_for(rule, seed);
    const ConditionHints hints = hints_of(rule.condition);
    std::vector<YaraSample> samples;
    for (std::size_t index = 0; index < rule.strings.size() && samples.size() < count; ++index) {
        const FileParts parts = Maker(rule, hints, caps).make(random, Repeats::kFewest, index);
        samples.push_back({"made/" + rule.name + "/miss-" + std::to_string(index),
                           shapes_for(hints).front().make(parts)});
    }
    return samples;
}

std::vector<Bytes> sampled_strings(const YaraRule& rule, std::uint64_t seed, Repeats repeats,
                                   std::size_t bytes_max) {
    SeededRandom random = random_for(rule, seed);
    std::vector<Bytes> strings;
    for (const YaraString& string : rule.strings) {
        Result<Bytes> bytes = sample_string(string, random, repeats, bytes_max);
        if (bytes && !bytes->empty()) strings.push_back(*std::move(bytes));
    }
    return strings;
}

}  // namespace firebreak::validator
