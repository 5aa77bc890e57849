// A loop drained and closed in full swing. Every buffer is unmapped in its final callback: a write of the
// kernel's that came later would hit a hole, or the poison that another owner has put there.
#include "peer.h"
#include "trap.h"

#include <sys/mman.h>

enum { kStreams = 60, kRounds = 25, kSize = 65536 };

struct block {
  eddy_op_t op;
  char room[kSize - sizeof(eddy_op_t)];
};

static int live;

static void gone(eddy_op_t *op, int64_t result) {
  (void)result;
  if (eddy_op_more(op)) return;
  live--;
  CHECK_EQ(munmap(op, sizeof(struct block)), 0);
}

static struct block *block(void) {
  struct block *got =
      mmap(NULL, sizeof *got, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  CHECK(got != MAP_FAILED);
  live++;
  return got;
}

static void round_of(int round) {
  eddy_loop_options_t options = {.size = sizeof options, .ring_entries = round % 2 ? 4 : 0};
  eddy_loop_t *loop = open_with(&options);
  eddy_pool_t *pool = pool_of(loop, 64, 4096);
  struct peer peers[kStreams];
  static char data[kSize];
  live = 0;
  for (int i = 0; i < kStreams; i++) {
    eddy_stream_t *stream;
    peers[i] = peer_open(loop, PEER_TCP, &stream);
    eddy_stream_set_option(stream, EDDY_OPT_SEND_BUFFER, 4096);
    struct block *b = block();
    eddy_buf_t in = buffer(b->room, sizeof b->room);
    if (i % 2)
      eddy_stream_read(stream, &b->op, &in, 1, gone);
    else
      eddy_stream_read_pool(stream, &b->op, pool, i % 4 ? 1 : 0, gone);
    for (int k = 0; k < 2; k++) {
      b = block();
      eddy_buf_t out = buffer(b->room, sizeof b->room);
      eddy_stream_write(stream, &b->op, &out, 1, gone);
    }
    b = block();
    eddy_stream_wait(stream, &b->op, EDDY_DISCONNECT, gone);
  }
  for (int i = 0; i < round % 4; i++) eddy_loop_step(loop, 0);
  for (int i = 0; i < kStreams; i++) peer_send_some(&peers[i], data, sizeof data);
  if (round % 3) eddy_loop_step(loop, 0);

  CHECK_EQ(eddy_loop_drain(loop, EDDY_NEVER), 0);
  CHECK_EQ(live, 0);
  void *poison = mmap(NULL, 16 * sizeof(struct block), PROT_READ | PROT_WRITE,
                      MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  memset(poison, 0xa5, 16 * sizeof(struct block));
  for (int i = 0; i < kStreams; i++) peer_send_some(&peers[i], data, sizeof data);
  CHECK_EQ(eddy_loop_close(loop), 0);
  for (size_t i = 0; i < 16 * sizeof(struct block); i++)
    CHECK_EQ(((unsigned char *)poison)[i], 0xa5);
  munmap(poison, 16 * sizeof(struct block));
  for (int i = 0; i < kStreams; i++) peer_close(&peers[i]);
}

static void nothing_is_written_after_the_end(void **state) {
  (void)state;
  int before = open_descriptors();
  for (int i = 0; i < kRounds; i++) round_of(i);
  assert_int_equal(open_descriptors(), before);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(nothing_is_written_after_the_end)};
  return RUN_TESTS(tests);
}
