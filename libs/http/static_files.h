// The pages, scripts and styles that a server hands out, read into memory once: a request only looks up a key, so no
// path leads out of the folder. Immutable after it was made; any thread.
#pragma once

#include <functional>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "libs/http/message.h"

namespace meridian {

struct StaticFile {
  std::string content;
  std::string content_type;
  std::string etag;  // quoted, of the content
};

class StaticFiles {
 public:
  // All regular files below `directory`; names that start with a dot and symbolic links are left out. Fails when the
  // directory cannot be read or holds more than 64 MB.
  static absl::StatusOr<StaticFiles> FromDirectory(const std::string& directory);
  // Forgets every file that is none of `names` and in none of the folders among them ("customer/").
  void KeepOnly(const std::set<std::string, std::less<>>& names);
  // `path` relative, such as "agent/index.html".
  void Add(std::string_view path, std::string content);

  // `path` relative to the files, without a leading slash; a folder is answered by its index.html, with or without a
  // slash at its end (so pages name their files by absolute paths). nullptr: none.
  const StaticFile* Find(std::string_view path) const;
  size_t size() const { return files_.size(); }

 private:
  std::map<std::string, StaticFile, std::less<>> files_;
};

// By the name's extension; application/octet-stream for an unknown one.
std::string_view ContentTypeOf(std::string_view path);

// 200 with the file, or 304 when If-None-Match names its ETag; with the headers that a page of ours gets: no-cache
// (asked again each time), nosniff, and a content security policy that allows this origin's own files and connections
// only.
HttpResponse ServeStaticFile(const StaticFile& file, const HttpRequest& request);

}  // namespace meridian
