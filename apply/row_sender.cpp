#include "apply/row_sender.hpp"

#include "pg/copy_text.hpp"

namespace apply {

namespace {

SentValue input(const mapping::Route& route, const mapping::Derivation& row, const mapping::Operand& operand) {
  if (operand.join != mapping::Operand::kRow) {
    const auto join = static_cast<std::size_t>(operand.join);
    if (route.joins[join].is_many) return {{}, joined_array(row.joined[join], operand.column)};
  }
  return {row.value(operand), {}};
}

SentValue ref(const mapping::RefState& state) {
  if (state.kind != mapping::RefState::Kind::Resolved) return {};
  return {{}, state.uuid.to_string()};
}

}  // namespace

std::string joined_array(std::span<const core::Row> rows, std::uint16_t column) {
  std::string literal = "{";
  for (const core::Row& row : rows) {
    if (literal.size() > 1) literal.push_back(',');
    pg::append_array_element(literal, row[column]);
  }
  literal.push_back('}');
  return literal;
}

SentRows sent_rows(const mapping::Route& route, const mapping::RowStatement& statement,
                   std::span<const mapping::Derivation* const> rows, core::Lookup& lookup) {
  SentRows sent;
  sent.width = statement.width();
  sent.values.reserve(sent.width * rows.size());
  for (const mapping::Derivation* row : rows) {
    if (statement.has_id) sent.values.push_back({{}, lookup.uuid(*route.entity, row->entity_key).to_string()});
    for (const mapping::Operand& operand : statement.inputs) sent.values.push_back(input(route, *row, operand));
    for (const std::uint16_t position : statement.refs) sent.values.push_back(ref(row->refs[position]));
    for (const std::uint16_t position : statement.flags) {
      const bool missed = row->refs[position].kind == mapping::RefState::Kind::Missed;
      sent.values.push_back({core::Value::of(missed ? "t" : "f"), {}});
    }
  }
  return sent;
}

}  // namespace apply
