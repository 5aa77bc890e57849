// Questions about a handle of which nothing is known yet.
#pragma once

#include "native.hpp"

#include <initializer_list>

namespace eddy {

// object.cpp: questions that never wait for what is under way on the object; whether it has one of these types; and
// whether it is one to wait for.
bool object_query(HANDLE handle, int question, void *answer, ULONG room);
bool object_is(HANDLE handle, std::initializer_list<const wchar_t *> types);
bool waitable(HANDLE handle);

inline bool is_socket(HANDLE handle) { return socket_family(socket_of(native_of(handle))) >= 0; }

// file.cpp: questions about a file, which wait while somebody's call blocks on it: then the answer is EDDY_EBUSY.
bool file_in_use(HANDLE file);
// Whether a pipe can be taken (`adopts`: and makes it plain). 1: calls on it block; 0; or why not.
OsResult file_examine(HANDLE handle, bool adopts);
OsResult file_answers(eddy_native_t native); // 0, for what is no file too

} // namespace eddy
