#pragma once

#include <cstdint>
#include <string>

namespace validate {

/// A checksum of a set of rows that does not depend on their order: the sums, modulo 2^64, of the two halves of each row's MD5. A sum, unlike
/// an exclusive or, does not let two equal rows cancel each other.
struct Checksum {
  std::uint64_t high = 0;
  std::uint64_t low = 0;

  void add(const Checksum& other) {
    high += other.high;
    low += other.low;
  }
  /// 32 hexadecimal digits.
  [[nodiscard]] std::string to_string() const;

  friend bool operator==(const Checksum&, const Checksum&) = default;
};

}  // namespace validate
