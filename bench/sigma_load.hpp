#pragma once

#include <algorithm>
#include <array>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <string>
#include <vector>

#include "core/base/json.hpp"
#include "sensor/sigma/compiler/compiler.hpp"
#include "sensor/sigma/events/event_reader.hpp"
#include "sensor/sigma/run/content.hpp"

/// What the Sigma benchmarks load and evaluate. Rules and recorded events are where
/// FIREBREAK_CORPORA says; without it there are none.
namespace firebreak::bench {

using namespace firebreak::sigma;
namespace fs = std::filesystem;

constexpr std::string_view kProcesses = "process_creation_windows/v1";

inline std::string read_text(const fs::path& path) {
    std::ifstream file(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

struct Corpus {
    std::vector<std::string> names;
    std::vector<std::string> texts;
    std::vector<RuleSource> sources;
};

inline const Corpus& corpus() {
    static const Corpus kCorpus = [] {
        Corpus made;
        const char* root = std::getenv("FIREBREAK_CORPORA");
        if (root == nullptr) return made;
        for (const auto& entry : fs::recursive_directory_iterator(fs::path(root) / "sigma")) {
            if (entry.path().extension() == ".yml") made.names.push_back(entry.path().string());
        }
        std::ranges::sort(made.names);
        for (const std::string& name : made.names) {
            made.texts.push_back(read_text(name));
        }
        for (std::size_t i = 0; i < made.names.size(); ++i) {
            made.sources.push_back({made.names[i], made.texts[i]});
        }
        return made;
    }();
    return kCorpus;
}

inline const Compiled& compiled() {
    static const Compiled kCompiled = compile(corpus().sources);
    return kCompiled;
}

/// Letters moved on by `by`: another constant of the same shape.
inline std::string altered(std::string text, std::size_t by) {
    for (char& c : text) {
        if (c >= 'a' && c <= 'z') c = static_cast<char>('a' + (c - 'a' + by) % 26);
        if (c >= 'A' && c <= 'Z') c = static_cast<char>('A' + (c - 'A' + by) % 26);
    }
    return text;
}

/// `count` rules about processes: SigmaHQ's, spread evenly, and past their number the same again
/// with other constants.
inline Program process_rules(std::size_t count) {
    const auto& programs = compiled().programs;
    const auto found = std::ranges::find(programs, kProcesses, &Program::contract);
    Program made;
    if (found == programs.end()) return made;
    made.contract = found->contract;
    made.arity = found->arity;
    const std::size_t have = found->rules.size();
    for (std::size_t i = 0; i < count; ++i) {
        const std::size_t round = i / have;
        Rule rule = count < have ? found->rules[i * have / count] : found->rules[i % have];
        if (round > 0) rule.id += "-" + std::to_string(round);
        for (Node& node : rule.nodes) {
            if (node.kind != Node::Kind::kPredicate) continue;
            Predicate predicate = found->predicates[node.predicate];
            if (round > 0 && predicate.op != Op::kRegex) {
                predicate.text = altered(predicate.text, round);
            }
            node.predicate = static_cast<std::uint32_t>(made.predicates.size());
            made.predicates.push_back(std::move(predicate));
        }
        made.rules.push_back(std::move(rule));
    }
    // Each predicate once.
    std::map<std::string, std::uint32_t> seen;
    std::vector<Predicate> unique;
    for (Rule& rule : made.rules) {
        for (Node& node : rule.nodes) {
            if (node.kind != Node::Kind::kPredicate) continue;
            const Predicate& predicate = made.predicates[node.predicate];
            std::string key = std::to_string(predicate.field) + ":" +
                              std::to_string(static_cast<int>(predicate.op)) + ":" +
                              std::to_string(predicate.integer) + ":" +
                              std::to_string(predicate.other_field) + ":" +
                              std::to_string(int{predicate.cased}) + ":" + predicate.text + ":" +
                              to_text(predicate.network);
            for (const GlobPiece& piece : predicate.pieces) key += "*" + piece.text;
            const auto [at, added] =
                seen.emplace(std::move(key), static_cast<std::uint32_t>(unique.size()));
            if (added) unique.push_back(predicate);
            node.predicate = at->second;
        }
    }
    made.predicates = std::move(unique);
    std::ranges::sort(made.rules, {}, &Rule::id);
    return made;
}

/// What a machine at rest and at work starts: image, command line, and the same of the parent.
using Start = std::array<const char*, 4>;
constexpr Start kStarts[] = {
    {R"(C:\Windows\System32\svchost.exe)",
     R"(C:\Windows\system32\svchost.exe -k netsvcs -p -s wlidsvc)",
     R"(C:\Windows\System32\services.exe)", R"(C:\Windows\system32\services.exe)"},
    {R"(C:\Program Files\Google\Chrome\Application\chrome.exe)",
     R"("C:\Program Files\Google\Chrome\Application\chrome.exe" --type=renderer --lang=en-US )"
     R"(--device-scale-factor=1.25 --num-raster-threads=4 --enable-main-frame-before-activation )"
     R"(--renderer-client-id=117 --time-ticks-at-unix-epoch=-1698231 /prefetch:1)",
     R"(C:\Program Files\Google\Chrome\Application\chrome.exe)",
     R"("C:\Program Files\Google\Chrome\Application\chrome.exe" )"},
    {R"(C:\Windows\System32\conhost.exe)",
     R"(\??\C:\Windows\system32\conhost.exe 0xffffffff -ForceV1)",
     R"(C:\Program Files\Git\usr\bin\git.exe)", R"(git.exe status -z -u)"},
    {R"(C:\Windows\System32\cmd.exe)", R"(C:\Windows\system32\cmd.exe /c "npm run build")",
     R"(C:\Program Files\nodejs\node.exe)", R"("C:\Program Files\nodejs\node.exe" server.js)"},
    {R"(C:\Windows\System32\WindowsPowerShell\v1.0\powershell.exe)",
     R"(powershell.exe -NoProfile -NonInteractive -File C:\ops\inventory.ps1)",
     R"(C:\Windows\System32\svchost.exe)",
     R"(C:\Windows\system32\svchost.exe -k netsvcs -p -s Schedule)"},
    {R"(C:\Windows\System32\RuntimeBroker.exe)",
     R"(C:\Windows\System32\RuntimeBroker.exe -Embedding)", R"(C:\Windows\System32\svchost.exe)",
     R"(C:\Windows\system32\svchost.exe -k DcomLaunch -p)"},
    {R"(C:\Windows\System32\taskhostw.exe)", R"(taskhostw.exe Install $(Arg0))",
     R"(C:\Windows\System32\svchost.exe)", R"(C:\Windows\system32\svchost.exe -k netsvcs -p)"},
    {R"(C:\Program Files\Microsoft Office\root\Office16\WINWORD.EXE)",
     R"("C:\Program Files\Microsoft Office\Root\Office16\WINWORD.EXE" /n "C:\Users\a\Plan.docx")",
     R"(C:\Windows\explorer.exe)", R"(C:\Windows\Explorer.EXE)"},
    {R"(C:\Windows\System32\SearchProtocolHost.exe)",
     R"("C:\Windows\system32\SearchProtocolHost.exe" Global\UsGthrFltPipeMssGthrPipe12_ )"
     R"(Global\UsGthrCtrlFltPipeMssGthrPipe12 1 -2147483646 "Software\Microsoft\Windows Search")",
     R"(C:\Windows\System32\SearchIndexer.exe)",
     R"(C:\Windows\system32\SearchIndexer.exe /Embedding)"},
    {R"(C:\Windows\System32\reg.exe)",
     R"(reg query "HKLM\SOFTWARE\Microsoft\Windows NT\CurrentVersion" /v ProductName)",
     R"(C:\Windows\System32\cmd.exe)", R"(cmd /c C:\ops\check.bat)"},
};

/// Starts of processes as the contract's fields, in its order.
class Events {
public:
    static Events of_working_machines() {
        Events made;
        const SuppliedContract* contract = supplied(kProcesses);
        if (contract == nullptr) return made;
        for (const Start& start : kStarts) {
            std::vector<fb_field> fields;
            for (const SuppliedField& field : contract->fields) {
                fields.push_back(value(field.name, start));
            }
            made.add(std::move(fields));
        }
        return made;
    }

    /// Those of the recorded events that are about processes.
    static Events of_attacks() {
        Events made;
        const char* root = std::getenv("FIREBREAK_CORPORA");
        if (root == nullptr) return made;
        std::vector<fs::path> files;
        for (const auto& entry : fs::directory_iterator(fs::path(root) / "sigma-events")) {
            if (entry.path().extension() == ".json") files.push_back(entry.path());
        }
        std::ranges::sort(files);
        for (const fs::path& file : files) {
            const Result<json::value> event = parse_json(read_text(file));
            if (!event) continue;
            Result<std::vector<MappedEvent>> mapped = map_event(*event);
            if (!mapped) continue;
            for (MappedEvent& one : *mapped) {
                if (one.contract->id() != kProcesses) continue;
                made.add(one.fields);
                made.mapped_.push_back(std::move(one));
            }
        }
        return made;
    }

    const std::vector<std::vector<fb_field>>& all() const { return events_; }
    std::size_t bytes() const { return bytes_; }

private:
    static fb_field text(std::string_view value) {
        return {FB_FIELD_TEXT, 0, 0, reinterpret_cast<const std::uint8_t*>(value.data()),
                value.size()};
    }

    static fb_field value(std::string_view name, const Start& start) {
        if (name == "EventID") return {FB_FIELD_INTEGER, 0, 1, nullptr, 0};
        if (name == "Image") return text(start[0]);
        if (name == "CommandLine") return text(start[1]);
        if (name == "ParentImage") return text(start[2]);
        if (name == "ParentCommandLine") return text(start[3]);
        static const std::map<std::string_view, std::string_view> kSame = {
            {"Provider_Name", "Microsoft-Windows-Sysmon"},
            {"Channel", "Microsoft-Windows-Sysmon/Operational"},
            {"Computer", "WS-0412.corp.example"},
            {"UtcTime", "2024-07-19 04:09:21.117"},
            {"ProcessGuid", "{e7f0c1d2-2b1a-669a-4c01-000000001900}"},
            {"FileVersion", "10.0.19041.3636 (WinBuild.160101.0800)"},
            {"Description", "Host Process for Windows Services"},
            {"Product", "Microsoft\xC2\xAE Windows\xC2\xAE Operating System"},
            {"Company", "Microsoft Corporation"},
            {"OriginalFileName", "svchost.exe"},
            {"CurrentDirectory", "C:\\Windows\\system32\\"},
            {"User", "NT AUTHORITY\\SYSTEM"},
            {"IntegrityLevel", "System"},
            {"Hashes",
             "MD5=B7F884C1B74A263F746EE12A5F7C9F6A,SHA256="
             "ADD683A6910ABBBF0E28B557FAD0BA998166394932"
             "AE2ACA069D9AA19EA8FE88,IMPHASH=247B9220E5D9B720A82B2C8B5069AD69"},
            {"Imphash", "247B9220E5D9B720A82B2C8B5069AD69"},
            {"ParentUser", "NT AUTHORITY\\SYSTEM"},
        };
        const auto found = kSame.find(name);
        return found == kSame.end() ? fb_field{} : text(found->second);
    }

    static std::size_t bytes_of(const std::vector<fb_field>& fields) {
        std::size_t bytes = 0;
        for (const fb_field& field : fields) bytes += field.length;
        return bytes;
    }

    void add(std::vector<fb_field> fields) {
        bytes_ += bytes_of(fields);
        events_.push_back(std::move(fields));
    }

    std::vector<std::vector<fb_field>> events_;
    std::vector<MappedEvent> mapped_;  ///< What of events_ points to them.
    std::size_t bytes_ = 0;
};

}  // namespace firebreak::bench
