#include "libs/security/signing_key.h"

#include <fcntl.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/pem.h>
#include <openssl/sha.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>
#include <vector>

#include "libs/base/status_macros.h"
#include "libs/error/error.h"
#include "libs/security/openssl_handles.h"

namespace meridian::security {
namespace {

constexpr char kFileName[] = "signing_key.pem";

absl::Status KeyError(const std::string& message) {
  return MakeError(absl::StatusCode::kFailedPrecondition, "SIGNING_KEY_UNUSABLE", message);
}

absl::Status FileError(const char* what, const std::filesystem::path& path) {
  return KeyError(std::string(what) + " " + path.string() + ": " + std::strerror(errno));
}

class File {
 public:
  explicit File(int descriptor) : descriptor_(descriptor) {}
  ~File() {
    if (descriptor_ >= 0) ::close(descriptor_);
  }
  File(const File&) = delete;
  File& operator=(const File&) = delete;
  int get() const { return descriptor_; }
  bool ok() const { return descriptor_ >= 0; }

 private:
  int descriptor_;
};

std::string BioText(BIO* bio) {
  char* text = nullptr;
  long length = BIO_get_mem_data(bio, &text);  // NOLINT(google-runtime-int): OpenSSL's type
  return std::string(text, static_cast<size_t>(length));
}

std::string Hex(const unsigned char* bytes, size_t count) {
  static constexpr char kDigits[] = "0123456789abcdef";
  std::string text;
  for (size_t i = 0; i < count; ++i) text += {kDigits[bytes[i] >> 4], kDigits[bytes[i] & 15]};
  return text;
}

bool IsP256(EVP_PKEY* key) {
  char group[32] = {};
  size_t length = 0;
  if (EVP_PKEY_get_base_id(key) != EVP_PKEY_EC) return false;
  if (EVP_PKEY_get_group_name(key, group, sizeof(group), &length) != 1) return false;
  return std::strcmp(group, "prime256v1") == 0;
}

absl::Status SyncDirectory(const std::filesystem::path& directory) {
  File opened(::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!opened.ok() || ::fsync(opened.get()) != 0) return FileError("cannot sync", directory);
  return absl::OkStatus();
}

absl::Status WriteWhole(int descriptor, const std::string& text, const std::filesystem::path& path) {
  size_t written = 0;
  while (written < text.size()) {
    ssize_t count = ::write(descriptor, text.data() + written, text.size() - written);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return FileError("cannot write", path);
    written += static_cast<size_t>(count);
  }
  if (::fsync(descriptor) != 0) return FileError("cannot sync", path);
  return absl::OkStatus();
}

// A crash leaves either no key or a whole one.
absl::Status WriteAtomically(const std::filesystem::path& path, const std::string& text) {
  std::filesystem::path temporary = path;
  temporary += ".new";
  {
    ::unlink(temporary.c_str());
    File file(::open(temporary.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
    if (!file.ok()) return FileError("cannot create", temporary);
    MERIDIAN_RETURN_IF_ERROR(WriteWhole(file.get(), text, temporary));
  }
  if (::rename(temporary.c_str(), path.c_str()) != 0) return FileError("cannot rename to", path);
  return SyncDirectory(path.parent_path());
}

absl::StatusOr<std::string> ReadPrivately(int descriptor, const std::filesystem::path& path) {
  struct stat status = {};
  if (::fstat(descriptor, &status) != 0) return FileError("cannot read", path);
  if ((status.st_mode & 077) != 0) return KeyError(path.string() + " must be readable by its owner only (chmod 600)");
  std::string text(16384, '\0');
  ssize_t count = ::read(descriptor, text.data(), text.size());
  if (count < 0) return FileError("cannot read", path);
  text.resize(static_cast<size_t>(count));
  return text;
}

}  // namespace

absl::StatusOr<SigningKey> SigningKey::FromPem(const std::string& private_pem) {
  BioHandle in(BIO_new_mem_buf(private_pem.data(), static_cast<int>(private_pem.size())));
  KeyHandle key(PEM_read_bio_PrivateKey(in.get(), nullptr, nullptr, nullptr));
  if (!key || !IsP256(key.get())) return KeyError("not a P-256 private key in PEM form");
  BioHandle out(BIO_new(BIO_s_mem()));
  if (PEM_write_bio_PUBKEY(out.get(), key.get()) != 1) return KeyError("cannot write the public key");
  SigningKey result;
  result.private_pem_ = private_pem;
  result.public_pem_ = BioText(out.get());
  unsigned char digest[SHA256_DIGEST_LENGTH];
  SHA256(reinterpret_cast<const unsigned char*>(result.public_pem_.data()), result.public_pem_.size(), digest);
  result.key_id_ = Hex(digest, 8);
  return result;
}

absl::StatusOr<SigningKey> SigningKey::Generate() {
  KeyHandle key(EVP_EC_gen("P-256"));
  BioHandle out(BIO_new(BIO_s_mem()));
  if (!key || PEM_write_bio_PrivateKey(out.get(), key.get(), nullptr, nullptr, 0, nullptr, nullptr) != 1) {
    return KeyError("cannot make a key");
  }
  return FromPem(BioText(out.get()));
}

absl::StatusOr<SigningKey> SigningKey::Load(const std::filesystem::path& directory) {
  const std::filesystem::path path = directory / kFileName;
  const File file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!file.ok() && errno == ENOENT) return absl::NotFoundError("there is no " + path.string());
  if (!file.ok()) return FileError("cannot open", path);
  MERIDIAN_ASSIGN_OR_RETURN(std::string pem, ReadPrivately(file.get(), path));
  auto key = FromPem(pem);
  if (!key.ok()) return KeyError(path.string() + ": " + std::string(key.status().message()));
  return key;
}

absl::StatusOr<SigningKey> SigningKey::LoadOrCreate(const std::filesystem::path& directory) {
  auto existing = Load(directory);
  if (!absl::IsNotFound(existing.status())) return existing;
  const File locked(::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!locked.ok() || ::flock(locked.get(), LOCK_EX) != 0) return FileError("cannot lock", directory);
  existing = Load(directory);
  if (!absl::IsNotFound(existing.status())) return existing;
  const std::filesystem::path path = directory / kFileName;
  MERIDIAN_ASSIGN_OR_RETURN(SigningKey key, Generate());
  MERIDIAN_RETURN_IF_ERROR(WriteAtomically(path, key.private_pem()));
  return key;
}

}  // namespace meridian::security
