#include "cutover/fence_method.hpp"

namespace cutover {

std::string_view to_string(FenceMethod method) {
  switch (method) {
    case FenceMethod::ReadOnly: return "read_only";
    case FenceMethod::Revoke: return "revoke";
    case FenceMethod::Command: return "command";
  }
  return "read_only";
}

std::optional<FenceMethod> fence_method_of(std::string_view name) {
  for (const FenceMethod method : kFenceMethods) {
    if (name == to_string(method)) return method;
  }
  return std::nullopt;
}

}  // namespace cutover
