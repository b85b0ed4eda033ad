#include "apply/slot_owner.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <array>
#include <random>
#include <utility>

namespace apply {

SlotOwner SlotOwner::this_process(std::string run, std::string directory) {
  std::array<char, 256> host{};
  if (gethostname(host.data(), host.size() - 1) != 0) host[0] = '\0';
  std::random_device random;
  return {.run = std::move(run),
          .directory = std::move(directory),
          .token = fmt::format("{:08x}{:08x}{:08x}{:08x}", random(), random(), random(), random()),
          .host = host.data(),
          .pid = std::to_string(getpid()),
          .since = {}};
}

core::Error with_owner(core::Error error, const SlotOwner& owner) {
  return std::move(error.with("since", owner.since).with("host", owner.host).with("pid", owner.pid));
}

core::Error taken_over(const std::string& slot, const SlotOwner& owner) {
  core::Error error{core::ErrorKind::Refused,
                    owner.token.empty()
                        ? "this slot's checkpoint is gone from the target, or its owner is: somebody copies anew"
                        : "another agent has taken over this slot's checkpoint"};
  error.with("slot", slot);
  if (!owner.token.empty()) error = with_owner(std::move(error), owner);
  return std::move(error.remedy(
      "stop one of the two: only one may run per slot. This one has written nothing since, and its state directory is "
      "behind: start it again only where the other one is stopped; it then reads all rows again and compares them"));
}

}  // namespace apply
