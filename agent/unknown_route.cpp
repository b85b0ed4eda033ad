#include "agent/unknown_route.hpp"

#include <utility>

namespace agent {

core::Error unknown_route(const std::string& name) {
  return std::move(core::Error(core::ErrorKind::Usage, "there is no route of this name")
                       .with("route", name)
                       .remedy("take a name that agent status shows"));
}

}  // namespace agent
