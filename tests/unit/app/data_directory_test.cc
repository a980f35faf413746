#include "libs/app/data_directory.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>

namespace meridian {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;

class DataDirectoryTest : public ::testing::Test {
 protected:
  void SetUp() override { fs::remove_all(path_); }
  void TearDown() override { fs::remove_all(path_); }

  static unsigned ModeOf(const std::string& path) {
    struct stat info {};
    return stat(path.c_str(), &info) == 0 ? info.st_mode & 0777 : 0;
  }
  static std::string Read(const std::string& path) {
    std::ostringstream content;
    content << std::ifstream(path).rdbuf();
    return content.str();
  }

  const std::string path_ =
      ::testing::TempDir() + "data_directory_" + ::testing::UnitTest::GetInstance()->current_test_info()->name();
};

TEST_F(DataDirectoryTest, MakesAFolderThatOnlyItsOwnerReads) {
  auto data = DataDirectory::Open(path_ + "/a/b");
  ASSERT_TRUE(data.ok()) << data.status();
  EXPECT_EQ(ModeOf(path_ + "/a/b"), 0700u);
  EXPECT_EQ((*data)->File("x.db"), path_ + "/a/b/x.db");
}

TEST_F(DataDirectoryTest, KeepsWhatItWasMadeWith) {
  {
    auto data = DataDirectory::Open(path_);
    ASSERT_TRUE(data.ok());
    EXPECT_TRUE((*data)->RequireSame("region", "eu1").ok());
    EXPECT_TRUE((*data)->RequireSame("region", "eu1").ok());
  }
  auto again = DataDirectory::Open(path_);
  ASSERT_TRUE(again.ok());
  EXPECT_TRUE((*again)->RequireSame("region", "eu1").ok());
  const absl::Status other = (*again)->RequireSame("region", "us1");
  EXPECT_EQ(other.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(other.message()), HasSubstr("was made with the region eu1, not us1"));
}

TEST_F(DataDirectoryTest, ASecondOneIsRefusedNamingTheFirst) {
  auto first = DataDirectory::Open(path_);
  ASSERT_TRUE(first.ok());
  ASSERT_TRUE((*first)->WriteAddresses({{"http", "x"}}).ok());
  const auto second = DataDirectory::Open(path_);
  EXPECT_EQ(second.status().code(), absl::StatusCode::kFailedPrecondition);
  const std::string message(second.status().message().data(), second.status().message().size());
  EXPECT_THAT(message, HasSubstr("process " + std::to_string(getpid()) + ", started at 2"));
  EXPECT_THAT(message, HasSubstr("app_test"));
  EXPECT_TRUE(fs::exists((*first)->File("addresses.json")));  // the refused one touched nothing
  first->reset();
  EXPECT_TRUE(DataDirectory::Open(path_).ok());
}

TEST_F(DataDirectoryTest, AProcessThatDiedHoldsNothing) {
  const pid_t child = fork();
  if (child == 0) {
    auto data = DataDirectory::Open(path_);
    const bool written = data.ok() && (*data)->WriteAddresses({{"http", "gone"}}).ok();
    _exit(written ? 0 : 1);  // without a destructor, as killed
  }
  int status = 0;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  ASSERT_EQ(status, 0);
  ASSERT_TRUE(fs::exists(path_ + "/addresses.json"));
  auto data = DataDirectory::Open(path_);
  ASSERT_TRUE(data.ok()) << data.status();
  EXPECT_FALSE(fs::exists(path_ + "/addresses.json"));
}

TEST_F(DataDirectoryTest, AddressesAreThereWhileTheProcessIsReady) {
  auto data = DataDirectory::Open(path_);
  ASSERT_TRUE(data.ok());
  ASSERT_TRUE((*data)->WriteAddresses({{"http", "http://127.0.0.1:1"}, {"grpc", "127.0.0.1:2"}}).ok());
  const auto addresses = nlohmann::json::parse(Read((*data)->File("addresses.json")));
  EXPECT_EQ(addresses["http"], "http://127.0.0.1:1");
  EXPECT_EQ(addresses["grpc"], "127.0.0.1:2");
  EXPECT_FALSE(fs::exists((*data)->File("addresses.json.next")));
  data->reset();
  EXPECT_FALSE(fs::exists(path_ + "/addresses.json"));
}

TEST_F(DataDirectoryTest, AFolderThatCannotBeMadeIsAnError) {
  EXPECT_FALSE(DataDirectory::Open("/proc/meridian").ok());
  EXPECT_EQ(DataDirectory::Open("").status().code(), absl::StatusCode::kInvalidArgument);
  std::ofstream(path_) << "a file";
  EXPECT_FALSE(DataDirectory::Open(path_).ok());
}

TEST_F(DataDirectoryTest, ReplaceFileReplacesContentAndMode) {
  fs::create_directory(path_);
  const std::string file = path_ + "/key";
  ASSERT_TRUE(ReplaceFile(file, "one", 0644).ok());
  ASSERT_TRUE(ReplaceFile(file, "two", 0600).ok());
  EXPECT_EQ(Read(file), "two");
  EXPECT_EQ(ModeOf(file), 0600u);
  EXPECT_FALSE(ReplaceFile(path_ + "/none/key", "x", 0600).ok());
}

}  // namespace
}  // namespace meridian
