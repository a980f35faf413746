#include "libs/http/static_files.h"

#include <cstdio>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "libs/base/uuid.h"

namespace meridian {
namespace {

namespace fs = std::filesystem;

constexpr uint64_t kMaxTotalBytes = 64 << 20;

constexpr std::string_view kContentSecurityPolicy =
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; "
    "connect-src 'self'; manifest-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

std::string ETagOf(std::string_view content) {
  char text[40];
  std::snprintf(text, sizeof(text), "\"%016llx-%zx\"", static_cast<unsigned long long>(StableHash(content)),
                content.size());
  return text;
}

absl::StatusOr<std::string> ReadWhole(const fs::path& path) {
  std::ifstream in(path, std::ios::binary);
  std::ostringstream content;
  content << in.rdbuf();
  if (!in) return absl::UnavailableError("cannot read " + path.string());
  return std::move(content).str();
}

// If-None-Match is a list, and its tags may be marked as weak, which does not matter here.
bool NamesTag(std::string_view header, std::string_view etag) {
  return header == "*" || header.find(etag) != std::string_view::npos;
}

}  // namespace

absl::StatusOr<StaticFiles> StaticFiles::FromDirectory(const std::string& directory) {
  StaticFiles files;
  uint64_t total = 0;
  std::error_code error;
  for (fs::recursive_directory_iterator it(directory, error), end; !error && it != end; it.increment(error)) {
    const bool hidden = it->path().filename().string().front() == '.';
    if (it->is_symlink()) continue;
    if (it->is_directory()) {
      if (hidden) it.disable_recursion_pending();
      continue;
    }
    if (hidden || !it->is_regular_file()) continue;
    total += it->file_size();
    if (total > kMaxTotalBytes) return absl::InvalidArgumentError("more than 64 MB of files in " + directory);
    auto content = ReadWhole(it->path());
    if (!content.ok()) return content.status();
    files.Add(it->path().lexically_relative(directory).generic_string(), *std::move(content));
  }
  if (error) return absl::InvalidArgumentError("cannot read the folder " + directory + ": " + error.message());
  return files;
}

void StaticFiles::KeepOnly(const std::set<std::string, std::less<>>& names) {
  std::erase_if(files_, [&](const auto& entry) {
    const size_t slash = entry.first.find('/');
    return !names.contains(slash == std::string::npos ? entry.first : entry.first.substr(0, slash + 1));
  });
}

void StaticFiles::Add(std::string_view path, std::string content) {
  StaticFile file;
  file.content_type = ContentTypeOf(path);
  file.etag = ETagOf(content);
  file.content = std::move(content);
  files_.insert_or_assign(std::string(path), std::move(file));
}

const StaticFile* StaticFiles::Find(std::string_view path) const {
  if (path.empty() || path.back() == '/') {
    const auto it = files_.find(std::string(path) + "index.html");
    return it == files_.end() ? nullptr : &it->second;
  }
  auto it = files_.find(path);
  if (it == files_.end()) it = files_.find(std::string(path) + "/index.html");
  return it == files_.end() ? nullptr : &it->second;
}

std::string_view ContentTypeOf(std::string_view path) {
  static constexpr std::pair<std::string_view, std::string_view> kTypes[] = {
      {".html", "text/html; charset=utf-8"},
      {".js", "text/javascript; charset=utf-8"},
      {".mjs", "text/javascript; charset=utf-8"},
      {".css", "text/css; charset=utf-8"},
      {".json", "application/json"},
      {".map", "application/json"},
      {".txt", "text/plain; charset=utf-8"},
      {".svg", "image/svg+xml"},
      {".png", "image/png"},
      {".jpg", "image/jpeg"},
      {".webp", "image/webp"},
      {".ico", "image/vnd.microsoft.icon"},
      {".woff2", "font/woff2"},
      {".wasm", "application/wasm"},
      {".webmanifest", "application/manifest+json"},
  };
  for (const auto& [extension, type] : kTypes) {
    if (path.ends_with(extension)) return type;
  }
  return "application/octet-stream";
}

HttpResponse ServeStaticFile(const StaticFile& file, const HttpRequest& request) {
  HttpResponse response;
  response.headers = {{"Cache-Control", "no-cache"},
                      {"ETag", file.etag},
                      {"Content-Security-Policy", std::string(kContentSecurityPolicy)},
                      {"Cross-Origin-Opener-Policy", "same-origin"}};
  const auto known = request.Header("If-None-Match");
  if (known && NamesTag(*known, file.etag)) {
    response.status = 304;
    return response;
  }
  response.content_type = file.content_type;
  response.body = file.content;
  return response;
}

}  // namespace meridian
