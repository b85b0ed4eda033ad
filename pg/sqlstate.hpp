#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "core/error.hpp"
#include "pg/connection_params.hpp"

namespace pg {

/// The ledger's error categories.
enum class ErrorCategory : std::uint8_t {
  Connection,
  Data,
  Constraint,
  MissingReference,
  Schema,
  Timeout,
  Permission,
  Internal
};
[[nodiscard]] std::string_view to_string(ErrorCategory category);

/// States that a caller waits for, by their names in errcodes.txt.
inline constexpr std::string_view kReadOnlyTransaction = "25006";  ///< what a fenced database answers a writer
inline constexpr std::string_view kQueryCanceled = "57014";        ///< by statement_timeout, or by somebody
inline constexpr std::string_view kLockNotAvailable = "55P03";     ///< by lock_timeout, or NOWAIT

/// What an SQLSTATE from that side allows (kind, and whether a retry may help). The only place that knows SQLSTATEs by heart.
struct SqlstateClass {
  core::ErrorKind kind;
  bool is_transient;
  ErrorCategory category;
};
[[nodiscard]] SqlstateClass classify(std::string_view sqlstate, Side side);

/// Of the server's error that a text tells of (core::Error::what(), alone or in a line of the log): by its SQLSTATE, or that of a connection that
/// was lost or could not be made. Nothing when it tells of none.
[[nodiscard]] std::optional<ErrorCategory> category_in(std::string_view text);

}  // namespace pg
