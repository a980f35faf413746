#include "services/meridianctl/verifier/journal.h"

#include <gtest/gtest.h>

namespace meridian::verifier {
namespace {

TEST(JournalTest, ReadsEveryKindAndLeavesOutWhatWasNotAcknowledged) {
  Journal journal;
  journal.Add(R"({"kind":"submit","request_id":"r1","contact_id":"c1","conversation_id":"v1","acknowledged":true}
{"kind":"submit","request_id":"r2","acknowledged":false}
{"kind":"message","conversation_id":"v1","client_number":1,"number":1,"digest":"ab"}
{"kind":"message","conversation_id":"v1","side":"agent","agent":"ana","client_number":1,"number":2}
{"kind":"accept","contact_id":"c1","agent":"ana","offer_token":"t","acknowledged":true}
{"kind":"complete","contact_id":"c1","agent":"ana","offer_token":"t","acknowledged":true}
{"kind":"cancel","contact_id":"c1","acknowledged":true}
{"kind":"seen","conversation_id":"v1","side":"agent","agent":"ana","number":1,"digest":"ab"}
{"kind":"place","contact_id":"c1","virtual_start_ms":1767225600000}

{"kind":"note","text":"killed"}
)");
  ASSERT_TRUE(journal.errors.empty()) << journal.errors[0];
  ASSERT_EQ(journal.submitted.size(), 1u);
  EXPECT_EQ(journal.submitted[0].conversation_id, "v1");
  ASSERT_EQ(journal.sent.size(), 2u);
  EXPECT_EQ(journal.sent[1].side, Side::kAgent);
  EXPECT_EQ(journal.commanded.size(), 3u);
  EXPECT_EQ(journal.seen.size(), 1u);
  EXPECT_EQ(journal.places[0].virtual_start_ms, 1767225600000);
}

TEST(JournalTest, ALineThatWasCutByTheClientsDeathIsLeftOut) {
  Journal journal;
  journal.Add("{\"kind\":\"note\"}\n{\"kind\":\"submit\",\"requ");
  EXPECT_TRUE(journal.errors.empty());
  EXPECT_TRUE(journal.submitted.empty());
}

TEST(JournalTest, WrongLinesAreNamed) {
  for (const auto& [line, expected] : std::vector<std::pair<std::string, std::string>>{
           {"no json", "line 1: is not a JSON object"},
           {"[]", "line 1: is not a JSON object"},
           {R"({"kind":"sing"})", "line 1: \"kind\" must be"},
           {R"({"kind":"submit","request_id":"r"})", "line 1: \"contact_id\" must be"},
           {R"({"kind":"message","conversation_id":"v","client_number":0,"number":1})", "line 1: \"client_number\""},
           {R"({"kind":"seen","conversation_id":"v","side":"boss","number":1})", "line 1: \"side\" must be"},
           {R"({"kind":"seen","conversation_id":"v","side":"agent","number":1})", "line 1: \"agent\" must be"},
           {R"({"kind":"accept","contact_id":"c","agent":"a","offer_token":"t","acknowledged":1})",
            "line 1: \"acknowledged\""},
       }) {
    Journal journal;
    journal.Add(line + "\n");
    ASSERT_EQ(journal.errors.size(), 1u) << line;
    EXPECT_EQ(journal.errors[0].substr(0, expected.size()), expected);
  }
}

TEST(JournalTest, DigestsAreSha256OfTheTextsJoined) {
  EXPECT_EQ(MessageDigest({"abc"}), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  EXPECT_EQ(MessageDigest({"a", "b"}), MessageDigest({"a\nb"}));
}

}  // namespace
}  // namespace meridian::verifier
