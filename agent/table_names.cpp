#include "agent/table_names.hpp"

#include "core/error.hpp"

namespace agent {

std::vector<core::TableId> tables_named(const mapping::Plan& plan, const std::vector<std::string>& names) {
  std::vector<core::TableId> tables;
  for (const std::string& name : names) {
    const auto dot = name.find('.');
    const core::QualifiedName qualified = dot == std::string::npos
                                              ? core::QualifiedName{"public", name}
                                              : core::QualifiedName{name.substr(0, dot), name.substr(dot + 1)};
    const mapping::SourceTable* table = plan.find_table(qualified);
    if (table == nullptr) {
      throw core::Error(core::ErrorKind::Usage, "the mapping reads no source table of this name")
          .with("table", name)
          .remedy("name a table of mapping.yaml's `from`");
    }
    tables.push_back(table->id);
  }
  return tables;
}

}  // namespace agent
