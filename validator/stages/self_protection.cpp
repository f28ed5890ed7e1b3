#include "validator/stages/self_protection.hpp"

#include <algorithm>
#include <array>
#include <boost/json/serialize.hpp>

#include "core/base/json.hpp"
#include "sensor/host/answers.hpp"
#include "sensor/sigma/events/event_contract.hpp"

namespace firebreak::validator {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kNameBytesMax = 4000;
constexpr std::size_t kFilesMax = 10'000;

/// A field, by its name in the contracts, and what the agent puts there.
struct OwnField {
    std::string_view field;
    std::string_view linux_value;
    std::string_view windows_value;
};

/// "HOST" stands for the update host.
constexpr std::array kOwnFields{
    OwnField{"Image", "/usr/bin/firebreak-agent",
             "C:\\Program Files\\Firebreak\\firebreak-agent.exe"},
    OwnField{"ParentImage", "/usr/lib/systemd/systemd", "C:\\Windows\\System32\\services.exe"},
    OwnField{"SourceImage", "/usr/bin/firebreak-agent",
             "C:\\Program Files\\Firebreak\\firebreak-agent.exe"},
    OwnField{"OriginalFileName", "firebreak-agent", "firebreak-agent.exe"},
    OwnField{"CommandLine", "/usr/bin/firebreak-agent run --config /etc/firebreak/agent.yaml",
             "\"C:\\Program Files\\Firebreak\\firebreak-agent.exe\" run --config "
             "\"C:\\ProgramData\\Firebreak\\agent.yaml\""},
    OwnField{"CurrentDirectory", "/var/lib/firebreak", "C:\\ProgramData\\Firebreak\\"},
    OwnField{"User", "root", "NT AUTHORITY\\SYSTEM"},
    OwnField{"TargetFilename", "/var/lib/firebreak/slots/a/bundle.fbb",
             "C:\\ProgramData\\Firebreak\\slots\\a\\bundle.fbb"},
    OwnField{"ImageLoaded", "/usr/lib/firebreak/engines/yara.so",
             "C:\\Program Files\\Firebreak\\engines\\yara.dll"},
    OwnField{"DestinationHostname", "HOST", "HOST"},
    OwnField{"DestinationPort", "443", "443"},
    OwnField{"Initiated", "true", "true"},
    OwnField{"Protocol", "tcp", "tcp"},
    OwnField{"QueryName", "HOST", "HOST"},
    OwnField{"query", "HOST", "HOST"},
    OwnField{"Z", "0", "0"},  // In a record of Zeek's it is always there.
    OwnField{"c-uri", "https://HOST/metadata/timestamp.json",
             "https://HOST/metadata/timestamp.json"},
    OwnField{"cs-host", "HOST", "HOST"},
    OwnField{"cs-method", "GET", "GET"},
    OwnField{"c-useragent", "firebreak-agent", "firebreak-agent"},
};

std::string with_host(std::string_view value, const std::string& host) {
    std::string text(value);
    constexpr std::string_view kHost = "HOST";
    if (const std::size_t at = text.find(kHost); at != std::string::npos) {
        text.replace(at, kHost.size(), host);
    }
    return text;
}

/// The members that the contract has fields for.
json::object own_members(const sigma::EventContract& contract, bool windows,
                         const std::string& host) {
    json::object members;
    for (const OwnField& own : kOwnFields) {
        const std::optional<std::uint16_t> field = contract.find(own.field);
        if (!field) continue;
        members[contract.fields[*field].name] =
            with_host(windows ? own.windows_value : own.linux_value, host);
    }
    return members;
}

/// Whether events of that contract come from such a system: no Windows machine reports a program
/// at a Linux path, and a rule that finds that odd is right.
bool comes_from(const sigma::EventContract& contract, bool windows) {
    return std::ranges::any_of(contract.log_sources, [windows](const sigma::LogSource& source) {
        return source.product.empty() || (source.product == "windows") == windows;
    });
}

void add_folder(const fs::path& folder, bool ours_only, std::vector<fs::path>& paths) {
    std::error_code code;
    for (fs::directory_iterator entries(folder, code), end; !code && entries != end;
         entries.increment(code)) {
        const bool ours = entries->path().filename().string().starts_with("firebreak");
        if (ours || !ours_only) paths.push_back(entries->path());
    }
}

}  // namespace

std::vector<OwnInput> own_events(const std::string& update_host) {
    std::vector<OwnInput> events;
    for (const sigma::EventContract& contract : sigma::event_contracts()) {
        for (const bool windows : {false, true}) {
            if (!comes_from(contract, windows)) continue;
            json::object members = own_members(contract, windows, update_host);
            // A user alone is nobody's doing.
            const bool telling = std::ranges::any_of(members, [](const auto& member) {
                return member.key() != "User" && member.key() != "Protocol";
            });
            if (!telling) continue;
            const json::object event{{"contract", contract.id()}, {"fields", std::move(members)}};
            events.push_back(
                {"the own updater: " + contract.id() + (windows ? " (windows)" : " (linux)"),
                 to_bytes(json::serialize(event))});
        }
    }
    return events;
}

OwnInput own_configuration(const std::string& update_host) {
    return {"the own updater: agent.yaml",
            to_bytes("server: https://" + update_host +
                     "\nca: ca.pem\ntrusted_root: 1.root.json\nstate: /var/lib/firebreak\n"
                     "engine: /usr/lib/firebreak/engines/yara.so\n")};
}

std::vector<GoodwareFile> own_files(const std::vector<fs::path>& paths) {
    std::vector<GoodwareFile> files;
    for (const fs::path& path : paths) {
        std::error_code code;
        if (!fs::is_regular_file(path, code) || files.size() >= kFilesMax) continue;
        const std::uint64_t bytes = fs::file_size(path, code);
        // A name for a file may be a link, as alternatives are; the crew follows none.
        const fs::path real = fs::canonical(path, code);
        if (code) continue;
        files.push_back({real, sensor::printable(real.string(), kNameBytesMax), bytes});
    }
    std::ranges::sort(files, {}, &GoodwareFile::name);
    const auto same = [](const GoodwareFile& one, const GoodwareFile& other) {
        return one.name == other.name;
    };
    files.erase(std::unique(files.begin(), files.end(), same), files.end());
    return files;
}

std::vector<fs::path> own_paths(const fs::path& program) {
    const fs::path folder = program.parent_path();
    const fs::path root = folder.parent_path();
    std::vector<fs::path> paths{program};
    add_folder(folder, true, paths);
    for (const char* engines : {"lib/engines", "lib/firebreak", "lib/firebreak/engines"}) {
        add_folder(root / engines, false, paths);
    }
    for (const char* content : {"share/firebreak", "share/firebreak/content"}) {
        add_folder(root / content, false, paths);
    }
    return paths;
}

}  // namespace firebreak::validator
