// A dump names everything that a loop has: each handle, each pending op with its data and what it waits for.
#include "tcp.h"

struct text {
  char lines[32][256];
  int count;
};

static void keep(const char *line, void *argument) {
  struct text *text = argument;
  assert_true(text->count < 32);
  assert_null(strchr(line, '\n'));
  snprintf(text->lines[text->count++], sizeof text->lines[0], "%s", line);
}

static const char *line_with(const struct text *text, const char *word, const void *pointer) {
  char name[64];
  snprintf(name, sizeof name, "%s %p:", word, pointer);
  for (int i = 0; i < text->count; i++)
    if (strstr(text->lines[i], name)) return text->lines[i];
  return NULL;
}

static void assert_line(const struct text *text, const char *word, const void *pointer,
                        const char *says) {
  const char *line = line_with(text, word, pointer);
  if (!line) {
    for (int i = 0; i < text->count; i++) print_error("%s\n", text->lines[i]);
    fail_msg("no line about %s %p", word, pointer);
  }
  if (!strstr(line, says)) fail_msg("\"%s\" does not say \"%s\"", line, says);
}

static void ready(struct rec *rec, int64_t result) {
  (void)result;
  struct rec *other = rec->context;
  struct text text = {0};
  eddy_loop_dump(other->context, keep, &text);
  assert_line(&text, "yield", &other->op, "its callback is due");
}

static void everything(void **state) {
  eddy_loop_t *loop = LOOP(state);
  eddy_addr_t addr;
  eddy_listener_t *listener = listen_loopback(loop, &addr);
  eddy_stream_t *stream, *peer;
  stream_pair(loop, &stream, &peer);
  eddy_handle_set_data((eddy_handle_t *)listener, &addr);
  struct rec accept = {0}, read = {0}, sleep = {0}, tick = {0}, hook = {0};
  char bytes[4];
  eddy_buf_t buf = {bytes, sizeof bytes};
  eddy_listener_accept(listener, &accept.op, rec_cb);
  eddy_op_set_deadline(&read.op, eddy_now(loop) + 3600 * EDDY_SECOND);
  eddy_stream_read(stream, &read.op, &buf, 1, rec_cb);
  eddy_sleep(loop, &sleep.op, eddy_now(loop) + 7200 * EDDY_SECOND, rec_cb);
  eddy_tick(loop, &tick.op, eddy_now(loop) + 7200 * EDDY_SECOND, EDDY_SECOND, EDDY_TICK_SKIP,
            rec_cb);
  eddy_hook_before_wait(loop, &hook.op, rec_cb);

  struct text text = {0};
  eddy_loop_dump(loop, keep, &text);
  char data[64];
  snprintf(data, sizeof data, "data %p", (void *)&addr);
  assert_line(&text, "loop", loop, eddy_driver_name(eddy_loop_driver(loop)));
  assert_line(&text, "listener", listener, data);
  assert_line(&text, "stream", stream, "0 bytes queued");
  assert_line(&text, "stream", peer, "native");
  assert_line(&text, "accept", &accept.op, "");
  assert_line(&text, "read", &read.op, "due in ");
  assert_line(&text, "sleep", &sleep.op, "due in ");
  assert_line(&text, "tick", &tick.op, "due in ");
  assert_line(&text, "hook", &hook.op, "waits");

  struct rec *ops[] = {&accept, &read, &sleep, &tick, &hook};
  for (int i = 0; i < 5; i++) eddy_cancel(&ops[i]->op);
  text.count = 0;
  eddy_loop_dump(loop, keep, &text);
  assert_line(&text, "sleep", &sleep.op, "its callback is due, cancelled");
  for (int i = 0; i < 5; i++) turn_until(loop, &ops[i]->finals, 1);
  text.count = 0;
  eddy_loop_dump(loop, keep, &text);
  for (int i = 0; i < 5; i++) assert_null(line_with(&text, "sleep", &ops[i]->op));

  struct rec yield = {.context = loop}, first = {.then = ready, .context = &yield};
  eddy_yield(loop, &first.op, rec_cb);
  eddy_yield(loop, &yield.op, rec_cb);
  turn_until(loop, &yield.finals, 1);

  eddy_listener_close(listener, NULL, NULL);
  text.count = 0;
  eddy_loop_dump(loop, keep, &text);
  assert_line(&text, "listener", listener, "closing");
  close_stream(loop, stream);
  close_stream(loop, peer);
}

int main(void) {
  const struct CMUnitTest tests[] = {FIXTURE_TEST(everything)};
  return RUN_TESTS(tests);
}
