// The three calls of the AFD machine on the real device, and the socket that it knows.
#pragma once

#include "afd_machine.hpp"
#include "core/os.hpp"

namespace eddy {

extern const AfdCalls afd_calls; // the context is the completion port, as a pointer
void afd_close_helper(uintptr_t helper);
OsResult afd_probe(); // 0, or why the device cannot be had
// Those of the events that hold now, 0 when none does; of a base socket.
OsResult afd_look(uintptr_t socket, uint32_t events);
// The socket below layered service providers, on which alone AFD polls work. value: the socket.
OsResult afd_base_socket(eddy_native_t socket);

} // namespace eddy
