#include "tests/integration/dispatch/shop.hpp"

namespace meaning {

namespace {

const std::string kSource = R"sql(
CREATE TABLE parent (id integer PRIMARY KEY, name text, visible boolean NOT NULL DEFAULT true);
CREATE TABLE item (id integer PRIMARY KEY, parent_id integer, label text);
CREATE TABLE node (id integer PRIMARY KEY, parent_id integer);
CREATE TABLE branch (id integer PRIMARY KEY, word text);
CREATE TABLE twig (id integer PRIMARY KEY, branch_id integer, open boolean NOT NULL DEFAULT true);
CREATE TABLE leaf (id integer PRIMARY KEY, twig_id integer);
CREATE TABLE doc (id integer PRIMARY KEY, title text);
CREATE TABLE pair (id integer PRIMARY KEY, left_id integer, right_id integer);
CREATE TABLE wiped (id integer PRIMARY KEY);
CREATE TABLE spared (id integer PRIMARY KEY);
CREATE TABLE guarded (id integer PRIMARY KEY);
CREATE TABLE login (id integer PRIMARY KEY, name text NOT NULL UNIQUE DEFERRABLE INITIALLY DEFERRED);
CREATE TABLE page (id integer PRIMARY KEY, title text, body text);
ALTER TABLE page ALTER body SET STORAGE EXTERNAL;
CREATE TABLE sheet (id integer PRIMARY KEY, title text, body text);
ALTER TABLE sheet ALTER body SET STORAGE EXTERNAL;
ALTER TABLE sheet REPLICA IDENTITY FULL;
CREATE TABLE score (id integer PRIMARY KEY, points integer);
)sql";

const std::string kTarget = R"sql(
CREATE TABLE parents (id uuid PRIMARY KEY, name text, legacy_id integer UNIQUE);
CREATE TABLE items_park (id uuid PRIMARY KEY, parent_id uuid REFERENCES parents, label text, legacy_id integer UNIQUE);
CREATE TABLE items_filter (id uuid PRIMARY KEY, parent_id uuid REFERENCES parents, label text, legacy_id integer UNIQUE);
CREATE TABLE items_null (id uuid PRIMARY KEY, parent_id uuid REFERENCES parents, label text, legacy_id integer UNIQUE);
CREATE TABLE items_quarantine (id uuid PRIMARY KEY, parent_id uuid REFERENCES parents, label text, legacy_id integer UNIQUE);
CREATE TABLE nodes_null (id uuid PRIMARY KEY, parent_id uuid REFERENCES nodes_null, legacy_id integer UNIQUE);
CREATE TABLE nodes_park (id uuid PRIMARY KEY, parent_id uuid REFERENCES nodes_park, legacy_id integer UNIQUE);
CREATE TABLE leaves (id uuid PRIMARY KEY, word text, legacy_id integer UNIQUE);
CREATE TABLE docs_kept (id uuid PRIMARY KEY, title text, legacy_id integer UNIQUE);
CREATE TABLE docs_archived (id uuid PRIMARY KEY, title text, archived boolean NOT NULL DEFAULT false, legacy_id integer UNIQUE);
CREATE TABLE pairs (left_id uuid NOT NULL REFERENCES parents, right_id uuid NOT NULL REFERENCES parents,
  PRIMARY KEY (left_id, right_id));
CREATE TABLE wiped (id uuid PRIMARY KEY, legacy_id integer);
CREATE TABLE spared (id uuid PRIMARY KEY, legacy_id integer);
CREATE TABLE guarded (id uuid PRIMARY KEY, legacy_id integer);
CREATE TABLE logins (id uuid PRIMARY KEY, name text NOT NULL UNIQUE, legacy_id integer UNIQUE);
CREATE TABLE pages (id uuid PRIMARY KEY, title text, body text, legacy_id integer UNIQUE);
CREATE TABLE sheets (id uuid PRIMARY KEY, title text, body text, legacy_id integer UNIQUE);
CREATE TABLE scores (id uuid PRIMARY KEY, points integer CHECK (points <= 100), legacy_id integer UNIQUE);
)sql";

const std::string kMapping = R"yaml(version: 1
namespace: 6ba7b811-9dad-11d1-80b4-00c04fd430c8
routes:
  - from: parent
    to: parents
    entity: parent
    where: visible
    columns: { name: name, legacy_id: id }
  - from: item
    to: items_park
    entity: item_park
    columns: { parent_id: "ref('parent', parent_id)", label: label, legacy_id: id }
  - from: item
    to: items_filter
    entity: item_filter
    columns: { parent_id: { expr: "ref('parent', parent_id)", missing: filter }, label: label, legacy_id: id }
  - from: item
    to: items_null
    entity: item_null
    columns: { parent_id: { expr: "ref('parent', parent_id)", missing: "null" }, label: label, legacy_id: id }
  - from: item
    to: items_quarantine
    entity: item_quarantine
    columns: { parent_id: { expr: "ref('parent', parent_id)", missing: quarantine }, label: label, legacy_id: id }
  - from: node
    to: nodes_null
    entity: node_null
    columns: { parent_id: { expr: "ref('node_null', parent_id)", missing: "null" }, legacy_id: id }
  - from: node
    to: nodes_park
    entity: node_park
    columns: { parent_id: "ref('node_park', parent_id)", legacy_id: id }
  - from: leaf
    to: leaves
    entity: leaf
    join:
      twig: { from: twig, on: { id: twig_id } }
      branch: { from: branch, on: { id: twig.branch_id } }
    where: coalesce(twig.open, true)
    columns: { word: branch.word, legacy_id: id }
  - from: doc
    to: docs_kept
    entity: doc_kept
    on_delete: keep
    columns: { title: title, legacy_id: id }
  - from: doc
    to: docs_archived
    entity: doc_archived
    on_delete: { set: { archived: "true" } }
    columns: { title: title, legacy_id: id }
  - from: pair
    to: pairs
    id: null
    conflict: [left_id, right_id]
    columns: { left_id: "ref('parent', left_id)", right_id: "ref('parent', right_id)" }
  - { from: wiped, to: wiped, entity: wiped, columns: { legacy_id: id } }
  - { from: spared, to: spared, entity: spared, on_truncate: keep, columns: { legacy_id: id } }
  - { from: guarded, to: guarded, entity: guarded, on_truncate: stop, columns: { legacy_id: id } }
  - from: login
    to: logins
    entity: login
    columns: { name: name, legacy_id: id }
  - from: page
    to: pages
    entity: page
    columns: { title: title, body: body, legacy_id: id }
  - from: sheet
    to: sheets
    entity: sheet
    columns: { title: title, body: body, legacy_id: id }
  - from: score
    to: scores
    entity: score
    columns: { points: points, legacy_id: id }
)yaml";

}  // namespace

Shop::Shop(Way way) : pair(kSource, kTarget, kMapping), way_(way) {}

void Shop::given(const std::string& sql) { bring(pair, way_, sql); }

void Shop::then(const std::string& sql) const {
  pair.source.exec(sql);
  pair.bring_over();
}

tests::CommandResult Shop::attempt(const std::string& sql) const {
  pair.source.exec(sql);
  return pair.agent.command({"sync", "--until-current"});
}

}  // namespace meaning
