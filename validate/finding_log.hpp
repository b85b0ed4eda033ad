#pragma once

#include <cstdint>
#include <filesystem>
#include <fstream>
#include <functional>
#include <string>
#include <vector>

#include "core/lsn.hpp"
#include "validate/finding.hpp"

namespace validate {

/// Whose findings they are, and of when: what they may be used for.
struct FindingOrigin {
  core::Lsn lsn;
  std::string identity =
      {};                    ///< of the two databases and the slot, as one text: another pair's findings are not for us
  std::string meaning = {};  ///< fingerprint of the mapping that they were made under
};

/// All findings of one validation, however many: a file of JSON lines. The first line is the origin, the last one says how many there are,
/// so that a file that was cut off is known as such. Written beside the last one, which it replaces when it is finished.
class FindingLog {
 public:
  /// `STATE_DIR/last-validate.jsonl`
  [[nodiscard]] static std::filesystem::path path_in(const std::filesystem::path& state_dir);

  /// Throws Error(State) when the file cannot be written.
  FindingLog(std::filesystem::path path, const FindingOrigin& origin);
  /// Not finished: nothing is left of it.
  ~FindingLog();
  FindingLog(const FindingLog&) = delete;
  FindingLog& operator=(const FindingLog&) = delete;

  void add(const Finding& finding);
  /// Makes it the last validation's.
  void finish();

  /// Visits the findings of the last validation in their order, and returns their origin, or just that without `visit`. Throws
  /// Error(State) when there is none, or it is damaged.
  static FindingOrigin read(const std::filesystem::path& path, const std::function<void(Finding finding)>& visit);

 private:
  void write_line(const std::string& line);

  std::filesystem::path path_;
  std::filesystem::path fresh_;
  std::ofstream out_;
  std::int64_t count_ = 0;
};

}  // namespace validate
