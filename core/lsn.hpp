#pragma once

#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace core {

/// A position in the source's write-ahead log, in bytes. Printed and parsed as PostgreSQL does: `X/X` in upper-case hex.
/// `0/0` is PostgreSQL's InvalidXLogRecPtr and means "no position".
class Lsn {
 public:
  constexpr Lsn() = default;
  explicit constexpr Lsn(std::uint64_t bytes) : bytes_(bytes) {}

  /// Parses `16/B374D848`; nothing when the text is not an LSN.
  [[nodiscard]] static std::optional<Lsn> parse(std::string_view text);

  [[nodiscard]] constexpr std::uint64_t bytes() const { return bytes_; }
  [[nodiscard]] constexpr bool is_valid() const { return bytes_ != 0; }
  [[nodiscard]] std::string to_string() const;

  friend constexpr auto operator<=>(const Lsn&, const Lsn&) = default;

 private:
  std::uint64_t bytes_ = 0;
};

/// Where a commit record *starts*. Total order of transactions; decides whether a snapshot or a checkpoint contains one:
/// in the snapshot iff `commit_lsn < consistent point`, applied already iff `commit_lsn < applied_lsn`.
struct CommitLsn {
  Lsn lsn;
  friend constexpr auto operator<=>(const CommitLsn&, const CommitLsn&) = default;
};

/// The byte *after* a commit record. The only value that may become a checkpoint or be acknowledged.
struct EndLsn {
  Lsn lsn;
  friend constexpr auto operator<=>(const EndLsn&, const EndLsn&) = default;
};

/// Whether a state that holds everything before `position` already contains the transaction.
[[nodiscard]] constexpr bool contains(Lsn position, CommitLsn commit) { return commit.lsn < position; }

}  // namespace core
