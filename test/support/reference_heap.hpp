// What the wheel is tested against: a binary heap by deadline and sequence, with nothing clever in it.
#pragma once

#include "core/op.hpp"

#include <algorithm>
#include <vector>

namespace eddy {

class ReferenceHeap {
public:
  bool empty() const { return ops_.empty(); }
  size_t size() const { return ops_.size(); }
  Time next() const { return empty() ? kNever : ops_.front()->deadline; }

  void insert(Op &op) {
    ops_.push_back(&op);
    std::push_heap(ops_.begin(), ops_.end(), later);
  }

  // Of an op that is in it, before its deadline changes.
  void remove(Op &op) {
    ops_.erase(std::find(ops_.begin(), ops_.end(), &op));
    std::make_heap(ops_.begin(), ops_.end(), later);
  }

  Op &pop() {
    std::pop_heap(ops_.begin(), ops_.end(), later);
    Op &op = *ops_.back();
    ops_.pop_back();
    return op;
  }

private:
  static bool later(const Op *a, const Op *b) {
    return a->deadline != b->deadline ? a->deadline > b->deadline : a->sequence > b->sequence;
  }

  std::vector<Op *> ops_;
};

} // namespace eddy
