#include "validate/finding.hpp"

#include <array>

namespace validate {

namespace {

constexpr std::array kKinds = {FindingKind::Missing, FindingKind::Different,   FindingKind::Extra,
                               FindingKind::Parked,  FindingKind::Quarantined, FindingKind::WouldPass};

}  // namespace

std::string_view to_string(FindingKind kind) {
  switch (kind) {
    case FindingKind::Missing: return "missing";
    case FindingKind::Different: return "different";
    case FindingKind::Extra: return "extra";
    case FindingKind::Parked: return "parked";
    case FindingKind::Quarantined: return "quarantined";
    case FindingKind::WouldPass: return "would_pass";
  }
  return "unknown";
}

std::optional<FindingKind> finding_kind(std::string_view name) {
  for (const FindingKind kind : kKinds) {
    if (to_string(kind) == name) return kind;
  }
  return std::nullopt;
}

}  // namespace validate
