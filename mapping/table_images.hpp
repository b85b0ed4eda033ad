#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "mapping/resolve.hpp"

namespace mapping {

/// The source tables of a plan while it is made: which columns their images have, and the indexes that the ways back
/// need. Ids are given in the order in which routes and joins name the tables.
class TableImages {
 public:
  /// Finds the tables and every column that some route needs. Precondition: the mapping has no errors.
  explicit TableImages(const ResolvedMapping& mapping);

  [[nodiscard]] core::TableId id(const core::CatalogTable& table) const { return ids_.at(table.name); }
  [[nodiscard]] std::uint16_t position(core::TableId table, const std::string& column) const;
  [[nodiscard]] std::size_t key_size(core::TableId table) const { return tables_[table.index()].key_size; }
  [[nodiscard]] Operand operand(const ResolvedRoute& route, const NamedColumn& column) const;
  [[nodiscard]] std::vector<Operand> operands(const ResolvedRoute& route,
                                              const std::vector<NamedColumn>& columns) const;

  /// The way to rows of `table` by the values of `columns`: the primary key, or an index, which is made when it is new.
  [[nodiscard]] Access access(core::TableId table, std::vector<std::uint16_t> columns);

  [[nodiscard]] std::vector<SourceTable>& tables() { return tables_; }
  [[nodiscard]] std::vector<Index>& indexes() { return indexes_; }

 private:
  void add_table(const core::CatalogTable& table);
  void need(const ResolvedRoute& route, const std::vector<NamedColumn>& columns);
  void fill_columns();

  std::map<core::QualifiedName, core::TableId> ids_;
  std::vector<const core::CatalogTable*> catalog_;
  std::vector<std::set<std::string>> needed_;  // by TableId
  std::vector<SourceTable> tables_;
  std::vector<Index> indexes_;
};

}  // namespace mapping
