#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "state/identity.hpp"

namespace state {

/// The version of everything that docs/on-disk-format.md draws. Raised when an older program would misread a newer store.
/// Since 2: family undo, whose records an older program would leave where they are. Since 3: tokens in the progress record.
inline constexpr std::uint32_t kFormatVersion = 3;
/// Older ones from this one on are read as they are.
inline constexpr std::uint32_t kOldestVersion = 1;

/// What the first key of the store says: whose it is and what its bytes mean.
///
///   value := version:u32 (then, in this version) identity: six texts, layout fingerprint: text
struct Fingerprint {
  Identity identity;
  std::string layout;
};

[[nodiscard]] std::string encode_fingerprint(const Fingerprint& fingerprint);
/// Throws Error(State) when the store is of a newer format, or damaged.
[[nodiscard]] Fingerprint decode_fingerprint(std::string_view bytes);
/// Throws Error(State) with both values of each field that differs.
void expect_same_identity(const Identity& stored, const Identity& given);

}  // namespace state
