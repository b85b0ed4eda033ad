#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>

#include "agent/config.hpp"
#include "core/relation.hpp"
#include "mapping/plan.hpp"
#include "pg/session.hpp"
#include "replication/publication.hpp"

namespace agent {

/// What tells, without the slot, that the source is still the one that was read, and that all its changes were published: kept on the
/// target beside the checkpoint. The number is written into the publication's comment on the source as well, and grows: a source that
/// was restored shows an older one, even when its log has long run past the checkpoint again.
struct SourceMark {
  std::uint64_t number = 0;  ///< 0: none was written yet, or the publication is not ours to comment on
  std::uint32_t publication = 0;
  std::uint32_t version = 0;                     ///< of the publication's options; 0: an earlier agent did not note it
  std::map<std::string, std::uint32_t> entries;  ///< of the publication, by table
  std::map<std::string, std::uint32_t>
      schemas{};  ///< the same of the schemas that it publishes whole; an earlier agent noted none
};

[[nodiscard]] std::string encode(const SourceMark& mark);
/// Of an empty text: no mark. Throws Error(Bug) when it is not what encode() gave.
[[nodiscard]] SourceMark decode_source_mark(const std::string& text);

/// The tables whose changes the mapping needs.
[[nodiscard]] std::set<core::QualifiedName> wanted_tables(const mapping::Plan& plan);

/// The number in a publication's comment; 0 when it has none.
[[nodiscard]] std::uint64_t marked_number(const std::string& comment);

/// Throws Error(Refused) when the publication is gone or was made again since the mark (changes of between were not sent), or carries an
/// older number than the mark (the source was set back).
void require_same_publication(const std::optional<replication::Publication>& publication, const SourceMark& mark,
                              const Config::Source& source);

/// Tables of the mapping whose changes may not have been published all the time since the mark: taken out, put in again, filtered;
/// all of them when the options were changed, be it for a moment.
[[nodiscard]] std::set<core::QualifiedName> tables_with_gaps(const replication::Publication& publication,
                                                             const SourceMark& mark,
                                                             const std::set<core::QualifiedName>& wanted);

/// Writes the next number into the publication's comment and returns the mark of `publication`, for the target to keep afterwards: a crash
/// between the two leaves the source ahead, which harms nothing. Where the publication's owner is somebody else the number stays, with a
/// warning.
[[nodiscard]] SourceMark mark_source(pg::Session& source, const replication::Publication& publication,
                                     std::uint64_t known_number);

}  // namespace agent
