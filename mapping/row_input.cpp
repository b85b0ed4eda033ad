#include "mapping/row_input.hpp"

#include "mapping/resolve.hpp"
#include "mapping/sql_text.hpp"

namespace mapping {

namespace {

constexpr const char* kUuid = "pg_catalog.\"uuid\"";
constexpr const char* kBool = "pg_catalog.\"bool\"";

std::string input_name(std::size_t position) { return "i" + std::to_string(position) + "$"; }

}  // namespace

RowInput::RowInput(const Plan& plan, const Route& route, const RowStatement& rows)
    : plan_(plan), route_(route), rows_(rows) {
  if (rows.has_id) columns_.push_back({"u$", kUuid});
  for (std::size_t i = 0; i < rows.inputs.size(); ++i) {
    const Operand& input = rows.inputs[i];
    const bool is_row = input.join == Operand::kRow;
    const Join* join = is_row ? nullptr : &route.joins[static_cast<std::size_t>(input.join)];
    const std::string& type = plan.table(is_row ? route.from : join->table).columns[input.column].sql_type;
    columns_.push_back({input_name(i), join != nullptr && join->is_many ? type + "[]" : type});
  }
  for (const std::uint16_t ref : rows.refs) columns_.push_back({ref_input_name(ref), kUuid});
  for (const std::uint16_t ref : rows.flags) columns_.push_back({flag_name(ref), kBool});
}

std::string RowInput::flag_name(std::size_t ref) { return "m" + std::to_string(ref) + "$"; }

std::string RowInput::from_arrays(bool with_order) const {
  std::vector<std::string> values;
  std::vector<std::string> arrays;
  std::vector<std::string> names;
  for (std::size_t i = 0; i < columns_.size(); ++i) {
    const std::string name = "\"a" + std::to_string(i) + "\"";
    values.push_back(name + "::" + columns_[i].sql_type + " AS " + quoted(columns_[i].name));
    arrays.push_back("pg_catalog.unnest($" + std::to_string(i + 1) + "::pg_catalog.text[])");
    names.push_back(name);
  }
  if (with_order) {
    values.insert(values.begin(), "\"ord$\"");
    names.emplace_back("\"ord$\"");
  }
  return "(SELECT " + joined(values) + "\n FROM ROWS FROM (" + joined(arrays) + ")" +
         (with_order ? " WITH ORDINALITY" : "") + " AS \"x$\" (" + joined(names) + "))";
}

std::string RowInput::from_nulls() const {
  std::vector<std::string> values;
  for (const InputColumn& column : columns_)
    values.push_back("NULL::" + column.sql_type + " AS " + quoted(column.name));
  return "(SELECT " + joined(values) + ")";
}

std::string RowInput::joined_rows() const {
  std::string sql;
  for (std::size_t j = 0; j < route_.joins.size(); ++j) {
    const Join& join = route_.joins[j];
    std::vector<std::string> values;
    for (std::size_t i = 0; i < rows_.inputs.size(); ++i) {
      if (rows_.inputs[i].join != static_cast<std::int16_t>(j)) continue;
      const std::string& name = plan_.table(join.table).columns[rows_.inputs[i].column].name;
      values.push_back("\"in$\"." + quoted(input_name(i)) + " AS " + quoted(name));
    }
    if (!values.empty()) sql += "CROSS JOIN LATERAL (SELECT " + joined(values) + ") AS " + quoted(join.alias) + "\n";
  }
  return sql;
}

std::string RowInput::row() const {
  std::vector<std::string> values;
  for (std::size_t i = 0; i < rows_.inputs.size(); ++i) {
    if (rows_.inputs[i].join != Operand::kRow) continue;
    const std::string& name = plan_.table(route_.from).columns[rows_.inputs[i].column].name;
    values.push_back("\"in$\"." + quoted(input_name(i)) + " AS " + quoted(name));
  }
  return "(SELECT " + joined(values) + ") AS \"row$\"";
}

}  // namespace mapping
