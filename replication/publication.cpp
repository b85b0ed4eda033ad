#include "replication/publication.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <string_view>

#include "core/error.hpp"
#include "pg/quoting.hpp"
#include "pg/server_version.hpp"
#include "replication/publication_sql.hpp"

namespace replication {

namespace {

std::string table_list(const std::set<core::QualifiedName>& tables) {
  std::string list;
  for (const core::QualifiedName& table : tables) {
    if (!list.empty()) list += ", ";
    list += pg::quote_name(table);
  }
  return list;
}

std::string options(pg::ServerVersion version) {
  std::string text = version.has_truncate_in_stream() ? "publish = 'insert, update, delete, truncate'"
                                                      : "publish = 'insert, update, delete'";
  if (version.has_publish_via_root()) text += ", publish_via_partition_root = true";
  return text;
}

std::string display(const std::vector<core::QualifiedName>& tables) {
  std::vector<std::string> names;
  names.reserve(tables.size());
  for (const core::QualifiedName& table : tables) names.push_back(table.display());
  return fmt::format("{}", fmt::join(names, ", "));
}

}  // namespace

bool PublicationDifference::is_complete() const {
  return missing.empty() && row_filtered.empty() && column_listed.empty() && missing_operations.empty() &&
         !is_not_via_partition_root;
}

bool PublicationDifference::is_empty() const { return is_complete() && extra.empty() && !is_for_more_than_tables; }

std::set<core::QualifiedName> PublicationDifference::kept_back(const std::set<core::QualifiedName>& wanted) const {
  // An operation that is not published, or a leaf's name in the place of its root's, may concern any table.
  if (!missing_operations.empty() || is_not_via_partition_root) return wanted;
  std::set<core::QualifiedName> tables{missing.begin(), missing.end()};
  tables.insert(row_filtered.begin(), row_filtered.end());
  tables.insert(column_listed.begin(), column_listed.end());
  return tables;
}

std::string PublicationDifference::describe() const {
  std::vector<std::string> parts;
  if (!missing.empty()) parts.push_back("not published: " + display(missing));
  if (!row_filtered.empty()) parts.push_back("published with a row filter: " + display(row_filtered));
  if (!column_listed.empty()) parts.push_back("published with a column list: " + display(column_listed));
  if (!missing_operations.empty()) {
    parts.push_back(fmt::format("operations not published: {}", fmt::join(missing_operations, ", ")));
  }
  if (is_not_via_partition_root) parts.emplace_back("partitions are published under their own names");
  if (is_for_more_than_tables) parts.emplace_back("published for all tables or for whole schemas");
  if (!extra.empty()) parts.push_back("published without need: " + display(extra));
  return fmt::format("{}", fmt::join(parts, "; "));
}

std::optional<Publication> read_publication(pg::Session& session, const std::string& name) {
  const pg::ServerVersion version{session.server_version()};
  const pg::Result head = session.exec(fmt::format(fmt::runtime(publication_sql::kPublication),
                                                   version.has_truncate_in_stream() ? "p.pubtruncate" : "true",
                                                   version.has_publish_via_root() ? "p.pubviaroot" : "true"),
                                       {std::string_view{name}});
  if (head.rows() == 0) return std::nullopt;

  Publication publication;
  publication.name = name;
  publication.is_for_all_tables = head.is_true(0, 0);
  publication.publishes_insert = head.is_true(0, 1);
  publication.publishes_update = head.is_true(0, 2);
  publication.publishes_delete = head.is_true(0, 3);
  publication.publishes_truncate = head.is_true(0, 4);
  publication.is_via_partition_root = head.is_true(0, 5);
  publication.oid = static_cast<std::uint32_t>(head.integer(0, 6));
  publication.comment = head.text(0, 7);
  publication.version = static_cast<std::uint32_t>(head.integer(0, 8));

  const bool has_filters = version.has_publication_filters();
  const pg::Result tables =
      session.exec(fmt::format(fmt::runtime(publication_sql::kTables), has_filters ? "r.prqual is not null" : "false",
                               has_filters ? "r.prattrs is not null" : "false"),
                   {std::string_view{name}});
  for (std::size_t row = 0; row < tables.rows(); ++row) {
    publication.tables.push_back(
        {{tables.text(row, 0), tables.text(row, 1)}, tables.is_true(row, 2), tables.is_true(row, 3)});
    publication.entries.emplace(publication.tables.back().name, static_cast<std::uint32_t>(tables.integer(row, 4)));
  }
  std::ranges::sort(publication.tables, {}, &PublishedTable::name);

  if (has_filters) {
    const pg::Result schemas = session.exec(publication_sql::kSchemas, {std::string_view{name}});
    for (std::size_t row = 0; row < schemas.rows(); ++row) {
      publication.schemas.push_back(schemas.text(row, 0));
      publication.schema_entries.emplace(schemas.text(row, 0), static_cast<std::uint32_t>(schemas.integer(row, 1)));
    }
  }
  return publication;
}

void create_publication(pg::Session& session, const std::string& name, const std::set<core::QualifiedName>& tables) {
  if (tables.empty()) throw core::Error{core::ErrorKind::Bug, "a publication of no tables was asked for"};
  session.exec(fmt::format("create publication {} for table {} with ({})", pg::quote_identifier(name),
                           table_list(tables), options({session.server_version()})));
}

PublicationDifference compare(const Publication& publication, const std::set<core::QualifiedName>& wanted) {
  PublicationDifference difference;
  difference.is_for_more_than_tables = publication.is_for_all_tables || !publication.schemas.empty();
  const auto comes_with_schema = [&](const core::QualifiedName& table) {
    return publication.is_for_all_tables ||
           std::ranges::find(publication.schemas, table.schema) != publication.schemas.end();
  };
  std::set<core::QualifiedName> listed;
  for (const PublishedTable& table : publication.tables) {
    listed.insert(table.name);
    if (!wanted.contains(table.name)) {
      difference.extra.push_back(table.name);
      continue;
    }
    // A table that also comes with its schema is published whole, whatever its own entry says of rows.
    if (table.has_row_filter && !comes_with_schema(table.name)) difference.row_filtered.push_back(table.name);
    if (table.has_column_list) difference.column_listed.push_back(table.name);
  }
  for (const core::QualifiedName& table : wanted) {
    if (!listed.contains(table) && !comes_with_schema(table)) difference.missing.push_back(table);
  }
  if (!publication.publishes_insert) difference.missing_operations.emplace_back("insert");
  if (!publication.publishes_update) difference.missing_operations.emplace_back("update");
  if (!publication.publishes_delete) difference.missing_operations.emplace_back("delete");
  if (!publication.publishes_truncate) difference.missing_operations.emplace_back("truncate");
  difference.is_not_via_partition_root = !publication.is_via_partition_root;
  return difference;
}

void alter_publication(pg::Session& session, const Publication& publication,
                       const std::set<core::QualifiedName>& wanted) {
  const PublicationDifference difference = compare(publication, wanted);
  if (difference.is_empty()) return;
  if (difference.is_for_more_than_tables) {
    throw core::Error{core::ErrorKind::Refused,
                      "the publication is for all tables or for schemas and cannot become a list"}
        .with("publication", publication.name)
        .remedy("drop it and let the agent make its own, or set source.publication to another name");
  }
  if (wanted.empty()) throw core::Error{core::ErrorKind::Bug, "a publication of no tables was asked for"};
  const std::string quoted = pg::quote_identifier(publication.name);
  pg::TransactionBlock block{session};
  // Only where they differ: whoever watches the publication takes any change of its options for a gap.
  if (!difference.missing_operations.empty() || difference.is_not_via_partition_root) {
    session.exec(fmt::format("alter publication {} set ({})", quoted, options({session.server_version()})));
  }
  session.exec(fmt::format("alter publication {} set table {}", quoted, table_list(wanted)));
  block.commit();
}

void comment_on_publication(pg::Session& session, const std::string& name, const std::string& comment) {
  session.exec(fmt::format("comment on publication {} is {}", pg::quote_identifier(name), pg::quote_literal(comment)));
}

void require_may_drop_publication(pg::Session& session, const std::string& name) {
  const pg::Result found = session.exec(publication_sql::kOwner, {std::string_view{name}});
  if (found.rows() == 0 || found.is_true(0, 0)) return;
  throw core::Error{core::ErrorKind::Refused, "the agent's role may not drop the publication"}
      .with("publication", name)
      .with("owner", found.text(0, 1))
      .with("role", found.text(0, 2))
      .remedy("on the source: GRANT " + found.text(0, 1) + " TO " + found.text(0, 2) +
              ", then run the command again (another owner would do, too, but whatever alters a publication makes the "
              "next start read its tables anew)");
}

bool drop_publication(pg::Session& session, const std::string& name) {
  if (!read_publication(session, name)) return false;
  require_may_drop_publication(session, name);
  session.exec(fmt::format("drop publication if exists {}", pg::quote_identifier(name)));
  return true;
}

}  // namespace replication
