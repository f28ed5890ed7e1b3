// Bytes that an engine must not touch: each struct, text and array lies right before an
// inaccessible page, so that one too many is a crash here; and memory that it is refused.

#include <algorithm>
#include <cstddef>
#include <cstdlib>
#include <unordered_map>

#include "validator/abi/bench.hpp"
#include "validator/abi/guarded.hpp"

namespace firebreak::validator {
namespace {

const CheckResult kNoStructs = CheckResult::not_applicable("no struct of ours crosses a pipe");

/// How a struct is shown to the engine.
enum class Shape {
    kExact,  ///< As long as this version has it, and then nothing.
    kGrown,  ///< As a later version may have it: longer, with bytes behind that mean nothing here.
    kShort,  ///< Shorter than any version: to be refused, and not read past its size.
};

constexpr std::size_t kGrowth = 64;
constexpr std::size_t kShortBytes = 8;  // struct_size, and the word behind it.

/// One struct of the ABI, in guarded memory, in one of the shapes.
template <class T>
class Shaped {
public:
    Shaped(T value, Shape shape) : memory_(bytes(shape)) {
        value.struct_size = static_cast<std::uint32_t>(bytes(shape));
        std::fill_n(memory_.data(), bytes(shape), std::uint8_t{0xA5});
        std::memcpy(memory_.data(), &value, std::min(sizeof value, bytes(shape)));
    }
    T* get() const { return reinterpret_cast<T*>(memory_.data()); }

private:
    static std::size_t bytes(Shape shape) {
        if (shape == Shape::kShort) return kShortBytes;
        return sizeof(T) + (shape == Shape::kGrown ? kGrowth : 0);
    }

    GuardedMemory memory_;
};

void ignore_text(void* /*user*/, fb_text /*text*/) {}
void ignore_diagnostic(void* /*user*/, const fb_diagnostic* /*diagnostic*/) {}
std::int32_t ignore_match(void* /*user*/, const fb_match* /*match*/) {
    return 0;
}

/// Every struct that the host passes, each in a shape of its own.
struct Shapes {
    Shape text_sink = Shape::kExact;
    Shape diagnostic_sink = Shape::kExact;
    Shape load_request = Shape::kExact;
    Shape loaded = Shape::kExact;
    Shape input = Shape::kExact;
    Shape budget = Shape::kExact;
    Shape match_sink = Shape::kExact;
};

/// One session with structs of these shapes: what each call answered.
struct Session {
    fb_status info = FB_INTERNAL;
    fb_status load = FB_INTERNAL;
    fb_status evaluate = FB_INTERNAL;
};

/// @param table  Of an engine in this process.
Session run_session(CheckBench& bench, const fb_engine& table, const Shapes& shapes) {
    Session session;
    const Shaped<fb_text_sink> text({0, 0, nullptr, &ignore_text}, shapes.text_sink);
    session.info = table.info(text.get());

    std::vector<GuardedMemory> held;
    std::vector<fb_file> files;
    for (const sensor::SourceFile& file : bench.material().files) {
        held.push_back(guarded(bytes_of(file.name)));
        const auto* name = reinterpret_cast<const char*>(held.back().data());
        held.push_back(guarded(file.bytes));
        files.push_back({.name = {.data = name, .length = file.name.size()},
                         .bytes = {.data = held.back().data(), .length = file.bytes.size()}});
    }
    const Shaped<fb_diagnostic_sink> said({0, 0, nullptr, &ignore_diagnostic},
                                          shapes.diagnostic_sink);
    const Shaped<fb_load_request> request({.struct_size = 0,
                                           .reserved = 0,
                                           .files = files.data(),
                                           .file_count = files.size(),
                                           .rules_max = 100'000,
                                           .memory_bytes_max = 1U << 30U,
                                           .diagnostics = said.get()},
                                          shapes.load_request);
    const Shaped<fb_loaded> loaded({}, shapes.loaded);
    session.load = table.load(request.get(), loaded.get());
    if (session.load != FB_OK || shapes.loaded == Shape::kShort) return session;

    fb_content* content = loaded.get()->content;
    const Shaped<fb_input> input(bench.sample(), shapes.input);
    const Shaped<fb_budget> budget({.struct_size = 0, .timeout_ms = 10'000, .matches_max = 10'000},
                                   shapes.budget);
    const Shaped<fb_match_sink> matches({0, 0, nullptr, &ignore_match}, shapes.match_sink);
    session.evaluate = table.evaluate(content, input.get(), budget.get(), matches.get());
    table.unload(content);
    return session;
}

struct ShortRow {
    const char* name;
    Shape Shapes::*shape;
    fb_status Session::*answer;
};

constexpr std::array kShortRows{
    ShortRow{"fb_text_sink", &Shapes::text_sink, &Session::info},
    ShortRow{"fb_load_request", &Shapes::load_request, &Session::load},
    ShortRow{"fb_loaded", &Shapes::loaded, &Session::load},
    ShortRow{"fb_diagnostic_sink", &Shapes::diagnostic_sink, &Session::load},
    ShortRow{"fb_input", &Shapes::input, &Session::evaluate},
    ShortRow{"fb_budget", &Shapes::budget, &Session::evaluate},
    ShortRow{"fb_match_sink", &Shapes::match_sink, &Session::evaluate},
};

// ---- The allocator -------------------------------------------------------------------------

/// Counts, and refuses from the n-th request on for one request.
class CountingAllocator {
public:
    fb_allocator view() {
        return {.struct_size = sizeof(fb_allocator),
                .reserved = 0,
                .user = this,
                .allocate = &allocate,
                .reallocate = &reallocate,
                .release = &release};
    }
    void refuse_at(std::uint64_t request) {
        requests_ = 0;
        refused_ = request;
    }
    std::uint64_t requests() const { return requests_; }
    std::size_t held() const { return blocks_.size(); }
    bool strange() const { return strange_; }

private:
    static void* allocate(void* user, std::size_t bytes) {
        auto& self = *static_cast<CountingAllocator*>(user);
        if (++self.requests_ == self.refused_) return nullptr;
        void* block = std::malloc(bytes == 0 ? 1 : bytes);
        if (block != nullptr) self.blocks_[block] = bytes;
        return block;
    }
    static void* reallocate(void* user, void* block, std::size_t bytes) {
        auto& self = *static_cast<CountingAllocator*>(user);
        if (block == nullptr) return allocate(user, bytes);
        if (!self.blocks_.contains(block)) {
            self.strange_ = true;
            return nullptr;
        }
        if (++self.requests_ == self.refused_) return nullptr;
        self.blocks_.erase(block);
        void* moved = std::realloc(block, bytes == 0 ? 1 : bytes);
        if (moved != nullptr) self.blocks_[moved] = bytes;
        return moved;
    }
    static void release(void* user, void* block) {
        auto& self = *static_cast<CountingAllocator*>(user);
        if (block == nullptr) return;
        if (self.blocks_.erase(block) == 0) {
            self.strange_ = true;  // Not ours: giving it to free() would be a crash of ours.
            return;
        }
        std::free(block);
    }

    std::unordered_map<void*, std::size_t> blocks_;
    std::uint64_t requests_ = 0;
    std::uint64_t refused_ = 0;
    bool strange_ = false;
};

/// Load, evaluate, unload, with one request refused. @returns what is wrong.
std::optional<std::string> refuse_one(CheckBench& bench, CountingAllocator& memory,
                                      std::uint64_t request, std::size_t held_before) {
    memory.refuse_at(request);
    const RawLoad load = bench.load();
    const bool refused_in_load = memory.requests() >= request;
    if (load.status == FB_OK) {
        bench.evaluate(load.content, bench.sample());
        bench.unload(load.content);
    } else if (load.content != nullptr) {
        return "a refused allocation leaves a content";
    } else if (!refused_in_load) {
        return "load() fails before any allocation is refused";
    }
    if (memory.strange()) return "gives back memory that it did not get";
    // What a first use caches for good was there before.
    if (memory.held() > held_before) {
        return "loses memory when allocation " + std::to_string(request) + " is refused";
    }
    return std::nullopt;
}

}  // namespace

CheckResult check_struct_size(CheckBench& bench) {
    const fb_engine* table = bench.calls().table();
    if (table == nullptr) return kNoStructs;
    constexpr Shape kG = Shape::kGrown;
    for (const Shapes& shapes : {Shapes{}, Shapes{kG, kG, kG, kG, kG, kG, kG}}) {
        const Session session = run_session(bench, *table, shapes);
        if (session.info != FB_OK || session.load != FB_OK || session.evaluate != FB_OK) {
            return CheckResult::broken(std::string("structs of ") +
                                       (shapes.input == kG ? "a later version" : "this version") +
                                       ": info " + status_text(session.info) + ", load " +
                                       status_text(session.load) + ", evaluate " +
                                       status_text(session.evaluate));
        }
    }
    for (const ShortRow& row : kShortRows) {
        Shapes shapes;
        shapes.*row.shape = Shape::kShort;
        const fb_status status = run_session(bench, *table, shapes).*row.answer;
        if (status != FB_REFUSED) {
            return CheckResult::broken("an " + std::string(row.name) + " with a struct_size of " +
                                       std::to_string(kShortBytes) + ": " + status_text(status) +
                                       ", not FB_REFUSED");
        }
    }
    return CheckResult::kept();
}

CheckResult check_exact_bytes(CheckBench& bench) {
    // Names and contents end at the guard; so does the input, of every length down to nothing.
    std::vector<GuardedMemory> held;
    std::vector<sensor::SourceFile> files;
    for (const sensor::SourceFile& file : bench.material().files) {
        held.push_back(guarded(bytes_of(file.name)));
        const std::string_view name(reinterpret_cast<const char*>(held.back().data()),
                                    file.name.size());
        held.push_back(guarded(file.bytes));
        files.push_back({.name = name, .bytes = ByteView(held.back().data(), file.bytes.size())});
    }
    const RawLoad load = bench.load(files);
    if (load.status != FB_OK) return CheckResult::broken("load(): " + status_text(load.status));
    if (!bench.takes("file")) return CheckResult::kept();
    const ByteView sample = bench.has_sample() ? bench.material().input : bytes_of("a short input");
    for (std::size_t length : {sample.size(), sample.size() / 2, std::size_t{1}, std::size_t{0}}) {
        const GuardedMemory copy = guarded(sample.first(std::min(length, sample.size())));
        const RawEvaluation raw =
            bench.evaluate(load.content, file_input("x", ByteView(copy.data(), length)));
        if (raw.status != FB_OK) {
            return CheckResult::broken("an input of " + std::to_string(length) +
                                       " bytes: " + status_text(raw.status));
        }
    }
    fb_input nothing = file_input({}, {});
    nothing.as.file = {};  // NULL and 0, twice.
    const RawEvaluation raw = bench.evaluate(load.content, nothing);
    if (raw.status != FB_OK) {
        return CheckResult::broken("an input of NULL with length 0: " + status_text(raw.status));
    }
    fb_status status = FB_OK;
    bench.text_of_inputs({}, status);
    return CheckResult::kept();
}

CheckResult check_event_arrays(CheckBench& bench) {
    if (!bench.takes("event") || bench.contracts().empty()) {
        return CheckResult::not_applicable("it takes no events");
    }
    const RawLoad load = bench.load();
    for (const auto& [contract, declared] : bench.contracts()) {
        for (const std::size_t count : {declared, declared - std::min<std::size_t>(declared, 1),
                                        std::size_t{1}, std::size_t{0}, declared + 1}) {
            const OwnedEvent event = bench.event(contract, count, 2);
            const auto* bytes = reinterpret_cast<const std::uint8_t*>(event.fields.data());
            const GuardedMemory fields = guarded({bytes, count * sizeof(fb_field)});
            fb_input input = event.input();
            input.as.event.fields = reinterpret_cast<const fb_field*>(fields.data());
            const fb_status status = bench.evaluate(load.content, input).status;
            const bool right = status == FB_OK || (status == FB_REFUSED && count != declared);
            if (!right) {
                return CheckResult::broken(contract + " with " + std::to_string(count) + " of " +
                                           std::to_string(declared) +
                                           " fields: " + status_text(status));
            }
        }
    }
    return CheckResult::kept();
}

CheckResult check_allocator(CheckBench& bench) {
    // Lives on after the check: an engine may hold it until the process ends.
    static CountingAllocator memory;
    static const fb_allocator view = memory.view();
    const bool promised = bench.promises("takes_allocator");
    const Result<fb_status> given = bench.calls().set_allocator(&view);
    if (!promised) {
        if (given && *given == FB_OK) {
            return CheckResult::broken("takes an allocator, and its manifest does not say so");
        }
        return CheckResult::not_applicable("its manifest does not say takes_allocator");
    }
    if (!given || *given != FB_OK) return CheckResult::broken("set_allocator() does not take one");
    const RawLoad load = bench.load();
    if (load.status != FB_OK || memory.requests() == 0) {
        return CheckResult::broken("does not load through the allocator");
    }
    const Result<fb_status> meanwhile = bench.calls().set_allocator(nullptr);
    if (!meanwhile || *meanwhile != FB_REFUSED) {
        return CheckResult::broken("changes its allocator while content is loaded");
    }
    bench.evaluate(load.content, bench.sample());
    bench.unload(load.content);
    const std::uint64_t requests = memory.requests();
    const std::size_t held = memory.held();
    // The first hundred one by one, then ever more seldom.
    for (std::uint64_t request = 1; request <= requests; request += 1 + request / 100) {
        if (const auto fault = refuse_one(bench, memory, request, held)) {
            return CheckResult::broken(*fault);
        }
    }
    memory.refuse_at(0);
    const RawLoad after = bench.load();
    if (after.status != FB_OK) return CheckResult::broken("no longer loads after a refusal");
    bench.unload(after.content);
    return CheckResult::kept(std::to_string(requests) + " allocations");
}

}  // namespace firebreak::validator
