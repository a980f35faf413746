// The fields of records that a later release has written and that are not known here, while their shard is in memory:
// they are put back behind each value that is written. Of a whole record only; fields that a later release adds inside
// another field are lost when the record is written here. One thread.
#pragma once

#include <algorithm>
#include <cstddef>
#include <map>
#include <optional>
#include <string>
#include <utility>

#include "libs/runtime/shard_store.h"

namespace meridian {

class LaterFields {
 public:
  void Clear() {
    kept_.clear();
    largest_ = 0;
  }
  // Of a record that was read; empty: it has none.
  void Keep(const RecordKey& key, std::string fields) {
    if (fields.empty()) return;
    largest_ = std::max(largest_, fields.size());
    kept_[key] = std::move(fields);
  }
  // What AppendTo adds, at most.
  size_t largest() const { return largest_; }
  // To a value that is about to be written for the key; nullopt: its record is deleted.
  void Complete(const RecordKey& key, std::optional<std::string>* value) {
    if (kept_.empty()) return;
    if (!*value) {
      kept_.erase(key);
    } else if (const auto found = kept_.find(key); found != kept_.end()) {
      **value += found->second;
    }
  }
  // The same with a value that is there.
  Record Complete(RecordKey key, std::string value) const {
    if (const auto found = kept_.find(key); found != kept_.end()) value += found->second;
    return {std::move(key), std::move(value)};
  }
  void Forget(const RecordKey& key) { kept_.erase(key); }

 private:
  std::map<RecordKey, std::string> kept_;
  size_t largest_ = 0;
};

}  // namespace meridian
