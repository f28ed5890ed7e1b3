#include "validator/fuzz/corpus.hpp"

#include "core/base/digest.hpp"
#include "core/base/errc.hpp"
#include "validator/sandbox/shared_memory.hpp"

namespace firebreak::validator {
namespace {

constexpr std::size_t kFilesMax = 8192;
constexpr std::uint64_t kBytesMax = 64U << 20U;
constexpr std::size_t kAddedMax = 512;

bool is_plain_file(const std::filesystem::path& path) {
    std::error_code code;
    return std::filesystem::symlink_status(path, code).type() ==
           std::filesystem::file_type::regular;
}

}  // namespace

Result<FuzzCorpus> FuzzCorpus::open(const std::filesystem::path& folder, FileStore& files) {
    FuzzCorpus corpus(folder, files);
    if (folder.empty()) return corpus;
    const Result<std::vector<std::string>> names = files.list(folder);
    if (!names && names.error() == Errc::kNotFound) return corpus;
    if (!names) return fail(names.error());
    for (const std::string& name : *names) {
        if (corpus.read_.size() == kFilesMax) break;
        if (!Sha256::from_hex(name) || !is_plain_file(folder / name)) continue;
        Result<Bytes> bytes = files.read(folder / name, BatchArea::kSlotBytes);
        if (!bytes || sha256(*bytes).hex() != name) continue;
        if (corpus.bytes_ + bytes->size() > kBytesMax) continue;
        corpus.bytes_ += bytes->size();
        corpus.read_.emplace(name, *std::move(bytes));
    }
    return corpus;
}

std::vector<Bytes> FuzzCorpus::inputs(const Mutator& mutator) const {
    std::vector<Bytes> inputs;
    for (const auto& [name, bytes] : read_) {
        if (mutator.takes(bytes)) inputs.push_back(bytes);
    }
    return inputs;
}

void FuzzCorpus::keep(const std::vector<Bytes>& inputs) {
    if (folder_.empty()) return;
    for (const Bytes& input : inputs) {
        const bool full = read_.size() + added_.size() >= kFilesMax || added_.size() >= kAddedMax ||
                          bytes_ + input.size() > kBytesMax;
        const std::string name = sha256(input).hex();
        if (full || read_.contains(name) || !added_.emplace(name, input).second) continue;
        bytes_ += input.size();
    }
}

Result<void> FuzzCorpus::save() {
    if (added_.empty()) return {};
    if (const auto made = files_->make_folder(folder_, FileMode::kPublic); !made) return made;
    for (const auto& [name, bytes] : added_) {
        const Result<void> written = files_->write(folder_ / name, bytes, FileMode::kPublic);
        if (!written) return written;
    }
    return {};
}

content::AttestedCorpus FuzzCorpus::attested() const {
    Sha256Stream stream;
    for (const auto& [name, bytes] : read_) stream.update(bytes_of(name + "\n"));
    return {.name = "fuzz:" + folder_.string(), .sha256 = stream.finish(), .files = read_.size()};
}

}  // namespace firebreak::validator
