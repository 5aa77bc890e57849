// Intrusive lists over a type's own links: a doubly linked one, and a FIFO that only pops its head.
#pragma once

#include "core/base.hpp"

namespace eddy {

template<typename T, T *T::*Next, T *T::*Prev>
struct List {
  T *head = nullptr;
  T *tail = nullptr;

  bool empty() const { return head == nullptr; }

  void push_back(T &item) {
    item.*Next = nullptr;
    item.*Prev = tail;
    (tail ? tail->*Next : head) = &item;
    tail = &item;
  }

  void insert_before(T &item, T &after) {
    item.*Next = &after;
    item.*Prev = after.*Prev;
    (after.*Prev ? (after.*Prev)->*Next : head) = &item;
    after.*Prev = &item;
  }

  void remove(T &item) {
    (item.*Prev ? (item.*Prev)->*Next : head) = item.*Next;
    (item.*Next ? (item.*Next)->*Prev : tail) = item.*Prev;
    item.*Next = item.*Prev = nullptr;
  }

  T *pop_front() {
    T *item = head;
    if (item) remove(*item);
    return item;
  }

  // Moves everything of `other` behind what is here.
  void splice_back(List &other) {
    if (other.empty()) return;
    other.head->*Prev = tail;
    (tail ? tail->*Next : head) = other.head;
    tail = other.tail;
    other.head = other.tail = nullptr;
  }
};

template<typename T, T *T::*Next>
struct Fifo {
  T *head = nullptr;
  T *tail = nullptr;

  bool empty() const { return head == nullptr; }

  void push(T &item) {
    item.*Next = nullptr;
    (tail ? tail->*Next : head) = &item;
    tail = &item;
  }

  T *pop() {
    T *item = head;
    if (!item) return nullptr;
    head = item->*Next;
    if (!head) tail = nullptr;
    return item;
  }
};

} // namespace eddy
