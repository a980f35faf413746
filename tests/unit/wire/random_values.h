// Random records and events, each field set to something that it may hold, zero among them. The seed is the test's.
#pragma once

#include <cstdint>
#include <random>
#include <string>
#include <vector>

#include "libs/routing/effects.h"
#include "libs/routing/records.h"
#include "libs/wire/routing_records.h"

namespace meridian::testing {

class RandomValues {
 public:
  explicit RandomValues(uint64_t seed) : random_(seed) {}

  uint64_t Below(uint64_t bound) { return random_() % bound; }
  template <class T>
  T Number() {  // small ones, large ones and zero
    const uint64_t value = random_() >> Below(64);
    return static_cast<T>(value);
  }
  template <class E>
  E Enum(int count) {
    return static_cast<E>(Below(static_cast<uint64_t>(count)));
  }
  bool Flip() { return Below(2) == 1; }
  std::string Text(size_t longest = 20) {
    std::string text;
    for (size_t i = Below(longest + 1); i > 0; --i) text.push_back(static_cast<char>('a' + Below(26)));
    return text;
  }
  template <class N>
  N Name() {
    return {Text()};
  }
  Uuid Id() { return Below(8) == 0 ? Uuid{} : Uuid{random_(), random_()}; }
  template <class I>
  I EntityIdOf(const RegionCode& home) {
    return {Below(4) == 0 ? *RegionCode::Parse("us2") : home, {random_(), random_()}};
  }
  Instant Time() {
    switch (Below(4)) {
      case 0:
        return Instant::Never();
      case 1:
        return {0};
      default:
        return Instant::FromUnixMilliseconds(1'700'000'000'000) + Span();
    }
  }
  Duration Span() { return Duration::Nanoseconds(Number<int64_t>() / 16); }
  LanguageTag Language() { return *LanguageTag::Parse(std::vector<std::string>{"und", "es", "pt-BR"}[Below(3)]); }
  CountryCode Country() { return Flip() ? *CountryCode::Parse("ES") : CountryCode(); }
  AttributeSet Attributes();
  ContactSpec Spec(const ContactId& id);
  ContactRecord Contact(const RegionCode& home);
  AgentRecord Agent();
  AgentConfig Config(const AgentId& agent);
  AgentRevisionRecord AgentRevision();
  ConfigHead Head();
  TenantHead Tenant();
  SessionTerm Session() { return {Number<uint32_t>(), Number<uint64_t>()}; }
  DecisionScore Score() { return {Number<uint8_t>(), Number<int32_t>(), Number<int64_t>()}; }
  DecisionRecord Decision();
  OfferToken Token() { return {Id()}; }
  Activity Doing() { return {Text()}; }
  // The body of this index in EventBody.
  EventBody Body(size_t index, const ContactId& contact);
  CommandOrigin Origin();

 private:
  std::mt19937_64 random_;
};

}  // namespace meridian::testing
