// The corpus folder is input from outside: whatever stands in it, only fuzzing inputs come back.

#include <filesystem>
#include <fstream>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include "core/base/digest.hpp"
#include "tests/support/temporary_folder.hpp"
#include "validator/fuzz/corpus.hpp"

namespace firebreak::validator {
namespace {

class FuzzCorpusFolder : public ::testing::Test {
protected:
    FuzzCorpus open() { return *FuzzCorpus::open(path(), files_); }
    std::filesystem::path path() const { return folder_.path() / "corpus"; }

    void put(const std::string& name, const std::string& text) const {
        std::filesystem::create_directories(path());
        std::ofstream(path() / name, std::ios::binary) << text;
    }

    firebreak::test::TemporaryFolder folder_;
    PosixFileStore files_;
    Dictionary dictionary_;
    FileMutator mutator_{dictionary_, 1000};
};

TEST_F(FuzzCorpusFolder, GivesBackWhatItWasGiven) {
    FuzzCorpus corpus = open();
    EXPECT_TRUE(corpus.inputs(mutator_).empty());
    corpus.keep({to_bytes("one"), to_bytes("two"), to_bytes("one")});
    ASSERT_TRUE(corpus.save());

    const FuzzCorpus again = open();

    EXPECT_EQ(again.inputs(mutator_).size(), 2U);
    EXPECT_EQ(again.attested().files, 2U);
    EXPECT_NE(again.attested().sha256, corpus.attested().sha256);
}

TEST_F(FuzzCorpusFolder, TakesNothingThatIsNotWhatItsNameSays) {
    put(sha256(bytes_of("good")).hex(), "good");
    put(sha256(bytes_of("other")).hex(), "changed");
    put("README", "text");
    put("..hidden", "text");
    std::filesystem::create_directory(path() / sha256(bytes_of("folder")).hex());
    std::filesystem::create_symlink("/etc/passwd", path() / sha256(bytes_of("link")).hex());
    ::mkfifo((path() / sha256(bytes_of("pipe")).hex()).c_str(), 0600);
    const std::string large(100'000, 'x');
    put(sha256(bytes_of(large)).hex(), large);

    const std::vector<Bytes> inputs = open().inputs(mutator_);

    ASSERT_EQ(inputs.size(), 1U);
    EXPECT_EQ(to_text(inputs[0]), "good");
}

TEST_F(FuzzCorpusFolder, LeavesOutWhatTheMutatorDoesNotTake) {
    const std::string long_one(2000, 'x');
    put(sha256(bytes_of(long_one)).hex(), long_one);

    EXPECT_TRUE(open().inputs(mutator_).empty());
    EXPECT_EQ(open().attested().files, 1U);
}

TEST_F(FuzzCorpusFolder, KeepsNothingWithoutAFolder) {
    FuzzCorpus corpus = *FuzzCorpus::open({}, files_);
    corpus.keep({to_bytes("one")});
    EXPECT_TRUE(corpus.save());
    EXPECT_FALSE(std::filesystem::exists(path()));
}

}  // namespace
}  // namespace firebreak::validator
