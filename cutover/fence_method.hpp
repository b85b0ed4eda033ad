#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

namespace cutover {

/// How writers are kept from the source.
enum class FenceMethod : std::uint8_t {
  ReadOnly,  ///< the database's transactions are read-only by default, sessions of before are ended
  Revoke,    ///< the rights to write to the published tables are taken away, transactions of before are waited for
  Command,   ///< a program of the operator's does it
};

/// The strongest first: a read-only default is for everybody, also for superusers and for tables that are not published; rights do not bind superusers,
/// and what a program does nobody here knows.
inline constexpr std::array kFenceMethods = {FenceMethod::ReadOnly, FenceMethod::Revoke, FenceMethod::Command};

/// As agent.yaml and the ledger name it: read_only, revoke, command.
[[nodiscard]] std::string_view to_string(FenceMethod method);
[[nodiscard]] std::optional<FenceMethod> fence_method_of(std::string_view name);

}  // namespace cutover
