#include "tests/integration/replication/reader.hpp"

#include <chrono>
#include <stdexcept>
#include <utility>

#include "pg/session.hpp"
#include "replication/marker.hpp"
#include "tests/support/wait.hpp"

namespace tests {

using namespace std::chrono_literals;

namespace {

Columns columns_of(const core::Row& row) {
  Columns columns;
  for (std::size_t index = 0; index < row.size(); ++index) {
    if (row[index].is_unchanged()) throw std::runtime_error("an unchanged value was taken for a value");
    columns.push_back(row[index].is_text() ? std::optional<std::string>{row[index].text} : std::nullopt);
  }
  return columns;
}

/// The columns of the replica identity; `row` may be a key alone.
Columns key_of(const core::Relation& relation, const core::Row& row) {
  Columns key;
  for (std::size_t index = 0; index < row.size(); ++index) {
    if (!relation.columns[index].is_key) continue;
    if (row[index].is_unchanged()) throw std::runtime_error("a key is unchanged, and its old value is missing");
    key.push_back(row[index].is_text() ? std::optional<std::string>{row[index].text} : std::nullopt);
  }
  return key;
}

}  // namespace

Tables::Rows::iterator Tables::find(Rows& rows, const core::Relation& relation, const core::Row& by) {
  const auto found = rows.find(key_of(relation, by));
  if (found == rows.end()) throw std::runtime_error("a change does not find its row in " + relation.name.name);
  return found;
}

void Tables::apply(const core::Change& change) {
  const core::Relation& relation = *change.relation;
  Rows& rows = tables_[relation.name.name];
  if (const auto* insert = std::get_if<core::Insert>(&change.what)) {
    rows.emplace(key_of(relation, insert->row), columns_of(insert->row));
  } else if (const auto* update = std::get_if<core::Update>(&change.what)) {
    const auto old = find(rows, relation, update->old ? update->old->row : update->row);
    core::RowBuilder known{old->second.size()};
    for (const auto& column : old->second) known.add(column ? core::Value::of(*column) : core::Value::null());
    const core::Row row = core::fill_unchanged(update->row, std::move(known).finish());
    rows.erase(old);
    rows.emplace(key_of(relation, row), columns_of(row));
  } else if (const auto* removal = std::get_if<core::Delete>(&change.what)) {
    rows.erase(find(rows, relation, removal->old.row));
  } else {
    rows.clear();
  }
}

std::multiset<Columns> Tables::rows(const std::string& table) const {
  std::multiset<Columns> rows;
  const auto found = tables_.find(table);
  if (found == tables_.end()) return rows;
  for (const auto& [key, row] : found->second) rows.insert(row);
  return rows;
}

Reader::Reader(replication::ReceiverOptions options, core::Lsn checkpoint, std::size_t queue_bytes)
    : queue_(queue_bytes),
      progress_(checkpoint),
      receiver_(std::move(options), queue_, progress_),
      applier_([this](const std::stop_token& stop) { apply(stop); }),
      reader_([this](const std::stop_token& stop) {
        try {
          receiver_.run(stop);
        } catch (...) {
          const std::lock_guard lock{mutex_};
          failure_ = std::current_exception();
        }
        is_receiver_done_ = true;
      }) {}

Reader::~Reader() { stop(); }

void Reader::stop() {
  reader_.request_stop();
  if (reader_.joinable()) reader_.join();
  queue_.close();
  applier_.request_stop();
  if (applier_.joinable()) applier_.join();
}

void Reader::hold() { is_held_ = true; }
void Reader::resume() { is_held_ = false; }

void Reader::wait_for_end() {
  wait_until([&] { return is_receiver_done_.load(); }, "the receiver to end");
  rethrow();
}

void Reader::rethrow() const {
  const std::lock_guard lock{mutex_};
  if (failure_) std::rethrow_exception(failure_);
}

void Reader::catch_up(const Source& source) {
  static int number = 0;
  const std::string content = "catch up " + std::to_string(++number);
  pg::Session session{source.params(), "marker"};
  const replication::Marker marker = replication::emit_marker(session, content);
  wait_until(
      [&] {
        rethrow();
        if (!marker.arrives_in_stream) return progress_.applied() > marker.message_lsn;
        const std::lock_guard lock{mutex_};
        return markers_.contains(content);
      },
      "the marker to be applied", 60s);
}

void Reader::apply(const std::stop_token& stop) {
  try {
    while (!stop.stop_requested()) {
      if (must_rewind_.exchange(false)) {
        open_.clear();
        open_markers_.clear();
        discards_until_interrupted_ = true;
        expects_first_ = true;
        receiver_.request_replay();
      }
      if (is_held_) {
        std::this_thread::sleep_for(1ms);
        continue;
      }
      auto event = queue_.pop(20ms);
      if (!event) continue;
      if (std::holds_alternative<core::Interrupted>(*event)) {
        open_.clear();
        open_markers_.clear();
        discards_until_interrupted_ = false;
        expects_first_ = true;
      } else if (discards_until_interrupted_) {
        continue;
      } else if (const auto* idle = std::get_if<core::IdleHorizon>(&*event)) {
        if (!expects_first_) throw std::runtime_error("a horizon stands between two parts of a transaction");
        if (idle->horizon > progress_.applied()) progress_.checkpointed(idle->horizon);
      } else {
        take(std::get<core::TransactionPart>(std::move(*event)));
      }
    }
  } catch (...) {
    const std::lock_guard lock{mutex_};
    if (!failure_) failure_ = std::current_exception();
  }
}

void Reader::take(core::TransactionPart part) {
  ++parts_;
  if (part.is_first != expects_first_) throw std::runtime_error("parts of a transaction do not follow each other");
  expects_first_ = part.is_last;
  for (core::Change& change : part.changes) open_.push_back(std::move(change));
  for (core::Message& message : part.messages) open_markers_.push_back(std::move(message.content));
  if (!part.is_last) return;
  const std::vector<core::Change> changes = std::exchange(open_, {});
  const std::vector<std::string> markers = std::exchange(open_markers_, {});
  if (core::contains(progress_.applied(), part.commit_lsn)) return;
  {
    const std::lock_guard lock{mutex_};
    for (const core::Change& change : changes) tables_.apply(change);
    markers_.insert(markers.begin(), markers.end());
  }
  ++transactions_;
  progress_.applied(part.end_lsn);
}

std::multiset<Columns> Reader::rows(const std::string& table) const {
  const std::lock_guard lock{mutex_};
  return tables_.rows(table);
}

std::multiset<Columns> rows_of(const Source& source, const std::string& table) {
  std::multiset<Columns> rows;
  for (SqlRow& row : source.database().query_rows("select * from " + table)) rows.insert(std::move(row));
  return rows;
}

}  // namespace tests
