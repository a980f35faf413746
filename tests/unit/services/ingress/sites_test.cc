#include "services/ingress/sites.h"

#include <cstdio>
#include <fstream>
#include <sstream>

#include "libs/error/error.h"
#include "tests/unit/services/ingress/ingress_world.h"

namespace meridian {
namespace {

class SitesTest : public IngressWorld {
 protected:
  std::string Reason(const std::string& key, const std::string& origin) {
    auto site = sites_.Admit(key, origin, "192.0.2.1", clock_.Now());
    return site.ok() ? site->tenant : ErrorReason(site.status());
  }
  Sites sites_{routing_};
};

TEST_F(SitesTest, FollowsEachPublicationOfEachTenant) {
  EXPECT_EQ(Reason("site-1", "https://shop.example"), "SITE_UNKNOWN");
  routing_.Publish(Config("demo", {"https://shop.example"}));
  EXPECT_EQ(Reason("site-1", "https://shop.example"), "demo");
  EXPECT_EQ(Reason("site-2", "https://bank.example"), "SITE_UNKNOWN");
  admin::v1::TenantConfig bank = Config("bank", {"https://bank.example"});
  bank.mutable_sites(0)->set_key("bank-site");
  routing_.Publish(bank);
  EXPECT_EQ(Reason("bank-site", "https://bank.example"), "bank");
  EXPECT_EQ(Reason("site-1", "https://shop.example"), "demo");
  routing_.Publish(Config("demo", {"https://new.example"}));
  EXPECT_EQ(Reason("site-1", "https://shop.example"), "ORIGIN_DENIED");
  EXPECT_EQ(Reason("site-1", "https://new.example"), "demo");
  routing_.Publish(Config("demo", {}));
  EXPECT_EQ(Reason("site-1", "https://new.example"), "SITE_UNKNOWN");
  EXPECT_EQ(Reason("bank-site", "https://bank.example"), "bank");
}

TEST_F(SitesTest, TheDemosOwnPagesAreAllowedOnEverySite) {
  routing_.Publish(Config("demo", {"https://shop.example"}));
  EXPECT_EQ(Reason("site-1", "http://127.0.0.1:8080"), "ORIGIN_DENIED");
  sites_.AllowEverywhere({"http://127.0.0.1:8080"});
  EXPECT_EQ(Reason("site-1", "http://127.0.0.1:8080"), "demo");
  EXPECT_EQ(Reason("site-1", "https://shop.example"), "demo");
  EXPECT_EQ(Reason("site-1", "https://evil.example"), "ORIGIN_DENIED");
}

TEST_F(SitesTest, AKeyOfTwoTenantsAdmitsNobodyAndTheLogSaysSo) {
  const std::string path = testing::TempDir() + "contested_sites.jsonl";
  std::remove(path.c_str());
  {
    auto log = Log::Open({.service = "ingress", .file = path});
    ASSERT_TRUE(log.ok()) << log.status();
    Sites sites(routing_, log->get());
    routing_.Publish(Config("attacker", {"https://shop.example"}));
    EXPECT_TRUE(sites.Admit("site-1", "https://shop.example", "192.0.2.1", clock_.Now()).ok());
    routing_.Publish(Config("demo", {"https://shop.example"}));
    EXPECT_EQ(ErrorReason(sites.Admit("site-1", "https://shop.example", "192.0.2.1", clock_.Now()).status()),
              "SITE_UNKNOWN");
  }
  std::stringstream lines;
  lines << std::ifstream(path).rdbuf();
  EXPECT_NE(lines.str().find(R"("site":"site-1","tenant":"demo")"), std::string::npos) << lines.str();
}

}  // namespace
}  // namespace meridian
