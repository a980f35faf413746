// Shares the places of a bounded line between tenants: a tenant may hold at most as many as are still free. Alone it
// comes to half of them, beside one other that wants as much to a third; and whoever holds few always finds a place,
// however much the others ask for. No tenant is known beforehand and nothing is set per tenant. (Switches share their
// buffers between ports like this: dynamic thresholds.)
//
// Not thread-safe: its owner's lock guards it.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>

namespace meridian {

class FairShare {
 public:
  // What a tenant holds; valid until it holds nothing.
  using Holding = std::pair<const std::string, size_t>;

  // A place for the tenant while `free` are left of the line, to be given back by Return; null when that would be more
  // than its share. With `free` above zero never null for a tenant that holds none.
  Holding* Take(std::string_view tenant, size_t free) {
    Holding& holding = *held_.try_emplace(std::string(tenant), 0).first;
    if (holding.second < free) {
      ++holding.second;
      return &holding;
    }
    if (holding.second == 0) held_.erase(held_.find(holding.first));
    return nullptr;
  }
  void Return(Holding* holding) {
    if (--holding->second == 0) held_.erase(held_.find(holding->first));
  }
  void Clear() { held_.clear(); }
  size_t tenants() const { return held_.size(); }  // that hold something

 private:
  std::unordered_map<std::string, size_t> held_;
};

}  // namespace meridian
