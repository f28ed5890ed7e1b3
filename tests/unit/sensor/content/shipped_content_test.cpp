/// What ships under content/ and examples/ keeps its word: every starter rule matches its sample
/// and nothing that Debian installs, and each bad example is bad in the way its README says.
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <gtest/gtest.h>
#include <map>
#include <set>
#include <sys/wait.h>

#include "core/base/file_store.hpp"
#include "sensor/host/engine.hpp"

namespace firebreak::sensor {
namespace {

namespace fs = std::filesystem;
using std::chrono::milliseconds;

constexpr milliseconds kAmple(60'000);
const fs::path kRepository = FIREBREAK_SOURCE_DIR;
const fs::path kStarter = kRepository / "content/yara-starter";
const fs::path kBad = kRepository / "examples/bad-content";

Bytes read(const fs::path& path) {
    Result<Bytes> bytes = PosixFileStore().read(path, 64U << 20U);
    EXPECT_TRUE(bytes) << bytes.error().to_string();
    return bytes ? *std::move(bytes) : Bytes();
}

std::unique_ptr<Engine> open_engine() {
    Result<std::unique_ptr<Engine>> engine =
        Engine::open(fs::path(FIREBREAK_ENGINE_DIR) / "yara.so", nullptr);
    EXPECT_TRUE(engine) << engine.error().to_string();
    return engine ? *std::move(engine) : nullptr;
}

Result<std::unique_ptr<LoadedContent>> load_folder(Engine& engine, const fs::path& folder,
                                                   std::vector<Diagnostic>& diagnostics) {
    std::map<std::string, Bytes> texts;
    for (const fs::directory_entry& entry : fs::directory_iterator(folder)) {
        if (entry.path().extension() != ".yar") continue;
        texts.emplace(entry.path().filename().string(), read(entry.path()));
    }
    std::vector<SourceFile> files;
    for (const auto& [name, bytes] : texts) files.push_back({name, bytes});
    return engine.load(files, {}, diagnostics);
}

std::set<std::string> matches(LoadedContent& content, ByteView input) {
    const auto found = content.evaluate("input", input, kAmple);
    EXPECT_TRUE(found) << found.error().to_string();
    std::set<std::string> names;
    if (!found) return names;
    for (const Match& match : *found) names.insert(match.rule);
    return names;
}

/// The form of RFC 9562, version 4: "xxxxxxxx-xxxx-4xxx-yxxx-xxxxxxxxxxxx" in lower case.
bool is_uuid(std::string_view text) {
    constexpr std::string_view kForm = "xxxxxxxx-xxxx-4xxx-yxxx-xxxxxxxxxxxx";
    const auto fits = [](char c, char form) {
        if (form == 'y') return c == '8' || c == '9' || c == 'a' || c == 'b';
        const bool hex = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
        return form == 'x' ? hex : c == form;
    };
    return std::equal(text.begin(), text.end(), kForm.begin(), kForm.end(), fits);
}

class StarterRules : public testing::Test {
protected:
    static void SetUpTestSuite() {
        engine_ = open_engine();
        ASSERT_NE(engine_, nullptr);
        auto content = load_folder(*engine_, kStarter, diagnostics_);
        ASSERT_TRUE(content) << content.error().to_string();
        content_ = *std::move(content);
        const Result<json::value> described = content_->describe();
        ASSERT_TRUE(described);
        rules_ = described->at("rules").as_array();
    }
    static void TearDownTestSuite() {
        content_.reset();
        engine_.reset();
    }

    static std::string meta(const json::value& rule, std::string_view name) {
        for (const json::value& meta : rule.at("metas").as_array()) {
            if (meta.at("name").as_string() == json::string_view(name.data(), name.size())) {
                return std::string(meta.at("value").as_string());
            }
        }
        return {};
    }

    static std::unique_ptr<Engine> engine_;
    static std::unique_ptr<LoadedContent> content_;
    static std::vector<Diagnostic> diagnostics_;
    static json::array rules_;
};

std::unique_ptr<Engine> StarterRules::engine_;
std::unique_ptr<LoadedContent> StarterRules::content_;
std::vector<Diagnostic> StarterRules::diagnostics_;
json::array StarterRules::rules_;

TEST_F(StarterRules, CompileWithoutAWarning) {
    EXPECT_GE(content_->rule_count(), 40U);
    for (const Diagnostic& said : diagnostics_) {
        ADD_FAILURE() << said.file << ":" << said.line << ": " << said.message;
    }
}

TEST_F(StarterRules, SayWhatTheyAreAndWhoMadeThem) {
    const std::set<std::string> severities = {"info", "low", "medium", "high", "critical"};
    std::set<std::string> ids;
    for (const json::value& rule : rules_) {
        const std::string name(rule.at("name").as_string());
        EXPECT_TRUE(is_uuid(meta(rule, "id"))) << name;
        EXPECT_TRUE(ids.insert(meta(rule, "id")).second) << name << ": id used twice";
        EXPECT_TRUE(severities.contains(meta(rule, "severity"))) << name;
        for (const char* member : {"description", "author", "date", "reference"}) {
            EXPECT_FALSE(meta(rule, member).empty()) << name << ": " << member;
        }
    }
}

TEST_F(StarterRules, MatchTheirOwnSampleAndNoOther) {
    std::string folder = (fs::temp_directory_path() / "firebreak-samples-XXXXXX").string();
    ASSERT_NE(::mkdtemp(folder.data()), nullptr);
    const std::string command = FIREBREAK_PYTHON " '" +
                                (kStarter / "samples/make_samples.py").string() + "' '" + folder +
                                "'";
    ASSERT_EQ(std::system(command.c_str()), 0);

    for (const json::value& rule : rules_) {
        const std::string name(rule.at("name").as_string());
        EXPECT_EQ(matches(*content_, read(fs::path(folder) / name)), std::set<std::string>{name});
    }

    fs::remove_all(folder);
}

TEST_F(StarterRules, MatchNothingThatDebianInstalls) {
    // The first 150 names of /usr/bin up to 2 MiB: seconds. All of /usr is for the validator.
    std::vector<fs::path> programs;
    for (const fs::directory_entry& entry : fs::directory_iterator("/usr/bin")) {
        std::error_code code;
        const bool plain = entry.is_regular_file(code) && !entry.is_symlink(code);
        if (plain && entry.file_size(code) <= (2U << 20U)) programs.push_back(entry.path());
    }
    std::sort(programs.begin(), programs.end());
    programs.resize(std::min<std::size_t>(programs.size(), 150));

    for (const fs::path& program : programs) {
        const Result<Bytes> bytes = PosixFileStore().read(program, 64U << 20U);
        if (!bytes) continue;
        EXPECT_EQ(matches(*content_, *bytes), std::set<std::string>{}) << program;
    }
}

TEST_F(StarterRules, DoNotMatchTheEnginesOrTheirOwnSource) {
    const fs::path engines = FIREBREAK_ENGINE_DIR;
    for (const fs::path& path :
         {engines / "yara.so", kStarter / "scripts.yar", kStarter / "webshells.yar",
          kStarter / "miners.yar", kStarter / "documents.yar", kStarter / "footholds.yar",
          kStarter / "samples/make_samples.py"}) {
        EXPECT_EQ(matches(*content_, read(path)), std::set<std::string>{}) << path;
    }
}

TEST_F(StarterRules, DeclareTheModulesTheyImport) {
    const Result<json::value> described = content_->describe();
    ASSERT_TRUE(described);
    const Bytes pack = read(kStarter / "firebreak-pack.yaml");

    for (const json::value& module : described->at("modules").as_array()) {
        const std::string capability = "yara.module." + std::string(module.as_string());
        EXPECT_NE(text_of(pack).find("- " + capability), std::string_view::npos) << capability;
    }
}

TEST(BadContent, WithAGoodwareHitMatchesTheCLibrary) {
    const std::unique_ptr<Engine> engine = open_engine();
    ASSERT_NE(engine, nullptr);
    std::vector<Diagnostic> diagnostics;
    const auto content = load_folder(*engine, kBad / "goodware-hit", diagnostics);
    ASSERT_TRUE(content) << content.error().to_string();

    EXPECT_EQ(matches(**content, read(FIREBREAK_C_LIBRARY)),
              std::set<std::string>{"library_backdoor_listener"});
}

TEST(BadContent, WithALoadFaultKillsWhoeverCompilesIt) {
    const std::unique_ptr<Engine> engine = open_engine();
    ASSERT_NE(engine, nullptr);

    const pid_t child = fork();
    if (child == 0) {
        signal(SIGFPE, SIG_DFL);  // A sanitizer would answer it with a report.
        std::vector<Diagnostic> diagnostics;
        static_cast<void>(load_folder(*engine, kBad / "load-fault", diagnostics));
        _exit(0);
    }
    int status = 0;
    ASSERT_EQ(waitpid(child, &status, 0), child);

    ASSERT_TRUE(WIFSIGNALED(status));
    EXPECT_EQ(WTERMSIG(status), SIGFPE);
}

TEST(BadContent, WithASilentFaultIsQuietOnTheProductsEngine) {
    const std::unique_ptr<Engine> engine = open_engine();
    ASSERT_NE(engine, nullptr);
    std::vector<Diagnostic> diagnostics;
    const auto content = load_folder(*engine, kBad / "silent-fault", diagnostics);
    ASSERT_TRUE(content) << content.error().to_string();

    EXPECT_EQ(matches(**content, bytes_of("FIREBREAK-DEMO-LIVE-HOST\n")),
              std::set<std::string>{"loader_live_host_marker"});
    EXPECT_EQ(matches(**content, read(FIREBREAK_C_LIBRARY)), std::set<std::string>{});
}

}  // namespace
}  // namespace firebreak::sensor
