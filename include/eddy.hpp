// eddy for C++20: tasks, scopes and handles over the C API of <eddy.h>. Header-only; this one includes all
// of it. docs/guide-cpp.md is where to start.
#ifndef EDDY_HPP
#define EDDY_HPP

#include <eddy/bridge.hpp>
#include <eddy/channel.hpp>
#include <eddy/control.hpp>
#include <eddy/event.hpp>
#include <eddy/fd.hpp>
#include <eddy/generator.hpp>
#include <eddy/joinable.hpp>
#include <eddy/latch.hpp>
#include <eddy/listener.hpp>
#include <eddy/mutex.hpp>
#include <eddy/offload.hpp>
#include <eddy/reader.hpp>
#include <eddy/remote.hpp>
#include <eddy/scope.hpp>
#include <eddy/select.hpp>
#include <eddy/semaphore.hpp>
#include <eddy/stream.hpp>
#include <eddy/timer.hpp>
#include <eddy/when.hpp>

#endif
