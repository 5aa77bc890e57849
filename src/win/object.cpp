// What kind of object a handle is of, and what it may be used for.
#include "object.hpp"

#include <winternl.h>

namespace eddy {

using QueryObject = NTSTATUS NTAPI(HANDLE, int, void *, ULONG, ULONG *);
static constinit LateFunction<QueryObject> query_object("ntdll.dll", "NtQueryObject");

// Unlike questions about a file, it does not wait for calls that block on that.
bool object_query(HANDLE handle, int question, void *answer, ULONG room) {
  QueryObject *query = query_object.get();
  ULONG size; // some want it
  return query && query(handle, question, answer, room, &size) >= 0;
}

bool object_is(HANDLE handle, std::initializer_list<const wchar_t *> types) {
  constexpr int type_information = 2; // ObjectTypeInformation
  alignas(UNICODE_STRING) char answer[512];
  if (!object_query(handle, type_information, answer, sizeof answer)) return false;
  const UNICODE_STRING &type = *reinterpret_cast<const UNICODE_STRING *>(answer);
  for (const wchar_t *known : types) {
    size_t length = 0;
    while (known[length]) length++;
    if (type.Length == length * sizeof *known && !memcmp(type.Buffer, known, type.Length))
      return true;
  }
  return false;
}

bool waitable(HANDLE handle) {
  // Not Mutant: the thread that has waited would own it.
  return object_is(handle, {L"Event", L"Process", L"Thread", L"Semaphore", L"Timer"});
}

} // namespace eddy
