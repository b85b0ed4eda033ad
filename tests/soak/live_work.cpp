#include "tests/soak/live_work.hpp"

#include <fmt/format.h>

#include <chrono>
#include <utility>

#include "tests/support/wait.hpp"

namespace soak {

namespace {

constexpr int kTransactionsPerCall = 50;  // short enough that rest() is quick
constexpr std::chrono::milliseconds kBetweenTrims{3'000};
constexpr std::chrono::milliseconds kBeforeAnotherTry{200};

// What the workload adds is removed again, at random, down to the rows that there were at first and a tenth more. Only rows that
// nobody refers to; an account goes with everything that is its own.
const std::string kTrim = R"sql(
DROP SCHEMA IF EXISTS soak CASCADE;
CREATE SCHEMA soak;
CREATE TABLE soak.size (name text PRIMARY KEY, free text NOT NULL, keep bigint);
INSERT INTO soak.size VALUES
  ('dispatch_notification', 'true'), ('dispatch_task', 'true'), ('dispatch_comment', 'true'), ('dispatch_note', 'true'),
  ('dispatch_state', 'true'), ('dispatch_bracket', 'true'), ('dispatch_event', 'true'), ('dispatch_operation', 'true'),
  ('dispatch_file', 'NOT EXISTS (SELECT FROM dispatch_record_attachments a WHERE a.file_id = t.id)'),
  ('dispatch_record', 'NOT EXISTS (SELECT FROM dispatch_record_attachments a WHERE a.record_id = t.id)
     AND NOT EXISTS (SELECT FROM dispatch_record_roles r WHERE r.record_id = t.id)
     AND NOT EXISTS (SELECT FROM dispatch_file f WHERE f.record_id = t.id)'),
  ('dispatch_payment', 'NOT EXISTS (SELECT FROM dispatch_operation o WHERE o.payment_id = t.id)'),
  ('dispatch_plan', 'NOT EXISTS (SELECT FROM dispatch_reading r WHERE r.plan_id = t.id)'),
  ('dispatch_instruction', 'true'),
  ('dispatch_jaw', 'NOT EXISTS (SELECT FROM dispatch_instruction i WHERE t.id IN (i.upper_jaw_id, i.lower_jaw_id))'),
  ('dispatch_project', 'NOT EXISTS (SELECT FROM dispatch_plan p WHERE p.project_id = t.id)
     AND NOT EXISTS (SELECT FROM dispatch_bracket b WHERE b.project_id = t.id)'),
  ('auth_user', 'NOT EXISTS (SELECT FROM dispatch_patient p WHERE p.doctor_id = t.id)
     AND NOT EXISTS (SELECT FROM dispatch_notification n WHERE n.recipient_id = t.id OFFSET 500)');
DO $$
DECLARE s soak.size;
BEGIN
  FOR s IN SELECT * FROM soak.size LOOP
    EXECUTE format('UPDATE soak.size SET keep = (SELECT count(*) * 11 / 10 + 20 FROM public.%I) WHERE name = %L', s.name, s.name);
  END LOOP;
END $$;
-- with everything that is theirs, as when an account goes
CREATE PROCEDURE soak.delete_instructions(gone integer[]) LANGUAGE plpgsql AS $$
DECLARE files integer[] := ARRAY(SELECT id FROM public.dispatch_file WHERE instruction_id = ANY (gone));
BEGIN
  DELETE FROM public.dispatch_comment WHERE plan_id IN (SELECT id FROM public.dispatch_plan WHERE instruction_id = ANY (gone));
  DELETE FROM public.dispatch_plan WHERE instruction_id = ANY (gone);
  DELETE FROM public.dispatch_task WHERE instruction_id = ANY (gone);
  DELETE FROM public.dispatch_state WHERE instruction_id = ANY (gone);
  DELETE FROM public.dispatch_record_attachments WHERE file_id = ANY (files);
  DELETE FROM public.dispatch_file WHERE id = ANY (files);
  UPDATE public.dispatch_payment SET instruction_id = NULL WHERE instruction_id = ANY (gone);
  DELETE FROM public.dispatch_instruction WHERE id = ANY (gone);
END $$;
CREATE PROCEDURE soak.trim() LANGUAGE plpgsql AS $$
DECLARE s soak.size; too_many bigint; gone integer[]; one integer;
BEGIN
  FOR s IN SELECT * FROM soak.size ORDER BY name LOOP
    -- A few rows at a time: many would meet the live work in a deadlock every time.
    FOR piece IN 1 .. 10 LOOP
      too_many := 0;
      BEGIN
        EXECUTE format('SELECT count(*) - $1 FROM public.%I', s.name) INTO too_many USING s.keep;
        IF too_many > 0 THEN
          EXECUTE format('SELECT array_agg(id) FROM (SELECT id FROM public.%I t WHERE %s ORDER BY hashint8(id) LIMIT $1) x',
                         s.name, s.free)
            INTO gone USING least(too_many, CASE s.name WHEN 'auth_user' THEN 5 WHEN 'dispatch_instruction' THEN 50 ELSE 2000 END);
          CASE s.name
          WHEN 'auth_user' THEN
            FOREACH one IN ARRAY coalesce(gone, '{}') LOOP
              CALL workload.delete_account(one, one % 2 = 0);
            END LOOP;
          WHEN 'dispatch_instruction' THEN CALL soak.delete_instructions(gone);
          ELSE EXECUTE format('DELETE FROM public.%I WHERE id = ANY ($1)', s.name) USING gone;
          END CASE;
          SET CONSTRAINTS ALL IMMEDIATE;
          SET CONSTRAINTS ALL DEFERRED;
        END IF;
      EXCEPTION WHEN deadlock_detected OR foreign_key_violation OR lock_not_available THEN
        NULL;  -- somebody was quicker
      END;
      COMMIT;
      EXIT WHEN too_many <= 0;
    END LOOP;
  END LOOP;
END $$;
)sql";

}  // namespace

LiveWork::LiveWork(const tests::Database& source, std::uint64_t seed, int sessions, double pause_ms) : source_(source) {
  source_.exec(kTrim);
  for (int i = 0; i < sessions; ++i) {
    // One of the sessions migrates the application's tables now and then.
    const std::string call = fmt::format("CALL workload.run({}, {}, {}, {}, 5000)", seed % 1'000'000 + unsigned(i),
                                         kTransactionsPerCall, pause_ms, i == 0);
    threads_.emplace_back([this, call](const std::stop_token& stop) { repeat(call, {}, stop); });
  }
  threads_.emplace_back([this](const std::stop_token& stop) { repeat("CALL soak.trim()", kBetweenTrims, stop); });
}

LiveWork::~LiveWork() {
  for (std::jthread& thread : threads_) thread.request_stop();
}

void LiveWork::go() {
  const std::lock_guard lock{mutex_};
  is_going_ = true;
  changed_.notify_all();
}

void LiveWork::rest() {
  {
    const std::lock_guard lock{mutex_};
    is_going_ = false;
    changed_.notify_all();
  }
  const auto is_quiet = [this] {
    const std::lock_guard lock{mutex_};
    return active_ == 0;
  };
  tests::wait_until(is_quiet, "the last live transactions", std::chrono::minutes(2));
}

long LiveWork::transactions() const {
  return std::stol(source_.query_value("SELECT coalesce(sum(executed), 0) FROM workload.counts").value());
}

std::string LiveWork::last_error() const {
  const std::lock_guard lock{mutex_};
  return last_error_;
}

void LiveWork::repeat(const std::string& call, std::chrono::milliseconds pause, const std::stop_token& stop) {
  std::unique_ptr<tests::Sql> session;
  std::unique_lock lock{mutex_};
  while (changed_.wait(lock, stop, [this] { return is_going_; })) {
    ++active_;
    lock.unlock();
    std::chrono::milliseconds nap = pause;
    std::string why;
    try {
      if (!session) session = std::make_unique<tests::Sql>(source_.url());
      session->exec(call);
    } catch (const tests::SqlError& error) {
      // The server was restarted, a deadlock, a table that is empty for a moment: as the application would, it tries again.
      session.reset();
      nap = kBeforeAnotherTry;
      why = error.what();
    }
    lock.lock();
    --active_;
    if (!why.empty()) last_error_ = std::move(why);
    if (nap.count() > 0) changed_.wait_for(lock, stop, nap, [this] { return !is_going_; });
  }
}

}  // namespace soak
