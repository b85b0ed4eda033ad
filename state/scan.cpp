#include "state/scan.hpp"

#include "state/rocks_status.hpp"

namespace state {

Scan::Scan(const Database& database, Family family, std::string begin, std::string end, Purpose purpose)
    : begin_(std::move(begin)), end_(std::move(end)), end_slice_(slice(end_)) {
  rocksdb::ReadOptions options;
  options.iterate_upper_bound = &end_slice_;
  options.total_order_seek = purpose != Purpose::OneIndexValue;
  options.prefix_same_as_start = purpose == Purpose::OneIndexValue;
  options.fill_cache = purpose != Purpose::Sweep;
  iterator_ = database.iterator(family, options);
  iterator_->Seek(slice(begin_));
  look();
}

void Scan::next() {
  iterator_->Next();
  look();
}

void Scan::look() {
  is_valid_ = iterator_->Valid();
  if (!is_valid_) check(iterator_->status(), "read the state store");
}

}  // namespace state
