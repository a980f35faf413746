#include "libs/http/static_files.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

namespace meridian {
namespace {

namespace fs = std::filesystem;

class StaticFilesTest : public ::testing::Test {
 protected:
  void SetUp() override {
    fs::remove_all(folder_);
    Write("index.html", "<h1>home</h1>");
    Write("agent/index.html", "agent");
    Write("agent/app.js", "let a");
    Write(".hidden", "secret");
    Write(".git/config", "secret");
    fs::create_symlink("/etc/passwd", folder_ / "link.txt");
    fs::create_directory_symlink("/etc", folder_ / "etc");
  }
  void TearDown() override { fs::remove_all(folder_); }

  void Write(const std::string& name, std::string_view content) {
    fs::create_directories((folder_ / name).parent_path());
    std::ofstream(folder_ / name) << content;
  }

  const fs::path folder_ =
      fs::path(::testing::TempDir()) /
      ("static_files_" + std::string(::testing::UnitTest::GetInstance()->current_test_info()->name()));
};

TEST_F(StaticFilesTest, ReadsAFolderWithoutHiddenFilesAndLinks) {
  auto files = StaticFiles::FromDirectory(folder_.string());
  ASSERT_TRUE(files.ok()) << files.status();
  EXPECT_EQ(files->size(), 3u);
  ASSERT_NE(files->Find("agent/app.js"), nullptr);
  EXPECT_EQ(files->Find("agent/app.js")->content, "let a");
  EXPECT_EQ(files->Find("agent/app.js")->content_type, "text/javascript; charset=utf-8");
  EXPECT_EQ(files->Find("")->content, "<h1>home</h1>");
  EXPECT_EQ(files->Find("agent/")->content, "agent");
  EXPECT_EQ(files->Find("agent")->content, "agent");
  for (const char* none : {"link.txt", "etc/passwd", ".hidden", ".git/config", "../static_files_test.cc",
                           "agent/../index.html", "/index.html"}) {
    EXPECT_EQ(files->Find(none), nullptr) << none;
  }
}

TEST_F(StaticFilesTest, KeepsOnlyTheFilesAndFoldersNamed) {
  Write("agents.html", "agents");
  Write("shared/deep/page.css", "");
  auto files = StaticFiles::FromDirectory(folder_.string());
  ASSERT_TRUE(files.ok()) << files.status();
  files->KeepOnly({"agent/", "shared/"});
  EXPECT_EQ(files->size(), 3u);
  for (const char* kept : {"agent/app.js", "agent", "shared/deep/page.css"}) EXPECT_NE(files->Find(kept), nullptr);
  for (const char* gone : {"", "index.html", "agents.html"}) EXPECT_EQ(files->Find(gone), nullptr);
}

TEST_F(StaticFilesTest, AMissingFolderIsAnError) {
  EXPECT_EQ(StaticFiles::FromDirectory((folder_ / "none").string()).status().code(),
            absl::StatusCode::kInvalidArgument);
}

TEST(ServeStaticFileTest, KnownContentIsNotSentAgain) {
  StaticFiles files;
  files.Add("a.css", "body {}");
  files.Add("b.css", "body {} ");
  const StaticFile& file = *files.Find("a.css");
  EXPECT_NE(file.etag, files.Find("b.css")->etag);

  const HttpResponse first = ServeStaticFile(file, {});
  EXPECT_EQ(first.status, 200);
  EXPECT_EQ(first.body, "body {}");
  EXPECT_EQ(first.content_type, "text/css; charset=utf-8");

  const HttpResponse again = ServeStaticFile(file, {.headers = {{"If-None-Match", "\"x\", W/" + file.etag}}});
  EXPECT_EQ(again.status, 304);
  EXPECT_EQ(again.body, "");
  EXPECT_EQ(ServeStaticFile(file, {.headers = {{"If-None-Match", "\"x\""}}}).status, 200);
}

TEST(ServeStaticFileTest, PagesMayOnlyUseTheirOwnOrigin) {
  StaticFiles files;
  files.Add("index.html", "");
  std::string policy;
  for (const auto& [name, value] : ServeStaticFile(*files.Find(""), {}).headers) {
    if (name == "Content-Security-Policy") policy = value;
  }
  EXPECT_NE(policy.find("default-src 'none'"), std::string::npos);
  EXPECT_NE(policy.find("script-src 'self';"), std::string::npos);
  EXPECT_EQ(policy.find("unsafe"), std::string::npos);
}

TEST(ContentTypeTest, UnknownOnesAreBytes) {
  EXPECT_EQ(ContentTypeOf("a.html"), "text/html; charset=utf-8");
  EXPECT_EQ(ContentTypeOf("a.exe"), "application/octet-stream");
  EXPECT_EQ(ContentTypeOf("html"), "application/octet-stream");
}

}  // namespace
}  // namespace meridian
