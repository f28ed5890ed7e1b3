// A long fuzzing campaign over one engine build and one content, in this process: a libFuzzer
// harness, and an AFL++ one when built with its compilers (docs/fuzzing.md). Property: evaluate()
// returns FB_OK, reads nothing beyond what it was given, and a sanitizer has nothing to say.
//
//     FIREBREAK_ENGINE=yara.so FIREBREAK_CONTENT=rules/ build/fuzz/bin/firebreak-campaign found/
//
// Inputs are made as the fuzz stage makes them: the strings of the rules, fields of events, near
// misses, boundaries. There is no sandbox here: the content has passed the validator.

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <string>

#include "core/base/file_store.hpp"
#include "sensor/host/engine.hpp"
#include "validator/generate/mutator.hpp"
#include "validator/sandbox/event_input.hpp"

extern "C" {
int LLVMFuzzerInitialize(int* argc, char*** argv);
int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);
std::size_t LLVMFuzzerCustomMutator(std::uint8_t* data, std::size_t size, std::size_t max_size,
                                    unsigned int seed);
// libFuzzer's own way to change an input. AFL++ does its own changes, and has none.
std::size_t LLVMFuzzerMutate(std::uint8_t* data, std::size_t size, std::size_t max_size)
    __attribute__((weak));
}

namespace firebreak::validator {
namespace {

namespace fs = std::filesystem;

constexpr std::uint64_t kFileBytesMax = 64U << 20U;
constexpr std::size_t kInputBytesMax = 64U << 10U;
constexpr std::chrono::seconds kDeadline{10};

[[noreturn]] void stop(const std::string& why) {
    (void)std::fprintf(stderr, "firebreak-campaign: %s\n", why.c_str());
    std::exit(2);
}

std::string setting(const char* name) {
    const char* value = std::getenv(name);
    if (value == nullptr || *value == '\0') stop(std::string(name) + " is not set");
    return value;
}

SuppliedFields fields_of(const std::string& contract, const json::value& inputs) {
    SuppliedFields supplied{.contract = contract, .fields = {}};
    const Result<JsonObject> object = JsonObject::of(inputs, "inputs");
    if (!object) stop(object.error().to_string());
    const Result<const json::array*> fields = object->array("fields");
    if (!fields) stop(fields.error().to_string());
    for (const json::value& element : **fields) {
        const Result<JsonObject> field = JsonObject::of(element, "field");
        if (!field) stop(field.error().to_string());
        supplied.fields.push_back(
            {field->string("name").value_or(""), field->string("type").value_or("text")});
    }
    return supplied;
}

/// The engine, its content, and what to make inputs with.
class Campaign {
public:
    Campaign() {
        const fs::path path = setting("FIREBREAK_CONTENT");
        read(path);
        Result<std::unique_ptr<sensor::Engine>> engine =
            sensor::Engine::open(setting("FIREBREAK_ENGINE"), nullptr);
        if (!engine) stop(engine.error().to_string());
        engine_ = *std::move(engine);
        std::vector<sensor::SourceFile> sources;
        for (const auto& [name, bytes] : files_) sources.push_back({name, bytes});
        std::vector<sensor::Diagnostic> diagnostics;
        auto content = engine_->load(sources, {}, diagnostics);
        if (!content) stop(content.error().to_string());
        content_ = *std::move(content);
        if (const Result<json::value> description = content_->describe()) {
            dictionary_.add_description(*description);
        }
        for (const auto& [name, bytes] : files_) dictionary_.add_file(bytes);
        choose_mutator();
    }

    void evaluate(ByteView input) {
        const auto result = fields_.empty() ? content_->evaluate("campaign", input, kDeadline)
                                            : evaluate_event(input);
        // An engine that gives up is at fault, as in the fuzz stage.
        if (!result) {
            (void)std::fprintf(stderr, "%s\n", result.error().to_string().c_str());
            std::abort();
        }
    }

    /// The words of the rules, in the form that both fuzzers read (-x, -dict=). AFL++ makes its
    /// inputs by itself, and knows them in no other way.
    void write_words(const fs::path& path) const {
        constexpr std::size_t kWordBytesMax = 128;  // Longer ones AFL++ refuses, file and all.
        constexpr std::string_view kDigits = "0123456789abcdef";
        std::string text;
        for (const Bytes& word : dictionary_.words) {
            if (word.empty() || word.size() > kWordBytesMax) continue;
            text += '"';
            for (const std::uint8_t byte : word) {
                text += {'\\', 'x', kDigits[byte >> 4U], kDigits[byte & 15U]};
            }
            text += "\"\n";
        }
        const Result<void> written =
            PosixFileStore().write(path, bytes_of(text), FileMode::kPublic);
        if (!written) stop(written.error().to_string());
    }

    Bytes changed(ByteView input, std::uint64_t seed) const {
        SeededRandom random(seed);
        return mutator_->next(random, {copy_of(input)});
    }

private:
    using Matches = Result<std::vector<sensor::Match>>;

    void read(const fs::path& path) {
        std::vector<fs::path> paths;
        if (fs::is_directory(path)) {
            for (const auto& entry : fs::recursive_directory_iterator(path)) {
                if (entry.is_regular_file()) paths.push_back(entry.path());
            }
        } else {
            paths.push_back(path);
        }
        std::ranges::sort(paths);
        for (const fs::path& each : paths) {
            Result<Bytes> bytes = PosixFileStore().read(each, kFileBytesMax);
            if (!bytes) stop(bytes.error().to_string());
            files_.emplace_back(each.filename().string(), *std::move(bytes));
        }
    }

    /// An engine that takes files is given files, whatever else it takes.
    void choose_mutator() {
        const bool files = engine_->inputs("file").has_value();
        for (const std::string& declared : engine_->capabilities().contracts) {
            if (files) break;
            const std::string contract = declared.substr(0, declared.rfind(':'));
            if (const Result<json::value> inputs = engine_->inputs(contract)) {
                fields_.push_back(fields_of(contract, *inputs));
            }
        }
        if (fields_.empty()) {
            mutator_ = std::make_unique<FileMutator>(dictionary_, kInputBytesMax);
            return;
        }
        mutator_ = std::make_unique<EventMutator>(dictionary_, fields_, kInputBytesMax);
        Result<FieldArea> area = FieldArea::make();
        if (!area) stop(area.error().to_string());
        area_ = *area;
    }

    Matches evaluate_event(ByteView document) {
        // What is no event of these contracts never reaches an engine.
        if (!mutator_->takes(document)) return std::vector<sensor::Match>{};
        const Result<std::vector<EventInput>> events = read_event(document);
        if (!events || events->empty()) return std::vector<sensor::Match>{};
        const EventInput& event = events->front();
        const auto supplied = std::ranges::find(fields_, event.contract, &SuppliedFields::contract);
        const std::size_t count = supplied->fields.size();
        const std::span<const fb_field> placed = area_.place(event.fields, count);
        fb_input input{};
        input.struct_size = sizeof input;
        input.kind = FB_INPUT_EVENT;
        input.as.event = {{event.contract.data(), event.contract.size()}, placed.data(), count};
        return content_->evaluate(input, kDeadline);
    }

    std::vector<std::pair<std::string, Bytes>> files_;
    Dictionary dictionary_;
    std::vector<SuppliedFields> fields_;
    std::unique_ptr<Mutator> mutator_;
    FieldArea area_;
    std::unique_ptr<sensor::Engine> engine_;
    std::unique_ptr<sensor::LoadedContent> content_;
};

Campaign& campaign() {
    // Never destroyed: the fuzzer leaves by _exit, or by a crash.
    static Campaign* const only = new Campaign();
    return *only;
}

}  // namespace
}  // namespace firebreak::validator

int LLVMFuzzerInitialize(int* /*argc*/, char*** /*argv*/) {
    const auto& campaign = firebreak::validator::campaign();
    if (const char* words = std::getenv("FIREBREAK_DICTIONARY")) {
        campaign.write_words(words);
        std::exit(0);
    }
    return 0;
}

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    firebreak::validator::campaign().evaluate({data, size});
    return 0;
}

std::size_t LLVMFuzzerCustomMutator(std::uint8_t* data, std::size_t size, std::size_t max_size,
                                    unsigned int seed) {
    if (LLVMFuzzerMutate != nullptr && seed % 2 == 0) {
        return LLVMFuzzerMutate(data, size, max_size);
    }
    const firebreak::Bytes changed = firebreak::validator::campaign().changed({data, size}, seed);
    const std::size_t length = std::min(changed.size(), max_size);
    std::copy_n(changed.begin(), length, data);
    return length;
}
