#include "validate/target_reader.hpp"

#include "mapping/sent_rows.hpp"
#include "pg/exported_snapshot.hpp"

namespace validate {

TargetReader::TargetReader(const pg::ConnectionParams& params, std::string_view purpose, const std::string& snapshot)
    : session_(params, purpose) {
  // The statements are long and always run with the same shape: planning them for each piece costs more than running them.
  session_.exec("SET plan_cache_mode = force_generic_plan");
  pg::import_snapshot(session_, snapshot);
  // Nothing is ever written here: one savepoint serves all statements that may fail.
  session_.exec("SAVEPOINT reading");
}

void TargetReader::ask_each(const mapping::Route& route, const mapping::RowStatement& statement,
                            std::span<const mapping::Derivation* const> rows, core::Lookup& lookup,
                            const Answer& answer, const Failure& failure) {
  const auto ask = [&](auto& self, std::size_t begin, std::size_t end) -> void {
    if (begin == end) return;
    try {
      const mapping::SentRows sent = mapping::sent_rows(route, statement, rows.subspan(begin, end - begin), lookup);
      const pg::Result result = statements_.exec_arrays(session_, statement.by_arrays, sent.columns());
      if (result.rows() < end - begin) {
        throw core::Error{core::ErrorKind::Bug, "the target answered for fewer rows than it was asked about"}
            .with("route", route.name)
            .with("asked", std::to_string(end - begin))
            .with("answered", std::to_string(result.rows()));
      }
      for (std::size_t line = 0; line < result.rows(); ++line) {
        answer(begin + static_cast<std::size_t>(result.integer(line, 0)) - 1, result, line);
      }
    } catch (core::Error& error) {
      if (error.kind() != core::ErrorKind::Data || session_.is_broken()) throw error.with("route", route.name);
      session_.exec("ROLLBACK TO SAVEPOINT reading");
      if (end - begin == 1) return failure(begin, error);
      const std::size_t middle = begin + (end - begin) / 2;
      self(self, begin, middle);
      self(self, middle, end);
    }
  };
  ask(ask, 0, rows.size());
}

}  // namespace validate
