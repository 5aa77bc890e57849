// What other threads may touch of a loop, which it may outlive.
#pragma once

#include "core/os.hpp"

namespace eddy {

struct Op;
struct WorkItem;

enum Sleep : uint32_t { kAwake, kAsleep, kNotified };
enum : uint32_t { kAskStop = 1, kAskWake = 2 };

} // namespace eddy

struct eddy_remote {
  std::atomic<uint32_t> references;
  std::atomic<uint32_t> sleep; // eddy::Sleep
  std::atomic<uint32_t> asked; // eddy::kAsk*
  std::atomic<bool> inherited; // over a fork: its loop is the parent's
  std::atomic<eddy::Op *> inbox;
  eddy_native_t wake;
  std::atomic<eddy_loop *> loop;
  std::atomic<eddy::WorkItem *> returned; // work that is done
  std::atomic<uint32_t> borrowed; // threads that may yet signal; the loop is not freed before
};

namespace eddy {

// In place of the inbox's head once the loop takes no more posts.
inline Op *shut_inbox() { return reinterpret_cast<Op *>(1); }

eddy_remote *remote_new(eddy_loop &loop, OsResult &outcome);
void remote_release(eddy_remote &remote);
void remote_signal(eddy_remote &remote);
Op *remote_take(eddy_remote &remote, bool shut); // what was posted, oldest first
bool remote_shut_empty(eddy_remote &remote);     // false, and still open, when something waits
bool remote_waiting(const eddy_remote &remote);

void remote_return(eddy_remote &remote, WorkItem &item); // from any thread

} // namespace eddy
