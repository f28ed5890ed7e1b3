#pragma once

#include <functional>
#include <map>
#include <set>
#include <string>

#include "core/base/errc.hpp"
#include "core/base/file_store.hpp"
#include "tests/simulation/dice.hpp"

namespace firebreak::simulation {

/// Thrown where a machine dies: unwinds what ran on it.
struct Died {};

/// What a disk does that no program likes.
struct DiskFaults {
    std::uint64_t full_percent = 0;    ///< A change fails, and nothing changed.
    std::uint64_t unsure_percent = 0;  ///< A write fails and is there, until a power cut.
    std::uint64_t rot_percent = 0;     ///< A file is read with one bit turned.
    std::uint64_t cut_per_mille = 0;   ///< The power fails before or after a change.
};

/// One machine's disk, which outlives its processes. Keeps the contract of FileStore (what a write
/// said is there after a power cut, and whole), and nothing more.
class Disk final : public FileStore {
public:
    explicit Disk(std::uint64_t seed) : dice_(seed) {}

    DiskFaults faults;
    /// Called where the power fails: throws Died, or makes the disk dead.
    std::function<void()> power_fails;
    /// After it every change fails and changes nothing: the machine is down, and what still runs is
    /// only being taken apart.
    bool dead = false;
    /// A planted bug: says yes to a write of a file named like this, and forgets it at a power cut.
    std::string lies_about;
    /// A planted bug: what is really written in place of what was to be.
    std::function<Bytes(const std::string& path, ByteView bytes)> rewrite;

    /// Another: says that there is no file named like this.
    std::string hides;

    /// Told of each file that is no longer, or was not read, as it was written.
    std::function<void(const std::string& path)> betrayed;
    /// Told of each write that is done.
    std::function<void(const std::string& path, const Bytes& bytes)> wrote;

    std::map<std::string, Bytes> files;

    /// What a power cut does to the files.
    void cut() {
        for (auto& [path, before] : unsure_) {
            if (before) {
                files[path] = *before;
            } else {
                files.erase(path);
            }
            if (betrayed) betrayed(path);
        }
        unsure_.clear();
    }

    Result<Bytes> read(const std::filesystem::path& path, std::uint64_t bytes_max) const override {
        const auto found = files.find(path.string());
        const bool hidden = !hides.empty() && path.string().ends_with(hides);
        if (found == files.end() || hidden) return fail(Errc::kNotFound, path.string());
        if (found->second.size() > bytes_max) return fail(Errc::kTooLarge, path.string());
        Bytes bytes = found->second;
        if (faults.rot_percent > 0 && !bytes.empty() && dice_.percent(faults.rot_percent)) {
            bytes[dice_.index(bytes.size())] ^= static_cast<std::uint8_t>(1U << dice_.index(8));
            if (betrayed) betrayed(path.string());
        }
        return bytes;
    }

    Result<void> write(const std::filesystem::path& path, ByteView bytes, FileMode) override {
        maybe_cut();
        if (dead) return broken(path);
        if (dice_.percent(faults.full_percent)) return full(path);
        const std::string name = path.string();
        const bool lies = !lies_about.empty() && name.ends_with(lies_about);
        const bool unsure = dice_.percent(faults.unsure_percent);
        if (lies || unsure) {
            remember(name);
        } else {
            unsure_.erase(name);
        }
        files[name] = rewrite ? rewrite(name, bytes) : copy_of(bytes);
        if (wrote) wrote(name, files[name]);
        maybe_cut();
        if (unsure) return fail(std::make_error_code(std::errc::io_error), name);
        return {};
    }

    Result<void> remove(const std::filesystem::path& path) override {
        maybe_cut();
        if (dead) return broken(path);
        if (dice_.percent(faults.full_percent)) return full(path);
        unsure_.erase(path.string());
        files.erase(path.string());
        maybe_cut();
        return {};
    }

    Result<void> make_folder(const std::filesystem::path&, FileMode) override { return {}; }

    Result<std::vector<std::string>> list(const std::filesystem::path& folder) const override {
        std::set<std::string> names;
        const std::string prefix = folder.string() + "/";
        for (auto file = files.lower_bound(prefix);
             file != files.end() && file->first.starts_with(prefix); ++file) {
            const std::string rest = file->first.substr(prefix.size());
            names.insert(rest.substr(0, rest.find('/')));
        }
        return std::vector<std::string>(names.begin(), names.end());
    }

private:
    void maybe_cut() {
        const auto thrown = static_cast<std::uint64_t>(dice_.between(0, 999));
        if (thrown < faults.cut_per_mille && power_fails && !dead) power_fails();
    }
    void remember(const std::string& name) {
        if (unsure_.contains(name)) return;
        const auto before = files.find(name);
        unsure_[name] = before == files.end() ? std::nullopt : std::optional<Bytes>(before->second);
    }
    static tl::unexpected<Error> full(const std::filesystem::path& path) {
        return fail(std::make_error_code(std::errc::no_space_on_device), path.string());
    }
    static tl::unexpected<Error> broken(const std::filesystem::path& path) {
        return fail(std::make_error_code(std::errc::io_error), path.string());
    }

    mutable Dice dice_;
    std::map<std::string, std::optional<Bytes>> unsure_;  ///< What a power cut brings back.
};

}  // namespace firebreak::simulation
