// Rule 4: a misuse that no result could tell of aborts with one line that names it.
#include "rule_child.h"

static eddy_op_t op;

static void nothing(eddy_op_t *ended, int64_t result) { (void)ended, (void)result; }

// Each runs in a child, on a loop of its own.
static void null_op(void *unused) {
  (void)unused;
  eddy_yield(test_loop(), NULL, nothing);
}

static void null_callback(void *unused) {
  (void)unused;
  eddy_yield(test_loop(), &op, NULL);
}

static void null_handle(void *unused) {
  (void)unused;
  eddy_listener_accept(NULL, &op, nothing);
}

static void null_loop(void *unused) {
  (void)unused;
  eddy_yield(NULL, &op, nothing);
}

static void null_cancel(void *unused) {
  (void)unused;
  eddy_cancel(NULL);
}

static void restarted_pending(void *unused) {
  (void)unused;
  eddy_loop_t *loop = test_loop();
  eddy_yield(loop, &op, nothing);
  eddy_sleep(loop, &op, 0, nothing);
}

// From the stack or malloc, as it is.
static void never_zeroed(void *start) {
  memset(&op, 0xa5, sizeof op);
  (*(void (**)(void))start)();
}

static void starts(void) { eddy_yield(test_loop(), &op, nothing); }
static void posts(void) { eddy_post(eddy_loop_remote(test_loop()), &op, nothing); }
static void sets_flags(void) { eddy_op_set_flags(&op, 0); }
static void sets_deadline(void) { eddy_op_set_deadline(&op, 1); }
static void cancels(void) { eddy_cancel(&op); }
static void rearms(void) { eddy_rearm(&op, 1); }
static void refs(void) { eddy_op_ref(&op); }
static void unrefs(void) { eddy_op_unref(&op); }

static void posted_pending(void *unused) {
  (void)unused;
  eddy_loop_t *loop = test_loop();
  eddy_yield(loop, &op, nothing);
  eddy_post(eddy_loop_remote(loop), &op, nothing);
}

static void started_posted(void *unused) {
  (void)unused;
  eddy_loop_t *loop = test_loop();
  eddy_post(eddy_loop_remote(loop), &op, nothing);
  eddy_yield(loop, &op, nothing);
}

static void post_without_callback(void *unused) {
  (void)unused;
  eddy_post(eddy_loop_remote(test_loop()), &op, NULL);
}

static void flags_on_pending(void *unused) {
  (void)unused;
  eddy_yield(test_loop(), &op, nothing);
  eddy_op_set_flags(&op, EDDY_OP_UNREF);
}

static void unknown_flag(void *unused) {
  (void)unused;
  eddy_op_set_flags(&op, 1u << 15);
}

static void deadline_on_pending(void *unused) {
  (void)unused;
  eddy_yield(test_loop(), &op, nothing);
  eddy_op_set_deadline(&op, 1);
}

static void closed_twice(void *unused) {
  (void)unused;
  eddy_stream_t *stream;
  eddy_stream_open(test_loop(), EDDY_AF_INET, &stream);
  eddy_stream_close(stream, &op, nothing);
  eddy_stream_close(stream, NULL, NULL);
}

static void close_with_op_alone(void *unused) {
  (void)unused;
  eddy_stream_t *stream;
  eddy_stream_open(test_loop(), EDDY_AF_INET, &stream);
  eddy_stream_close(stream, &op, NULL);
}

static void close_with_callback_alone(void *unused) {
  (void)unused;
  eddy_stream_t *stream;
  eddy_stream_open(test_loop(), EDDY_AF_INET, &stream);
  eddy_stream_close(stream, NULL, nothing);
}

static void handle_of_another_kind(void *unused) {
  (void)unused;
  eddy_stream_t *stream;
  eddy_stream_open(test_loop(), EDDY_AF_INET, &stream);
  eddy_listener_accept((eddy_listener_t *)(void *)stream, &op, nothing);
}

static void runs_inside(eddy_op_t *ended, int64_t result) {
  (void)result;
  eddy_loop_run(ended->data);
}

static void steps_inside(eddy_op_t *ended, int64_t result) {
  (void)result;
  eddy_loop_step(ended->data, 0);
}

static void drains_inside(eddy_op_t *ended, int64_t result) {
  (void)result;
  eddy_loop_drain(ended->data, 0);
}

static void closes_inside(eddy_op_t *ended, int64_t result) {
  (void)result;
  eddy_loop_close(ended->data);
}

static void from_callback(void *cb) {
  eddy_loop_t *loop = test_loop();
  op.data = loop;
  eddy_yield(loop, &op, *(eddy_cb *)cb);
  eddy_loop_run(loop);
}

static const struct misuse {
  const char *name;
  void (*body)(void *);
  eddy_cb inside;
  const char *text;
} misuses[] = {
    {"null op", null_op, NULL, "null op"},
    {"null callback", null_callback, NULL, "null callback"},
    {"null handle", null_handle, NULL, "null handle"},
    {"null loop", null_loop, NULL, "null loop"},
    {"cancel of a null op", null_cancel, NULL, "null op"},
    {"restart of a pending op", restarted_pending, NULL, "pending"},
    {"post of a pending op", posted_pending, NULL, "pending"},
    {"start of a posted op", started_posted, NULL, "pending"},
    {"post without a callback", post_without_callback, NULL, "null callback"},
    {"flags on a pending op", flags_on_pending, NULL, "flags set on a pending op"},
    {"unknown flag", unknown_flag, NULL, "unknown op flag"},
    {"deadline on a pending op", deadline_on_pending, NULL, "deadline set on a pending op"},
    {"closed twice", closed_twice, NULL, "closed twice"},
    {"close with an op alone", close_with_op_alone, NULL, "neither"},
    {"close with a callback alone", close_with_callback_alone, NULL, "neither"},
    {"handle of another kind", handle_of_another_kind, NULL, "wrong kind"},
    {"run inside", from_callback, runs_inside, "inside a callback"},
    {"step inside", from_callback, steps_inside, "inside a callback"},
    {"drain inside", from_callback, drains_inside, "inside a callback"},
    {"close inside", from_callback, closes_inside, "inside a callback"},
};

static void rule_4_misuse_aborts_with_a_message(void **state) {
  (void)state;
  for (size_t i = 0; i < sizeof misuses / sizeof *misuses; i++) {
    eddy_cb cb = misuses[i].inside;
    expect_abort(misuses[i].name, misuses[i].body, &cb, misuses[i].text);
  }
}

static void rule_4_an_op_that_was_not_zeroed(void **state) {
  (void)state;
  static void (*const uses[])(void) = {starts,  posts,  sets_flags, sets_deadline,
                                       cancels, rearms, refs,       unrefs};
  for (size_t i = 0; i < sizeof uses / sizeof *uses; i++) {
    void (*use)(void) = uses[i];
    expect_abort("not zeroed", never_zeroed, (void *)&use, "op is not zeroed");
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {FIXTURE_TEST(rule_4_misuse_aborts_with_a_message),
                                     FIXTURE_TEST(rule_4_an_op_that_was_not_zeroed)};
  return RUN_TESTS(tests);
}
