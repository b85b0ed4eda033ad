#include "replication/timeline.hpp"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <charconv>

#include "core/error.hpp"
#include "replication/slot.hpp"

namespace replication {

namespace {

core::Error other_source(const pg::ServerIdentity& copied, const pg::ServerIdentity& found) {
  return core::Error{core::ErrorKind::Refused, "the source is not the one that this target was copied from"}
      .with("copied_system_identifier", copied.system_identifier)
      .with("source_system_identifier", found.system_identifier)
      .with("copied_timeline", fmt::to_string(copied.timeline))
      .with("source_timeline", fmt::to_string(found.timeline))
      .with("copied_database", copied.database)
      .with("source_database", found.database);
}

std::string_view next_line(std::string_view& text) {
  const std::size_t end = text.find('\n');
  const std::string_view line = text.substr(0, end);
  text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
  return line;
}

}  // namespace

std::optional<core::Lsn> left_timeline_at(std::string_view history, std::uint32_t timeline) {
  // Lines of "timeline <blank> position <blank> reason", oldest first; '#' begins a comment.
  while (!history.empty()) {
    std::string_view line = next_line(history);
    line.remove_prefix(std::min(line.find_first_not_of(" \t"), line.size()));
    std::uint32_t number = 0;
    const auto [end, error] = std::from_chars(line.data(), line.data() + line.size(), number);
    if (error != std::errc{} || number != timeline) continue;
    line.remove_prefix(static_cast<std::size_t>(end - line.data()));
    line.remove_prefix(std::min(line.find_first_not_of(" \t"), line.size()));
    return core::Lsn::parse(line.substr(0, line.find_first_of(" \t\r")));
  }
  return std::nullopt;
}

void require_same_history(pg::ReplicationConnection& connection, const pg::ServerIdentity& copied, core::Lsn applied,
                          const std::string& slot) {
  const pg::ServerIdentity found = connection.identify_system();
  if (found == copied) return;
  if (found.system_identifier != copied.system_identifier || found.database != copied.database) {
    throw other_source(copied, found)
        .remedy("point source.url to the original server; if another one took its place for good, " + copy_anew(slot));
  }
  const std::string remedy =
      "connect to the server that the changes came from; if it is gone for good, " + copy_anew(slot);
  if (found.timeline < copied.timeline) throw other_source(copied, found).remedy(remedy);
  const pg::Result history = connection.exec(fmt::format("TIMELINE_HISTORY {}", found.timeline));
  const auto left = left_timeline_at(history.text(0, 1), copied.timeline);
  if (!left || *left < applied) {
    throw other_source(copied, found)
        .with("left_timeline_at", left ? left->to_string() : "never was on it")
        .with("applied_lsn", applied.to_string())
        .remedy("it was restored or promoted without all that was applied: " + remedy);
  }
  spdlog::warn(
      "the source was promoted and has everything that was applied copied_timeline={} source_timeline={} left_at={} "
      "applied_lsn={}",
      copied.timeline, found.timeline, left->to_string(), applied.to_string());
}

}  // namespace replication
