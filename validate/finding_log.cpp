#include "validate/finding_log.hpp"

#include <unistd.h>

#include <nlohmann/json.hpp>
#include <system_error>
#include <utility>

#include "core/error.hpp"

namespace validate {

namespace {

using nlohmann::json;

core::Error unwritable(const std::filesystem::path& path) {
  return core::Error(core::ErrorKind::State, "cannot write what the validation found")
      .with("file", path.string())
      .remedy("check its owner and the free space of its disk");
}

core::Error unreadable(const std::filesystem::path& path, const std::string& why) {
  return core::Error(core::ErrorKind::State, "the findings of the last validation cannot be used: " + why)
      .with("file", path.string())
      .remedy("run `agent validate`");
}

/// A key may hold bytes that are no text; it is shown, and not found again.
std::string text_of(const json& line) { return line.dump(-1, ' ', false, json::error_handler_t::replace); }

Finding finding_of(const json& line) {
  Finding finding;
  finding.route = line.at("route").get<std::string>();
  const auto kind = finding_kind(line.at("kind").get<std::string>());
  if (!kind) throw core::Error(core::ErrorKind::State, "unknown kind");
  finding.kind = *kind;
  finding.legacy_key = line.at("legacy_key").get<std::string>();
  finding.target_key = line.at("target_key").get<std::vector<std::string>>();
  finding.columns = line.at("columns").get<std::vector<std::string>>();
  finding.note = line.at("note").get<std::string>();
  return finding;
}

}  // namespace

std::filesystem::path FindingLog::path_in(const std::filesystem::path& state_dir) {
  return state_dir / "last-validate.jsonl";
}

FindingLog::FindingLog(std::filesystem::path path, const FindingOrigin& origin)
    : path_(std::move(path)), fresh_(path_.string() + "." + std::to_string(getpid())), out_(fresh_) {
  std::error_code ignored;
  std::filesystem::permissions(fresh_, std::filesystem::perms::owner_read | std::filesystem::perms::owner_write,
                               ignored);
  write_line(text_of({{"lsn", origin.lsn.to_string()}, {"identity", origin.identity}, {"meaning", origin.meaning}}));
}

FindingLog::~FindingLog() {
  std::error_code ignored;
  if (out_.is_open()) std::filesystem::remove(fresh_, ignored);
}

void FindingLog::write_line(const std::string& line) {
  out_ << line << '\n';
  if (!out_) throw unwritable(fresh_);
}

void FindingLog::add(const Finding& finding) {
  write_line(text_of({{"route", finding.route},
                      {"kind", to_string(finding.kind)},
                      {"legacy_key", finding.legacy_key},
                      {"target_key", finding.target_key},
                      {"columns", finding.columns},
                      {"note", finding.note}}));
  ++count_;
}

void FindingLog::finish() {
  write_line(text_of({{"findings", count_}}));
  out_.flush();
  if (!out_) throw unwritable(fresh_);
  std::error_code error;
  std::filesystem::rename(fresh_, path_, error);
  if (error) throw unwritable(path_);
  out_.close();
}

FindingOrigin FindingLog::read(const std::filesystem::path& path, const std::function<void(Finding)>& visit) {
  std::ifstream in(path);
  if (!in) throw unreadable(path, "there are none");
  FindingOrigin origin;
  std::string line;
  std::int64_t count = -1;  // the first line is the origin
  try {
    while (std::getline(in, line)) {
      const json object = json::parse(line);
      if (count == -1) {
        origin.lsn = core::Lsn::parse(object.at("lsn").get<std::string>()).value_or(core::Lsn{});
        origin.identity = object.at("identity").get<std::string>();
        origin.meaning = object.at("meaning").get<std::string>();
        if (!visit) return origin;
      } else if (object.contains("findings")) {
        if (object.at("findings").get<std::int64_t>() != count) throw unreadable(path, "lines are missing");
        return origin;
      } else {
        visit(finding_of(object));
      }
      ++count;
    }
  } catch (const json::exception&) {
    throw unreadable(path, "it is damaged");
  }
  throw unreadable(path, "its end is missing");
}

}  // namespace validate
