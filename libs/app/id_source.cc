#include "libs/app/id_source.h"

namespace meridian {

Uuid IdSource::NextUuid() {
  std::lock_guard lock(mutex_);
  return Uuid::Version7(clock_.Now().ToUnixMilliseconds(), random_(), random_());
}

}  // namespace meridian
