#pragma once

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "sensor/sigma/compiler/compiler.hpp"

namespace firebreak::sigma {

/// Where real content lies, when it is there: FIREBREAK_CORPORA, or beside the source folder.
inline std::filesystem::path corpora() {
    if (const char* given = std::getenv("FIREBREAK_CORPORA")) return given;
    return std::filesystem::path(FIREBREAK_SOURCE_DIR) / ".." / "shared" / "corpora";
}

inline std::string read_text(const std::filesystem::path& path) {
    std::ifstream file(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

/// Rule files, in memory.
struct Corpus {
    std::vector<std::string> names;
    std::vector<std::string> texts;

    std::vector<RuleSource> sources() const {
        std::vector<RuleSource> sources;
        for (std::size_t i = 0; i < names.size(); ++i) sources.push_back({names[i], texts[i]});
        return sources;
    }
};

inline Corpus read_corpus(const std::filesystem::path& folder) {
    Corpus corpus;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(folder)) {
        if (entry.path().extension() == ".yml") corpus.names.push_back(entry.path().string());
    }
    std::ranges::sort(corpus.names);
    for (const std::string& name : corpus.names) corpus.texts.push_back(read_text(name));
    return corpus;
}

}  // namespace firebreak::sigma
