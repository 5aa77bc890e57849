// In its final callback an op is the user's again: its memory, and that of its buffers, may be unmapped
// right there, and in any callback it may be started anew.
#include "peer.h"
#include "trap.h"

#include <sys/mman.h>

struct page {
  eddy_op_t op;
  eddy_buf_t list[2];
  char room[256];
};

static int finals;

static void unmap(eddy_op_t *op, int64_t result) {
  (void)result;
  if (eddy_op_more(op)) return;
  finals++;
  CHECK_EQ(munmap(op, sizeof(struct page)), 0);
}

static struct page *page(void) {
  struct page *page =
      mmap(NULL, sizeof *page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  CHECK(page != MAP_FAILED);
  page->list[0] = buffer(page->room, 100);
  page->list[1] = buffer(page->room + 100, 100);
  return page;
}

// One of each kind that can be had on a stream, a descriptor, a listener and the loop.
static int start(eddy_loop_t *loop, eddy_stream_t *stream, eddy_pool_t *pool, eddy_fd_t *fd,
                 eddy_listener_t *listener) {
  struct page *p = page();
  eddy_stream_read(stream, &p->op, p->list, 2, unmap);
  p = page();
  eddy_stream_read(stream, &p->op, p->list, 1, unmap);
  p = page();
  eddy_stream_read_pool(stream, &p->op, pool, 0, unmap);
  p = page();
  eddy_stream_write(stream, &p->op, p->list, 2, unmap);
  p = page();
  eddy_stream_wait(stream, &p->op, EDDY_READABLE, unmap);
  p = page();
  eddy_stream_wait(stream, &p->op, EDDY_DISCONNECT, unmap);
  p = page();
  eddy_fd_poll(fd, &p->op, EDDY_READABLE, EDDY_POLL_REPEAT, unmap);
  p = page();
  eddy_listener_accept(listener, &p->op, unmap);
  p = page();
  eddy_listener_accept_many(listener, &p->op, 0, unmap);
  p = page();
  eddy_sleep(loop, &p->op, eddy_now(loop) + EDDY_SECOND, unmap);
  p = page();
  eddy_tick(loop, &p->op, eddy_now(loop) + 1, EDDY_MICROSECOND, EDDY_TICK_BURST, unmap);
  p = page();
  eddy_yield(loop, &p->op, unmap);
  p = page();
  eddy_hook_idle(loop, &p->op, unmap);
  p = page();
  eddy_op_set_deadline(&p->op, eddy_now(loop) + EDDY_MILLISECOND);
  eddy_stream_wait(stream, &p->op, EDDY_DISCONNECT, unmap);
  return 14;
}

static void unmapped_in_the_callback(void **state) {
  eddy_loop_t *loop = LOOP(state);
  int ends[2];
  CHECK_EQ(pipe2(ends, O_NONBLOCK | O_CLOEXEC), 0);
  for (int round = 0; round < 40; round++) {
    eddy_stream_t *stream;
    eddy_addr_t addr;
    eddy_fd_t *fd;
    struct peer peer = peer_open(loop, PEER_TCP, &stream);
    CHECK_EQ(eddy_fd_open(loop, ends[0], &fd), 0);
    eddy_listener_t *listener = listen_loopback(loop, &addr);
    eddy_pool_t *pool = pool_of(loop, 2, 64);
    finals = 0;
    int started = start(loop, stream, pool, fd, listener);
    if (round & 1) eddy_loop_step(loop, 0);
    if (round & 2) peer_send(&peer, page()->room, 200);
    if (round & 4) eddy_loop_step(loop, 0);
    struct page *p = page();
    eddy_stream_close(stream, &p->op, unmap);
    eddy_fd_close(fd, NULL, NULL);
    eddy_listener_close(listener, NULL, NULL);
    eddy_pool_close(pool, NULL, NULL);
    UNTIL(loop, finals >= started - 3 + 1); // the loop's own three go on
    eddy_loop_drain(loop, EDDY_NEVER);
    CHECK_EQ(finals, started + 1);
    CHECK_EQ(eddy_loop_close(loop), 0);
    LOOP(state) = loop = test_loop();
    peer_close(&peer);
  }
  close(ends[0]);
  close(ends[1]);
}

static void wipe(struct rec *rec) {
  memset(&rec->op, 0xdd, sizeof rec->op);
  eddy_op_init(&rec->op);
}

static eddy_stream_t *wiped_stream;
static char in[8];

static void again(struct rec *rec, int64_t result) {
  CHECK(result > 0);
  wipe(rec);
  if (rec->finals < 500) {
    eddy_buf_t room = buffer(in, 1);
    eddy_stream_read(wiped_stream, &rec->op, &room, 1, rec_cb);
  }
}

static void restarted_in_the_callback(void **state) {
  eddy_loop_t *loop = LOOP(state);
  struct peer peer = peer_open(loop, PEER_TCP, &wiped_stream);
  struct rec reader = {.then = again};
  eddy_buf_t room = buffer(in, 1);
  eddy_stream_read(wiped_stream, &reader.op, &room, 1, rec_cb);
  char data[500] = {0};
  for (int i = 0; i < 250; i++) peer_send(&peer, data, 1);
  UNTIL(loop, reader.finals == 250);
  peer_send(&peer, data, 250);
  UNTIL(loop, reader.finals == 500);
  peer_close(&peer);
}

int main(void) {
  const struct CMUnitTest tests[] = {FIXTURE_TEST(unmapped_in_the_callback),
                                     FIXTURE_TEST(restarted_in_the_callback)};
  return RUN_TESTS(tests);
}
