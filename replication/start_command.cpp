#include "replication/start_command.hpp"

#include <fmt/format.h>

#include "pg/quoting.hpp"

namespace replication {

std::string start_command(pg::ServerVersion version, std::string_view slot, core::Lsn start,
                          std::string_view publication, bool streams_uncommitted) {
  // publication_names is one literal that holds a list of quoted identifiers.
  std::string options = fmt::format("proto_version '{}', publication_names {}", version.has_streaming() ? 2 : 1,
                                    pg::quote_literal(pg::quote_identifier(publication)));
  if (streams_uncommitted && version.has_streaming()) options += ", streaming 'on'";
  if (version.has_messages()) options += ", messages 'true'";
  return fmt::format("START_REPLICATION SLOT {} LOGICAL {} ({})", pg::quote_identifier(slot), start.to_string(),
                     options);
}

}  // namespace replication
