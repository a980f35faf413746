#include "libs/config/text_file.h"

#include <gtest/gtest.h>

#include <fstream>

#include "libs/error/error.h"
#include "libs/testing/temporary_folder.h"

namespace meridian {
namespace {

TEST(TextFileTest, ReadsAllOrSaysWhyNot) {
  testing::TemporaryFolder folder;
  const std::string file = folder.path() + "/a.yaml";
  std::ofstream(file) << "a\n";
  EXPECT_EQ(*ReadTextFile(file), "a\n");
  const std::string empty = folder.path() + "/empty";
  std::ofstream{empty};
  EXPECT_EQ(*ReadTextFile(empty), "");
  for (const auto& [path, why] :
       {std::pair(folder.path(), "Is a directory"), std::pair(folder.path() + "/none", "No such file or directory")}) {
    const absl::Status status = ReadTextFile(path).status();
    EXPECT_EQ(ErrorReason(status), "FILE_NOT_READABLE");
    EXPECT_EQ(std::string(status.message()), "cannot read " + path + ": " + why);
  }
}

}  // namespace
}  // namespace meridian
