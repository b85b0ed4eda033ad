// Measures the state store: the bulk path of a first snapshot, updates, look-ups. Usage: state_bench [rows per thread] [threads]

#include <fmt/format.h>
#include <sys/resource.h>
#include <time.h>

#include <chrono>
#include <cstdlib>
#include <exception>
#include <functional>
#include <string>
#include <thread>
#include <vector>

#include "core/row.hpp"
#include "core/row_key.hpp"
#include "state/overlay.hpp"
#include "state/store.hpp"
#include "tests/support/temp_dir.hpp"

namespace {

constexpr std::size_t kBatch = 10'000;
constexpr core::TableId kTable{0};
constexpr core::IndexId kByUser{0};
constexpr core::EntityId kEntity{0};
const std::string kText(60, 'x');

state::Layout layout() {
  state::Layout layout;
  layout.tables.push_back(
      {.id = kTable,
       .key_size = 1,
       .key_types = {core::KeyType::Integer},
       .routes = {core::RouteId{0}},
       .indexes = {{kByUser, {1}, {core::KeyType::Integer}}, {core::IndexId{1}, {2}, {core::KeyType::Integer}}}});
  layout.entities.push_back({.id = kEntity,
                             .name = "thing",
                             .table = kTable,
                             .slot = 0,
                             .index = {},
                             .key_types = {core::KeyType::Integer},
                             .is_referred_to = true});
  layout.route_count = 1;
  layout.fingerprint = "bench";
  return layout;
}

core::RowKey key_of(std::size_t id) {
  const std::string text = std::to_string(id);
  const core::KeyType type = core::KeyType::Integer;
  const core::Value value = core::Value::of(text);
  return core::encode_key({&type, 1}, {&value, 1});
}

core::Row image_of(std::size_t id, std::size_t version) {
  core::RowBuilder row{4, kText.size() + 24};
  row.add_text(std::to_string(id));
  row.add_text(std::to_string((id * 7919 + version) % 100'000));
  row.add_text(std::to_string((id * 104'729) % 1'000'003));
  row.add_text(kText);
  return std::move(row).finish();
}

double seconds(const std::function<void()>& work) {
  const auto begin = std::chrono::steady_clock::now();
  work();
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
}

/// Of this thread's processor: comparable on a machine that others use too.
double cpu_seconds(const std::function<void()>& work) {
  const auto now = [] {
    timespec time{};
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) * 1e-9;
  };
  const double begin = now();
  work();
  return now() - begin;
}

void print(const std::string& what, std::size_t rows, double elapsed) {
  fmt::print("{:<52}{:>10.0f} rows/s\n", what, static_cast<double>(rows) / elapsed);
}

struct Prepared {
  std::vector<core::RowKey> keys;
  std::vector<core::Row> images;
};

Prepared prepare(std::size_t first, std::size_t version) {
  Prepared batch;
  for (std::size_t id = first; id < first + kBatch; ++id) {
    batch.keys.push_back(key_of(id));
    batch.images.push_back(image_of(id, version));
  }
  return batch;
}

void load(state::Store& store, std::size_t first, std::size_t rows, double& overlay_seconds, double& commit_seconds) {
  state::Overlay overlay{store};
  for (std::size_t begin = first; begin < first + rows; begin += kBatch) {
    Prepared batch = prepare(begin, 0);
    overlay_seconds += cpu_seconds([&] {
      overlay.assume_absent(kTable, batch.keys);
      for (std::size_t i = 0; i < kBatch; ++i) {
        overlay.put_image(kTable, batch.keys[i], std::move(batch.images[i]));
        overlay.set_status(kTable, batch.keys[i], 0, core::RowStatus::Applied);
      }
    });
    commit_seconds += cpu_seconds([&] { overlay.commit({}, {}, state::Overlay::Sync::No); });
  }
}

void run(std::size_t rows, std::size_t threads) {
  const tests::TempDir directory{"state-bench"};
  const state::Store::Options options{.directory = directory.path() / "state"};
  auto store = state::Store::open(options, {}, layout());
  const std::size_t total = rows * threads;

  std::vector<double> overlay_seconds(threads);
  std::vector<double> commit_seconds(threads);
  const double elapsed = seconds([&] {
    std::vector<std::jthread> workers;
    for (std::size_t i = 0; i < threads; ++i) {
      workers.emplace_back([&, i] { load(*store, 1 + i * rows, rows, overlay_seconds[i], commit_seconds[i]); });
    }
  });
  print(fmt::format("new rows, 2 indexes, {} thread(s), all with their making", threads), total, elapsed);
  print("  processor time of the first thread: overlay", rows, overlay_seconds[0]);
  print("  processor time of the first thread: commit", rows, commit_seconds[0]);
  print("  processor time of the first thread: both", rows, overlay_seconds[0] + commit_seconds[0]);
  print("settle", total, seconds([&] { store->settle(); }));
  fmt::print("size on disk: {} MB\n", store->size_bytes() >> 20U);

  const std::size_t updates = std::min<std::size_t>(total, 200'000);
  state::Overlay overlay{*store};
  print("updates, prefetched, one index changed, synced", updates, seconds([&] {
          for (std::size_t begin = 1; begin < 1 + updates; begin += kBatch) {
            Prepared batch = prepare(begin, 1);
            overlay.prefetch(kTable, batch.keys);
            for (std::size_t i = 0; i < kBatch; ++i)
              overlay.put_image(kTable, batch.keys[i], std::move(batch.images[i]));
            overlay.commit({}, {});
          }
        }));
  std::size_t present = 0;
  print("is_present (bitmap)", total, seconds([&] {
          for (std::size_t i = 0; i < total; ++i)
            present += overlay.is_present(kEntity, key_of(1 + i * 7919 % total)) ? 1 : 0;
        }));
  std::size_t found = 0;
  constexpr std::size_t kFinds = 100'000;
  print("find, about ten rows each per million", kFinds, seconds([&] {
          for (std::size_t i = 0; i < kFinds; ++i) found += overlay.find(kByUser, key_of(i)).size();
        }));
  print("find, nothing there", kFinds, seconds([&] {
          for (std::size_t i = 0; i < kFinds; ++i) found += overlay.find(kByUser, key_of(1'000'000 + i)).size();
        }));
  print("uuid, minted", kFinds * 5, seconds([&] {
          for (std::size_t i = 0; i < kFinds * 5; ++i) found += overlay.uuid(kEntity, key_of(i)).bytes[0] & 1U;
        }));
  fmt::print("present {} found {}\n", present, found);
  store.reset();
  print("open, with its bitmap", total, seconds([&] { store = state::Store::open(options, {}, layout()); }));
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  fmt::print("peak memory: {} MB\n", usage.ru_maxrss / 1024);
}

}  // namespace

int main(int argc, char** argv) {
  try {
    run(argc > 1 ? std::strtoul(argv[1], nullptr, 10) : 1'000'000, argc > 2 ? std::strtoul(argv[2], nullptr, 10) : 1);
    return 0;
  } catch (const std::exception& error) {
    fmt::print(stderr, "state_bench: {}\n", error.what());
    return 1;
  }
}
