#include "libs/conversation/answer.h"

namespace meridian::conversation {

std::string_view ToString(RefusalCode code) {
  switch (code) {
    case RefusalCode::kMissing:
      return "MISSING";
    case RefusalCode::kTooLong:
      return "TOO_LONG";
    case RefusalCode::kTooMany:
      return "TOO_MANY";
    case RefusalCode::kOutOfRange:
      return "OUT_OF_RANGE";
    case RefusalCode::kNotFound:
      return "NOT_FOUND";
    case RefusalCode::kAlreadyExists:
      return "ALREADY_EXISTS";
    case RefusalCode::kConversationClosed:
      return "CONVERSATION_CLOSED";
    case RefusalCode::kNoLiveContact:
      return "NO_LIVE_CONTACT";
    case RefusalCode::kNoGrant:
      return "NO_GRANT";
    case RefusalCode::kReadOnly:
      return "READ_ONLY";
    case RefusalCode::kClientNumberTooOld:
      return "CLIENT_NUMBER_TOO_OLD";
    case RefusalCode::kClientNumberReused:
      return "CLIENT_NUMBER_REUSED";
    case RefusalCode::kConversationFull:
      return "CONVERSATION_FULL";
    case RefusalCode::kQuotaExceeded:
      return "QUOTA_EXCEEDED";
  }
  return "";
}

}  // namespace meridian::conversation
