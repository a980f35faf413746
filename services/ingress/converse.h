// The Converse stream: everything a customer's page does over one connection.
#pragma once

#include <memory>

#include "libs/rpc/server_stream.h"
#include "meridian/ingress/v1/ingress_service.pb.h"
#include "services/ingress/requests.h"

namespace meridian {

std::unique_ptr<rpc::StreamHandler<ingress::v1::ConverseRequest>> OpenConverse(
    std::shared_ptr<const IngressRequests> requests, rpc::ServerStream<ingress::v1::ConverseResponse> stream);

}  // namespace meridian
