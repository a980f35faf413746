// gRPC's credentials from TlsFiles. Any thread.
#pragma once

#include <grpcpp/security/credentials.h>
#include <grpcpp/security/server_credentials.h>

#include <memory>

#include "libs/rpc/tls_files.h"

namespace meridian::rpc {

std::shared_ptr<grpc::ServerCredentials> ServerTls(const TlsFiles& files);
// Shows the process's certificate, and demands one that a trusted authority gave to the server's name.
std::shared_ptr<grpc::ChannelCredentials> ChannelTls(const TlsFiles& files);

}  // namespace meridian::rpc
