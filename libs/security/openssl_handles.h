// Owning handles of OpenSSL objects.
#pragma once

#include <openssl/bio.h>
#include <openssl/evp.h>

#include <memory>

namespace meridian::security {

struct FreeKey {
  void operator()(EVP_PKEY* key) const { EVP_PKEY_free(key); }
};
struct FreeBio {
  void operator()(BIO* bio) const { BIO_free(bio); }
};
using KeyHandle = std::unique_ptr<EVP_PKEY, FreeKey>;
using BioHandle = std::unique_ptr<BIO, FreeBio>;

}  // namespace meridian::security
