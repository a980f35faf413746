#include "libs/wire/stored_config.h"

#include <openssl/sha.h>

#include <utility>

#include "absl/strings/escaping.h"
#include "absl/strings/string_view.h"
#include "google/protobuf/io/coded_stream.h"
#include "google/protobuf/io/zero_copy_stream_impl_lite.h"
#include "libs/wire/routing_fields.h"
#include "libs/wire/stored_format.h"
#include "libs/wire/tenant_config.h"

namespace meridian {

template <class A>
void Fields(A& a, InOut<A, ZoneTransition>& transition) {
  a.Time(1, transition.from);
  a.Signed(2, transition.offset_seconds);
}
template <class A>
void Fields(A& a, InOut<A, ZoneTable>& zone) {
  a.Text(1, zone.name);
  a.List(2, zone.transitions, kFields);
}

namespace {

// Maps sorted, so that equal configurations give equal bytes.
std::string Serialize(const admin::v1::TenantConfig& config) {
  admin::v1::TenantConfig copy = config;
  copy.clear_revision();
  std::string bytes;
  {
    google::protobuf::io::StringOutputStream stream(&bytes);
    google::protobuf::io::CodedOutputStream coded(&stream);
    coded.SetSerializationDeterministic(true);
    copy.SerializeToCodedStream(&coded);
  }
  return bytes;
}

}  // namespace

ConfigDigest DigestOf(const admin::v1::TenantConfig& config) {
  const std::string bytes = Serialize(config);
  ConfigDigest digest;
  SHA256(reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size(), digest.data());
  return digest;
}

std::string EtagOf(const ConfigDigest& digest) {
  return absl::BytesToHexString(absl::string_view(reinterpret_cast<const char*>(digest.data()), digest.size()));
}

uint64_t ShortDigestOf(const ConfigDigest& digest) {
  uint64_t value = 0;
  for (size_t i = 0; i < 8; ++i) value = value << 8 | digest[i];
  return value;
}

std::string EncodeStoredConfig(const admin::v1::TenantConfig& config, const std::vector<ZoneTable>& zones) {
  std::string stored;
  FieldWriter writer(&stored);
  writer.Number(1, StoredFormat());
  writer.Text(2, Serialize(config));
  writer.List(3, zones, kFields);
  return stored;
}

std::vector<std::string> CutStoredConfig(std::string_view stored) {
  std::vector<std::string> chunks;
  do {
    chunks.emplace_back(stored.substr(0, kConfigChunkBytes));
    stored.remove_prefix(chunks.back().size());
  } while (!stored.empty());
  return chunks;
}

absl::StatusOr<StoredConfig> DecodeStoredConfig(std::string_view stored, uint64_t revision) {
  const absl::Status malformed = absl::DataLossError("a stored configuration cannot be read");
  FieldReader reader(stored);
  uint64_t version = 0;
  std::vector<ZoneTable> zones;
  reader.Number(1, version);
  const std::string_view bytes = reader.Block(2);
  reader.List(3, zones, kFields);
  if (!reader.ok() || !IsReadableFormat(version)) return malformed;
  StoredConfig config;
  if (!config.proto.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) return malformed;
  config.proto.set_revision(revision);
  std::map<std::string, ZoneTable> tables;
  for (ZoneTable& zone : zones) {
    if (zone.transitions.empty()) return malformed;
    std::string name = zone.name;
    tables.emplace(std::move(name), std::move(zone));
  }
  std::vector<FieldViolation> violations;
  config.config = TenantConfigFromProto(config.proto, tables, violations);
  if (!violations.empty()) return malformed;
  Normalize(config.config);
  return config;
}

}  // namespace meridian
