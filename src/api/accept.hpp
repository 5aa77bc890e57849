// Accepting, for listeners and for drivers that accept by themselves.
#pragma once

#include "core/source.hpp"

namespace eddy {

struct Accept {
  Source *first, *last; // accepted streams that wait for their callback
  int64_t transient;    // an error to be reported with `more`
  uint32_t limit;
  uint64_t home; // the number of the loop that offers `first`
};

bool accept_waits(const Op &head); // for the user, not for the kernel
Source *accept_begin(Op &head);    // a stream for the next connection; nullptr: no memory
void accept_end(Op &head, Source &stream, eddy_native_t native, const eddy_addr_t &peer);
// Holds a listener back for a while, and then resumes it; a pipe also without an accept that waits.
void listener_backoff(Source &listener);

} // namespace eddy
