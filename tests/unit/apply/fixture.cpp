#include "tests/unit/apply/fixture.hpp"

#include "agent/layout.hpp"
#include "mapping/compile.hpp"
#include "mapping/yaml_source.hpp"
#include "tests/unit/mapping/catalog_builder.hpp"

namespace tests {

core::Row row_of(const Cells& cells) {
  core::RowBuilder row{cells.size()};
  for (const auto& cell : cells)
    row.add(!cell ? core::Value::null() : *cell == kUnchanged ? core::Value::unchanged() : core::Value::of(*cell));
  return std::move(row).finish();
}

core::RowKey number(std::int64_t value) {
  const std::string digits = std::to_string(value);
  const core::KeyType type = core::KeyType::Integer;
  const core::Value of = core::Value::of(digits);
  return core::encode_key({&type, 1}, {&of, 1});
}

std::shared_ptr<const core::Relation> relation(const std::vector<std::string>& columns, const std::string& name) {
  core::Relation relation;
  relation.name = {"public", name};
  for (const std::string& column : columns) {
    const bool is_key = column == "id";
    relation.columns.push_back({column, core::Oid{is_key ? 23U : 25U}, -1, is_key});
  }
  return std::make_shared<const core::Relation>(std::move(relation));
}

mapping::Plan plan_with(const std::string& on_truncate) {
  const core::Catalog source =
      catalog({table("person").key("id int4").has("unread text").has("name text").has("body text"),
               table("log").key("id int4").has("line text")});
  const core::Catalog target = catalog({table("people").key("id uuid=").has("name text").has("body text"),
                                        table("lines").key("id uuid=").has("line text")});
  const std::string text =
      "version: 1\nnamespace: 6ba7b811-9dad-11d1-80b4-00c04fd430c8\ntables: [person, log]\nroutes:\n"
      "  - { from: person, to: people, entity: person, on_truncate: " +
      on_truncate +
      ", columns: { name: name, body: body } }\n"
      "  - { from: log, to: lines, entity: line, columns: { line: line } }\n";
  return mapping::compile_or_throw(mapping::parse_mapping("mapping.yaml", text), source, target);
}

BatchFixture::BatchFixture(const std::string& on_truncate)
    : plan(plan_with(on_truncate)),
      store(state::Store::open({.directory = directory.path() / "state", .memory_budget_bytes = 8U << 20U},
                               {"source-1", "legacy", "target-1", "postgres", "slot", "publication"},
                               agent::layout_of(plan))),
      overlay(std::make_unique<state::Overlay>(*store)),
      projections(plan),
      batch(std::make_unique<apply::Batch>(plan, *store, *overlay, projections)) {}

void BatchFixture::keep(std::int64_t id, const std::string& name, const std::string& body) {
  state::Overlay writer{*store};
  const mapping::SourceTable& table = *plan.find_table({"public", "person"});
  Cells cells;
  for (const mapping::ImageColumn& column : table.columns)
    cells.emplace_back(column.name == "id" ? std::to_string(id) : column.name == "name" ? name : body);
  writer.put_image(table.id, number(id), row_of(cells));
  writer.set_status(table.id, number(id), 0, core::RowStatus::Applied);
  writer.commit({}, {});
}

void BatchFixture::copied_at(core::Lsn lsn, std::optional<std::int64_t> end, std::optional<core::Lsn> rest_lsn) {
  state::Chunk chunk;
  chunk.table = plan.find_table({"public", "person"})->id;
  chunk.is_finished = true;
  chunk.lsn = lsn;
  if (end) chunk.end = number(*end);
  std::vector<state::Chunk> chunks{chunk};
  if (end) {
    state::Chunk rest;
    rest.table = chunk.table;
    rest.number = 1;
    rest.begin = chunk.end;
    rest.is_finished = rest_lsn.has_value();
    if (rest_lsn) rest.lsn = *rest_lsn;
    chunks.push_back(rest);
  }
  store->save_chunks(chunks);
}

void BatchFixture::insert(const Cells& cells) { batch->add({person, core::Insert{row_of(cells)}}, commit); }
void BatchFixture::update(const Cells& cells, std::optional<core::OldRow> old) {
  batch->add({person, core::Update{std::move(old), row_of(cells)}}, commit);
}
void BatchFixture::remove(std::int64_t id) {
  batch->add({person, core::Delete{{core::OldRow::Extent::Key, row_of({std::to_string(id), {}, {}})}}}, commit);
}
void BatchFixture::truncate() { batch->add({person, core::Truncate{}}, commit); }

std::optional<std::string> BatchFixture::row(std::int64_t id) {
  const mapping::SourceTable& table = *plan.find_table({"public", "person"});
  const state::StoredRow* stored = overlay->row(table.id, number(id));
  if (stored == nullptr) return std::nullopt;
  std::string text;
  for (const char* wanted : {"name", "body"}) {
    for (std::size_t i = 0; i < table.columns.size(); ++i) {
      if (table.columns[i].name != wanted) continue;
      const core::Value value = stored->image[i];
      text += (text.empty() ? "" : "|") + (value.is_text() ? std::string{value.text} : "NULL");
    }
  }
  return text;
}

}  // namespace tests
