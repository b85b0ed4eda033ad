#include "state/index_entries.hpp"

#include <algorithm>

#include "state/record.hpp"

namespace state {

namespace {

/// Values of one index begin with the same tag, which is left out; NULL, which has another one, has no entries.
std::uint64_t head_of(std::string_view values) {
  constexpr std::size_t kHeadBytes = 8;
  std::uint64_t head = 0;
  for (std::size_t i = 1; i <= kHeadBytes; ++i) {
    head = (head << 8U) | (i < values.size() ? static_cast<std::uint8_t>(values[i]) : 0U);
  }
  return head;
}

}  // namespace

void IndexEntries::add(core::IndexId index, std::string_view values, std::string_view row_key) {
  if (by_index_.size() <= index.index()) by_index_.resize(index.index() + 1);
  const std::size_t begin = bytes_.size();
  append_u16(bytes_, index.value);
  bytes_ += values;
  bytes_ += row_key;
  by_index_[index.index()].push_back({head_of(values), begin, bytes_.size() - begin});
}

void IndexEntries::sort(std::vector<Entry>& entries) const {
  std::sort(entries.begin(), entries.end(), [this](const Entry& a, const Entry& b) {
    return a.head != b.head ? a.head < b.head : bytes_of(a) < bytes_of(b);
  });
}

}  // namespace state
