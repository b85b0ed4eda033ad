#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/ids.hpp"

/// Internal to state/.
namespace state {

/// Keys of family index on their way into a batch: gathered in one buffer and handed out in order. Several for each row, so that a
/// string for each of them would be most of what a commit costs.
class IndexEntries {
 public:
  /// `values` and `row_key` as core::RowKey has them. Precondition: `values` is not empty.
  void add(core::IndexId index, std::string_view values, std::string_view row_key);

  /// Calls `take(core::IndexId, std::string_view entry)` for each entry, in the order of the keys. Then there are none.
  template <typename Take>
  void take_sorted(Take take) {
    for (std::size_t index = 0; index < by_index_.size(); ++index) {
      std::vector<Entry>& entries = by_index_[index];
      sort(entries);
      for (const Entry& entry : entries) take(core::IndexId{static_cast<std::uint16_t>(index)}, bytes_of(entry));
      entries.clear();
    }
    bytes_.clear();
  }

 private:
  struct Entry {
    std::uint64_t
        head;  ///< the eight bytes behind the tag of the first value, as a number: decides nearly every comparison
    std::size_t begin;  ///< in bytes_
    std::size_t size;
  };

  [[nodiscard]] std::string_view bytes_of(const Entry& entry) const {
    return std::string_view{bytes_}.substr(entry.begin, entry.size);
  }
  void sort(std::vector<Entry>& entries) const;

  std::string bytes_;
  std::vector<std::vector<Entry>> by_index_;
};

}  // namespace state
