#pragma once

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <deque>
#include <mutex>
#include <optional>
#include <utility>

namespace core {

/// A queue between two threads, bounded by the bytes of what it holds, so that a slow consumer slows its producer.
/// One item is always admitted into an empty queue, however large it is.
template <typename Item>
class BoundedQueue {
 public:
  explicit BoundedQueue(std::size_t capacity_bytes) : capacity_bytes_(capacity_bytes) {}

  /// Takes the item in if there is room; gives it back otherwise (never waits: the producer has keepalives to answer).
  /// A closed queue swallows the item.
  [[nodiscard]] std::optional<Item> try_push(Item item, std::size_t bytes) {
    const std::lock_guard lock{mutex_};
    if (closed_) return std::nullopt;
    if (!items_.empty() && held_bytes_ + bytes > capacity_bytes_) return item;
    held_bytes_ += bytes;
    items_.emplace_back(std::move(item), bytes);
    not_empty_.notify_one();
    return std::nullopt;
  }

  /// Waits for room, then takes the item in. False when the queue is closed.
  bool push(Item item, std::size_t bytes) {
    std::unique_lock lock{mutex_};
    not_full_.wait(lock, [&] { return closed_ || items_.empty() || held_bytes_ + bytes <= capacity_bytes_; });
    if (closed_) return false;
    held_bytes_ += bytes;
    items_.emplace_back(std::move(item), bytes);
    not_empty_.notify_one();
    return true;
  }

  /// Waits until an item of this size would be let in, or the queue is closed, or `timeout` is over.
  template <typename Duration>
  void wait_for_room(std::size_t bytes, Duration timeout) {
    std::unique_lock lock{mutex_};
    not_full_.wait_for(lock, timeout,
                       [&] { return closed_ || items_.empty() || held_bytes_ + bytes <= capacity_bytes_; });
  }

  /// The next item, waiting at most `timeout`; nothing on timeout or when the queue is closed and drained.
  template <typename Duration>
  std::optional<Item> pop(Duration timeout) {
    std::unique_lock lock{mutex_};
    if (!not_empty_.wait_for(lock, timeout, [&] { return closed_ || !items_.empty(); })) return std::nullopt;
    return take();
  }

  /// The next item if there is one now.
  std::optional<Item> try_pop() {
    const std::lock_guard lock{mutex_};
    return take();
  }

  void close() {
    const std::lock_guard lock{mutex_};
    closed_ = true;
    not_empty_.notify_all();
    not_full_.notify_all();
  }

  [[nodiscard]] bool is_closed() const {
    const std::lock_guard lock{mutex_};
    return closed_;
  }
  [[nodiscard]] std::size_t held_bytes() const {
    const std::lock_guard lock{mutex_};
    return held_bytes_;
  }
  [[nodiscard]] bool is_empty() const {
    const std::lock_guard lock{mutex_};
    return items_.empty();
  }

 private:
  std::optional<Item> take() {
    if (items_.empty()) return std::nullopt;
    auto [item, bytes] = std::move(items_.front());
    items_.pop_front();
    held_bytes_ -= bytes;
    not_full_.notify_one();
    return std::move(item);
  }

  const std::size_t capacity_bytes_;

  // Protected by mutex_.
  mutable std::mutex mutex_;
  std::condition_variable not_empty_;
  std::condition_variable not_full_;
  std::deque<std::pair<Item, std::size_t>> items_;
  std::size_t held_bytes_ = 0;
  bool closed_ = false;
};

}  // namespace core
