// What the wheel is tested against: a binary heap by deadline and sequence, with nothing clever in it.
#pragma once

#include "core/op.hpp"

#include <algorithm>
#include <unordered_set>
#include <vector>

namespace eddy {

class ReferenceHeap {
public:
  bool empty() const { return sequences_.empty(); }
  size_t size() const { return sequences_.size(); }

  Time next() {
    drop_removed();
    return empty() ? kNever : entries_.front().deadline;
  }

  void insert(Op &op) {
    sequences_.insert(op.sequence);
    entries_.push_back({op.deadline, op.sequence, &op});
    std::push_heap(entries_.begin(), entries_.end(), later);
  }

  // Before the op is given another sequence.
  void remove(const Op &op) { sequences_.erase(op.sequence); }

  // The first; next() was asked.
  Op &pop() {
    sequences_.erase(entries_.front().sequence);
    return *pop_entry().op;
  }

private:
  struct Entry {
    Time deadline;
    uint64_t sequence;
    Op *op;
  };

  static bool later(const Entry &a, const Entry &b) {
    return a.deadline != b.deadline ? a.deadline > b.deadline : a.sequence > b.sequence;
  }

  Entry pop_entry() {
    std::pop_heap(entries_.begin(), entries_.end(), later);
    Entry entry = entries_.back();
    entries_.pop_back();
    return entry;
  }

  void drop_removed() {
    while (!entries_.empty() && !sequences_.count(entries_.front().sequence)) pop_entry();
  }

  std::vector<Entry> entries_;
  std::unordered_set<uint64_t> sequences_; // of those that were not removed
};

} // namespace eddy
