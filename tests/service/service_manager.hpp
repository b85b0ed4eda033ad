#pragma once

#include <chrono>
#include <filesystem>
#include <string>
#include <vector>

#include "tests/support/agent_under_test.hpp"
#include "tests/support/file_descriptor.hpp"
#include "tests/support/temp_dir.hpp"

namespace service {

/// Listens where a service tells its manager how it is (sd_notify), as systemd does for a unit of Type=notify.
class ServiceManager {
 public:
  ServiceManager();

  /// What a service is given; with a watchdog when `watchdog` is more than zero.
  [[nodiscard]] tests::AgentUnderTest::Environment environment(std::chrono::milliseconds watchdog = {}) const;

  /// Every assignment that came so far, in order: `READY=1`.
  [[nodiscard]] const std::vector<std::string>& told();
  /// How many of them begin like this.
  [[nodiscard]] long count(const std::string& beginning);
  /// Waits until there are `count` that begin like this; returns the last of them. Throws tests::Timeout.
  std::string wait_for(const std::string& beginning, long count = 1,
                       std::chrono::milliseconds limit = std::chrono::minutes(1));
  /// Fills what waits to be read: a manager that reads nothing any more, until it is asked what it was told.
  void stop_reading() const;

 private:
  tests::TempDir directory_;
  std::filesystem::path path_;
  tests::FileDescriptor socket_;
  std::vector<std::string> told_;
};

}  // namespace service
