#include "mapping/sent_rows.hpp"

#include "core/array_literal.hpp"

namespace mapping {

namespace {

SentValue input(const Route& route, const Derivation& row, const Operand& operand) {
  if (operand.join != Operand::kRow) {
    const auto join = static_cast<std::size_t>(operand.join);
    if (route.joins[join].is_many) return {{}, joined_array(row.joined[join], operand.column)};
  }
  return {row.value(operand), {}};
}

SentValue ref(const RefState& state) {
  if (state.kind != RefState::Kind::Resolved) return {};
  return {{}, state.uuid.to_string()};
}

}  // namespace

std::vector<std::vector<core::Value>> SentRows::columns() const {
  std::vector<std::vector<core::Value>> columns(width);
  for (auto& column : columns) column.reserve(rows());
  for (std::size_t i = 0; i < values.size(); ++i) columns[i % width].push_back(values[i].get());
  return columns;
}

std::string joined_array(std::span<const core::Row> rows, std::uint16_t column) {
  std::string literal = "{";
  for (const core::Row& row : rows) {
    if (literal.size() > 1) literal.push_back(',');
    core::append_array_element(literal, row[column]);
  }
  literal.push_back('}');
  return literal;
}

SentRows sent_rows(const Route& route, const RowStatement& statement, std::span<const Derivation* const> rows,
                   core::Lookup& lookup) {
  SentRows sent;
  sent.width = statement.width();
  sent.values.reserve(sent.width * rows.size());
  for (const Derivation* row : rows) {
    if (statement.has_id) sent.values.push_back({{}, lookup.uuid(*route.entity, row->entity_key).to_string()});
    for (const Operand& operand : statement.inputs) sent.values.push_back(input(route, *row, operand));
    for (const std::uint16_t position : statement.refs) sent.values.push_back(ref(row->refs[position]));
    for (const std::uint16_t position : statement.flags) {
      const bool missed = row->refs[position].kind == RefState::Kind::Missed;
      sent.values.push_back({core::Value::of(missed ? "t" : "f"), {}});
    }
  }
  return sent;
}

}  // namespace mapping
