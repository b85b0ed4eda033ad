#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string_view>

namespace validate {

/// Places of rows in the target's tables (table and ctid, as `16385(0,1)`). Inside of one snapshot a row stands in one place, so a set of
/// places is a set of rows: a few bits each. Not thread-safe.
class PlaceSet {
 public:
  PlaceSet();
  ~PlaceSet();
  PlaceSet(PlaceSet&&) noexcept;
  PlaceSet& operator=(PlaceSet&&) noexcept;

  /// Throws Error(Protocol) when the text is no place.
  void add(std::string_view place);
  [[nodiscard]] bool contains(std::string_view place) const;
  void add(const PlaceSet& others);
  [[nodiscard]] std::int64_t size() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace validate
