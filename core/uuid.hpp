#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace core {

/// A UUID as 16 bytes in network order, so that bytes sort like PostgreSQL's uuid type.
struct Uuid {
  std::array<std::uint8_t, 16> bytes{};

  /// Parses the 36-character form in either case; nothing when the text is no UUID.
  [[nodiscard]] static std::optional<Uuid> parse(std::string_view text);
  /// Lower case, with hyphens: what PostgreSQL prints.
  [[nodiscard]] std::string to_string() const;

  friend constexpr auto operator<=>(const Uuid&, const Uuid&) = default;
};

/// The name-based UUID of RFC 4122, section 4.3, with SHA-1: equal inputs give equal ids on every machine, so a retry, a lost
/// state directory or a second agent arrive at the same id.
[[nodiscard]] Uuid uuid_v5(const Uuid& name_space, std::string_view name);

}  // namespace core
