#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <openssl/ecdsa.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/pem.h>

#include "libs/error/error.h"
#include "libs/security/token_issuer.h"
#include "libs/security/token_verifier.h"

namespace meridian::security {
namespace {

constexpr Instant kNow = Instant::FromUnixSeconds(1'800'000'000);

const SigningKey& Key() {
  static const SigningKey key = *SigningKey::Generate();
  return key;
}

TokenClaims AgentClaims() {
  TokenClaims claims;
  claims.tenant = "demo";
  claims.subject = "ana";
  claims.role = Role::kAgent;
  return claims;
}

std::string Reason(const absl::StatusOr<Claims>& result) {
  EXPECT_EQ(result.status().code(), absl::StatusCode::kUnauthenticated);
  return ErrorReason(result.status());
}

std::string Base64Url(const std::string& bytes) {
  std::string text(4 * ((bytes.size() + 2) / 3) + 1, '\0');
  int length = EVP_EncodeBlock(reinterpret_cast<unsigned char*>(text.data()),
                               reinterpret_cast<const unsigned char*>(bytes.data()), static_cast<int>(bytes.size()));
  text.resize(static_cast<size_t>(length));
  for (char& c : text) c = c == '+' ? '-' : c == '/' ? '_' : c;
  text.erase(text.find_last_not_of('=') + 1);
  return text;
}

// The parts of a token that was really issued, to build forged ones from.
struct Parts {
  std::string header, payload, signature;
  std::string Join() const { return header + "." + payload + "." + signature; }
};

Parts Split(const std::string& token) {
  size_t first = token.find('.');
  size_t second = token.find('.', first + 1);
  return {token.substr(0, first), token.substr(first + 1, second - first - 1), token.substr(second + 1)};
}

std::string EcSign(const SigningKey& key, const std::string& header, const std::string& payload);

TEST(TokenTest, RoundTripsEveryClaim) {
  TokenClaims claims;
  claims.tenant = "demo";
  claims.subject = "bots";
  claims.role = Role::kAgent;
  claims.agents = {"bot-1", "bot-2"};
  claims.session = "eu1-01932c07-209c-7b5e-8f2e-6a1f0c9d2b34";
  claims.origin = "https://shop.example";
  claims.expires_at = kNow + Duration::Minutes(5);
  auto token = IssueToken(Key(), claims, kNow);
  ASSERT_TRUE(token.ok()) << token.status();
  TokenVerifier verifier(Key());
  auto verified = verifier.Verify(*token, kNow);
  ASSERT_TRUE(verified.ok()) << verified.status();
  claims.issued_at = kNow;
  claims.permissions = DefaultPermissions(Role::kAgent);
  EXPECT_EQ(**verified, claims);
  EXPECT_TRUE((*verified)->MayAttach("bot-2"));
  EXPECT_FALSE((*verified)->MayAttach("bots"));
}

TEST(TokenTest, AVisitorsTokenLivesFifteenMinutes) {
  TokenClaims claims{.tenant = "demo", .subject = "c1", .role = Role::kCustomer};
  TokenVerifier verifier(Key());
  auto verified = verifier.Verify(*IssueToken(Key(), claims, kNow), kNow);
  ASSERT_TRUE(verified.ok());
  EXPECT_EQ((*verified)->expires_at, kNow + Duration::Minutes(15));
}

TEST(TokenTest, ExpiresToTheSecondAlsoFromTheCache) {
  TokenVerifier verifier(Key());
  TokenClaims claims = AgentClaims();
  claims.expires_at = kNow + Duration::Seconds(10);
  std::string token = *IssueToken(Key(), claims, kNow);
  EXPECT_TRUE(verifier.Verify(token, kNow + Duration::Milliseconds(9999)).ok());
  EXPECT_EQ(Reason(verifier.Verify(token, kNow + Duration::Seconds(10))), kTokenExpired);
  TokenVerifier fresh(Key());
  EXPECT_EQ(Reason(fresh.Verify(token, kNow + Duration::Seconds(10))), kTokenExpired);
}

TEST(TokenTest, SaysMissingAndMalformed) {
  TokenVerifier verifier(Key());
  EXPECT_EQ(Reason(verifier.Verify("", kNow)), kTokenMissing);
  for (const std::string& text :
       {std::string("x"), std::string(".."), std::string("a.b"), std::string("a.b.c"), std::string("a.b.c.d"),
        std::string("\xff\xfe.\x80.\x81"), std::string(9000, 'a'), Base64Url("{}") + "." + Base64Url("{}") + ".abc",
        Base64Url("[1]") + "." + Base64Url("{}") + ".abc", Base64Url("{\"alg\":1}") + "." + Base64Url("{}") + ".abc"}) {
    EXPECT_EQ(Reason(verifier.Verify(text, kNow)), kTokenMalformed) << text.substr(0, 40);
  }
}

TEST(TokenTest, RefusesAnotherKeyAndAChangedPayload) {
  TokenVerifier verifier(Key());
  std::string token = *IssueToken(Key(), AgentClaims(), kNow);
  SigningKey other = *SigningKey::Generate();
  EXPECT_EQ(Reason(verifier.Verify(*IssueToken(other, AgentClaims(), kNow), kNow)), kTokenInvalid);
  TokenClaims changed = AgentClaims();
  changed.subject = "eva";
  Parts forged = Split(token);
  forged.payload = Split(*IssueToken(Key(), changed, kNow)).payload;
  EXPECT_EQ(Reason(verifier.Verify(forged.Join(), kNow)), kTokenInvalid);
}

TEST(TokenTest, RefusesOtherAlgorithms) {
  TokenVerifier verifier(Key());
  Parts parts = Split(*IssueToken(Key(), AgentClaims(), kNow));
  auto header = [](const char* algorithm) {
    return Base64Url(std::string("{\"alg\":\"") + algorithm + "\",\"kid\":\"" + Key().key_id() + "\",\"typ\":\"JWT\"}");
  };
  // HMAC with the public key as its secret: the classic confusion.
  Parts hmac{header("HS256"), parts.payload, ""};
  unsigned char mac[32];
  std::string signed_part = hmac.header + "." + hmac.payload;
  HMAC(EVP_sha256(), Key().public_pem().data(), static_cast<int>(Key().public_pem().size()),
       reinterpret_cast<const unsigned char*>(signed_part.data()), signed_part.size(), mac, nullptr);
  hmac.signature = Base64Url(std::string(reinterpret_cast<char*>(mac), 32));
  EXPECT_EQ(Reason(verifier.Verify(hmac.Join(), kNow)), kTokenInvalid);
  for (const char* algorithm : {"none", "None", "RS256", "ES384", "es256", "", "XX"}) {
    Parts forged{header(algorithm), parts.payload, parts.signature};
    EXPECT_FALSE(verifier.Verify(forged.Join(), kNow).ok()) << algorithm;
    EXPECT_FALSE(verifier.Verify(forged.header + "." + forged.payload + ".", kNow).ok()) << algorithm;
    EXPECT_FALSE(verifier.Verify(EcSign(Key(), forged.header, forged.payload), kNow).ok()) << algorithm;
  }
}

TEST(TokenTest, RefusesOurOwnSignatureOverClaimsThatWeNeverIssue) {
  TokenVerifier verifier(Key());
  const std::string good_header = Base64Url("{\"alg\":\"ES256\",\"kid\":\"" + Key().key_id() + "\",\"typ\":\"JWT\"}");
  const std::string common = "\"aud\":\"meridian\",\"iss\":\"meridian\",\"sub\":\"ana\",\"tenant\":\"demo\"";
  const std::string times = ",\"iat\":1800000000,\"exp\":1800000100";
  const std::string agent = ",\"role\":\"agent\",\"permissions\":[\"agents.connect\"]";
  auto verify = [&](const std::string& header, const std::string& claims) {
    return verifier.Verify(EcSign(Key(), header, Base64Url("{" + claims + "}")), kNow);
  };
  ASSERT_TRUE(verify(good_header, common + times + agent).ok()) << "the forger forges well";
  for (const std::string& claims : {
           common + agent,                                                 // no times
           common + ",\"iat\":1800000000" + agent,                         // no expiry
           common + ",\"iat\":1800000000,\"exp\":\"1800000100\"" + agent,  // expiry of the wrong type
           common + ",\"iat\":1800000000,\"exp\":18446744073709551615" + agent,
           common + ",\"iat\":1800000000,\"exp\":-5" + agent,
           common + times,                          // no role
           common + times + ",\"role\":\"agent\"",  // no permissions
           common + times + ",\"role\":\"king\",\"permissions\":[]",
           common + times + ",\"role\":\"agent\",\"permissions\":[\"config.write\"]",
           std::string("\"iss\":\"meridian\",\"sub\":\"ana\",\"tenant\":\"demo\"") + times + agent,
           std::string("\"aud\":\"other\",\"iss\":\"meridian\",\"sub\":\"ana\",\"tenant\":\"demo\"") + times + agent,
           std::string("\"aud\":\"meridian\",\"iss\":\"other\",\"sub\":\"ana\",\"tenant\":\"demo\"") + times + agent,
           std::string("\"aud\":\"meridian\",\"iss\":\"meridian\",\"sub\":\"ana\",\"tenant\":\"*\"") + times + agent,
           std::string("\"aud\":\"meridian\",\"iss\":\"meridian\",\"sub\":\"ana\"") + times + agent,
       }) {
    EXPECT_FALSE(verify(good_header, claims).ok()) << claims;
  }
  for (const std::string& header : {
           std::string("{\"alg\":\"ES256\",\"typ\":\"JWT\"}"),
           std::string("{\"alg\":\"ES256\",\"kid\":\"0\",\"typ\":\"JWT\"}"),
           "{\"alg\":\"ES256\",\"kid\":\"" + Key().key_id() + "\"}",
           "{\"alg\":\"ES256\",\"kid\":\"" + Key().key_id() + "\",\"typ\":\"JWT\",\"crit\":[\"x\"]}",
       }) {
    EXPECT_EQ(Reason(verify(Base64Url(header), common + times + agent)), kTokenInvalid) << header;
  }
}

TEST(TokenTest, IsNotIssuedForMoreThanItsRole) {
  TokenClaims claims = AgentClaims();
  claims.permissions = {Permission::kConfigWrite};
  EXPECT_EQ(FieldViolations(IssueToken(Key(), claims, kNow).status()).at(0).field, "permissions");
  claims = AgentClaims();
  claims.tenant = "*";
  EXPECT_EQ(FieldViolations(IssueToken(Key(), claims, kNow).status()).at(0).field, "tenant");
  claims = AgentClaims();
  claims.expires_at = kNow;
  EXPECT_EQ(FieldViolations(IssueToken(Key(), claims, kNow).status()).at(0).field, "expires_at");
  claims.expires_at = kNow + Duration::Hours(24 * 367);
  EXPECT_EQ(FieldViolations(IssueToken(Key(), claims, kNow).status()).at(0).field, "expires_at");
  claims = AgentClaims();
  for (const char* name : {"", "A B", "\xff"}) {
    claims.subject = name;
    EXPECT_EQ(FieldViolations(IssueToken(Key(), claims, kNow).status()).at(0).field, "subject");
  }
  claims = AgentClaims();
  claims.tenant = "A B";
  EXPECT_EQ(FieldViolations(IssueToken(Key(), claims, kNow).status()).at(0).field, "tenant");
  claims = AgentClaims();
  claims.agents = {"ana", "A B"};
  EXPECT_EQ(FieldViolations(IssueToken(Key(), claims, kNow).status()).at(0).field, "agents");
  claims = AgentClaims();
  claims.origin = "\xff";
  EXPECT_EQ(ErrorReason(IssueToken(Key(), claims, kNow).status()), "TOKEN_NOT_SIGNED");
}

TEST(TokenTest, ARepeatedTokenIsCheckedOnceUntilTheCacheForgetsIt) {
  TokenVerifier verifier(Key(), 2);
  TokenClaims claims = AgentClaims();
  std::string first = *IssueToken(Key(), claims, kNow);
  std::string second = *IssueToken(Key(), claims, kNow);
  std::string third = *IssueToken(Key(), claims, kNow);
  ASSERT_NE(first, second);
  for (int i = 0; i < 100; ++i) ASSERT_TRUE(verifier.Verify(first, kNow).ok());
  EXPECT_EQ(verifier.signatures_checked(), 1u);
  ASSERT_TRUE(verifier.Verify(second, kNow).ok());
  ASSERT_TRUE(verifier.Verify(third, kNow).ok());
  ASSERT_TRUE(verifier.Verify(first, kNow).ok());
  EXPECT_EQ(verifier.signatures_checked(), 4u);
}

TEST(TokenTest, NamesRoundTrip) {
  for (int i = 0; i < kRoleCount; ++i) EXPECT_EQ(ParseRole(ToString(static_cast<Role>(i))), static_cast<Role>(i));
  for (int i = 0; i < kPermissionCount; ++i) {
    EXPECT_EQ(ParsePermission(ToString(static_cast<Permission>(i))), static_cast<Permission>(i));
  }
  EXPECT_FALSE(ParseRole("").has_value());
  EXPECT_FALSE(ParsePermission("contacts").has_value());
}

// A signature by the real key over any header and payload, independent of the library under test.
std::string EcSign(const SigningKey& key, const std::string& header, const std::string& payload) {
  std::string text = header + "." + payload;
  BIO* bio = BIO_new_mem_buf(key.private_pem().data(), static_cast<int>(key.private_pem().size()));
  EVP_PKEY* pkey = PEM_read_bio_PrivateKey(bio, nullptr, nullptr, nullptr);
  EVP_MD_CTX* context = EVP_MD_CTX_new();
  EVP_DigestSignInit(context, nullptr, EVP_sha256(), nullptr, pkey);
  unsigned char der[128];
  size_t length = sizeof(der);
  EVP_DigestSign(context, der, &length, reinterpret_cast<const unsigned char*>(text.data()), text.size());
  const unsigned char* at = der;
  ECDSA_SIG* signature = d2i_ECDSA_SIG(nullptr, &at, static_cast<long>(length));
  std::string raw(64, '\0');
  BN_bn2binpad(ECDSA_SIG_get0_r(signature), reinterpret_cast<unsigned char*>(raw.data()), 32);
  BN_bn2binpad(ECDSA_SIG_get0_s(signature), reinterpret_cast<unsigned char*>(raw.data()) + 32, 32);
  ECDSA_SIG_free(signature);
  EVP_MD_CTX_free(context);
  EVP_PKEY_free(pkey);
  BIO_free(bio);
  return text + "." + Base64Url(raw);
}

}  // namespace
}  // namespace meridian::security
