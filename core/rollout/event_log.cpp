#include "core/rollout/event_log.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <limits>
#include <vector>

#include "core/base/bytes.hpp"
#include "core/base/check.hpp"
#include "core/base/errc.hpp"
#include "core/base/utc.hpp"
#include "core/rollout/detail/strict_object.hpp"

namespace firebreak::rollout {
namespace {

constexpr std::size_t kKindBytesMax = 64;
constexpr std::size_t kActorBytesMax = 256;

void append_string(std::string_view text, std::string& out) {
    constexpr std::string_view kHex = "0123456789abcdef";
    out += '"';
    for (const char c : text) {
        const auto byte = static_cast<unsigned char>(c);
        if (c == '"' || c == '\\') {
            out += '\\';
            out += c;
        } else if (byte < 0x20) {
            out += "\\u00";
            out += kHex[byte >> 4U];
            out += kHex[byte & 0xFU];
        } else {
            out += c;
        }
    }
    out += '"';
}

template <class Number>
void append_number(Number number, std::string& out) {
    std::array<char, 40> text{};
    // For a double: the shortest text that reads back as the same one, as the C++ standard defines
    // it, so that every build writes the same.
    const auto [end, code] = std::to_chars(text.data(), text.data() + text.size(), number);
    FIREBREAK_CHECK(code == std::errc{});
    out.append(text.data(), end);
}

void append_canonical(const json::value& value, std::string& out);

void append_object(const json::object& object, std::string& out) {
    std::vector<const json::key_value_pair*> members;
    members.reserve(object.size());
    for (const json::key_value_pair& member : object) members.push_back(&member);
    std::sort(members.begin(), members.end(),
              [](const auto* a, const auto* b) { return a->key() < b->key(); });
    out += '{';
    for (const json::key_value_pair* member : members) {
        if (out.back() != '{') out += ',';
        append_string({member->key().data(), member->key().size()}, out);
        out += ':';
        append_canonical(member->value(), out);
    }
    out += '}';
}

void append_canonical(const json::value& value, std::string& out) {
    switch (value.kind()) {
        case json::kind::null: out += "null"; break;
        case json::kind::bool_: out += value.get_bool() ? "true" : "false"; break;
        case json::kind::int64: append_number(value.get_int64(), out); break;
        case json::kind::uint64: append_number(value.get_uint64(), out); break;
        case json::kind::double_:
            FIREBREAK_CHECK(std::isfinite(value.get_double()));
            append_number(value.get_double(), out);
            break;
        case json::kind::string: append_string(std::string_view(value.get_string()), out); break;
        case json::kind::array: {
            out += '[';
            bool first = true;
            for (const json::value& element : value.get_array()) {
                if (!first) out += ',';
                first = false;
                append_canonical(element, out);
            }
            out += ']';
            break;
        }
        case json::kind::object: append_object(value.get_object(), out); break;
    }
}

bool printable(std::string_view text, std::size_t bytes_max) {
    return !text.empty() && text.size() <= bytes_max &&
           std::all_of(text.begin(), text.end(), [](char c) { return c >= 0x20 && c <= 0x7E; });
}

tl::unexpected<Error> corrupt(const LogEntry& entry, std::string_view what) {
    return fail(Errc::kCorrupt,
                "log entry " + std::to_string(entry.sequence) + ": " + std::string(what));
}

Result<Sha256> read_digest(const JsonObject& object, std::string_view name) {
    const auto text = object.string(name);
    if (!text) return fail(text.error());
    auto digest = Sha256::from_hex(*text);
    if (!digest) return fail(digest.error().seen_from(object.path_to(name)));
    return digest;
}

Result<std::string> read_printable(const JsonObject& object, std::string_view name,
                                   std::size_t bytes_max) {
    auto text = object.string(name);
    if (!text) return fail(text.error());
    if (!printable(*text, bytes_max)) {
        return fail(Errc::kMalformed, object.path_to(name) + ": must be 1 to " +
                                          std::to_string(bytes_max) +
                                          " characters of printable ASCII");
    }
    return text;
}

}  // namespace

Sha256 entry_hash(const LogEntry& entry) {
    json::object hashed;
    hashed["sequence"] = entry.sequence;
    hashed["time"] = format_utc_millis(entry.time);
    hashed["kind"] = entry.kind;
    hashed["actor"] = entry.actor;
    hashed["data"] = entry.data;
    std::string canonical;
    append_object(hashed, canonical);

    constexpr std::string_view kPurpose{"firebreak-log-v1\0", 17};
    Sha256Stream stream;
    stream.update(bytes_of(kPurpose));
    stream.update(entry.previous.bytes);
    stream.update(bytes_of(canonical));
    return stream.finish();
}

LogEntry follow(const LogEntry* last, LogEntry entry) {
    // An entry that could not be read back would make the whole log unreadable.
    FIREBREAK_CHECK(printable(entry.kind, kKindBytesMax) && printable(entry.actor, kActorBytesMax));
    entry.sequence = last == nullptr ? 1 : last->sequence + 1;
    entry.previous = last == nullptr ? Sha256{} : last->hash;
    entry.hash = entry_hash(entry);
    return entry;
}

Result<void> verify_follows(const LogEntry* last, const LogEntry& entry) {
    const std::int64_t expected = last == nullptr ? 1 : last->sequence + 1;
    if (entry.sequence != expected) {
        return corrupt(entry, "expected sequence " + std::to_string(expected) +
                                  "; entries are missing, doubled or out of order");
    }
    if (entry.previous != (last == nullptr ? Sha256{} : last->hash)) {
        return corrupt(entry, "does not continue the chain of the entry before it");
    }
    if (entry.hash != entry_hash(entry)) {
        return corrupt(entry, "its hash is not that of its contents");
    }
    return {};
}

json::value to_json(const LogEntry& entry) {
    json::object object;
    object["sequence"] = entry.sequence;
    object["time"] = format_utc_millis(entry.time);
    object["kind"] = entry.kind;
    object["actor"] = entry.actor;
    object["data"] = entry.data;
    object["previous"] = entry.previous.hex();
    object["hash"] = entry.hash.hex();
    return object;
}

Result<LogEntry> parse_log_entry(const json::value& value) {
    const auto object = JsonObject::of(value, "log entry");
    if (!object) return fail(object.error());
    if (auto known = detail::only_known(
            *object, {"sequence", "time", "kind", "actor", "data", "previous", "hash"});
        !known) {
        return fail(known.error());
    }
    const auto sequence =
        object->integer("sequence", 1, std::numeric_limits<std::int64_t>::max() - 1);
    if (!sequence) return fail(sequence.error());
    const auto time_text = object->string("time");
    if (!time_text) return fail(time_text.error());
    const auto time = parse_utc_millis(*time_text);
    if (!time) return fail(time.error().seen_from(object->path_to("time")));
    auto kind = read_printable(*object, "kind", kKindBytesMax);
    if (!kind) return fail(kind.error());
    auto actor = read_printable(*object, "actor", kActorBytesMax);
    if (!actor) return fail(actor.error());
    const json::value* data = object->find("data");
    if (data == nullptr) return fail(Errc::kMalformed, object->path_to("data") + ": is missing");
    const auto previous = read_digest(*object, "previous");
    if (!previous) return fail(previous.error());
    const auto hash = read_digest(*object, "hash");
    if (!hash) return fail(hash.error());
    return LogEntry{.sequence = *sequence,
                    .time = *time,
                    .kind = std::move(*kind),
                    .actor = std::move(*actor),
                    .data = *data,
                    .previous = *previous,
                    .hash = *hash};
}

}  // namespace firebreak::rollout
