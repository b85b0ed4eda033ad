#pragma once

#include <rocksdb/iterator.h>
#include <rocksdb/options.h>

#include <memory>
#include <string>
#include <string_view>

#include "state/database.hpp"

namespace state {

/// A walk over the keys of a family with begin <= key < end, in order. Damage is thrown, not taken for the end.
class Scan {
 public:
  enum class Purpose : std::uint8_t {
    Range,          ///< a part of the family
    Sweep,          ///< much of it, once: leaves the cache alone
    OneIndexValue,  ///< family Index, below one index_prefix(): asks the prefix filters first
  };
  Scan(const Database& database, Family family, std::string begin, std::string end, Purpose purpose = Purpose::Range);

  [[nodiscard]] bool is_valid() const { return is_valid_; }
  [[nodiscard]] std::string_view key() const { return view(iterator_->key()); }
  [[nodiscard]] std::string_view value() const { return view(iterator_->value()); }
  void next();

 private:
  void look();

  // The iterator points to the bounds, so this object stays where it was made.
  Scan(const Scan&) = delete;
  Scan& operator=(const Scan&) = delete;

  std::string begin_;
  std::string end_;
  rocksdb::Slice end_slice_;
  std::unique_ptr<rocksdb::Iterator> iterator_;
  bool is_valid_ = false;
};

}  // namespace state
