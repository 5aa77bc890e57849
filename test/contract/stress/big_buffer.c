// One write of one buffer beyond 4 GiB: positions inside a buffer need more than 32 bits.
#include "needs.h"

#if HAS_TRUNCATED_RECEIVES

#include "tcp.h"

#include <sys/mman.h>

static const size_t kSize = ((size_t)4 << 30) + ((size_t)64 << 20);
static const size_t kTail = (size_t)1 << 20;

static void *swallow(void *argument) {
  int fd = (int)(intptr_t)argument;
  // All but the tail is thrown away in the kernel (MSG_TRUNC, tcp(7)).
  for (size_t got = 0; got < kSize - kTail;) {
    size_t left = kSize - kTail - got, step = (size_t)1 << 20;
    ssize_t now = patient_recv(fd, NULL, left < step ? left : step, MSG_TRUNC);
    if (now <= 0) return (void *)1;
    got += (size_t)now;
  }
  uint8_t *tail = malloc(kTail);
  void *wrong = NULL;
  for (size_t got = 0; got < kTail;) {
    ssize_t now = patient_recv(fd, tail + got, kTail - got, 0);
    if (now <= 0) {
      free(tail);
      return (void *)2;
    }
    got += (size_t)now;
  }
  for (size_t i = 0; i < kTail; i++)
    if (tail[i] != pattern_at(i + 3)) wrong = (void *)3;
  free(tail);
  shutdown(fd, SHUT_RDWR); // a write that goes on for ever fails
  return wrong;
}

static void beyond_four_gigabytes(void **state) {
  if (sizeof(size_t) < 8) skip();
  eddy_loop_t *loop = LOOP(state);
  eddy_stream_t *stream;
  int peer = raw_peer(loop, &stream);
  // Never written but for its tail, so it takes page tables and one page of zeros.
  char *data =
      mmap(NULL, kSize, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (data == MAP_FAILED) {
    print_message("no address space\n");
    skip();
  }
  pattern_fill(data + kSize - kTail, kTail, 3);
  pthread_t thread;
  pthread_create(&thread, NULL, swallow, (void *)(intptr_t)peer);
  struct rec write = {0};
  eddy_buf_t out = buffer(data, kSize);
  eddy_stream_write(stream, &write.op, &out, 1, rec_cb);
  eddy_time_t limit = eddy_update_now(loop) + 120 * EDDY_SECOND;
  while (!write.finals && eddy_update_now(loop) < limit)
    eddy_loop_step(loop, eddy_now(loop) + EDDY_SECOND);
  void *wrong;
  pthread_join(thread, &wrong);
  close_stream(loop, stream);
  close(peer);
  munmap(data, kSize);
  assert_int_equal((intptr_t)wrong, 0);
  assert_int_equal(write.result, (int64_t)kSize);
}

int main(void) {
  const struct CMUnitTest tests[] = {FIXTURE_TEST(beyond_four_gigabytes)};
  return RUN_TESTS(tests);
}

#else
RUN_NOTHING("no MSG_TRUNC here");
#endif
