#include "libs/rpc/tls_files.h"

#include <openssl/pem.h>
#include <openssl/x509.h>

#include <memory>

#include "absl/status/statusor.h"
#include "libs/base/status_macros.h"
#include "libs/security/openssl_handles.h"

namespace meridian::rpc {
namespace {

using security::BioHandle;
using security::KeyHandle;

struct FreeCertificate {
  void operator()(X509* certificate) const { X509_free(certificate); }
};
using CertificateHandle = std::unique_ptr<X509, FreeCertificate>;

absl::Status Wrong(const std::string& path, const char* what) {
  return absl::InvalidArgumentError("TLS file " + path + ": " + what);
}

absl::StatusOr<BioHandle> Open(const std::string& path) {
  BioHandle file(BIO_new_file(path.c_str(), "r"));
  if (file == nullptr) return Wrong(path, "cannot be read");
  return file;
}

absl::StatusOr<CertificateHandle> ReadCertificate(const std::string& path) {
  MERIDIAN_ASSIGN_OR_RETURN(const BioHandle file, Open(path));
  CertificateHandle certificate(PEM_read_bio_X509(file.get(), nullptr, nullptr, nullptr));
  if (certificate == nullptr) return Wrong(path, "holds no certificate in PEM");
  return certificate;
}

}  // namespace

absl::Status CheckCertificateFile(const std::string& path) { return ReadCertificate(path).status(); }

absl::Status CheckTlsFiles(const TlsFiles& files) {
  MERIDIAN_ASSIGN_OR_RETURN(const CertificateHandle certificate, ReadCertificate(files.certificate));
  MERIDIAN_ASSIGN_OR_RETURN(const BioHandle key_file, Open(files.private_key));
  const KeyHandle key(PEM_read_bio_PrivateKey(key_file.get(), nullptr, nullptr, nullptr));
  if (key == nullptr) return Wrong(files.private_key, "holds no private key in PEM");
  if (X509_check_private_key(certificate.get(), key.get()) != 1) {
    return Wrong(files.private_key, "is not the key of the certificate");
  }
  return files.roots.empty() ? absl::OkStatus() : ReadCertificate(files.roots).status();
}

}  // namespace meridian::rpc
