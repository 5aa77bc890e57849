#include "event.hpp"
#include "native.hpp"

namespace eddy {

static DWORD WINAPI feed(void *context) {
  Embedding &embedding = *static_cast<Embedding *>(context);
  for (;;) {
    embedding.count = port_take(embedding.port, INFINITE, embedding.packets, &embedding.error);
    SetEvent(embedding.ready);
    WaitForSingleObject(embedding.taken, INFINITE);
    if (embedding.ending.load(std::memory_order_acquire)) return 0;
  }
}

static void close_handles(Embedding &embedding) {
  if (embedding.ready) CloseHandle(embedding.ready);
  if (embedding.taken) CloseHandle(embedding.taken);
  embedding.ready = embedding.taken = nullptr;
}

eddy_native_t embedding_event(Embedding &embedding, eddy_native_t port) {
  if (embedding.thread) return native_of(embedding.ready);
  embedding.port = port;
  embedding.ready = CreateEventW(nullptr, TRUE, FALSE, nullptr);
  embedding.taken = CreateEventW(nullptr, FALSE, FALSE, nullptr);
  if (embedding.ready && embedding.taken)
    embedding.thread = CreateThread(nullptr, 64 * 1024, feed, &embedding,
                                    STACK_SIZE_PARAM_IS_A_RESERVATION, nullptr);
  if (embedding.thread) return native_of(embedding.ready);
  close_handles(embedding);
  return EDDY_NO_NATIVE;
}

static int take_batch(Embedding &embedding, Packet *packets, int32_t *error) {
  int count = embedding.count;
  *error = embedding.error;
  for (int i = 0; i < count; i++) packets[i] = embedding.packets[i];
  ResetEvent(embedding.ready);
  SetEvent(embedding.taken);
  return count;
}

int embedding_wait(Embedding &embedding, Alarm &alarm, Time until, Packet *packets,
                   int32_t *error) {
  for (;;) {
    uint32_t limit = wait_limit(alarm, until);
    int count = 0;
    if (WaitForSingleObject(embedding.ready, limit) == WAIT_OBJECT_0)
      count = take_batch(embedding, packets, error);
    if (count > 0) count = without_alarms(alarm, packets, count);
    if (count || limit == 0) return count;
  }
}

void embedding_end(Embedding &embedding) {
  if (!embedding.thread) return;
  embedding.ending.store(true, std::memory_order_release);
  os_wake(embedding.port);
  SetEvent(embedding.taken);
  WaitForSingleObject(embedding.thread, INFINITE);
  CloseHandle(embedding.thread);
  embedding.thread = nullptr;
  close_handles(embedding);
}

} // namespace eddy
