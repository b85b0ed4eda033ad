#include "pg/prepared_statements.hpp"

#include "core/array_literal.hpp"

namespace pg {

Result PreparedStatements::exec(Session& session, std::string_view sql, std::span<const Param> params) {
  auto found = names_.find(std::string{sql});
  if (found == names_.end()) {
    std::string name = "s" + std::to_string(names_.size());
    session.prepare(name, sql);
    found = names_.emplace(sql, std::move(name)).first;
  }
  return session.exec_prepared(found->second, params);
}

Result PreparedStatements::exec_arrays(Session& session, std::string_view sql,
                                       std::span<const std::vector<core::Value>> columns) {
  std::vector<std::string> literals;
  literals.reserve(columns.size());
  for (const auto& column : columns) literals.push_back(core::array_literal(column));
  const std::vector<Param> params(literals.begin(), literals.end());
  return exec(session, sql, params);
}

}  // namespace pg
