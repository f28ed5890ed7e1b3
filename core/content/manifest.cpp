#include "core/content/manifest.hpp"

#include <algorithm>
#include <array>
#include <set>

#include "core/base/encoding.hpp"
#include "core/base/errc.hpp"
#include "core/content/printable.hpp"

namespace firebreak::content {
namespace {

constexpr std::array<std::string_view, 9> kMembers = {"stream",  "counter",   "content_type",
                                                      "files",   "contracts", "capabilities",
                                                      "actions", "author",    "release_notes"};

bool lower_or_digit(char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
}

char lower(char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

std::string in_lower_case(std::string_view text) {
    std::string result(text);
    std::ranges::transform(result, result.begin(), lower);
    return result;
}

/// Names that Windows opens as devices, with or without a suffix:
/// https://learn.microsoft.com/windows/win32/fileio/naming-a-file
bool windows_device(std::string_view segment) {
    static constexpr std::array<std::string_view, 4> kDevices = {"con", "prn", "aux", "nul"};
    const std::string stem = in_lower_case(segment.substr(0, segment.find('.')));
    if (std::ranges::find(kDevices, stem) != kDevices.end()) return true;
    const bool numbered = stem.starts_with("com") || stem.starts_with("lpt");
    return numbered && stem.size() == 4 && stem[3] >= '0' && stem[3] <= '9';
}

bool safe_segment(std::string_view segment) {
    if (segment.empty() || segment.front() == '.' || segment.back() == '.') return false;
    return !windows_device(segment) && std::ranges::all_of(segment, [](char c) {
        return lower_or_digit(lower(c)) || c == '.' || c == '_' || c == '+' || c == '-';
    });
}

/// What lists hold: "yara-source", "process_creation/v1", "yara.module.elf".
bool valid_word(std::string_view word) {
    if (word.empty() || word.size() > kManifestWordBytesMax || !lower_or_digit(lower(word[0]))) {
        return false;
    }
    return std::ranges::all_of(word, [](char c) {
        return lower_or_digit(lower(c)) || c == '.' || c == '_' || c == '-' || c == '/' || c == ':';
    });
}

Result<void> check_words(const std::vector<std::string>& words, const std::string& path) {
    if (words.size() > kManifestListMax) {
        return fail(Errc::kTooLarge, path + ": has " + std::to_string(words.size()) +
                                         " entries, limit " + std::to_string(kManifestListMax));
    }
    for (std::size_t i = 0; i < words.size(); ++i) {
        const std::string here = path + "[" + std::to_string(i) + "]";
        if (!valid_word(words[i])) {
            return fail(Errc::kInvalid,
                        here + ": must be 1 to " + std::to_string(kManifestWordBytesMax) +
                            " of [A-Za-z0-9._/:-], starting with a letter or digit");
        }
        if (i > 0 && words[i] <= words[i - 1]) {
            return fail(Errc::kInvalid, here + ": must be sorted, without repeats");
        }
    }
    return {};
}

/// Texts end up on terminals and in logs: no control characters that could repaint one.
Result<void> check_text(const std::string& text, const std::string& path, std::size_t bytes_max,
                        bool lines) {
    if (text.size() > bytes_max) {
        return fail(Errc::kTooLarge, path + ": has " + std::to_string(text.size()) +
                                         " bytes, limit " + std::to_string(bytes_max));
    }
    if (!is_utf8(text)) return fail(Errc::kInvalid, path + ": must be UTF-8");
    if (has_control_character(text, lines)) {
        return fail(Errc::kInvalid, path + ": must not hold control characters");
    }
    return {};
}

Result<void> check_file_name(const std::string& name, const std::string& path,
                             const BundleLimits& limits) {
    if (safe_name(name, limits.name_bytes_max)) return {};
    if (name.size() > limits.name_bytes_max) {
        return fail(Errc::kTooLarge, path + ": has " + std::to_string(name.size()) +
                                         " bytes, limit " + std::to_string(limits.name_bytes_max));
    }
    return fail(Errc::kInvalid, path +
                                    ": must be a plain relative path of [A-Za-z0-9._+-] and '/', "
                                    "no part starting or ending with '.', none a Windows device");
}

/// Two names that one file system cannot hold at once.
Result<void> check_names_apart(const std::vector<ManifestFile>& files) {
    std::set<std::string> taken;
    std::set<std::string> folders;
    for (std::size_t i = 0; i < files.size(); ++i) {
        const std::string name = in_lower_case(files[i].name);
        const std::string here = "manifest.files[" + std::to_string(i) + "].name: ";
        if (!taken.insert(name).second) {
            return fail(Errc::kInvalid, here + "differs from another name only in case");
        }
        for (auto slash = name.find('/'); slash != std::string::npos;
             slash = name.find('/', slash + 1)) {
            folders.insert(name.substr(0, slash));
        }
    }
    const auto both =
        std::ranges::find_if(taken, [&](const auto& name) { return folders.contains(name); });
    if (both != taken.end()) {
        return fail(Errc::kInvalid, "manifest.files: '" + *both + "' is a file and a folder");
    }
    return {};
}

Result<void> check_files(const std::vector<ManifestFile>& files, const BundleLimits& limits) {
    if (files.empty()) return fail(Errc::kInvalid, "manifest.files: must name at least one file");
    if (files.size() > limits.files_max) {
        return fail(Errc::kTooLarge, "manifest.files: has " + std::to_string(files.size()) +
                                         " entries, limit " + std::to_string(limits.files_max));
    }
    std::uint64_t total = 0;
    for (std::size_t i = 0; i < files.size(); ++i) {
        const ManifestFile& file = files[i];
        const std::string here = "manifest.files[" + std::to_string(i) + "]";
        Result<void> named = check_file_name(file.name, here + ".name", limits);
        if (!named) return named;
        if (i > 0 && file.name <= files[i - 1].name) {
            return fail(Errc::kInvalid, here + ".name: must be sorted, without repeats");
        }
        if (file.length > limits.file_bytes_max) {
            return fail(Errc::kTooLarge, here + ".length: is " + std::to_string(file.length) +
                                             ", limit " + std::to_string(limits.file_bytes_max));
        }
        total += file.length;
        if (total > limits.unpacked_bytes_max) {
            return fail(Errc::kTooLarge, here + ".length: takes the sum past the limit of " +
                                             std::to_string(limits.unpacked_bytes_max));
        }
    }
    return check_names_apart(files);
}

Result<ManifestFile> parse_file(const json::value& value, const std::string& path) {
    const Result<JsonObject> object = JsonObject::of(value, path);
    if (!object) return fail(object.error());
    if (object->raw().size() != 3) {
        return fail(Errc::kMalformed, path + ": must have name, length and sha256 and no other");
    }
    Result<std::string> name = object->string("name");
    if (!name) return fail(name.error());
    const Result<std::int64_t> length = object->integer("length", 0, INT64_MAX);
    if (!length) return fail(length.error());
    const Result<std::string> digest = object->string("sha256");
    if (!digest) return fail(digest.error());
    const Result<Sha256> sha256 = Sha256::from_hex(*digest);
    if (!sha256 || sha256->hex() != *digest) {
        return fail(Errc::kMalformed, path + ".sha256: must be 64 lower-case hexadecimal digits");
    }
    return ManifestFile{std::move(*name), static_cast<std::uint64_t>(*length), *sha256};
}

Result<void> refuse_unknown_members(const JsonObject& object) {
    for (const auto& [name, value] : object.raw()) {
        if (std::ranges::find(kMembers, std::string_view(name)) == kMembers.end()) {
            return fail(Errc::kMalformed, "manifest: has a member that this version does not know");
        }
    }
    return {};
}

Result<void> read_texts(const JsonObject& object, Manifest& manifest) {
    struct Text {
        std::string_view name;
        std::string* into;
    };
    for (const Text& text :
         {Text{"stream", &manifest.stream}, Text{"content_type", &manifest.content_type},
          Text{"author", &manifest.author}, Text{"release_notes", &manifest.release_notes}}) {
        Result<std::string> read = object.string(text.name);
        if (!read) return fail(read.error());
        *text.into = std::move(*read);
    }
    return {};
}

Result<void> read_lists(const JsonObject& object, Manifest& manifest) {
    struct List {
        std::string_view name;
        std::vector<std::string>* into;
    };
    for (const List& list :
         {List{"contracts", &manifest.contracts}, List{"capabilities", &manifest.capabilities},
          List{"actions", &manifest.actions}}) {
        Result<std::vector<std::string>> read = object.strings(list.name);
        if (!read) return fail(read.error());
        *list.into = std::move(*read);
    }
    return {};
}

json::array to_array(const std::vector<std::string>& words) {
    json::array array;
    for (const std::string& word : words) array.emplace_back(word);
    return array;
}

}  // namespace

bool safe_name(std::string_view name, std::size_t bytes_max) {
    if (name.empty() || name.size() > bytes_max) return false;
    for (std::size_t start = 0;;) {
        const std::size_t slash = name.find('/', start);
        if (!safe_segment(name.substr(start, slash - start))) return false;
        if (slash == std::string_view::npos) return true;
        start = slash + 1;
    }
}

bool valid_stream_name(std::string_view name) {
    return !name.empty() && name.size() <= 64 && lower_or_digit(name.front()) &&
           std::ranges::all_of(name, [](char c) { return lower_or_digit(c) || c == '-'; });
}

Result<void> check_manifest(const Manifest& manifest, const BundleLimits& limits) {
    if (!valid_stream_name(manifest.stream)) {
        return fail(Errc::kInvalid,
                    "manifest.stream: must be 1 to 64 of [a-z0-9-], starting with a letter or "
                    "digit");
    }
    if (manifest.counter < 1) return fail(Errc::kInvalid, "manifest.counter: must be 1 or more");
    if (!valid_word(manifest.content_type)) {
        return fail(Errc::kInvalid, "manifest.content_type: must be a word such as yara-source");
    }
    Result<void> checked = check_files(manifest.files, limits);
    if (checked) checked = check_words(manifest.contracts, "manifest.contracts");
    if (checked) checked = check_words(manifest.capabilities, "manifest.capabilities");
    if (checked) checked = check_words(manifest.actions, "manifest.actions");
    if (checked) {
        checked = check_text(manifest.author, "manifest.author", kManifestAuthorBytesMax, false);
    }
    if (checked) {
        checked = check_text(manifest.release_notes, "manifest.release_notes",
                             kManifestNotesBytesMax, true);
    }
    return checked;
}

Result<Manifest> parse_manifest(std::string_view text, const BundleLimits& limits) {
    const Result<json::value> value = parse_json(
        text, {.bytes_max = static_cast<std::size_t>(limits.manifest_bytes_max), .depth_max = 4});
    if (!value) return fail(value.error().seen_from("manifest"));
    const Result<JsonObject> object = JsonObject::of(*value, "manifest");
    if (!object) return fail(object.error());
    if (Result<void> known = refuse_unknown_members(*object); !known) return fail(known.error());

    Manifest manifest;
    if (Result<void> texts = read_texts(*object, manifest); !texts) return fail(texts.error());
    if (Result<void> lists = read_lists(*object, manifest); !lists) return fail(lists.error());
    const Result<std::int64_t> counter = object->integer("counter", 1, INT64_MAX);
    if (!counter) return fail(counter.error());
    manifest.counter = *counter;
    const Result<const json::array*> files = object->array("files");
    if (!files) return fail(files.error());
    for (const json::value& entry : **files) {
        Result<ManifestFile> file =
            parse_file(entry, "manifest.files[" + std::to_string(manifest.files.size()) + "]");
        if (!file) return fail(file.error());
        manifest.files.push_back(std::move(*file));
    }
    if (Result<void> checked = check_manifest(manifest, limits); !checked) {
        return fail(checked.error());
    }
    return manifest;
}

std::string serialize_manifest(const Manifest& manifest) {
    json::array files;
    for (const ManifestFile& file : manifest.files) {
        files.push_back(json::object{
            {"name", file.name}, {"length", file.length}, {"sha256", file.sha256.hex()}});
    }
    return pretty_json(json::object{{"stream", manifest.stream},
                                    {"counter", manifest.counter},
                                    {"content_type", manifest.content_type},
                                    {"files", std::move(files)},
                                    {"contracts", to_array(manifest.contracts)},
                                    {"capabilities", to_array(manifest.capabilities)},
                                    {"actions", to_array(manifest.actions)},
                                    {"author", manifest.author},
                                    {"release_notes", manifest.release_notes}});
}

}  // namespace firebreak::content
