// The cached time moves on with the turns of a run, also of those that never wait.
#include "rule_tools.h"

enum { MOST = 1000000 };

static eddy_loop_t *the_loop;
static eddy_time_t first;
static int calls;

static void until_it_moves(struct rec *rec, int64_t result) {
  (void)result;
  if (!eddy_op_more(&rec->op)) return;
  if (!calls++) first = eddy_now(the_loop);
  if (eddy_now(the_loop) > first || calls == MOST) eddy_cancel(&rec->op);
}

static void under_an_idle_hook(void **state) {
  the_loop = LOOP(state);
  struct rec idle = {.then = until_it_moves};
  calls = 0;
  eddy_hook_idle(the_loop, &idle.op, rec_cb);
  assert_int_equal(eddy_loop_run(the_loop), 0);
  assert_true(calls < MOST);
}

static eddy_remote_t *the_remote;

static void post_again(struct rec *rec, int64_t result) {
  (void)result;
  if (!calls++) first = eddy_now(the_loop);
  if (eddy_now(the_loop) == first && calls < MOST) eddy_post(the_remote, &rec->op, rec_cb);
}

static void under_posts(void **state) {
  the_loop = LOOP(state);
  the_remote = eddy_loop_remote(the_loop);
  struct rec post = {.then = post_again};
  calls = 0;
  eddy_post(the_remote, &post.op, rec_cb);
  eddy_loop_run(the_loop);
  assert_true(calls < MOST);
  eddy_remote_release(the_remote);
}

int main(void) {
  const struct CMUnitTest tests[] = {FIXTURE_TEST(under_an_idle_hook), FIXTURE_TEST(under_posts)};
  return RUN_TESTS(tests);
}
