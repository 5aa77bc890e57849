// However many turns a loop has while its descriptors are quiet, its ring has one poll at most.
#include "needs.h"

#if HAS_PROC

#include "peer.h"

#include <dirent.h>

// What the kernel says of the process's only ring: the polls that wait in it, or -1.
static int polls_of_the_ring(void) {
  char path[64], target[64], line[256];
  int count = -1;
  DIR *folder = opendir("/proc/self/fd");
  assert_non_null(folder);
  for (struct dirent *entry; (entry = readdir(folder)) != NULL;) {
    snprintf(path, sizeof path, "/proc/self/fd/%.10s", entry->d_name);
    ssize_t length = readlink(path, target, sizeof target - 1);
    if (length < 0) continue;
    target[length] = 0;
    if (strcmp(target, "anon_inode:[io_uring]") != 0) continue;
    snprintf(path, sizeof path, "/proc/self/fdinfo/%.10s", entry->d_name);
    FILE *about = fopen(path, "r");
    if (!about) continue;
    int inside = 0;
    while (fgets(line, sizeof line, about)) {
      if (line[0] != ' ') inside = 0;
      if (strncmp(line, "PollList:", 9) == 0) inside = 1, count = 0;
      if (inside && strstr(line, "op=")) count++;
    }
    fclose(about);
  }
  closedir(folder);
  return count;
}

static void one_poll_at_most(void **state) {
  eddy_loop_t *loop = LOOP(state);
  NEEDS_DRIVER(loop, EDDY_DRIVER_IO_URING);
  eddy_stream_t *stream;
  struct peer peer = peer_open(loop, PEER_TCP, &stream);
  struct rec read = {0};
  char byte;
  eddy_buf_t in = buffer(&byte, 1);
  eddy_stream_read(stream, &read.op, &in, 1, rec_cb);
  int seen = 0;
  for (int i = 0; i < 300; i++) {
    eddy_loop_step(loop, i % 3 ? 0 : eddy_update_now(loop) + EDDY_MILLISECOND);
    int polls = polls_of_the_ring();
    if (polls < 0) SKIP("this kernel does not list the polls of a ring");
    assert_in_range(polls, 0, 1);
    seen += polls;
  }
  assert_true(seen > 0); // so this is tested at all
  peer_send(&peer, "x", 1);
  turn_until(loop, &read.finals, 1);
  assert_int_equal(read.result, 1);
  close_stream(loop, stream);
  peer_close(&peer);
}

int main(void) {
  const struct CMUnitTest tests[] = {FIXTURE_TEST(one_poll_at_most)};
  return RUN_TESTS(tests);
}

#else
RUN_NOTHING("the polls of a ring are told by procfs");
#endif
