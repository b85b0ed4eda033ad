#include "agent/source_mark.hpp"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <charconv>
#include <nlohmann/json.hpp>
#include <optional>
#include <string_view>

#include "core/error.hpp"
#include "replication/slot.hpp"

namespace agent {

namespace {

using core::Error;
using core::ErrorKind;

constexpr std::string_view kCommentPrefix = "dispatch-sync mark ";
constexpr std::string_view kCommentRest =
    ": leave it alone, a lower number tells the agent that this server was restored";

}  // namespace

std::string encode(const SourceMark& mark) {
  return nlohmann::json{{"number", mark.number},
                        {"publication", mark.publication},
                        {"version", mark.version},
                        {"entries", mark.entries},
                        {"schemas", mark.schemas}}
      .dump();
}

SourceMark decode_source_mark(const std::string& text) {
  try {
    const nlohmann::json object = nlohmann::json::parse(text.empty() ? "{}" : text);
    return {.number = object.value("number", std::uint64_t{0}),
            .publication = object.value("publication", std::uint32_t{0}),
            .version = object.value("version", std::uint32_t{0}),
            .entries = object.value("entries", std::map<std::string, std::uint32_t>{}),
            .schemas = object.value("schemas", std::map<std::string, std::uint32_t>{})};
  } catch (const nlohmann::json::exception&) {
    throw Error(ErrorKind::Bug, "the ledger's checkpoint has a source_mark that this agent has not written");
  }
}

std::set<core::QualifiedName> wanted_tables(const mapping::Plan& plan) {
  std::set<core::QualifiedName> tables;
  for (const mapping::SourceTable& table : plan.tables) tables.insert(table.name);
  return tables;
}

std::uint64_t marked_number(const std::string& comment) {
  if (!comment.starts_with(kCommentPrefix)) return 0;
  std::uint64_t number = 0;
  std::from_chars(comment.data() + kCommentPrefix.size(), comment.data() + comment.size(), number);
  return number;
}

void require_same_publication(const std::optional<replication::Publication>& publication, const SourceMark& mark,
                              const Config::Source& source) {
  if (!publication) {
    throw Error(ErrorKind::Refused, "the publication is gone: changes since it was dropped were not sent")
        .with("publication", source.publication)
        .remedy(replication::copy_anew(source.slot));
  }
  if (mark.publication != 0 && publication->oid != mark.publication) {
    throw Error(ErrorKind::Refused, "the publication was dropped and made again: changes of between were not sent")
        .with("publication", source.publication)
        .with("known_oid", std::to_string(mark.publication))
        .with("found_oid", std::to_string(publication->oid))
        .remedy(replication::copy_anew(source.slot));
  }
  const std::uint64_t number = marked_number(publication->comment);
  if (number != 0 && number < mark.number) {
    throw Error(ErrorKind::Refused, "the source was set back to an earlier moment: its mark is older than the target's")
        .with("publication", source.publication)
        .with("source_mark", std::to_string(number))
        .with("target_mark", std::to_string(mark.number))
        .remedy("connect to the original source; if it is gone for good, " + replication::copy_anew(source.slot));
  }
}

std::set<core::QualifiedName> tables_with_gaps(const replication::Publication& publication, const SourceMark& mark,
                                               const std::set<core::QualifiedName>& wanted) {
  if (mark.version != 0 && publication.version != mark.version) return wanted;
  auto tables = replication::compare(publication, wanted).kept_back(wanted);
  const auto schema_changed = [&](const std::string& schema) {
    const auto known = mark.schemas.find(schema);
    if (known == mark.schemas.end()) return false;
    const auto now = publication.schema_entries.find(schema);
    return now == publication.schema_entries.end() || now->second != known->second;
  };
  for (const core::QualifiedName& table : wanted) {
    if (schema_changed(table.schema)) tables.insert(table);
    const auto known = mark.entries.find(table.display());
    if (known == mark.entries.end()) continue;  // of all tables or a schema, or new to the mapping
    const auto now = publication.entries.find(table);
    if (now == publication.entries.end() || now->second != known->second) tables.insert(table);
  }
  return tables;
}

SourceMark mark_source(pg::Session& source, const replication::Publication& publication, std::uint64_t known_number) {
  SourceMark mark{.number = known_number,
                  .publication = publication.oid,
                  .version = publication.version,
                  .entries = {},
                  .schemas = publication.schema_entries};
  for (const auto& [table, entry] : publication.entries) mark.entries.emplace(table.display(), entry);
  // Publications may be shared by several slots: the number grows for all of them.
  const std::uint64_t number = std::max(known_number, marked_number(publication.comment)) + 1;
  try {
    replication::comment_on_publication(
        source, publication.name, std::string{kCommentPrefix} + std::to_string(number) + std::string{kCommentRest});
    mark.number = number;
  } catch (const Error& error) {
    if (error.is_transient()) throw;
    spdlog::warn("the publication cannot be marked, so that a restored source is told by its log's end alone: {}",
                 error.what());
  }
  return mark;
}

}  // namespace agent
