#pragma once

#include <cstdlib>
#include <filesystem>
#include <string>

#include "core/base/check.hpp"

namespace firebreak::test {

/// A folder of one test's own, gone with everything in it at the end.
class TemporaryFolder final {
public:
    TemporaryFolder() {
        std::string pattern =
            (std::filesystem::temp_directory_path() / "firebreak-test-XXXXXX").string();
        FIREBREAK_CHECK(::mkdtemp(pattern.data()) != nullptr);
        path_ = pattern;
    }
    ~TemporaryFolder() {
        std::error_code ignored;
        std::filesystem::remove_all(path_, ignored);
    }
    TemporaryFolder(const TemporaryFolder&) = delete;
    TemporaryFolder& operator=(const TemporaryFolder&) = delete;

    const std::filesystem::path& path() const { return path_; }

private:
    std::filesystem::path path_;
};

}  // namespace firebreak::test
