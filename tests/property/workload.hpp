#pragma once

#include <string>

#include "tests/property/model.hpp"

namespace tests {

/// Random transactions over a model's source tables. What they do depends on the seed alone, not on what the tables hold: a statement that
/// finds no row, or whose key is taken, does nothing.
class Workload {
 public:
  Workload(const Model& model, Random& random) : model_(model), random_(random) {}

  /// SQL of one transaction, with BEGIN and its end: several rows of several tables, savepoints that come and go, now and then all for nothing.
  [[nodiscard]] std::string transaction();
  /// SQL of a transaction that only inserts.
  [[nodiscard]] std::string filling();
  /// SQL of a transaction that changes hundreds of wide rows, several times each.
  [[nodiscard]] std::string large_transaction();
  /// SQL that ends all disputes about unique values.
  [[nodiscard]] std::string settlement() const;

 private:
  [[nodiscard]] std::string statement();
  [[nodiscard]] std::string statements(std::size_t depth);
  [[nodiscard]] std::string insert(const ModelTable& table);
  [[nodiscard]] std::string update(const ModelTable& table);
  [[nodiscard]] std::string update_many(const ModelTable& table);
  [[nodiscard]] std::string change_key(const ModelTable& table);
  [[nodiscard]] std::string swap_codes(const ModelTable& table);
  [[nodiscard]] std::string remove(const ModelTable& table);
  [[nodiscard]] std::string truncate();
  [[nodiscard]] std::string value(const ModelColumn& column);
  [[nodiscard]] std::string plain_value(const std::string& column);
  [[nodiscard]] std::vector<std::string> reference_values(const ModelReference& reference);

  const Model& model_;
  Random& random_;
};

}  // namespace tests
