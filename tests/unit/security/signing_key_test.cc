#include "libs/security/signing_key.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <set>
#include <thread>
#include <vector>

#include "libs/error/error.h"

namespace meridian::security {
namespace {

class SigningKeyTest : public testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = testing::TempDir() + "/signing_key_XXXXXX";
    ASSERT_NE(mkdtemp(pattern.data()), nullptr);
    directory_ = pattern;
  }
  void TearDown() override { std::filesystem::remove_all(directory_); }
  std::filesystem::path KeyFile() const { return directory_ / "signing_key.pem"; }

  std::filesystem::path directory_;
};

TEST_F(SigningKeyTest, IsMadeOnceAndLoadedAfterwards) {
  auto made = SigningKey::LoadOrCreate(directory_);
  ASSERT_TRUE(made.ok()) << made.status();
  auto loaded = SigningKey::LoadOrCreate(directory_);
  ASSERT_TRUE(loaded.ok()) << loaded.status();
  EXPECT_EQ(loaded->private_pem(), made->private_pem());
  EXPECT_EQ(loaded->public_pem(), made->public_pem());
  EXPECT_EQ(loaded->key_id(), made->key_id());
  EXPECT_EQ(made->key_id().size(), 16u);
}

TEST_F(SigningKeyTest, IsReadableByItsOwnerOnlyAndLeavesNoOtherFile) {
  ASSERT_TRUE(SigningKey::LoadOrCreate(directory_).ok());
  struct stat status = {};
  ASSERT_EQ(stat(KeyFile().c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777, 0600u);
  auto files = std::filesystem::directory_iterator(directory_);
  EXPECT_EQ(std::distance(begin(files), end(files)), 1);
}

TEST_F(SigningKeyTest, RefusesAFileThatOthersCanRead) {
  ASSERT_TRUE(SigningKey::LoadOrCreate(directory_).ok());
  ASSERT_EQ(chmod(KeyFile().c_str(), 0640), 0);
  auto key = SigningKey::LoadOrCreate(directory_);
  ASSERT_FALSE(key.ok());
  EXPECT_EQ(ErrorReason(key.status()), "SIGNING_KEY_UNUSABLE");
}

TEST_F(SigningKeyTest, RefusesWhatIsNoKeyAndLeavesItAlone) {
  std::ofstream(KeyFile()) << "nonsense";
  ASSERT_EQ(chmod(KeyFile().c_str(), 0600), 0);
  EXPECT_EQ(ErrorReason(SigningKey::LoadOrCreate(directory_).status()), "SIGNING_KEY_UNUSABLE");
  EXPECT_EQ(std::filesystem::file_size(KeyFile()), 8u);
}

TEST_F(SigningKeyTest, RefusesADirectoryThatIsNotThere) {
  EXPECT_EQ(ErrorReason(SigningKey::LoadOrCreate(directory_ / "absent").status()), "SIGNING_KEY_UNUSABLE");
}

TEST_F(SigningKeyTest, TakesOverFromACrashThatLeftAHalfWrittenFile) {
  std::ofstream(directory_ / "signing_key.pem.new") << "half";
  EXPECT_TRUE(SigningKey::LoadOrCreate(directory_).ok());
  EXPECT_FALSE(std::filesystem::exists(directory_ / "signing_key.pem.new"));
}

TEST_F(SigningKeyTest, ProcessesThatMakeItAtOnceGetTheSameKey) {
  std::vector<std::string> ids(8);
  std::vector<std::thread> makers;
  for (std::string& id : ids) {
    makers.emplace_back([this, &id] {
      auto key = SigningKey::LoadOrCreate(directory_);
      id = key.ok() ? key->key_id() : key.status().ToString();
    });
  }
  for (std::thread& maker : makers) maker.join();
  EXPECT_EQ(std::set<std::string>(ids.begin(), ids.end()).size(), 1u);
  EXPECT_EQ(SigningKey::LoadOrCreate(directory_)->key_id(), ids[0]);
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator(directory_), {}), 1) << "nothing is left beside it";
}

}  // namespace
}  // namespace meridian::security
