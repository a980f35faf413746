#include "libs/testing/temporary_folder.h"

#include <cstdlib>
#include <filesystem>

#include "libs/base/check.h"

namespace meridian::testing {

TemporaryFolder::TemporaryFolder() {
  path_ = (std::filesystem::temp_directory_path() / "meridian-XXXXXX").string();
  MERIDIAN_CHECK(mkdtemp(path_.data()) != nullptr);
}

TemporaryFolder::~TemporaryFolder() {
  std::error_code error;  // a folder that stays is no failure of the test
  std::filesystem::remove_all(path_, error);
}

}  // namespace meridian::testing
