// One author's own message numbers within one conversation: how a repeat is told from a new message without clocks.
//
// An author's numbers rise (gaps are fine), each names one message. Of the last kRemembered messages the author's
// number, the message's number and a digest of the words are kept, so that a repeat gets the number it got first. A
// number that is not above the highest and not among the remembered is refused: whether its message was taken is not
// known any more, and taking it might double it. The same number with other words is refused too: acknowledging it
// would lose a message. A client that starts anew continues above `highest()`, which each opened reading tells it.
// Owned by a conversation's record; one thread at a time.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace meridian::conversation {

class ClientNumbers {
 public:
  static constexpr size_t kRemembered = 64;

  struct Entry {
    uint32_t client_number = 0;
    uint32_t number = 0;  // of the message
    uint32_t digest = 0;  // DigestOf(parts)

    friend bool operator==(const Entry&, const Entry&) = default;
  };
  enum class Verdict : uint8_t {
    kNew,
    kRepeat,  // `number` is the message's
    kTooOld,  // below the highest and not remembered
    kReused,  // remembered with other words
  };
  struct Found {
    Verdict verdict = Verdict::kNew;
    uint64_t number = 0;
  };

  ClientNumbers() = default;
  // From a record: entries as entries() gave them. False when they do not rise or go above `highest`.
  bool Restore(uint32_t highest, std::vector<Entry> entries);

  // `client_number` is 1 to kMaxClientNumber.
  Found Find(uint64_t client_number, uint32_t digest) const;
  // After kNew only.
  void Add(uint64_t client_number, uint64_t number, uint32_t digest);
  // Keeps the highest number alone: older ones are refused from now on.
  void Forget();

  uint32_t highest() const { return highest_; }                   // 0: none yet
  const std::vector<Entry>& entries() const { return entries_; }  // oldest first, at most kRemembered
  friend bool operator==(const ClientNumbers&, const ClientNumbers&) = default;

 private:
  uint32_t highest_ = 0;
  std::vector<Entry> entries_;  // both numbers rise
};

}  // namespace meridian::conversation
