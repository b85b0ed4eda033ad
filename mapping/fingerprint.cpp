#include "mapping/fingerprint.hpp"

#include <map>
#include <string>
#include <string_view>

#include "core/uuid.hpp"
#include "mapping/target_key_text.hpp"

namespace mapping {

namespace {

// Text that differs whenever one of the things written into it differs: every string with its length before it.
class Digest {
 public:
  Digest& add(std::string_view text) {
    text_ += std::to_string(text.size());
    text_ += ':';
    text_ += text;
    return *this;
  }
  Digest& add(const char* text) { return add(std::string_view(text)); }
  Digest& add(const std::string& text) { return add(std::string_view(text)); }
  Digest& add(std::size_t number) { return add(std::to_string(number)); }
  template <typename Number>
  Digest& add_list(const std::vector<Number>& numbers) {
    add(numbers.size());
    for (const Number number : numbers) add(static_cast<std::size_t>(number));
    return *this;
  }
  Digest& add(const core::QualifiedName& name) { return add(name.schema).add(name.name); }
  Digest& add(const Operand& operand) {
    return add(static_cast<std::size_t>(operand.join + 1)).add(std::size_t{operand.column});
  }
  [[nodiscard]] std::string take() const { return core::uuid_v5({}, text_).to_string(); }

 private:
  std::string text_;
};

std::size_t number_of(const std::optional<Missing>& missing) {
  return missing ? static_cast<std::size_t>(*missing) + 1 : 0;
}

// varchar and text hold the same values and are computed with alike: a column that becomes the other one changes no image.
std::string image_type(const ImageColumn& column) {
  return column.sql_type == R"(pg_catalog."varchar")" ? R"(pg_catalog."text")" : column.sql_type;
}

void add_tables(Digest& digest, const Plan& plan) {
  for (const SourceTable& table : plan.tables) {
    digest.add("table").add(table.name).add(table.key_size);
    for (const ImageColumn& column : table.columns) {
      digest.add("column").add(column.name).add(image_type(column)).add(static_cast<std::size_t>(column.key_type));
    }
  }
  for (const Index& index : plan.indexes) digest.add("index").add(index.table.index()).add_list(index.columns);
  for (const Entity& entity : plan.entities) digest.add("entity").add(entity.name).add(entity.adopt);
}

void add_joins_and_refs(Digest& digest, const Route& route) {
  for (const Join& join : route.joins) {
    digest.add("join")
        .add(join.alias)
        .add(join.table.index())
        .add(std::size_t{join.is_many})
        .add(std::size_t{join.is_static});
    for (const Operand& operand : join.on) digest.add(operand);
    digest.add_list(join.find.columns).add_list(join.used);
  }
  for (const Ref& ref : route.refs) {
    digest.add("ref").add(ref.entity.index());
    for (const Operand& operand : ref.key) digest.add(operand);
  }
}

// What decides the status of a row: who it is, whether it passes, what it waits for.
void add_statuses(Digest& digest, const Route& route) {
  digest.add("route").add(route.name).add(route.from.index()).add(route.to);
  digest.add(route.entity ? route.entity->index() + 1 : 0).add_list(route.key);
  add_joins_and_refs(digest, route);
  digest.add(std::size_t{route.has_where}).add(route.where);
  for (const TargetColumn& column : route.columns) {
    if (column.refs.empty()) continue;
    digest.add("waits").add(column.name).add(number_of(column.missing)).add_list(column.refs);
    // Of a plain ref the text says nothing more; of a larger expression it decides when the ref counts.
    if (!column.is_plain_ref && column.missing) digest.add(column.sql);
  }
  // The remembered key of a row without an id is made by these.
  for (const std::string& name : route.conflict) {
    digest.add("conflict").add(name);
    for (const TargetColumn& column : route.columns) {
      if (column.name != name) continue;
      digest.add(column.sql);
      if (!is_printed_as_key(column.sql_type)) digest.add(target_key_text(column.sql_type, ""));
    }
  }
}

void add_values(Digest& digest, const Route& route) {
  digest.add("values").add(route.id_column.value_or("")).add(static_cast<std::size_t>(route.on_delete));
  digest.add(static_cast<std::size_t>(route.on_truncate)).add(std::size_t{route.owns_all});
  for (const TargetColumn& column : route.columns) {
    digest.add(column.name).add(column.sql).add(number_of(column.missing)).add(column.declared_type);
  }
  for (const TargetColumn& column : route.set_on_delete) digest.add("set").add(column.name).add(column.sql);
}

}  // namespace

void take_fingerprints(Plan& plan) {
  Digest digest;
  digest.add(plan.name_space.to_string());
  add_tables(digest, plan);
  for (const Route& route : plan.routes) add_statuses(digest, route);
  plan.layout_fingerprint = digest.take();
  for (const Route& route : plan.routes) add_values(digest, route);
  plan.meaning_fingerprint = digest.take();
}

std::string fingerprint_of(const Plan& plan, const Route& route) {
  Digest digest;
  const auto add_column = [&](std::int16_t join, std::uint16_t column) {
    const core::TableId table = join == Operand::kRow ? route.from : route.joins[static_cast<std::size_t>(join)].table;
    const ImageColumn& of = plan.table(table).columns[column];
    digest.add(static_cast<std::size_t>(join + 1)).add(of.name).add(of.sql_type);
  };
  const auto add_operand = [&](const Operand& operand) { add_column(operand.join, operand.column); };
  digest.add(plan.table(route.from).name).add(route.to);
  digest.add(route.entity ? plan.entity(*route.entity).name : "").add(route.id_column.value_or(""));
  if (route.entity) digest.add(plan.entity(*route.entity).adopt);
  for (const std::uint16_t column : route.key) add_column(Operand::kRow, column);
  for (std::size_t i = 0; i < route.joins.size(); ++i) {
    const Join& join = route.joins[i];
    digest.add("join").add(join.alias).add(plan.table(join.table).name);
    digest.add(std::size_t{join.is_many}).add(std::size_t{join.is_static});
    for (const Operand& operand : join.on) add_operand(operand);
    for (const std::uint16_t column : join.find.columns) add_column(static_cast<std::int16_t>(i), column);
  }
  for (const Ref& ref : route.refs) {
    digest.add("ref").add(plan.entity(ref.entity).name);
    for (const Operand& operand : ref.key) add_operand(operand);
  }
  digest.add(std::size_t{route.has_where}).add(route.where);
  // Their order means nothing.
  std::map<std::string, const TargetColumn*> columns;
  for (const TargetColumn& column : route.columns) columns.emplace(column.name, &column);
  for (const auto& [name, column] : columns) {
    digest.add("column").add(name).add(column->sql).add(number_of(column->missing)).add(column->declared_type);
    for (const Operand& operand : column->reads) add_operand(operand);
  }
  for (const std::string& name : route.conflict) digest.add("conflict").add(name);
  digest.add(static_cast<std::size_t>(route.on_delete)).add(static_cast<std::size_t>(route.on_truncate));
  for (const TargetColumn& column : route.set_on_delete) digest.add("set").add(column.name).add(column.sql);
  return digest.take();
}

}  // namespace mapping
