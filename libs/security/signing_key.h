// The ES256 (P-256) key pair with which one installation signs its tokens. Immutable value; any thread.
#pragma once

#include <filesystem>
#include <string>

#include "absl/status/statusor.h"

namespace meridian::security {

class SigningKey {
 public:
  // Reads `directory`/signing_key.pem, or makes it at the first start: mode 0600, written to a temporary file, synced,
  // renamed, the directory synced. Of several processes that do so at once the first one's key is everybody's. Fails
  // when the file is readable by others, is not a P-256 key, or the disk says no.
  static absl::StatusOr<SigningKey> LoadOrCreate(const std::filesystem::path& directory);
  // The key that `directory` holds; NOT_FOUND when there is none yet, else as LoadOrCreate. Writes nothing.
  static absl::StatusOr<SigningKey> Load(const std::filesystem::path& directory);
  // A new key in memory only.
  static absl::StatusOr<SigningKey> Generate();
  static absl::StatusOr<SigningKey> FromPem(const std::string& private_pem);

  // 16 hexadecimal characters of the SHA-256 of the public key: the `kid` of the tokens.
  const std::string& key_id() const { return key_id_; }
  const std::string& private_pem() const { return private_pem_; }
  const std::string& public_pem() const { return public_pem_; }

 private:
  SigningKey() = default;

  std::string key_id_;
  std::string private_pem_;
  std::string public_pem_;
};

}  // namespace meridian::security
