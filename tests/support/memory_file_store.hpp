#pragma once

#include <map>
#include <set>

#include "core/base/errc.hpp"
#include "core/base/file_store.hpp"

namespace firebreak::test {

/// A disk in memory that can be told to fail: the n-th change from now on, once or for good. A
/// failed write leaves the old file, as the contract of FileStore demands.
class MemoryFileStore final : public FileStore {
public:
    std::map<std::string, Bytes> files;
    int changes = 0;  ///< Writes and removals so far, failed ones included.

    /// The change number `nth` (from 1, counted from now) and, if `for_good`, all after it fail
    /// with
    /// ENOSPC.
    void fail_change(int nth, bool for_good = false) {
        fail_at_ = changes + nth;
        for_good_ = for_good;
    }
    void heal() { fail_at_ = 0; }

    Result<Bytes> read(const std::filesystem::path& path, std::uint64_t bytes_max) const override {
        const auto found = files.find(path.string());
        if (found == files.end()) return fail(Errc::kNotFound, path.string());
        if (found->second.size() > bytes_max) return fail(Errc::kTooLarge, path.string());
        return found->second;
    }

    Result<void> write(const std::filesystem::path& path, ByteView bytes, FileMode) override {
        if (fails_now()) return no_space(path);
        files[path.string()] = copy_of(bytes);
        return {};
    }

    Result<void> remove(const std::filesystem::path& path) override {
        if (fails_now()) return no_space(path);
        files.erase(path.string());
        return {};
    }

    Result<void> make_folder(const std::filesystem::path&, FileMode) override { return {}; }

    Result<std::vector<std::string>> list(const std::filesystem::path& folder) const override {
        std::set<std::string> names;
        const std::string prefix = folder.string() + "/";
        for (const auto& [path, bytes] : files) {
            if (!path.starts_with(prefix)) continue;
            const std::string rest = path.substr(prefix.size());
            names.insert(rest.substr(0, rest.find('/')));
        }
        return std::vector<std::string>(names.begin(), names.end());
    }

private:
    bool fails_now() {
        ++changes;
        return fail_at_ != 0 && (changes == fail_at_ || (for_good_ && changes > fail_at_));
    }
    static tl::unexpected<Error> no_space(const std::filesystem::path& path) {
        return fail(std::make_error_code(std::errc::no_space_on_device), path.string());
    }

    int fail_at_ = 0;
    bool for_good_ = false;
};

}  // namespace firebreak::test
