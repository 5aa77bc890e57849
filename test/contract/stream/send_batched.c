// Writes of many streams in one turn, which io_uring sends as one batch: when the ring or the sockets have no room for
// them, when room comes at that very moment, and when they are cancelled while the ring has them. Calls to the ring
// go through here, so that things happen between the kernel's work and the loop's.
#include "crowd.h"
#include "trap.h"

#if HAS_PROC

#include <signal.h>

enum { kStreams = 8, kSize = 100 };

int __real_io_uring_enter2(unsigned, unsigned, unsigned, unsigned, sigset_t *, size_t);
int __wrap_io_uring_enter2(unsigned, unsigned, unsigned, unsigned, sigset_t *, size_t);

static int refusing, refused;
static void (*behind_enter)(void);

int __wrap_io_uring_enter2(unsigned fd, unsigned submit, unsigned wait, unsigned flags,
                           sigset_t *argument, size_t size) {
  if (refusing) {
    refused++;
    return -EAGAIN;
  }
  int result = __real_io_uring_enter2(fd, submit, wait, flags, argument, size);
  if (behind_enter && submit) behind_enter();
  return result;
}

static struct sender {
  struct peer peer;
  eddy_stream_t *stream;
  struct rec write, read;
  char byte;
} senders[kStreams];

static char data[kSize];

static void open_senders(eddy_loop_t *loop, enum peer_kind kind, int full) {
  memset(senders, 0, sizeof senders);
  pattern_fill(data, sizeof data, 0);
  for (int i = 0; i < kStreams; i++) {
    senders[i].peer = peer_open(loop, kind, &senders[i].stream);
    struct peer own = {(int)eddy_stream_native(senders[i].stream)};
    if (full) peer_fill(&own); // behind the library's back: it believes that there is room
  }
}

static void start(struct sender *sender, eddy_time_t deadline) {
  eddy_buf_t out = buffer(data, sizeof data);
  memset(&sender->write, 0, sizeof sender->write);
  eddy_op_set_deadline(&sender->write.op, deadline ? deadline : EDDY_NEVER);
  eddy_stream_write(sender->stream, &sender->write.op, &out, 1, rec_cb);
}

// From now on the kernel reports each change of them, once.
static void wait_for_data(eddy_loop_t *loop) {
  for (int i = 0; i < kStreams; i++) {
    eddy_buf_t in = buffer(&senders[i].byte, 1);
    eddy_stream_read(senders[i].stream, &senders[i].read.op, &in, 1, rec_cb);
  }
  turns(loop, 3);
}

static void close_senders(eddy_loop_t *loop) {
  for (int i = 0; i < kStreams; i++) {
    peer_close(&senders[i].peer);
    eddy_stream_close_reset(senders[i].stream, NULL, NULL);
  }
  all_ended(loop);
}

static void drain_all(void) {
  static char sink[1 << 16];
  for (int i = 0; i < kStreams; i++) {
    struct pollfd room = {(int)eddy_stream_native(senders[i].stream), POLLOUT, 0};
    do {
      while (peer_receive_some(&senders[i].peer, sink, sizeof sink) > 0) {
      }
    } while (poll(&room, 1, 1) == 0);
  }
  behind_enter = NULL;
}

static void room_comes_behind_a_refused_send(void **state) {
  eddy_loop_t *loop = LOOP(state);
  static struct crowd crowd;
  crowd_open(loop, &crowd);
  for (int round = 0; round < 3; round++) {
    open_senders(loop, round == 1 ? PEER_LOCAL : PEER_TCP, 1);
    if (round) wait_for_data(loop);
    crowd_turn(loop, &crowd);
    for (int i = 0; i < kStreams; i++) start(&senders[i], 0);
    behind_enter = drain_all;
    eddy_loop_step(loop, 0);
    if (in_ring_run()) assert_null(behind_enter); // they were sent as a batch
    drain_all();
    for (int i = 0; i < kStreams; i++) {
      turn_until(loop, &senders[i].write.finals, 1);
      assert_int_equal(senders[i].write.result, kSize);
    }
    close_senders(loop);
  }
  crowd_close(loop, &crowd);
}

// While the ring has an op, the first reason decides, and an effect goes before any.
static void reasons_of_what_the_ring_has(void **state) {
  eddy_loop_t *loop = LOOP(state);
  static struct crowd crowd;
  crowd_open(loop, &crowd);
  for (int full = 0; full < 2; full++)
    for (int deadline_first = 0; deadline_first < 2; deadline_first++) {
      open_senders(loop, PEER_LOCAL, full); // TCP finds room in time
      crowd_turn(loop, &crowd);
      eddy_time_t due = eddy_update_now(loop) + 30 * EDDY_MILLISECOND;
      for (int i = 0; i < kStreams; i++) start(&senders[i], due);
      refused = 0;
      refusing = 1;
      eddy_loop_step(loop, 0);
      if (in_ring_run()) assert_true(refused > 0);
      for (int i = 0; i < kStreams && !deadline_first; i++) eddy_cancel(&senders[i].write.op);
      while (eddy_update_now(loop) <= due) usleep(1000);
      eddy_loop_step(loop, 0); // the deadline
      for (int i = 0; i < kStreams && deadline_first; i++) eddy_cancel(&senders[i].write.op);
      refusing = 0;
      for (int i = 0; i < kStreams; i++) {
        struct rec *write = &senders[i].write;
        turn_until(loop, &write->finals, 1);
        assert_int_equal(write->finals, 1);
        if (full) {
          assert_int_equal(write->transferred, 0);
          assert_int_equal(write->result, deadline_first ? EDDY_ETIMEDOUT : EDDY_ECANCELED);
        } else {
          char got[kSize];
          assert_int_equal(write->result, kSize);
          peer_receive(&senders[i].peer, got, kSize);
          pattern_check(got, kSize, 0);
        }
      }
      close_senders(loop);
    }
  crowd_close(loop, &crowd);
}

enum { kMany = 64, kGathers = 3 };

// More writes in one turn than the queue or the memory for gathers takes.
static void more_than_the_ring_takes(void **state) {
  (void)state;
  for (int tiny = 0; tiny < 2; tiny++)
    for (int gathers = 0; gathers < 2; gathers++) {
      eddy_loop_t *loop = tiny ? open_tiny() : test_loop();
      static struct crowd crowd;
      static struct rec writes[kMany][kGathers];
      static eddy_buf_t parts[kMany][kGathers][2];
      struct peer peers[kMany];
      eddy_stream_t *streams[kMany];
      char bytes[kGathers * kSize];
      pattern_fill(bytes, sizeof bytes, 0);
      memset(writes, 0, sizeof writes);
      crowd_open(loop, &crowd);
      for (int i = 0; i < kMany; i++) peers[i] = peer_open(loop, PEER_TCP, &streams[i]);
      crowd_turn(loop, &crowd); // the ring's poll of its set has ended: it is to be made anew
      int count = gathers ? kGathers : 1;
      for (int i = 0; i < kMany; i++)
        for (int k = 0; k < count; k++) {
          parts[i][k][0] = buffer(bytes + k * kSize, 33);
          parts[i][k][1] = buffer(bytes + k * kSize + 33, kSize - 33);
          if (!gathers) parts[i][k][0].size = kSize;
          eddy_stream_write(streams[i], &writes[i][k].op, parts[i][k], gathers ? 2 : 1, rec_cb);
        }
      turns(loop, 4);
      for (int i = 0; i < kMany; i++) {
        for (int k = 0; k < count; k++) {
          assert_int_equal(writes[i][k].finals, 1);
          assert_int_equal(writes[i][k].result, kSize);
        }
        char got[kGathers * kSize];
        peer_receive(&peers[i], got, (size_t)(count * kSize));
        pattern_check(got, (size_t)(count * kSize), 0);
      }
      crowd_turn(loop, &crowd); // it still hears
      for (int i = 0; i < kMany; i++) {
        peer_close(&peers[i]);
        eddy_stream_close(streams[i], NULL, NULL);
      }
      crowd_close(loop, &crowd);
      end_loop(loop);
    }
}

// The ring takes nothing for some turns: what it has been given stays as it was, and later writes stay behind it.
static void while_the_ring_refuses(void **state) {
  eddy_loop_t *loop = LOOP(state);
  static struct crowd crowd;
  static struct rec writes[kMany][2];
  static char bytes[kMany][2 * kSize];
  static eddy_buf_t parts[kMany][2][2];
  struct peer peers[kMany];
  eddy_stream_t *streams[kMany];
  memset(writes, 0, sizeof writes);
  crowd_open(loop, &crowd);
  for (int i = 0; i < kMany; i++) {
    peers[i] = peer_open(loop, PEER_TCP, &streams[i]);
    pattern_fill(bytes[i], sizeof bytes[i], (uint64_t)i * 1000);
    for (int k = 0; k < 2; k++) {
      parts[i][k][0] = buffer(bytes[i] + k * kSize, 40);
      parts[i][k][1] = buffer(bytes[i] + k * kSize + 40, kSize - 40);
    }
  }
  crowd_turn(loop, &crowd);
  refusing = 1;
  for (int i = 0; i < kMany; i++) { // more at a time than gathers can wait
    eddy_stream_write(streams[i], &writes[i][0].op, parts[i][0], 2, rec_cb);
    if (i >= 8) eddy_stream_write(streams[i - 8], &writes[i - 8][1].op, parts[i - 8][1], 2, rec_cb);
    if (i % 32 == 31) eddy_loop_step(loop, 0);
  }
  refusing = 0;
  for (int i = kMany - 8; i < kMany; i++)
    eddy_stream_write(streams[i], &writes[i][1].op, parts[i][1], 2, rec_cb);
  for (int i = 0; i < kMany; i++) {
    char got[2 * kSize];
    for (int k = 0; k < 2; k++) {
      turn_until(loop, &writes[i][k].finals, 1);
      assert_int_equal(writes[i][k].result, kSize);
    }
    peer_receive(&peers[i], got, sizeof got);
    pattern_check(got, sizeof got, (uint64_t)i * 1000);
    assert_int_equal(peer_receive_some(&peers[i], got, sizeof got), EDDY_EAGAIN);
    peer_close(&peers[i]);
    eddy_stream_close(streams[i], NULL, NULL);
  }
  crowd_close(loop, &crowd);
}

enum { kWrites = 60 };

struct queue {
  struct peer peer;
  eddy_stream_t *stream;
  struct rec writes[kWrites];
  char *blocks[kWrites];
  eddy_buf_t parts[kWrites][2];
  size_t sizes[kWrites], queued, received;
};

static uint64_t dice = 88172645463325252u;

static uint32_t rnd(uint32_t limit) {
  dice ^= dice << 13, dice ^= dice >> 7, dice ^= dice << 17;
  return (uint32_t)(dice >> 33) % limit;
}

static void queue_one(struct queue *queue, int at) {
  size_t size = 1 + rnd(6000), first = rnd((uint32_t)size);
  char *block = malloc(size);
  pattern_fill(block, size, queue->queued);
  queue->blocks[at] = block;
  queue->sizes[at] = size;
  queue->queued += size;
  queue->parts[at][0] = buffer(block, first);
  queue->parts[at][1] = buffer(block + first, size - first);
  if (rnd(2)) queue->parts[at][0].size = size;
  eddy_stream_write(queue->stream, &queue->writes[at].op, queue->parts[at],
                    queue->parts[at][0].size == size ? 1 : 2, rec_cb);
}

static void receive_some(struct queue *queue) {
  static char room[1 << 16];
  int64_t got = peer_receive_some(&queue->peer, room, 1 + rnd(20000));
  if (got <= 0) return;
  pattern_check(room, (size_t)got, queue->received);
  queue->received += (size_t)got;
}

// Many small writes over several turns, most of which find room for a part: the bytes stay in order.
static void in_order_over_many_turns(void **state) {
  eddy_loop_t *loop = LOOP(state);
  static struct crowd crowd;
  static struct queue queues[kStreams];
  memset(queues, 0, sizeof queues);
  crowd_open(loop, &crowd);
  for (int i = 0; i < kStreams; i++) {
    queues[i].peer = peer_open(loop, i % 2 ? PEER_LOCAL : PEER_TCP, &queues[i].stream);
    assert_int_equal(eddy_stream_set_option(queues[i].stream, EDDY_OPT_SEND_BUFFER, 16384), 0);
  }
  for (int at = 0; at < kWrites;) {
    int next = at + 1 + (int)rnd(6);
    for (int i = 0; i < kStreams; i++)
      for (int k = at; k < next && k < kWrites; k++) queue_one(&queues[i], k);
    at = next;
    if (rnd(2)) crowd_turn(loop, &crowd);
    eddy_loop_step(loop, 0);
    for (int i = 0; i < kStreams; i++) receive_some(&queues[i]);
  }
  for (int i = 0; i < kStreams; i++) {
    while (queues[i].received < queues[i].queued) {
      eddy_loop_step(loop, eddy_update_now(loop) + EDDY_MILLISECOND);
      for (int k = 0; k < kStreams; k++) receive_some(&queues[k]);
    }
    for (int k = 0; k < kWrites; k++) {
      turn_until(loop, &queues[i].writes[k].finals, 1);
      assert_int_equal(queues[i].writes[k].result, queues[i].sizes[k]);
      assert_true(k == 0 || queues[i].writes[k - 1].order < queues[i].writes[k].order);
      free(queues[i].blocks[k]);
    }
    close_stream(loop, queues[i].stream);
    peer_close(&queues[i].peer);
  }
  crowd_close(loop, &crowd);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      FIXTURE_TEST(room_comes_behind_a_refused_send), FIXTURE_TEST(reasons_of_what_the_ring_has),
      cmocka_unit_test(more_than_the_ring_takes), FIXTURE_TEST(while_the_ring_refuses),
      FIXTURE_TEST(in_order_over_many_turns)};
  return RUN_TESTS(tests);
}

#else
RUN_NOTHING("only io_uring sends in batches");
#endif
