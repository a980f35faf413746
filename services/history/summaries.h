// What history keeps, in its public form. Pure functions, any thread.
#pragma once

#include "absl/status/status.h"
#include "libs/history/history_store.h"
#include "meridian/admin/v1/history_service.pb.h"

namespace meridian {

void ToProto(const history::Contact& contact, admin::v1::ContactSummary* out);
void ToProto(const history::Conversation& conversation, admin::v1::ConversationSummary* out);
// DATA_LOSS when the timeline cannot be read.
absl::Status ToProto(const TenantId& tenant, const history::ContactWithTimeline& found,
                     admin::v1::GetContactTimelineResponse* out);

}  // namespace meridian
