#include "core/content/manifest.hpp"

#include <gtest/gtest.h>

#include "core/base/errc.hpp"

namespace firebreak::content {
namespace {

Manifest valid_manifest() {
    Manifest manifest;
    manifest.stream = "yara";
    manifest.counter = 7;
    manifest.content_type = "yara-source";
    manifest.files = {{"packers.yar", 10, sha256(bytes_of("a"))},
                      {"web/shells.yar", 0, sha256(bytes_of("b"))}};
    manifest.contracts = {"process_creation/v1"};
    manifest.capabilities = {"yara.module.elf", "yara.module.pe"};
    manifest.actions = {"report"};
    manifest.author = "Zoë from the rules team";
    manifest.release_notes = "First.\n\tSecond.";
    return manifest;
}

/// The code that check_manifest gives for the valid manifest after `change`; 0 when it passes.
template <class Change>
int code_after(Change change, const BundleLimits& limits = {}) {
    Manifest manifest = valid_manifest();
    change(manifest);
    const Result<void> checked = check_manifest(manifest, limits);
    const Result<Manifest> parsed = parse_manifest(serialize_manifest(manifest), limits);
    // What is refused from a program is refused from a file.
    EXPECT_EQ(checked.has_value(), parsed.has_value());
    return checked ? 0 : checked.error().code().value();
}

constexpr int kInvalid = static_cast<int>(Errc::kInvalid);
constexpr int kTooLarge = static_cast<int>(Errc::kTooLarge);

TEST(Manifest, ReadsBackWhatItWrote) {
    const std::string text = serialize_manifest(valid_manifest());

    const Result<Manifest> manifest = parse_manifest(text, {});

    ASSERT_TRUE(manifest) << manifest.error().to_string();
    EXPECT_EQ(serialize_manifest(*manifest), text);
    EXPECT_EQ(manifest->author, "Zoë from the rules team");
    EXPECT_EQ(manifest->files[1].name, "web/shells.yar");
    EXPECT_EQ(manifest->files[1].sha256, sha256(bytes_of("b")));
}

TEST(Manifest, RefusesStreamNamesThatAreNoPathSegments) {
    for (const char* name : {"", "Yara", "-yara", "ya ra", "yara/1", "..", "ya\nra", "yära"}) {
        EXPECT_EQ(code_after([&](Manifest& m) { m.stream = name; }), kInvalid) << name;
    }
    EXPECT_EQ(code_after([](Manifest& m) { m.stream = std::string(65, 'a'); }), kInvalid);
    EXPECT_EQ(code_after([](Manifest& m) { m.stream = std::string(64, 'a'); }), 0);
}

TEST(Manifest, RefusesACounterBelowOne) {
    EXPECT_EQ(code_after([](Manifest& m) { m.counter = 0; }), kInvalid);
    EXPECT_EQ(code_after([](Manifest& m) { m.counter = -1; }), kInvalid);
    EXPECT_EQ(code_after([](Manifest& m) { m.counter = INT64_MAX; }), 0);
}

TEST(Manifest, RefusesUnsortedRepeatedAndMissingFiles) {
    EXPECT_EQ(code_after([](Manifest& m) { m.files.clear(); }), kInvalid);
    EXPECT_EQ(code_after([](Manifest& m) { std::swap(m.files[0], m.files[1]); }), kInvalid);
    EXPECT_EQ(code_after([](Manifest& m) { m.files[1] = m.files[0]; }), kInvalid);
}

TEST(Manifest, RefusesNamesThatCollideOnSomeFileSystem) {
    EXPECT_EQ(code_after([](Manifest& m) {
                  m.files[0].name = "Rules.yar";
                  m.files[1].name = "rules.yar";
              }),
              kInvalid);
    EXPECT_EQ(code_after([](Manifest& m) {
                  m.files[0].name = "web";
                  m.files[1].name = "web/shells.yar";
              }),
              kInvalid);
    EXPECT_EQ(code_after([](Manifest& m) {
                  m.files[0].name = "WEB/a";
                  m.files[1].name = "web";
              }),
              kInvalid);
}

TEST(Manifest, RefusesWhatIsPastItsCaps) {
    EXPECT_EQ(code_after([](Manifest&) {}, {.files_max = 1}), kTooLarge);
    EXPECT_EQ(code_after([](Manifest&) {}, {.file_bytes_max = 9}), kTooLarge);
    EXPECT_EQ(code_after([](Manifest&) {}, {.unpacked_bytes_max = 9}), kTooLarge);
    EXPECT_EQ(code_after([](Manifest&) {}, {.name_bytes_max = 13}), kTooLarge);
    EXPECT_EQ(code_after([](Manifest& m) { m.author = std::string(201, 'a'); }), kTooLarge);
    EXPECT_EQ(code_after([](Manifest& m) { m.release_notes = std::string(16'385, 'a'); }),
              kTooLarge);
    EXPECT_EQ(code_after([](Manifest& m) {
                  m.actions.clear();
                  for (int i = 0; i < 1001; ++i)
                      m.actions.push_back("a" + std::to_string(1000 + i));
              }),
              kTooLarge);
}

TEST(Manifest, RefusesLengthsWhoseSumWouldWrapAround) {
    constexpr BundleLimits kNoFileLimit{.file_bytes_max = UINT64_MAX};
    EXPECT_EQ(code_after(
                  [](Manifest& m) {
                      m.files[0].length = INT64_MAX;
                      m.files[1].length = INT64_MAX;
                  },
                  kNoFileLimit),
              kTooLarge);
}

TEST(Manifest, RefusesTextsThatCouldRepaintATerminal) {
    for (const char* text : {"\x1b[2J", "a\rb", "a\nb", "a\x7f",
                             "\xC2\x9B"
                             "2J"}) {
        EXPECT_EQ(code_after([&](Manifest& m) { m.author = text; }), kInvalid);
    }
    EXPECT_EQ(code_after([](Manifest& m) { m.release_notes = "\x1b[2J"; }), kInvalid);
}

TEST(Manifest, RefusesTextsThatAreNotUtf8) {
    Manifest manifest = valid_manifest();
    manifest.author = "\xFF";

    const Result<void> checked = check_manifest(manifest, {});

    ASSERT_FALSE(checked);
    EXPECT_EQ(checked.error(), Errc::kInvalid);
}

TEST(Manifest, RefusesWordListsThatAreUnsortedRepeatedOrNoWords) {
    EXPECT_EQ(code_after([](Manifest& m) { m.actions = {"b", "a"}; }), kInvalid);
    EXPECT_EQ(code_after([](Manifest& m) { m.actions = {"a", "a"}; }), kInvalid);
    for (const char* word : {"", " ", "/a", "a b", "a\"b", "\x1b"}) {
        EXPECT_EQ(code_after([&](Manifest& m) { m.capabilities = {word}; }), kInvalid) << word;
        EXPECT_EQ(code_after([&](Manifest& m) { m.content_type = word; }), kInvalid) << word;
    }
}

/// The valid manifest's text with `from` replaced by `to`.
std::string text_with(std::string_view from, std::string_view to) {
    std::string text = serialize_manifest(valid_manifest());
    const std::size_t at = text.find(from);
    EXPECT_NE(at, std::string::npos) << from;
    return text.replace(at, from.size(), to);
}

TEST(ParseManifest, RefusesAnUnknownMember) {
    const Result<Manifest> outside =
        parse_manifest(text_with("\"author\"", "\"extra\": 1, \"author\""), {});
    ASSERT_FALSE(outside);
    EXPECT_EQ(outside.error(), Errc::kMalformed);

    const Result<Manifest> inside =
        parse_manifest(text_with("\"length\"", "\"extra\": 1, \"length\""), {});
    ASSERT_FALSE(inside);
    EXPECT_EQ(inside.error(), Errc::kMalformed);
}

TEST(ParseManifest, RefusesAMissingMember) {
    const json::value whole = *parse_json(serialize_manifest(valid_manifest()));
    for (const auto& [name, value] : whole.as_object()) {
        json::object lacking = whole.as_object();
        lacking.erase(name);
        const Result<Manifest> manifest = parse_manifest(pretty_json(lacking), {});
        ASSERT_FALSE(manifest) << name;
        EXPECT_EQ(manifest.error(), Errc::kMalformed) << name;
        EXPECT_NE(manifest.error().context().find(std::string(name)), std::string::npos);
    }
}

TEST(ParseManifest, RefusesAMemberNamedTwice) {
    EXPECT_FALSE(parse_manifest(text_with("\"counter\"", "\"counter\": 9, \"counter\""), {}));
}

TEST(ParseManifest, RefusesNumbersThatAreNoIntegers) {
    for (const char* number : {"7.0", "7.5", "\"7\"", "1e1", "9223372036854775808", "null"}) {
        const std::string text = text_with("\"counter\": 7", "\"counter\": " + std::string(number));
        EXPECT_FALSE(parse_manifest(text, {})) << number;
    }
    EXPECT_FALSE(parse_manifest(text_with("\"length\": 10", "\"length\": -1"), {}));
}

TEST(ParseManifest, RefusesADigestInAnotherSpelling) {
    const std::string hex = sha256(bytes_of("a")).hex();
    std::string upper = hex;
    for (char& c : upper) c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));

    EXPECT_FALSE(parse_manifest(text_with(hex, upper), {}));
    EXPECT_FALSE(parse_manifest(text_with(hex, hex.substr(1)), {}));
    EXPECT_FALSE(parse_manifest(text_with(hex, "z" + hex.substr(1)), {}));
}

TEST(ParseManifest, RefusesTextPastItsCapBeforeReadingIt) {
    const Result<Manifest> manifest =
        parse_manifest(serialize_manifest(valid_manifest()), {.manifest_bytes_max = 50});

    ASSERT_FALSE(manifest);
    EXPECT_EQ(manifest.error(), Errc::kTooLarge);
}

TEST(SafeName, TakesPlainRelativePaths) {
    for (const char* name : {"a", "a.yar", "a/b/c.yar", "A_1+2-3.x", "console.yar", "com", "com10",
                             "a..b", "nullable/x"}) {
        EXPECT_TRUE(safe_name(name, 200)) << name;
    }
}

TEST(SafeName, RefusesWhatLeavesTheFolderOrMeansSomethingElse) {
    for (const char* name :
         {"",       "/",       "/etc/passwd", "a/",         "a//b", ".",      "..",   "../a",
          "a/../b", "a/..",    ".hidden",     "a/.git",     "a\\b", "C:a",    "a b",  "a:b",
          "a*",     "a?",      "~a",          "a\nb",       "ä",    "a.",     "a./b", "con",
          "CON",    "con.yar", "a/Aux",       "nul.tar.gz", "COM1", "lpt9.x", "prn/a"}) {
        EXPECT_FALSE(safe_name(name, 200)) << name;
    }
    EXPECT_FALSE(safe_name(std::string_view("a\0b", 3), 200));
    EXPECT_FALSE(safe_name("abcd", 3));
}

}  // namespace
}  // namespace firebreak::content
