// A value that mostly has its default and then takes a pointer's room alone: it lies on the heap while it differs.
// A value type; any thread.
#pragma once

#include <memory>
#include <utility>

namespace meridian {

template <typename T>
class Boxed {
 public:
  Boxed() = default;
  Boxed(T value) { Set(std::move(value)); }  // NOLINT: a value of T is one of Boxed<T>
  Boxed(const Boxed& other) : value_(Copy(other)) {}
  Boxed(Boxed&&) noexcept = default;
  Boxed& operator=(const Boxed& other) {
    if (this != &other) value_ = Copy(other);
    return *this;
  }
  Boxed& operator=(Boxed&&) noexcept = default;

  const T& operator*() const {
    static const T kDefault{};
    return value_ == nullptr ? kDefault : *value_;
  }
  const T* operator->() const { return &**this; }
  bool IsDefault() const { return value_ == nullptr; }
  void Set(T value) { value_ = value == T{} ? nullptr : std::make_unique<T>(std::move(value)); }

  friend bool operator==(const Boxed& a, const Boxed& b) { return *a == *b; }

 private:
  static std::unique_ptr<T> Copy(const Boxed& other) {
    return other.value_ == nullptr ? nullptr : std::make_unique<T>(*other.value_);
  }

  std::unique_ptr<T> value_;  // null: the default
};

}  // namespace meridian
