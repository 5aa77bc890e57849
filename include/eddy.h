/* eddy: an event loop with a stable C ABI. This header includes all of the C API.

   Start with <eddy/op.h>, the contract of operations, and <eddy/loop.h>, the order of a turn. */
#ifndef EDDY_H
#define EDDY_H

#include <eddy/addr.h>
#include <eddy/base.h>
#include <eddy/driver.h>
#include <eddy/error.h>
#include <eddy/event.h>
#include <eddy/fd.h>
#include <eddy/handle.h>
#include <eddy/listener.h>
#include <eddy/loop.h>
#include <eddy/op.h>
#include <eddy/option.h>
#include <eddy/pool.h>
#include <eddy/remote.h>
#include <eddy/stream.h>
#include <eddy/timer.h>
#include <eddy/version.h>
#include <eddy/work.h>

#endif
