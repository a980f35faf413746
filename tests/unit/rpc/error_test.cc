#include "libs/rpc/error.h"

#include <gtest/gtest.h>

#include "google/rpc/error_details.pb.h"
#include "google/rpc/status.pb.h"
#include "libs/error/quota_error.h"
#include "libs/rpc/grpc_status.h"
#include "meridian/type/v1/envelope.pb.h"

namespace meridian::rpc {
namespace {

TEST(RpcErrorTest, EveryCodeSurvivesTheWayOverGrpc) {
  for (int code = 1; code <= 16; ++code) {
    absl::Status status = MakeError(static_cast<absl::StatusCode>(code), "SOME_REASON", "some message", {{"k", "v"}});
    grpc::Status sent = ToGrpcStatus(status);
    EXPECT_EQ(sent.error_code(), code);
    absl::Status received = FromGrpcStatus(sent);
    EXPECT_EQ(received.code(), status.code());
    EXPECT_EQ(ErrorReason(received), "SOME_REASON");
    EXPECT_EQ(ErrorMetadataOf(received), (ErrorMetadata{{"k", "v"}}));
  }
  EXPECT_TRUE(ToGrpcStatus(absl::OkStatus()).ok());
  EXPECT_TRUE(FromGrpcStatus(grpc::Status::OK).ok());
}

TEST(RpcErrorTest, FieldViolationsSurviveTheWayOverGrpc) {
  std::vector<FieldViolation> violations = {{"a.b", "must be set"}, {"c[1]", "must be positive"}};
  EXPECT_EQ(FieldViolations(FromGrpcStatus(ToGrpcStatus(FieldErrors(violations)))), violations);
}

TEST(RpcErrorTest, AQuotaIsToldInTheFormsThatClientsKnow) {
  google::rpc::Status sent;
  ToRpcStatus(WithLimit(QuotaExceeded("new_contacts.per_second", "too many new contacts"), 10, 2750), &sent);
  ASSERT_EQ(sent.details_size(), 3);
  google::rpc::ErrorInfo info;
  google::rpc::QuotaFailure failure;
  google::rpc::RetryInfo retry;
  ASSERT_TRUE(sent.details(0).UnpackTo(&info) && sent.details(1).UnpackTo(&failure) &&
              sent.details(2).UnpackTo(&retry));
  EXPECT_EQ(info.reason(), "QUOTA_EXCEEDED");
  EXPECT_EQ(info.metadata().at("quota"), "new_contacts.per_second");
  EXPECT_EQ(info.metadata().at("limit"), "10");
  ASSERT_EQ(failure.violations_size(), 1);
  EXPECT_EQ(failure.violations(0).subject(), "tenant");
  EXPECT_EQ(failure.violations(0).quota_metric(), "new_contacts.per_second");
  EXPECT_EQ(failure.violations(0).quota_value(), 10);
  EXPECT_EQ(failure.violations(0).description(), "too many new contacts");
  EXPECT_EQ(retry.retry_delay().seconds(), 2);
  EXPECT_EQ(retry.retry_delay().nanos(), 750'000'000);
  EXPECT_EQ(ErrorReason(FromRpcStatus(sent)), "QUOTA_EXCEEDED");
}

TEST(RpcErrorTest, OurOwnFaultsAreNotShown) {
  absl::Status status = absl::InternalError("password of /var/lib/x is y");
  EXPECT_EQ(ToGrpcStatus(status).error_message(), "internal error");
  EXPECT_EQ(ToGrpcStatus(status).error_details().find("password"), std::string::npos);
  EXPECT_EQ(ToErrorJson(status), R"({"code":"INTERNAL","reason":"INTERNAL","message":"internal error"})");
}

TEST(RpcErrorTest, AStatusWithoutAReasonGetsItsCodesOwn) {
  EXPECT_EQ(ErrorReason(FromGrpcStatus(ToGrpcStatus(absl::NotFoundError("no such thing")))), "NOT_FOUND");
}

TEST(RpcErrorTest, GrpcsOwnStatusesHaveNoDetails) {
  absl::Status status = FromGrpcStatus(grpc::Status(grpc::StatusCode::UNAVAILABLE, "connection refused"));
  EXPECT_EQ(status.code(), absl::StatusCode::kUnavailable);
  EXPECT_EQ(status.message(), "connection refused");
}

TEST(RpcErrorTest, JsonCarriesAllAndIsAlwaysUtf8) {
  absl::Status status = WithFieldViolations(
      MakeError(absl::StatusCode::kAborted, "CONFLICT", "not \xff text", {{"retry_after_ms", "5"}}), {{"f", "r"}});
  EXPECT_EQ(ToErrorJson(status),
            "{\"code\":\"ABORTED\",\"reason\":\"CONFLICT\",\"message\":\"not \xEF\xBF\xBD text\","
            "\"violations\":[{\"field\":\"f\",\"rule\":\"r\"}],\"metadata\":{\"retry_after_ms\":\"5\"}}");
}

TEST(RpcErrorTest, AFramesErrorCarriesTheShardsTime) {
  type::v1::Error error;
  ToErrorMessage(MakeError(absl::StatusCode::kFailedPrecondition, "REQUEST_TOO_OLD", "too old",
                           {{std::string(kShardTimeMetadata), "1800000000123"}}),
                 &error);
  EXPECT_EQ(error.code(), "FAILED_PRECONDITION");
  EXPECT_EQ(error.reason(), "REQUEST_TOO_OLD");
  EXPECT_EQ(error.shard_time_ms(), 1800000000123);
}

}  // namespace
}  // namespace meridian::rpc
