#include "services/meridianctl/connection.h"

#include <charconv>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <random>

#include "libs/base/status_macros.h"
#include "libs/base/uuid.h"
#include "libs/config/text_file.h"
#include "libs/error/error.h"
#include "libs/rpc/error.h"
#include "libs/runtime/clock.h"
#include "libs/security/signing_key.h"
#include "libs/security/token_issuer.h"

namespace meridian::ctl {
namespace {

constexpr Duration kOwnTokenLife = Duration::Hours(1);

absl::StatusOr<std::string> TokenOf(const ConnectionOptions& options) {
  if (!options.token.empty()) return options.token;
  if (!options.token_file.empty()) {
    MERIDIAN_ASSIGN_OR_RETURN(std::string token, ReadTextFile(options.token_file));
    while (!token.empty() && (token.back() == '\n' || token.back() == '\r' || token.back() == ' ')) token.pop_back();
    return token;
  }
  security::TokenClaims claims;
  claims.tenant = options.tenant;
  claims.subject = "meridianctl";
  claims.role = security::Role::kAdmin;
  claims.expires_at = SystemWallClock().Now() + kOwnTokenLife;
  return MakeToken(options.data, claims);
}

// A token's claims are given by options here.
absl::Status AsOptions(const absl::Status& status) {
  std::vector<FieldViolation> violations = FieldViolations(status);
  if (violations.empty()) return status;
  for (FieldViolation& violation : violations) {
    if (violation.field == "expires_at") violation.field = "ttl";
    if (violation.field == "permissions" || violation.field == "agents") violation.field.pop_back();
    violation.field.insert(0, "--");
  }
  return FieldErrors(violations);
}

absl::StatusOr<std::string> TargetOf(const ConnectionOptions& options, const std::string& service) {
  if (!options.target.empty()) return options.target;
  MERIDIAN_ASSIGN_OR_RETURN(auto addresses, ReadAddresses(options.data));
  auto grpc = addresses.find(service);
  if (grpc == addresses.end()) grpc = addresses.find(service + "-1");
  if (grpc == addresses.end()) grpc = addresses.find("grpc");
  if (grpc == addresses.end()) {
    return MakeError(absl::StatusCode::kNotFound, "NO_ADDRESS",
                     options.data + "/addresses.json names no address for gRPC: give --target HOST:PORT");
  }
  const size_t scheme = grpc->second.find("://");
  return scheme == std::string::npos ? grpc->second : grpc->second.substr(scheme + 3);
}

// Says of a method that the server does not have what that may mean.
class ExplainingClient : public rpc::Client {
 public:
  ExplainingClient(std::unique_ptr<rpc::Client> client, std::string target, std::string service)
      : client_(std::move(client)), target_(std::move(target)), service_(std::move(service)) {}

  absl::Status Call(const std::string& method, const google::protobuf::MessageLite& request,
                    google::protobuf::MessageLite* response) override {
    return Explained(client_->Call(method, request, response), method);
  }
  std::unique_ptr<rpc::ClientStream> OpenStream(const std::string& method) override {
    return std::make_unique<Stream>(client_->OpenStream(method), *this, method);
  }

 private:
  class Stream : public rpc::ClientStream {
   public:
    Stream(std::unique_ptr<rpc::ClientStream> stream, const ExplainingClient& client, std::string method)
        : stream_(std::move(stream)), client_(client), method_(std::move(method)) {}

    bool Write(const google::protobuf::MessageLite& message) override { return stream_->Write(message); }
    bool Read(google::protobuf::MessageLite* message) override { return stream_->Read(message); }
    void HalfClose() override { stream_->HalfClose(); }
    void Cancel() override { stream_->Cancel(); }
    absl::Status Finish() override { return client_.Explained(stream_->Finish(), method_); }

   private:
    const std::unique_ptr<rpc::ClientStream> stream_;
    const ExplainingClient& client_;
    const std::string method_;
  };

  absl::Status Explained(absl::Status status, const std::string& method) const {
    if (!absl::IsUnimplemented(status)) return status;
    return absl::UnimplementedError(target_ + " does not have " + method +
                                    ": either it is not a process that serves it (" + service_ +
                                    ", or a platform in one process), or it is older than this meridianctl");
  }

  const std::unique_ptr<rpc::Client> client_;
  const std::string target_;
  const std::string service_;
};

}  // namespace

absl::StatusOr<std::map<std::string, std::string>> ReadAddresses(const std::string& data) {
  const std::string path = data + "/addresses.json";
  if (!std::filesystem::exists(path)) {
    return MakeError(absl::StatusCode::kNotFound, "NOT_RUNNING",
                     "no platform is ready in " + data + ": start one with deploy/dev/up, or name its folder with " +
                         "--data DIR or its address with --target HOST:PORT");
  }
  MERIDIAN_ASSIGN_OR_RETURN(std::string text, ReadTextFile(path));
  std::map<std::string, std::string> addresses;
  const auto json = nlohmann::json::parse(text, nullptr, /*allow_exceptions=*/false);
  if (!json.is_object()) {
    return MakeError(absl::StatusCode::kInternal, "BAD_ADDRESSES", path + " is not a JSON object");
  }
  for (const auto& [name, address] : json.items()) {
    if (address.is_string()) addresses[name] = address.get<std::string>();
  }
  return addresses;
}

absl::StatusOr<std::string> MakeToken(const std::string& data, const security::TokenClaims& claims) {
  const std::filesystem::path keys = std::filesystem::path(data) / "keys";
  if (!std::filesystem::exists(keys / "signing_key.pem")) {
    return MakeError(absl::StatusCode::kNotFound, "NO_SIGNING_KEY",
                     "there is no signing key in " + keys.string() + ": name the platform's folder with --data DIR, " +
                         "or give a token with --token-file FILE");
  }
  MERIDIAN_ASSIGN_OR_RETURN(security::SigningKey key, security::SigningKey::LoadOrCreate(keys));
  auto token = security::IssueToken(key, claims, SystemWallClock().Now());
  if (!token.ok()) return AsOptions(token.status());
  return token;
}

absl::StatusOr<std::unique_ptr<rpc::Client>> Connect(const ConnectionOptions& options, const std::string& service) {
  rpc::ClientOptions client;
  MERIDIAN_ASSIGN_OR_RETURN(client.target, TargetOf(options, service));
  MERIDIAN_ASSIGN_OR_RETURN(client.token, TokenOf(options));
  if (options.tls_roots_file == "system") {
    client.tls_roots_pem = "";
  } else if (!options.tls_roots_file.empty()) {
    MERIDIAN_ASSIGN_OR_RETURN(client.tls_roots_pem, ReadTextFile(options.tls_roots_file));
  }
  std::string target = client.target;
  return std::make_unique<ExplainingClient>(rpc::Client::Connect(std::move(client)), std::move(target), service);
}

std::string NewRequestId(int64_t unix_milliseconds) {
  static std::random_device random;
  auto word = [] { return static_cast<uint64_t>(random()) << 32 | random(); };
  return Uuid::Version7(unix_milliseconds, word(), word()).ToString();
}

absl::Status CallWithRequestId(const std::function<absl::Status(const std::string&)>& call) {
  const absl::Status status = call(NewRequestId(SystemWallClock().Now().ToUnixMilliseconds()));
  const std::string reason = ErrorReason(status);
  if (reason != "REQUEST_TOO_OLD" && reason != "REQUEST_FROM_FUTURE") return status;
  const std::string text = ErrorMetadataOf(status)[std::string(rpc::kShardTimeMetadata)];
  int64_t shard_time = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), shard_time);
  if (error != std::errc() || end != text.data() + text.size() || shard_time <= 0) return status;
  return call(NewRequestId(shard_time));
}

}  // namespace meridian::ctl
